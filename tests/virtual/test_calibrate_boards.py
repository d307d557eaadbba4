"""Calibrations with boards: their own program on virtual chips that measure a scripted wearer, over the virtual air."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from typing import Any

import interpreters
import numpy as np
import pytest

from coxa import quaternion
from coxa.calibration.guide.sensor import SensorProcedure
from coxa.calibration.guide.step import Accepted, Finished, Look
from coxa.calibration.kept import NewCalibration
from coxa.calibration.live import GONE_S
from coxa.calibration.recordings import is_marked
from coxa.commands.calibrate import _body
from coxa.commands.calibrate_boards import guided
from coxa.commands.calibrate_means import Making, Means, Wish
from coxa.commands.calibrate_to_board import written
from coxa.commands.calibrate_view import CalibrationView
from coxa.commands.common import Common
from coxa.commands.nearby import Nearby, reached
from coxa.errors import CoxaError, InputError
from coxa.link.discovery import Bluetooth
from coxa.link.known import KnownBoard, KnownBoards
from coxa.link.pairing import get_config
from coxa.samples import GRAVITY_M_S2
from coxa.simulate import SENSORS, motion
from coxa.simulate.handled import SensorFollower
from coxa.simulate.path import Path
from coxa.simulate.sensor import measure
from coxa.store import Inbox, Store
from coxa.virtual import clock
from coxa.virtual.board import HARD_RESET, Build
from coxa.virtual.world import World
from coxa_wire import command

SECRET = bytes(range(16))
ON_THE_LEFT = (0.0, 0.0, 1.0, 0.0)
"""Sensor to segment, as hardware.md has it on the left leg: y to the hip, z outward, which there is to the left."""
CHIP = replace(SENSORS["LSM6DSOX"], mount=ON_THE_LEFT)
TURN_RAD = np.radians(20.0)
UNSTEADY_RAD = np.radians(0.3)
STANDING_S = 25.0
"""First of all: the host finds the board within some seconds."""


@pytest.fixture(autouse=True)
def interpreter():
    if interpreters.command(64) is None:
        pytest.skip(interpreters.MISSING_64)


# what the wearer does


def pose(position):
    return motion.neutral_pose(position, "left", 0.4, 0.0, 0.0)


def stood_sat_and_lay(standing_s=STANDING_S, seated_s=10.0):
    """Stands, sits, lies with the legs up the wall, turns the leg out and in three times, and rests."""
    path = Path(pose("standing"), 1 / CHIP.rate_hz)
    path.stay(standing_s).move(pose("seated"), 3.0).stay(seated_s).move(pose("wall"), 4.0).stay(12.0)
    return turned(path, 3).stay(60.0)


def turned(path, times, period_s=12.0):
    """Outward (the left leg: about the femur), inward and back, again and again."""
    angle = TURN_RAD * np.sin(2 * np.pi * path.times(times * period_s) / period_s)
    return path.along(quaternion.multiply(path.at, quaternion.about(motion.FEMUR_AXIS, angle)))


def measured(path, file, rate_hz=CHIP.rate_hz, seed=1):
    """Writes what the chip measures; the femoral axis in its frame."""
    rng = np.random.default_rng(seed)
    q = path.course(UNSTEADY_RAD, 0.5, rng)
    readings = measure(CHIP, *motion.rate_and_force(q[::2], q[1::2], path.dt_s, None), 1 / rate_hz, rng)
    counted(file, readings.gyr_counts, readings.acc_counts)
    return readings.to_sensor @ motion.FEMUR_AXIS


def counted(file, gyr_counts, acc_counts):
    counts = np.column_stack([gyr_counts, acc_counts])
    file.write_bytes(np.clip(np.round(counts), -32768, 32767).astype("<i2").tobytes())


# the stage


@dataclass
class Stage:
    """Boards on the air, a host that knows them, and its store."""

    folder: Any
    boards: list = field(default_factory=list)
    told: list = field(default_factory=list)
    world: Any = None
    making: Any = None

    def __post_init__(self):
        self.common = Common(store=self.folder / "coxa.sqlite")
        self.common.open_store(write=True).close()
        self.known = []

    def board(self, name, uid, role, file, *, rate_hz=CHIP.rate_hz, drift=0.0):
        settings = {"token": SECRET.hex(), "role": role, "idle_sleep_s": 0}
        build = Build(name, uid, "lsm6dsox", rate_hz, motion=file, drift=drift, settings=settings)
        self.boards.append(self.world.board(build))
        self.known.append(KnownBoard(uid, name, role, SECRET))

    def in_range(self, yes, i=0):
        self.world.air.conditions(self.known[i].name).in_range = yes

    async def until(self, said, limit_s=200.0):
        """Waits for a moment of which `said` is true, given the stand and the note."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + limit_s
        while not any(said(*one) for one in self.told):
            assert loop.time() < end_s, self.told[-3:]
            await asyncio.sleep(0.1)
        self.told.clear()


class Told(CalibrationView):
    """Notes what is shown as well."""

    def __init__(self, told):
        super().__init__("it", quiet=True, json_on_stdout=True)
        self._all = told

    def show(self, stand, note=""):
        super().show(stand, note)
        self._all.append((stand, note))


def calibrated(folder, wish_of, set_up, meanwhile=None, *, then=None, before=None, limit_s=900.0):
    """What came of it, or was raised; and the stage."""
    stage = Stage(folder)

    async def work():
        async with World(folder, seed=3) as world:
            stage.world = world
            set_up(stage)
            central = await world.central()
            place = Nearby(Bluetooth(central.scanner, central.client), stage.known)
            wish = wish_of(stage.common)
            stage.making = Making(wish, Means(), stage.common, frozenset(), Told(stage.told))
            if before:
                await before(place, stage)
            task = asyncio.create_task(meanwhile(stage)) if meanwhile else None
            try:
                found = await guided(place, stage.known, stage.making)
                return (await then(place, stage, found)) if then else found
            finally:
                if task:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                    if not task.cancelled() and task.exception():
                        raise task.exception()

    try:
        return clock.run(work(), limit_s), stage
    except CoxaError as error:
        return error, stage


UID = "246f28abc001"


def one_board(path, axes=None):
    def set_up(stage):
        axis = measured(path, stage.folder / "motion.bin")
        if axes is not None:
            axes.append(axis)
        stage.board("thigh-L", UID, "left-thigh", stage.folder / "motion.bin")

    return set_up


def body_wish(common):
    return Wish("body", "body", ("left-thigh",), lambda worn: _body(worn[0], "left", "Kim", "low", common))


def at_step(key):
    return lambda stand, _: stand is not None and stand.step is not None and stand.step.key == key


# a body


def test_a_body_is_calibrated_over_the_air(tmp_path, capsys):
    axes = []
    (result, recorded), stage = calibrated(tmp_path, body_wish, one_board(stood_sat_and_lay(), axes))
    with Store(stage.common.store_path, write=False) as store:
        kept = store.calibration(result.id)
        assert is_marked(store, UID, 1)
        assert store.sessions() == []
    assert (kept.uid, kept.person, kept.side, kept.source) == (UID, "Kim", "left", f"{UID}/1")
    body = kept.body()
    assert np.degrees(np.arccos(body.axis.u @ axes[0])) < 3.0
    assert body.strap == "low"
    assert [one.key for one in result.steps] == ["standing", "seated", "wall", "turns"]
    with Inbox(stage.common.store_path, UID) as inbox:
        (session,) = inbox.sessions()
    assert (session.whole, session.deleted, session.adopted_session_id) == (True, True, None)
    assert recorded[0].problem is None
    err = capsys.readouterr().err
    assert err.index("step 1 of 4, Stand upright") < err.index("step 4 of 4")
    assert err.count("✓") == 4


def test_a_board_that_goes_out_of_range_for_a_while_is_said_to_and_the_step_goes_on(tmp_path, capsys):
    async def away(stage):
        await stage.until(at_step("seated"))
        stage.in_range(False)
        await stage.until(lambda _, note: note.startswith("no data from the thigh board"))
        await asyncio.sleep(8)
        stage.in_range(True)

    axes = []
    (result, _), stage = calibrated(tmp_path, body_wish, one_board(stood_sat_and_lay(seated_s=60.0), axes), away)
    assert result.id == 1
    assert "no data from the thigh board" in capsys.readouterr().err
    with Store(stage.common.store_path, write=False) as store, Inbox(stage.common.store_path, UID) as inbox:
        assert np.degrees(np.arccos(store.calibration(1).body().axis.u @ axes[0])) < 3.0
        assert inbox.sessions()[0].whole, "what was missed was fetched"


def test_a_board_that_does_not_come_back_ends_it_with_one_line(tmp_path):
    async def away(stage):
        await stage.until(at_step("seated"))
        stage.in_range(False)

    error, stage = calibrated(tmp_path, body_wish, one_board(stood_sat_and_lay()), away)
    assert isinstance(error, InputError)
    assert f"nothing came from the thigh board for {GONE_S:.0f} s" in str(error)
    with Store(stage.common.store_path, write=False) as store, Inbox(stage.common.store_path, UID) as inbox:
        assert store.calibrations() == []
        assert inbox.sessions()[0].stored > 40, "what came is stored"
        assert is_marked(store, UID, 1)


def test_a_board_that_is_not_there_ends_it_with_one_line(tmp_path):
    def set_up(stage):
        one_board(stood_sat_and_lay())(stage)
        stage.in_range(False)

    error, _ = calibrated(tmp_path, body_wish, set_up)
    assert isinstance(error, InputError)
    assert "the thigh board was not reached for 60 s (searching)" in str(error)


def test_ctrl_c_stops_the_board_and_stores_what_it_recorded(tmp_path):
    async def press(stage):
        await stage.until(at_step("wall"))
        os.kill(os.getpid(), signal.SIGINT)

    (result, _), stage = calibrated(tmp_path, body_wish, one_board(stood_sat_and_lay()), press)
    assert result is None
    with Store(stage.common.store_path, write=False) as store, Inbox(stage.common.store_path, UID) as inbox:
        assert store.calibrations() == []
        (session,) = inbox.sessions()
    assert session.whole and session.deleted
    assert 200 < session.stored < 600


def test_a_wearer_who_does_not_do_it_is_not_waited_for_for_ever(tmp_path):
    path = Path(pose("standing"), 1 / CHIP.rate_hz).stay(400.0)
    error, stage = calibrated(tmp_path, body_wish, one_board(path))
    assert isinstance(error, InputError)
    assert "'Sit down' was not done within 180 s" in str(error)
    with Inbox(stage.common.store_path, UID) as inbox:
        assert inbox.sessions()[0].whole


def test_a_board_that_restarts_goes_on_in_a_second_recording(tmp_path):
    async def restart(stage):
        await stage.until(at_step("standing"))
        await asyncio.sleep(1)
        stage.boards[0].power_off()
        await asyncio.sleep(0.5)
        stage.boards[0].power_on(HARD_RESET)

    (result, recorded), _ = calibrated(tmp_path, body_wish, one_board(stood_sat_and_lay(60.0)), restart)
    assert result.finished.kept.source == f"{UID}/1, {UID}/2"
    assert len(recorded[0].fetched) == 2


def test_a_board_that_records_already_is_left_alone(tmp_path):
    """What it records is somebody's set."""

    async def started(place, stage):
        async def start(client):
            await client.ask(command.START, 0, 0, 0, 0)

        await reached(place, stage.known[0], stage.common.store_path, start)

    error, stage = calibrated(tmp_path, body_wish, one_board(stood_sat_and_lay()), before=started)
    assert "thigh-L is recording already. End that: coxa board stop thigh-L" in str(error)
    with Store(stage.common.store_path, write=False) as store:
        assert not is_marked(store, UID, 1)


# a sensor, and its board


def test_a_sensor_is_calibrated_and_its_board_told(tmp_path):
    person = SensorFollower(CHIP, seed=4)

    def set_up(stage):
        acts = ["rest", "rest", *(f"pose-{k}" for k in range(1, 13)), "turns"]
        done = [person.act(key, 1)["sensor"] for key in acts]
        gyr = np.concatenate([one.gyr_rad_s for one in done])
        acc = np.concatenate([one.acc_m_s2 for one in done])
        counted(
            stage.folder / "motion.bin",
            np.degrees(gyr) * 1e3 / CHIP.gyro_lsb_mdps,
            acc / GRAVITY_M_S2 * 1e3 / CHIP.acc_lsb_mg,
        )
        stage.board("thigh-L", UID, "left-thigh", stage.folder / "motion.bin")

    async def told(place, stage, found):
        sentence = await written(place, stage.known[0], found[0].finished, stage.common.store_path)
        await asyncio.sleep(3)

        async def ask(client):
            return await get_config(client, "acc_offset_ug")

        return found[0], sentence, await reached(place, stage.known[0], stage.common.store_path, ask)

    def wish_of(_):
        return Wish(
            "sensor", "sensor", (None,), lambda worn: SensorProcedure(worn[0].uid, worn[0].chip, worn[0].firmware)
        )

    (result, sentence, offset_ug), stage = calibrated(tmp_path, wish_of, set_up, then=told)
    with Store(stage.common.store_path, write=False) as store:
        calibration, history = store.calibration(result.id).sensor()
    assert (calibration.uid, calibration.chip) == (UID, "LSM6DSOX")
    assert history.keys == (f"{UID}/1",)
    truth_mg = person.chip.acc_bias_mg
    assert np.abs(calibration.acc_offset_m_s2 / GRAVITY_M_S2 * 1e3 - truth_mg).max() < 3.0
    assert np.abs(np.array(offset_ug) / 1e3 - truth_mg).max() < 3.0
    assert sentence.startswith("Written to thigh-L")


# two boards


@dataclass
class Listening:
    """A step that hears both boards for a while; its value is what came."""

    key: str = "listening"
    title: str = "Listen"
    say: str = "Turn the leg."
    optional: bool = False

    def look(self, heard, _):
        shortest = min(one.duration_s for one in heard.values())
        outcome = Accepted(dict(heard), "heard") if shortest > 40.0 else None
        return Look("turning", "turn", shortest / 40.0, outcome=outcome)


@dataclass
class Two:
    """Two boards on one leg."""

    heard: dict = field(default_factory=dict)
    kind = "skin"
    places = ("thigh", "shank")
    steps = (Listening(),)

    def finish(self, values, at, source):
        self.heard.update(values["listening"])
        return Finished((), (), NewCalibration("skin", UID, "Kim", "left", at, json.dumps({}), source))


LAG_S = 0.02
"""What is promised; connection events are 30 ms apart here."""


def lag_s(one, other, part):
    """By how much the second is behind the first, in the first or the second half; each by its rate about its axis."""
    middle = (one.t_s[0] + one.t_s[-1]) / 2
    t = middle + np.arange(-18.0, -1.0, 0.001) + 18.0 * part
    rates = []
    for samples in (one, other):
        gyr = samples.gyr_rad_s - samples.gyr_rad_s.mean(axis=0)
        axis = np.linalg.svd(gyr, full_matrices=False)[2][0]
        rates.append(np.interp(t, samples.t_s, gyr @ axis))
    cut = slice(200, -200)
    match = [abs(np.corrcoef(rates[0][cut], np.roll(rates[1], -k)[cut])[0, 1]) for k in range(-150, 151)]
    assert max(match) > 0.99
    return (int(np.argmax(match)) - 150) * 0.001


@pytest.mark.parametrize("offs", [(0.03, -0.02), (-0.03, 0.03)])
def test_two_boards_are_put_on_one_clock(tmp_path, offs):
    """The same motion measured by two chips, one 3 % faster than it says, on crystals that run apart."""
    procedure = Two()
    other = "246f28abc002"

    def set_up(stage):
        for i, (name, uid, role, off) in enumerate(
            [("thigh-L", UID, "left-thigh", offs[0]), ("shank-L", other, "left-shank", offs[1])]
        ):
            rate_hz = CHIP.rate_hz * (1 + off)
            path = turned(Path(pose("wall"), 1 / rate_hz), 60, period_s=4.0)
            measured(path, stage.folder / f"{i}.bin", rate_hz)
            stage.board(name, uid, role, stage.folder / f"{i}.bin", rate_hz=rate_hz, drift=40e-6 * (1 - 2 * i))

    (result, _), _ = calibrated(
        tmp_path, lambda _: Wish("skin", "skin", ("left-thigh", "left-shank"), lambda _: procedure), set_up
    )
    assert result.finished.kept.source == f"{UID}/1, {other}/1"
    early, late = (lag_s(procedure.heard["thigh"], procedure.heard["shank"], part) for part in (0, 1))
    assert abs(early) < LAG_S and abs(late) < LAG_S, (early, late)


# the command itself


@pytest.fixture
def coxa(tmp_path):
    """Calls the program with a data folder of its own, and no Bluetooth."""
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    env.pop("COXA_STORE", None)
    env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nowhere"

    def call(*words, begin=False):
        command_line = [sys.executable, "-m", "coxa", *words]
        if begin:
            return subprocess.Popen(
                command_line, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
            )
        return subprocess.run(command_line, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    return call


TIMEOUT_S = 60


@pytest.mark.skipif(sys.platform != "linux", reason="what is said without Bluetooth differs by system")
def test_without_bluetooth_one_line_says_what_to_do(coxa, tmp_path):
    (tmp_path / "coxa").mkdir()
    with KnownBoards(tmp_path / "coxa" / "coxa.sqlite") as boards:
        boards.save(KnownBoard(UID, "thigh-L", "left-thigh", SECRET))
    done = coxa("calibrate", "body")
    assert done.returncode == 3
    assert "systemctl start bluetooth" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are of POSIX")
def test_by_cable_and_broken_off_by_ctrl_c(coxa, tmp_path):
    world = subprocess.Popen(
        [sys.executable, interpreters.HERE / "cable_world.py", tmp_path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        port = world.stdout.readline().strip()
        assert coxa("board", "trust", "--port", port, "--role", "left-thigh").returncode == 0
        process = coxa("calibrate", "sensor", "--port", port, begin=True)
        for line in process.stderr:
            if "step 1 of 14" in line:
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 130
        assert err.strip().endswith("stopped; nothing was left half done.")
        told = json.loads(coxa("board", "info", "--port", port, "--json").stdout)
        assert (told["state"], told["recordings"]) == ("idle", [])
    finally:
        world.communicate(timeout=TIMEOUT_S)
