import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from coxa.errors import StoreError, UsageError
from coxa.link.clock import Ping
from coxa.link.known import KnownBoard, KnownBoards, new_secret
from coxa.store import Inbox, Store, schema

UID = "a1b2c3d4e5f6"
OTHER = "a1b2c3d40000"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "coxa.sqlite"


def board(uid=UID, name="thigh", **more):
    return KnownBoard(uid, name, **more)


# known boards


def test_a_board_comes_back_as_it_was_saved_and_can_be_changed_and_forgotten(path):
    at = datetime(2026, 3, 1, 10, 0, 0, 123, tzinfo=timezone(timedelta(hours=2)))
    full = board(role="left-thigh", secret=new_secret(), firmware="1.2.3", trusted_at=at, last_seen=at)
    with KnownBoards(path) as boards:
        boards.save(full)
        boards.save(board(OTHER, "Zoë"))
    with KnownBoards(path) as boards:
        assert boards.all() == [full, board(OTHER, "Zoë")]
        assert boards.get(UID.upper()) == full
        boards.save(replace(full, role="pelvis", secret=b""))
        assert boards.get(UID).role == "pelvis"
        assert boards.forget(UID) and not boards.forget(UID)
        assert boards.get(UID) is None
        assert len(boards.all()) == 1


@pytest.mark.parametrize("asked", ["thigh", "THIGH", "left-thigh", UID, UID.upper(), "e5f6"])
def test_a_board_is_found_by_name_role_uid_or_its_last_digits(path, asked):
    with KnownBoards(path) as boards:
        boards.save(board(role="left-thigh"))
        boards.save(board(OTHER, "pelvis"))
        assert boards.by_name(asked).uid == UID


def test_a_board_that_is_not_known_or_not_the_only_one_is_told(path):
    with KnownBoards(path) as boards:
        with pytest.raises(UsageError, match="none yet"):
            boards.by_name("thigh")
        boards.save(board())
        boards.save(board(OTHER))
        with pytest.raises(UsageError, match=f"no known board 'hip'.*thigh {OTHER}, thigh {UID}"):
            boards.by_name("hip")
        with pytest.raises(UsageError, match=r"2 known boards.*Give the uid"):
            boards.by_name("Thigh")
        assert boards.by_name(OTHER).uid == OTHER
        boards.save(board("0000000000ab", UID))  # a name that is the uid of another
        assert boards.by_name(UID).uid == UID


def test_what_cannot_be_is_refused_and_a_secret_is_not_shown():
    for wrong in ({"uid": "a1b2"}, {"uid": UID.upper()}, {"uid": "g" * 12}, {"role": "left-foot"}):
        with pytest.raises(UsageError):
            board(**wrong)
    with pytest.raises(ValueError, match="16 bytes"):
        board(secret=b"short")
    secret = new_secret()
    assert len(secret) == 16 and secret != new_secret()
    assert str(secret) not in repr(board(secret=secret))


def test_damage_in_the_table_is_a_store_error(path):
    with KnownBoards(path) as boards:
        boards.save(board())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE boards SET uid = 'not-a-uid-xy'")
    with KnownBoards(path) as boards, pytest.raises(StoreError, match="damaged"):
        boards.all()


# the inbox beside it


def ping(t, held=100):
    return Ping(t, t + 5_000_000, held, t + 20_000)


def test_an_older_store_keeps_its_boards_blocks_when_it_is_brought_up_to_date(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for number, step in enumerate(schema.MIGRATIONS[:2], start=1):
            step(db)
            db.execute(f"PRAGMA user_version = {number}")
        db.execute("INSERT INTO inbox_sessions VALUES (?, 3, ?, 1700000000000, 2, 77, 1)", (UID, b"i" * 48))
        db.executemany("INSERT INTO inbox_blocks VALUES (?, 3, ?, ?)", [(UID, i, bytes([i] * 180)) for i in (0, 1)])
    with Inbox(path, UID) as inbox:
        assert inbox.whole() == [3]
        assert inbox.numbers(3) == [0, 1]
        (one,) = inbox.sessions()
        assert (one.session, one.info, one.started_unix_ms) == (3, b"i" * 48, 1700000000000)
        assert (one.n_blocks, one.crc32) == (2, 77)
        assert (one.stored, one.unreadable, one.whole, one.deleted) == (2, 0, True, False)
        assert (one.started_at, one.adopted_session_id) == (None, None)
        assert inbox.keep(3, [(2, b"c" * 180)]) == 3
    with KnownBoards(path) as boards:
        assert boards.all() == []


def test_what_is_noted_of_sessions_comes_back_also_where_only_blocks_are(path):
    at = datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))
    with Inbox(path, OTHER) as other:
        other.keep(9, [(0, b"x" * 180)])
    with Inbox(path, UID) as inbox:
        assert inbox.sessions() == []
        inbox.keep(2, [(5, b"a" * 180), (6, b"b" * 180)])
        inbox.begin(7, b"i" * 48, unix_ms=0, n_blocks=0, crc32=0)
        inbox.unreadable(7, 4)
        inbox.started(7, at)
        inbox.begin(7, b"j" * 48, unix_ms=5, n_blocks=6, crc32=7)  # what the host reckons stays
        inbox.complete(7)
        inbox.deleted(7)
    with Inbox(path, UID) as inbox:
        blocks, noted = inbox.sessions()
        assert (blocks.session, blocks.info, blocks.stored, blocks.whole) == (2, b"", 2, False)
        assert (noted.session, noted.info, noted.n_blocks, noted.stored, noted.unreadable) == (7, b"j" * 48, 6, 0, 4)
        assert noted.whole and noted.deleted
        assert noted.started_at == at and noted.started_at.tzinfo is UTC


def test_a_session_forgets_what_it_became_when_that_is_removed(path):
    with Store(path) as store, store._db as db:
        db.execute("INSERT INTO people VALUES (1, 'me', 'me', 'no', '')")
        values = "(1, 1, NULL, 'left', 'wall', 'wall', '', 'user', '', '', '', '', '', NULL)"
        db.execute(f"INSERT INTO sessions VALUES {values}")
    with Inbox(path, UID) as inbox:
        inbox.begin(1, b"i" * 48, unix_ms=0, n_blocks=1, crc32=1)
        inbox.adopted(1, 1)
        assert inbox.sessions()[0].adopted_session_id == 1
        with pytest.raises(StoreError):
            inbox.adopted(1, 2)  # there is no such session
        with Store(path) as store:
            store.remove((1,))
        assert inbox.sessions()[0].adopted_session_id is None


def test_pings_come_back_by_one_clock_and_once_each(path):
    with Inbox(path, UID) as inbox:
        assert inbox.pings(1) == []
        inbox.note_pings(1, "early", [ping(30), ping(10)])
        inbox.note_pings(1, "later", [ping(7), ping(5), ping(6, held=2**32 - 1)])
        inbox.note_pings(1, "later", [ping(7)])
        inbox.note_pings(2, "later", [ping(2**60)])
        assert inbox.pings(1) == [ping(5), ping(6, held=2**32 - 1), ping(7)]
        assert inbox.pings(2) == [ping(2**60)]


def test_the_prefix_is_that_of_the_file_whoever_wrote_it(path):
    def block(i):
        return i, bytes([i % 256] * 180)

    with Inbox(path, UID) as inbox:
        inbox.keep(1, [block(0), block(1), block(3)])
        assert inbox.keep(2, [block(1)]) == 0
    with Inbox(path, UID) as inbox:
        assert inbox.keep(1, []) == 2
        assert inbox.keep(1, [block(5)]) == 2
        assert inbox.keep(1, [block(2), block(2), block(0)]) == 4
        with pytest.raises(StoreError, match="differs"):
            inbox.keep(1, [block(4), (1, b"z" * 180)])
        assert inbox.keep(1, []) == 4, "what was refused does not count"
        assert inbox.keep(1, [block(4)]) == 6
        assert inbox.keep(2, [block(0)]) == 2


@pytest.mark.slow
def test_a_hundred_thousand_blocks_do_not_make_it_slow(path):
    """By the work SQLite does, not by the clock of a busy machine: a look at each block would be a million steps."""
    with Inbox(path, UID) as inbox:
        inbox.keep(1, [(i, b"a" * 180) for i in range(100_000)])
        steps = 0

        def count():
            nonlocal steps
            steps += 1

        inbox._db.set_progress_handler(count, 100)
        for i in range(100_000, 100_080, 8):
            assert inbox.keep(1, [(seq, b"a" * 180) for seq in range(i, i + 8)]) == i + 8
        assert steps * 100 < 10_000


def test_a_board_that_is_met_tells_its_program(tmp_path):
    with KnownBoards(tmp_path / "coxa.sqlite") as boards:
        boards.save(KnownBoard("246f28abcdef", "thigh-L", "left-thigh", bytes(16), "0.1.0"))
        boards.met("246F28ABCDEF", "0.2.0", datetime(2026, 3, 1, tzinfo=UTC))
        boards.met("000000000001", "9.9.9", datetime(2026, 3, 1, tzinfo=UTC))
        (board,) = boards.all()
    assert (board.firmware, board.last_seen) == ("0.2.0", datetime(2026, 3, 1, tzinfo=UTC))
    assert (board.role, board.secret) == ("left-thigh", bytes(16))
