import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import coxa
import coxa_wire
from coxa.analysis import analyze_samples
from coxa.decode import decode
from coxa.errors import StoreError, UsageError
from coxa.samples import Samples
from coxa.simulate import Wearer, simulate
from coxa.store import Origin, Store, chunks, schema
from coxa.store.stored import analysis_of

ANY_FLOAT = st.floats(width=64, allow_nan=True, allow_infinity=True)


@pytest.fixture(scope="module")
def recorded():
    samples = simulate(Wearer(reps=2), seed=5).samples
    return samples, analyze_samples(samples, position="wall", side="right")


def origin(name="one", **changes):
    told = Origin(
        person="me",
        side="right",
        position="wall",
        protocol="wall",
        started_at=datetime(2026, 3, 1, 10, tzinfo=UTC),
        source_format="coxa",
        source_name=f"{name}.csv",
        source_sha256=hashlib.sha256(name.encode()).hexdigest(),
    )
    return replace(told, **changes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "coxa.sqlite"


def bits(samples):
    """Every array to the last bit, NaN payloads too."""
    arrays_ = (getattr(samples, f.name) for f in fields(samples))
    return [a.tobytes() if isinstance(a, np.ndarray) else a for a in arrays_]


def everything(path):
    """All rows of a store, to see whether anything changed."""
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


# raw data


@settings(max_examples=40, deadline=None)
@given(
    table=st.integers(1, 40).flatmap(lambda n: arrays("f8", (n, 11), elements=ANY_FLOAT)),
    with_quat=st.booleans(),
    gyr_derived=st.booleans(),
    acc_derived=st.booleans(),
)
def test_samples_come_back_bit_for_bit(table, with_quat, gyr_derived, acc_derived):
    columns = [np.ascontiguousarray(part) for part in (table[:, 0], table[:, 1:4], table[:, 4:7], table[:, 7:])]
    samples = Samples(*columns[:3], columns[3] if with_quat else None, gyr_derived, acc_derived)
    assert bits(chunks.decode(chunks.encode(samples))) == bits(samples)


@pytest.mark.parametrize("n", [1, chunks.CHUNK_ROWS - 1, chunks.CHUNK_ROWS, chunks.CHUNK_ROWS + 1, 10_000])
def test_chunks_of_any_length_join(n):
    rng = np.random.default_rng(n)
    samples = Samples(np.arange(n) * 0.01, rng.normal(size=(n, 3)), rng.normal(size=(n, 3)))
    parts = list(chunks.encode(samples))
    assert len(parts) == -(-n // chunks.CHUNK_ROWS)
    assert bits(chunks.decode(parts)) == bits(samples)


@settings(max_examples=200, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(place, bit):
    samples = Samples(np.arange(20.0), np.ones((20, 3)), np.ones((20, 3)))
    chunk = bytearray(next(chunks.encode(samples)))
    chunk[int(place * len(chunk))] ^= 1 << bit
    with pytest.raises(chunks.ChunkError):
        chunks.decode([bytes(chunk)])


@pytest.mark.parametrize("keep", [0, 3, 15, 16, 40])
def test_a_cut_chunk_is_noticed(keep):
    samples = Samples(np.arange(20.0), np.ones((20, 3)), np.ones((20, 3)))
    with pytest.raises(chunks.ChunkError):
        chunks.decode([next(chunks.encode(samples))[:keep]])


def test_damaged_raw_data_is_told_and_the_result_stays(path, recorded):
    with Store(path) as store:
        saved = store.save(origin(), *recorded)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE blocks SET data = substr(data, 1, 200)")
    with Store(path, write=False) as store:
        with pytest.raises(StoreError, match=f"session {saved.session_id} .* damaged"):
            store.samples(saved.session_id)
        assert store.result(saved.session_id)["format"] == "coxa.analysis/1"


def test_blocks_of_a_board_are_kept_once_and_decoded(path):
    info = coxa_wire.Info(
        uid=b"board1", odr_hz=104.0, gyro_dps_per_lsb=0.0175, acc_g_per_lsb=0.000122, profile=coxa_wire.PROFILE_RAW,
        session=3, next_seq=4,
    )  # fmt: skip
    blocks = []
    for seq in range(4):
        buffer = bytearray(coxa_wire.BLOCK_LENGTH)
        for i in range(13):
            coxa_wire.put_sample(buffer, i, seq, i, -i, 100 * i, 0, 8192)
        coxa_wire.seal(
            buffer, coxa_wire.PROFILE_RAW, flags=coxa_wire.LAST * (seq == 3), session=3, seq=seq, first_index=13 * seq,
            t_us=125_000 * seq, n=13, temperature_c=25,
        )  # fmt: skip
        blocks.append(bytes(buffer))
    packed = coxa_wire.encode_info(info)
    with Store(path) as store:
        first = store.save_blocks(origin(), packed, [(2, blocks[2]), (0, blocks[0])])
        assert store.save_blocks(origin(), packed, enumerate(blocks)) == first  # the rest, and the same again
        assert bits(store.samples(first)) == bits(decode(blocks, coxa_wire.decode_info(packed)).samples)
        with pytest.raises(StoreError, match=r"block 1 .* differs"):
            store.save_blocks(origin(), packed, [(1, blocks[0])])
        assert store.session(first).headline is None


# sessions and results


def test_what_is_stored_comes_back(path, recorded):
    samples, analysis = recorded
    told = origin(sensor="thigh", notes="after a run\n", discomfort=3, started_from="user", person="Zoë")
    with Store(path) as store:
        saved = store.save(told, samples, analysis)
        assert (saved.new_session, saved.new_result) == (True, True)
    with Store(path, write=False) as store:
        session = store.session(saved.session_id)
        assert session.origin == told
        assert bits(store.samples(saved.session_id)) == bits(samples)
        result = store.result(saved.session_id)
    assert result == analysis.to_dict()
    assert session.headline.arc_mean_deg == analysis.to_dict()["set"]["arc_mean_deg"]
    again = analysis_of(result)
    assert again.to_dict() == analysis.to_dict()
    assert len(again.t_s) == 0


def test_the_same_recording_twice_changes_nothing(path, recorded):
    with Store(path) as store:
        first = store.save(origin(), *recorded)
    before = everything(path)
    with Store(path) as store:
        second = store.save(origin(person="ME", source_name="renamed.csv"), *recorded)
    assert (second.session_id, second.new_session, second.new_result) == (first.session_id, False, False)
    assert everything(path) == before


@pytest.mark.parametrize(
    "changes", [{"person": "Kim"}, {"side": "left"}, {"position": "seated"}, {"source_sha256": "0"}]
)
def test_another_person_side_position_or_file_is_another_session(path, recorded, changes):
    with Store(path) as store:
        first = store.save(origin(), *recorded)
        other = store.save(origin(**changes), *recorded)
        assert other.new_session
        assert other.session_id != first.session_id


def test_another_version_adds_a_result_and_the_newest_counts(path, recorded, monkeypatch):
    samples, analysis = recorded
    wider = replace(analysis, set=replace(analysis.set, arc_mean_deg=99.0))
    with Store(path) as store:
        saved = store.save(origin(), samples, analysis)
        monkeypatch.setattr(coxa, "__version__", "9.9.9")
        again = store.save(origin(), samples, wider)
        assert (again.new_session, again.new_result) == (False, True)
        assert store.session(saved.session_id).headline.arc_mean_deg == 99.0
        assert store.save_result(saved.session_id, "wall", analysis)  # the same version differs now: it replaces
        assert store.session(saved.session_id).headline.arc_mean_deg != 99.0
    with closing(sqlite3.connect(path)) as db:
        versions = [row[0] for row in db.execute("SELECT coxa_version FROM results ORDER BY id")]
    assert versions == ["0.1.0" if coxa.__version__ == "9.9.9" else coxa.__version__, "9.9.9"]


def test_sessions_are_in_order_of_time_and_can_be_limited(path, recorded):
    at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    with Store(path) as store:
        late = store.save(origin("a", started_at=at + timedelta(days=2)), *recorded).session_id
        early = store.save(origin("b", started_at=at.astimezone()), *recorded).session_id
        left = store.save(origin("c", side="left", started_at=at + timedelta(days=1)), *recorded).session_id
        kim = store.save(origin("d", person="Kim"), *recorded).session_id
        assert [s.id for s in store.sessions("me")] == [early, left, late]
        assert [s.id for s in store.sessions(side="left")] == [left]
        assert [s.id for s in store.sessions("kim", "right", "wall")] == [kim]
        assert store.sessions(position="prone") == []


@pytest.mark.parametrize("names", [("Kim", "KIM"), ("Zoë", "ZOE\u0308"), ("Straße", "STRASSE"), (" a  b ", "A B")])
def test_names_are_the_same_in_any_case(path, names):
    with Store(path) as store:
        assert store.add_person(names[0]).id == store.add_person(names[1]).id
        assert len(store.people()) == 1


@pytest.mark.parametrize("name", ["", "  ", "a\x07b", "x" * 81])
def test_unreadable_names_are_refused(path, name):
    with Store(path) as store:
        with pytest.raises(UsageError):
            store.add_person(name)
        assert store.people() == []


def test_an_unknown_person_or_session_is_a_usage_error_with_advice(path):
    with Store(path) as store:
        store.add_person("Marianne", "yes")
        assert store.add_person("marianne").hip_surgery == "yes"  # not forgotten by a second add
        with pytest.raises(UsageError, match="Did you mean Marianne"):
            store.sessions("Mariane")
        with pytest.raises(UsageError, match="no session 7"):
            store.session(7)


def test_a_time_without_zone_and_impossible_discomfort_are_refused():
    with pytest.raises(UsageError, match="time zone"):
        origin(started_at=datetime(2026, 3, 1))
    with pytest.raises(UsageError, match="0 "):
        origin(discomfort=11)


# faults


def test_a_save_that_fails_leaves_no_trace(path, recorded):
    samples, analysis = recorded
    with Store(path) as store:
        store.save(origin(), samples, analysis)
    before = everything(path)
    bad = replace(analysis, set=replace(analysis.set, reps_valid=None))  # the column must not be empty
    with Store(path) as store, pytest.raises(StoreError):
        store.save(origin("other", person="Kim", sensor="new"), samples, bad)
    assert everything(path) == before


def test_a_full_disk_is_one_line_and_nothing_is_lost(path, recorded):
    with Store(path) as store:
        kept = store.save(origin(), *recorded).session_id
    before = everything(path)
    with Store(path) as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages + 2}")  # as a disk with two pages left
        with pytest.raises(StoreError, match="disk is full") as error:
            store.save(origin("two"), *recorded)
        assert "\n" not in str(error.value)
        assert bits(store.samples(kept)) == bits(recorded[0])
    assert everything(path) == before


def test_a_locked_store_is_told_within_the_time_given(path, recorded):
    Store(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Store(path, timeout_s=0.2) as store:
            assert store.people() == []  # reading goes on
            began = time.monotonic()
            with pytest.raises(StoreError, match="in use by another program"):
                store.save(origin(), *recorded)
            assert time.monotonic() - began < 5
            other.execute("ROLLBACK")
            assert store.save(origin(), *recorded).new_session


@contextmanager
def unprivileged():
    """Permissions do not bind root: act as nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="file permissions of POSIX")
def test_a_read_only_store_is_read_and_not_written(recorded):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "coxa.sqlite"
        with Store(path) as store:
            kept = store.save(origin(), *recorded).session_id
        path.chmod(0o444)
        folder.chmod(0o555)
        with unprivileged():
            with Store(path, write=False) as store:
                assert bits(store.samples(kept)) == bits(recorded[0])
            with pytest.raises(StoreError, match=r"cannot be (written|opened)"), Store(path) as store:
                store.save(origin("two"), *recorded)
        folder.chmod(0o755)
        assert [p.name for p in folder.iterdir()] == ["coxa.sqlite"]


def test_reading_leaves_nothing_behind_and_cannot_write(path):
    Store(path).close()
    with Store(path, write=False) as store, pytest.raises(StoreError, match="cannot be written"):
        store.add_person("Kim")
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(
    "content", [b"t_s,gx_rad_s\n0,1\n" * 100, b"SQLite format 3\0" + b"\0" * 84, os.urandom(5000), b"\0" * 4096]
)
def test_a_file_that_is_no_store_is_refused_and_left_alone(path, content, write):
    path.write_bytes(content)
    with pytest.raises(StoreError, match=str(path)):
        Store(path, write=write)
    assert path.read_bytes() == content


@pytest.mark.parametrize("write", [True, False])
def test_the_database_of_another_program_is_refused_and_left_alone(path, write):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE meta (key TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store(path, write=write)
    assert path.read_bytes() == before


@pytest.mark.parametrize("write", [True, False])
def test_a_newer_format_is_refused_with_how_to_mend(path, write):
    Store(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreError, match=r"format 7; .* Update Coxa"):
        Store(path, write=write)


def test_damage_anywhere_is_a_store_error_or_goes_unnoticed(path, recorded):
    """Never another error, whatever is hit."""
    samples, analysis = recorded
    few = Samples(samples.t_s[:99], samples.gyr_rad_s[:99], samples.acc_m_s2[:99])
    with Store(path) as store:
        kept = store.save(origin(), few, analysis).session_id
    whole = path.read_bytes()
    noticed = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        data, n = bytearray(whole), int(rng.choice([1, 30, 400]))
        at = int(rng.integers(0, len(data) - n))
        data[at : at + n] = rng.bytes(n)
        path.write_bytes(data)
        for ask in (Store.people, Store.sessions, lambda store: store.samples(kept), lambda store: store.result(kept)):
            try:
                with Store(path, write=False) as store:
                    ask(store)
            except (StoreError, UsageError) as error:
                assert "\n" not in str(error)
                noticed += 1
    assert noticed > 20


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_cut_store_is_a_store_error(path, recorded, share):
    with Store(path) as store:
        kept = store.save(origin(), *recorded).session_id
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(StoreError), Store(path) as store:
        store.samples(kept)
        store.result(kept)


def test_a_folder_a_missing_file_and_a_missing_folder_are_told(tmp_path):
    with pytest.raises(StoreError, match="is a folder"):
        Store(tmp_path)
    with pytest.raises(StoreError, match="no store at"):
        Store(tmp_path / "none.sqlite", write=False)
    assert not (tmp_path / "none.sqlite").exists()
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "no" / "such" / "folder.sqlite")


def test_a_killed_writer_loses_nothing_it_had_saved(path):
    program = """
import sys
from coxa.store import Store
with Store(sys.argv[1]) as store:
    for i in range(10**9):
        store.add_person(f"person {i}")
        print(i, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        while int(writer.stdout.readline()) < 20:
            pass
        writer.send_signal(signal.SIGKILL)
        said = writer.stdout.read().split()
    told = int(said[-1]) if said else 20
    with Store(path) as store:
        assert {f"person {i}" for i in range(told + 1)} <= {person.name for person in store.people()}
        assert store._db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


# formats


def test_an_older_store_is_brought_up_to_date_with_all_it_holds(path, recorded, monkeypatch):
    with Store(path) as store:
        kept = store.save(origin(), *recorded).session_id

    def newest(db):
        db.execute("ALTER TABLE people ADD COLUMN born INTEGER")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, newest))
    with Store(path, write=False) as store:  # a reader does it, too
        assert store.session(kept).origin == origin()
        assert store._db.execute("SELECT born FROM people").fetchone()[0] is None
        assert store._db.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)
    with Store(path) as store:
        assert bits(store.samples(kept)) == bits(recorded[0])


def test_a_migration_that_fails_leaves_the_store_as_it_was(path, recorded, monkeypatch):
    with Store(path) as store:
        store.save(origin(), *recorded)
    before = everything(path)

    def broken(db):
        db.execute("ALTER TABLE people ADD COLUMN born INTEGER")
        db.execute("INSERT INTO no_such_table VALUES (1)")

    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
        with pytest.raises(StoreError, match="no_such_table"):
            Store(path)
    assert everything(path) == before
    Store(path).close()


def test_a_result_of_an_unknown_format_is_told(recorded):
    result = recorded[1].to_dict()
    with pytest.raises(StoreError, match=r"coxa\.analysis/9"):
        analysis_of(result | {"format": "coxa.analysis/9"})
    with pytest.raises(StoreError, match="cannot be read"):
        analysis_of({name: value for name, value in result.items() if name != "axis"})
    with pytest.raises(StoreError, match="cannot be read"):
        analysis_of(result | {"reps": [{"index": "first"}]})
