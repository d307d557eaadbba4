"""Calibrations in the store: kept as they were made, chosen by rules, marked when they do not hold any more."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from calibrations import AT, UID, body, days, gain, sensor
from hypothesis import given
from hypothesis import strategies as st
from variety import session

from coxa.calibration.applied import NONE
from coxa.calibration.choose import AUTOMATIC, WITHOUT, Wish, as_it_is, choose
from coxa.calibration.kept import of_body, of_sensor, of_skin
from coxa.errors import InputError, StoreError, UsageError
from coxa.store import Origin, Store, schema
from coxa_calibration.bias_history import BiasHistory
from coxa_calibration.body import BodyCalibration
from coxa_calibration.readings import CalibrationError


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "it.sqlite") as opened:
        opened.add_person("Kim")
        yield opened


def a_set(at=AT, **changes):
    return Origin(**{
        "person": "Kim", "side": "right", "position": "wall", "protocol": "wall", "started_at": at,
        "source_format": "coxa-csv", "source_name": "set.csv", "source_sha256": "0" * 64, "sensor": UID, **changes,
    })  # fmt: skip


def new_sensor(**changes):
    return of_sensor(sensor(**changes), BiasHistory.empty(), "simulated")


def new_body(**changes):
    return of_body(body(**changes), "Kim", "simulated")


def new_skin(uid=UID, **changes):
    return of_skin(gain(**changes), uid, "Kim", "simulated")


def test_what_is_kept_comes_back_as_it_was(store):
    ids = [store.save_calibration(new) for new in (new_sensor(), new_body(), new_skin())]
    kept = [store.calibration(one) for one in ids]
    assert [one.kind for one in store.calibrations()] == ["sensor", "body", "skin"]
    assert kept[0].sensor()[0].uid == UID
    assert kept[1].body().to_dict() == body().to_dict()
    assert kept[2].skin() == gain()
    assert (kept[0].person, kept[0].side, kept[2].person, kept[2].side) == (None, None, "Kim", "right")
    assert {one.made_at for one in kept} == {AT}


def test_the_same_calibration_is_kept_once(store):
    first = store.save_calibration(new_skin())
    assert store.save_calibration(new_skin()) == first
    assert store.save_calibration(new_skin(ir=0.51)) != first


def test_an_unknown_calibration_is_a_usage_error_with_advice(store):
    for ask in (store.calibration, lambda one: store.void_calibration(one, "why")):
        with pytest.raises(UsageError, match=r"no calibration 7 .*coxa calibrate list"):
            ask(7)


@given(
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1),
    sd=st.floats(0.1, 20), side=st.sampled_from(["left", "right"]),
)  # fmt: skip
def test_a_body_calibration_survives_its_text(axis, sd, side):
    made = body(np.array(axis) / np.linalg.norm(axis), side, sd_deg=sd)
    back = BodyCalibration.from_dict(json.loads(json.dumps(made.to_dict())))
    assert back.to_dict() == made.to_dict()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "coxa.body/2"}, "format"),
        ({"format": "coxa.gain/1"}, "format"),
        ({"side": "both"}, "damaged"),
        ({"made_at": "2026-03-01T10:00:00"}, "zone"),
        ({"axis": {"u": [0, 1], "sd_rad": 0.1, "source": "standing", "turn_apart_rad": None}}, "damaged"),
        ({"axis": {"u": [0, 2, 0], "sd_rad": 0.1, "source": "standing", "turn_apart_rad": None}}, "direction"),
        ({"axis": {"u": [0, 1, 0], "sd_rad": float("nan"), "source": "x", "turn_apart_rad": None}}, "direction"),
        ({"poses": [{}]}, "damaged"),
    ],
)
def test_a_damaged_body_calibration_is_refused(change, words):
    with pytest.raises(CalibrationError, match=words):
        BodyCalibration.from_dict({**body().to_dict(), **change})


def test_the_newest_sensor_calibration_and_gain_hold_and_the_body_calibration_nearest_in_time(store):
    for at in (AT - days(100), AT - days(10), AT + days(20)):
        store.save_calibration(new_sensor(made_at=at))
        store.save_calibration(new_skin(made_at=at))
    for at in (AT - days(0.05), AT + days(0.1)):
        store.save_calibration(new_body(made_at=at))
    found = choose(store, UID, a_set())
    assert {one.kind: one.age_days for one in found.used} == {"sensor": -20.0, "body": 0.05, "skin": -20.0}
    assert found.notes == ()


@pytest.mark.parametrize(
    ("new", "holds", "no_more"), [(new_sensor, 364, 366), (new_body, 2.9 / 24, 3.1 / 24), (new_skin, 89, 91)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_each_kind_holds_for_its_time_before_and_after(store, new, holds, no_more, sign):
    store.save_calibration(new())
    assert len(choose(store, UID, a_set(AT + sign * days(holds))).used) == 1
    late = choose(store, UID, a_set(AT + sign * days(no_more)))
    assert late.used == ()
    assert bool(late.notes) == (new is not new_body)
    assert all("Calibrate again" in note for note in late.notes)


@pytest.mark.parametrize("other", [{"side": "left"}, {"person": "Ada"}, {"uid": "000000000000"}])
def test_what_is_of_another_leg_person_or_sensor_does_not_hold(store, other):
    store.add_person("Ada")
    uid = other.pop("uid", UID)
    for new in (new_body(), new_skin()):
        store.save_calibration(new)
    assert choose(store, uid, a_set(**other)) == NONE


def test_the_name_counts_in_any_case(store):
    store.save_calibration(new_skin())
    assert choose(store, UID, a_set(person="kim")).skin is not None


def test_a_void_one_does_not_hold_and_the_reason_is_told(store):
    number = store.save_calibration(new_skin())
    store.void_calibration(number, "The strap was moved.")
    found = choose(store, UID, a_set())
    assert found.skin is None
    assert found.notes == (f"The personal gain {number} was not used: The strap was moved.",)
    by_name = choose(store, None, a_set(), Wish((number,)))
    assert by_name.skin is not None
    assert "does not hold any more: The strap was moved." in by_name.notes[0]
    store.void_calibration(number, "")
    assert choose(store, UID, a_set()).skin is not None


def test_a_gain_is_less_sure_once_the_strap_was_off(store):
    store.save_calibration(new_skin())
    same, later = (choose(store, UID, a_set(AT + days(d))).skin for d in (0.05, 2.0))
    assert same == gain()
    assert later.k_ir.sd > 1.3 * same.k_ir.sd
    assert later.k_ir.value == same.k_ir.value


def test_a_gain_of_another_place_of_the_strap_does_not_hold(store):
    store.save_calibration(new_body())
    store.save_calibration(new_skin(strap="in the middle of the thigh"))
    found = choose(store, UID, a_set())
    assert found.skin is None
    assert [one.kind for one in found.used] == ["body"]
    assert "'in the middle of the thigh', not at 'at its mark'. It was not used." in found.notes[0]


def test_a_damaged_one_never_keeps_a_set_from_its_result(store):
    store.save_calibration(replace(new_sensor(), data="format = 1"))
    number = store.save_calibration(replace(new_skin(), data="{"))
    found = choose(store, UID, a_set())
    assert found.used == ()
    assert len(found.notes) == 2
    with pytest.raises(InputError, match=f"calibration {number} cannot be used"):
        choose(store, None, a_set(), Wish((number,)))


def test_those_wished_must_fit_the_set(store):
    one, two = (store.save_calibration(new_skin(ir=ir)) for ir in (0.5, 0.6))
    with pytest.raises(UsageError, match="two calibrations of the kind skin"):
        choose(store, UID, a_set(), Wish((one, two)))
    with pytest.raises(UsageError, match="right leg of Kim"):
        choose(store, UID, a_set(side="left"), Wish((one,)))
    assert choose(store, UID, a_set(), Wish((one,))).skin.k_ir.value == 0.5
    assert choose(store, UID, a_set(), WITHOUT) == NONE
    assert choose(store, None, a_set(), AUTOMATIC) == NONE


def test_a_result_with_other_calibrations_stands_beside_the_first_and_the_newest_counts(store):
    from coxa.commands.show import recomputed

    sim, plain = session(2, reps=3)
    origin = a_set(side=sim.wearer.side)
    saved = store.save(origin, sim.samples, plain)
    number = store.save_calibration(of_skin(gain(side=sim.wearer.side), UID, "Kim", "simulated"))
    now = store.session(saved.session_id)
    assert as_it_is(now) == WITHOUT
    with_gain = recomputed(store, now, AUTOMATIC)
    assert store.save_result(saved.session_id, "wall", with_gain)
    head = store.session(saved.session_id).headline
    assert (head.label, head.calibrations) == ("shank-calibrated", f"skin:{number}")
    assert head.arc_mean_deg == pytest.approx(with_gain.set.arc_mean_deg, abs=1e-5)
    assert head.thigh.arc_mean_deg == pytest.approx(plain.set.arc_mean_deg, abs=1e-5)
    again = recomputed(store, store.session(saved.session_id))
    assert again.calibrations == with_gain.calibrations
    assert not store.save_result(saved.session_id, "wall", with_gain)
    db = sqlite3.connect(store.path)
    assert db.execute("SELECT count(*) FROM results").fetchone()[0] == 2
    db.close()


def test_a_store_of_version_3_keeps_its_results(tmp_path):
    path = tmp_path / "old.sqlite"
    sim, found = session(2, reps=3)
    with Store(path) as store:
        store.save(a_set(side=sim.wearer.side), sim.samples, found)
    before = Store(path, write=False)
    head = before.sessions()[0].headline
    before.close()
    # take the file back to what version 3 was
    db = sqlite3.connect(path, isolation_level=None)
    columns = [row[1] for row in db.execute("PRAGMA table_info(results)")]
    kept = [name for name in columns if name != "calibrations" and not name.startswith("thigh_")]
    rows = db.execute(f"SELECT {', '.join(kept)} FROM results").fetchall()
    db.execute("DROP TABLE results")
    db.execute("DROP TABLE calibrations")
    db.execute(next(s for s in schema._VERSION_1.split(";") if "CREATE TABLE results" in s))
    db.executemany(f"INSERT INTO results ({', '.join(kept)}) VALUES ({', '.join('?' * len(kept))})", rows)
    db.execute("PRAGMA user_version = 3")
    db.close()
    with Store(path, write=False) as store:
        assert store.sessions()[0].headline == head
        assert store.calibrations() == []


def test_a_store_that_cannot_be_written_says_so(store):
    store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError):
        store.save_calibration(new_skin())
