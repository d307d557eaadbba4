"""What the sensor can be asked to do: by its button, over BLE and over USB alike."""

import struct
import time

import machine
from micropython import const

from coxa_board import VERSION, config, crashlog
from coxa_board.parts import START_MV
from coxa_board.recorder import RecorderError
from coxa_wire import BATTERY_LOW, MARKER, PROFILE_QUAT, PROFILE_RAW, Info, encode_info
from coxa_wire.command import BAD_ARG, BAD_STATE, BUSY, IMU_FAULT, LOW_BATT, OK, SIGNALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coxa_board.blocks import BlockWriter
    from coxa_board.boards import Board
    from coxa_board.clock import Clock
    from coxa_board.orientation import Orientation
    from coxa_board.parts import Parts
    from coxa_board.recorder import Recorder
    from coxa_board.sampler import Sampler

IDLE = const(0)
RECORDING = const(1)
CLOSED = const(2)

_LATEST_MS = 1 << 48  # the year 10889: later, a session's start would outgrow its field while the clock goes on
_BUTTON_MS = const(60000)  # so long after a press of the button commands that delete are taken from anybody near


class Device:
    """The sensor as its button and its host see it.

    Attributes:
        mtu: of the connection, bytes; for INFO.
        battery_mv: as last measured; 0 where it cannot be.
        active_ms: when a person or a host last did something (`time.ticks_ms`).
        uid: tells this board from others, 6 bytes.
        counts: what went wrong and was survived, by name.
        restart: how to restart, once asked to: None, or the number in the command REBOOT.
    """

    def __init__(  # noqa: PLR0917 - its parts, each once
        self,
        settings: dict[str, Any],
        board: Board,
        parts: Parts,
        sampler: Sampler,
        orientation: Orientation,
        recorder: Recorder,
        writer: BlockWriter,
        clock: Clock,
    ) -> None:
        """Takes the parts it is made of."""
        self.settings = settings
        self.board = board
        self.parts = parts
        self.sampler = sampler
        self.orientation = orientation
        self.recorder = recorder
        self.writer = writer
        self.clock = clock
        self.mtu = 23
        self.battery_mv = 0
        self.active_ms = time.ticks_ms()
        self.counts: dict[str, int] = {}
        self.restart: int | None = None
        self._pressed_ms: Any = None
        self._epoch_ms = 0  # Unix time at board time 0, ms; 0 not known
        self.uid = machine.unique_id()[-6:]

    # -- sessions

    def start(self, session: int, profile: int, unix_ms: int, flags: int) -> tuple[int, int]:  # noqa: ARG002 - none yet
        """Starts a session; the number of one that is running already is no error. Returns status and number."""
        recorder = self.recorder
        self.touch()
        if recorder.recording:
            return (OK if session in (0, recorder.session) else BUSY), recorder.session
        profile = profile or self.settings["profile"]
        if profile not in (PROFILE_QUAT, PROFILE_RAW) or unix_ms >= _LATEST_MS:
            return BAD_ARG, 0
        if 0 < self.battery_mv < START_MV:
            return self._refused(LOW_BATT), 0
        if self.sampler.fault:
            return self._refused(IMU_FAULT), 0
        if unix_ms:
            self.set_time(unix_ms)
        info = self.info(profile, session or recorder.next_number)
        try:
            number = recorder.start(session=session, unix_ms=self.unix_ms(), profile=profile, info=info)
        except RecorderError as error:
            return self._refused(error.status), 0
        self.writer.begin(profile, self.sampler.next_index)
        self.parts.signals.play("start")
        return OK, number

    def stop(self) -> int:
        """Ends the session; without one there is nothing to do, which is no error."""
        self.touch()
        if self.recorder.recording:
            self.writer.end()
            self.recorder.stop()
            self.parts.signals.play("stop")
        return OK

    def mark(self, code: int) -> int:  # noqa: ARG002 - a block has one kind of mark
        """Marks this moment in the recording."""
        if not self.recorder.recording:
            return BAD_STATE
        self.writer.mark(MARKER)
        self.parts.signals.play("marker")
        return OK

    def watch_battery(self) -> None:
        """Measures the battery; ends a session while there is still power to save it."""
        self.battery_mv = self.parts.battery.read()
        low = 0 < self.battery_mv < START_MV
        self.writer.raised = BATTERY_LOW if low else 0
        if self.recorder.recording and self.parts.battery.empty:
            self.stop()
            self.parts.signals.play("low_battery")

    # -- what it says of itself

    def info(self, profile: int = 0, starting: int = 0) -> bytes:
        """INFO of now, as in docs/wire.md; or of the start of session `starting`, with this profile."""
        recorder, chip = self.recorder, self.sampler.chip
        pending = len(recorder.sessions())
        state = RECORDING if recorder.recording or starting else CLOSED if pending else IDLE
        return encode_info(
            Info(
                uid=self.uid,
                odr_hz=chip.RATE_HZ,
                gyro_dps_per_lsb=chip.GYRO_DPS_PER_LSB,
                acc_g_per_lsb=chip.ACC_G_PER_LSB,
                profile=profile or self.settings["profile"],
                firmware=VERSION,
                board=self.board.number,
                imu=chip.WHO_AM_I,
                state=state,
                mtu=self.mtu,
                session=starting or recorder.session,
                next_seq=0 if starting else recorder.next_seq,
                battery_mv=self.battery_mv,
                pending=min(pending, 255),
                reset_cause=machine.reset_cause(),
            )
        )

    def selftest(self) -> tuple[int, bytes]:
        """Sensor answers, highest fill of its buffer, samples lost, restarts, bus errors, mV, free blocks: 20 bytes."""
        sampler = self.sampler
        try:
            healthy = not sampler.fault and sampler.chip.intact()
        except OSError:
            healthy = False
        report = struct.pack(
            "<BBHIHHHIH",
            healthy,
            self.recorder.full,
            sampler.high_water,
            sampler.lost,
            min(sampler.restarts, 65535),
            min(sampler.bus_errors, 65535),
            self.battery_mv,
            self.recorder.free_blocks(),
            min(sum(self.counts.values()), 65535),
        )
        return (OK if healthy else IMU_FAULT), report

    def still(self, ms: int) -> tuple[int, bytes]:  # noqa: ARG002 - the estimate has its own span
        """The gyroscope's offset as estimated when last at rest, deg/s as 3 × f32; BUSY while it moves."""
        if not self.orientation.resting:
            return BUSY, b""
        return OK, struct.pack("<3f", *self.orientation.bias_dps())

    def log(self, name: str, offset: int, length: int) -> tuple[bytes, bool]:
        """A piece of a log, by its name in `coxa_wire.command.LOGS`, and whether there is more behind it."""
        if name == "counts":
            lines = [f"{key}: {value}\n" for key, value in sorted(self.counts.items())]
            text = f"crashes in a row: {crashlog.crashes()}\n{''.join(lines)}".encode()
            return text[offset : offset + length], len(text) > offset + length
        return crashlog.piece(name, offset, length)

    def battery_percent(self) -> int:
        """Charge of the battery, %; 0 where it is not measured."""
        return self.parts.battery.percent(self.battery_mv) if self.battery_mv else 0

    # -- settings and the rest

    def signal(self, pattern: int) -> int:
        """Gives a signal to the wearer, by its number."""
        if pattern >= len(SIGNALS):
            return BAD_ARG
        self.parts.signals.play(SIGNALS[pattern])
        return OK

    def get_config(self, key: str) -> bytes | None:
        """A setting as JSON; None for no such key, and for the token, which is secret."""
        return config.dump(self.settings, key)

    def set_config(self, key: str, value: bytes) -> int:
        """Sets and saves a setting given as JSON; most take effect at the next start."""
        if self.recorder.recording:
            return BAD_STATE
        return OK if config.change(self.settings, key, value) else BAD_ARG

    def set_time(self, unix_ms: int) -> int:
        """Takes the time of day."""
        if unix_ms >= _LATEST_MS:
            return BAD_ARG
        self._epoch_ms = unix_ms - self.now_us() // 1000
        return OK

    def unix_ms(self) -> int:
        """Unix time, ms; 0 until a host has told it."""
        return self._epoch_ms + self.now_us() // 1000 if self._epoch_ms else 0

    def reboot(self, mode: int) -> int:
        """Restarts soon (the answer is sent first): 0 as usual, 1 into the bootloader, 2 in safe mode."""
        if self.recorder.recording:
            return BAD_STATE
        if mode > 2:
            return BAD_ARG
        self.restart = mode
        return OK

    def now_us(self) -> int:
        """Board time, 64-bit µs."""
        return self.clock.now_us()

    def secret(self) -> bytes:
        """What this board and its hosts know; empty for none yet."""
        return bytes.fromhex(self.settings["token"])

    def pressed(self) -> None:
        """The button was pressed."""
        self._pressed_ms = time.ticks_ms()
        self.touch()

    def button_recent(self) -> bool:
        """Whether someone holds the sensor in their hand: the button was pressed within a minute."""
        return self._pressed_ms is not None and time.ticks_diff(time.ticks_ms(), self._pressed_ms) < _BUTTON_MS

    def touch(self) -> None:
        """Someone did something: no sleep for a while."""
        self.active_ms = time.ticks_ms()

    def count(self, name: str) -> None:
        """Counts a fault that was survived."""
        self.counts[name] = self.counts.get(name, 0) + 1

    def _refused(self, status: int) -> int:
        self.parts.signals.play("low_battery" if status == LOW_BATT else "error")
        return status
