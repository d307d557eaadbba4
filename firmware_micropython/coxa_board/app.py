"""The program of the board: builds the device from its settings and runs its tasks side by side."""

import asyncio
import gc
import time

import machine
from micropython import const

from coxa_board import boards, crashlog, imu, slots
from coxa_board.blocks import BlockWriter
from coxa_board.clock import Clock
from coxa_board.device import Device
from coxa_board.link import Dispatcher
from coxa_board.link.ble import Ble
from coxa_board.link.usb import Usb
from coxa_board.orientation import Orientation
from coxa_board.parts import START_MV, Parts
from coxa_board.parts.button import LONG, SHORT
from coxa_board.recorder import Recorder
from coxa_board.sampler import Sampler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SESSIONS = "/sessions"

_POLL_MS = const(20)  # two samples at a time or three
_POLL_SPREAD_MS = const(10)  # looks come at all phases of the sensor's period: in step with it they would bias times
_POLL_STEP = const(7)  # no factor in common with the spread: each phase comes once in ten looks
_DRAINS = const(16)  # reads per look at most, which empty the deepest buffer
_LINK_MS = const(10)
_HAND_MS = const(20)  # button and signals
_HOUSE_MS = const(1000)  # memory is collected this often: small heaps of rubbish take short pauses
_BATTERY_S = const(10)
_RATE_S = const(10)
_HEALTHY_S = const(60)  # so long without a crash counts as healthy, for the crash counter and a new version
_WATCH_MS = const(500)
_GOODBYE_MS = const(500)  # for the answer to a REBOOT to leave
_BOOTLOADER = const(1)
_SAFE = const(2)


class App:
    """All there is on the board, put together.

    Attributes:
        device: what it can be asked to do.
        failure: what ended a task, or None.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        """Takes checked settings (`config.load`).

        Raises:
            ConfigError: no such board or pins.
        """
        self.board = boards.find(settings)
        self.parts = Parts(self.board, settings["quiet"])
        self._settings = settings
        self._bus = self.parts.i2c(settings["i2c_hz"])
        chip = self._find_chip()
        self.sampler = Sampler(chip, self._unlock_bus)
        clock = Clock()
        self.orientation = Orientation(
            chip.RATE_HZ,
            chip.GYRO_DPS_PER_LSB,
            chip.ACC_G_PER_LSB,
            settings["gyro_bias_mdps"],
            settings["acc_offset_ug"],
        )
        self.recorder = Recorder(SESSIONS, working=self._feed)
        self.writer = BlockWriter(self.recorder, self.orientation, clock, chip.RATE_HZ)
        self.device = Device(
            settings, self.board, self.parts, self.sampler, self.orientation, self.recorder, self.writer, clock
        )
        self._radio = Ble(self.device, Dispatcher(self.device))
        self.links = (self._radio, Usb(self.device, Dispatcher(self.device)))
        self.failure: BaseException | None = None
        self._tasks: list[Any] = []
        self._watchdog: machine.WDT | None = None
        self._sampled = False
        self._linked = False

    async def run(self) -> None:
        """Runs until told to restart, or until a task fails; then saves what was recorded.

        Raises:
            Exception: what ended a task.
        """
        for note in self.recorder.recover():
            crashlog.note(note)
        self.sampler.start()
        self.orientation.set_rate(self.sampler.clock.rate_hz)
        asyncio.get_event_loop().set_exception_handler(self._on_failure)
        work = (self._sample(), self._serve(), self._attend(), self._keep_house(), self._watch())
        self._tasks = [asyncio.create_task(task) for task in work]
        while self.failure is None and self.device.restart is None:
            await asyncio.sleep_ms(_WATCH_MS)
        try:
            self.device.stop()
        except Exception as error:  # what failed may be what saves: the first failure is the one to tell of
            self.failure = self.failure or error
        if self.failure is not None:
            crashlog.note(f"counts {self.device.counts}")
            raise self.failure
        await asyncio.sleep_ms(_GOODBYE_MS)
        crashlog.ended()  # on purpose: not to be counted as a crash
        if self.device.restart == _BOOTLOADER:
            getattr(machine, "bootloader", machine.reset)()  # not every chip has it
        if self.device.restart == _SAFE:
            slots.ask_safe_mode()
        machine.reset()

    async def _sample(self) -> None:
        """Sensor → orientation → blocks → flash."""
        sampler, writer, recorder, device = self.sampler, self.writer, self.recorder, self.device
        spread = 0
        while True:
            for _ in range(_DRAINS):
                n = sampler.poll()
                if n:
                    writer.take(sampler, n)
                if not sampler.more:
                    break
            if recorder.recording:
                recorder.flush()
                if recorder.full:
                    device.stop()
                    self.parts.signals.play("error")
            self._sampled = True
            spread = (spread + _POLL_STEP) % _POLL_SPREAD_MS
            await asyncio.sleep_ms(_POLL_MS + spread)

    async def _serve(self) -> None:
        """Answers the host, by radio and by cable."""
        while True:
            for link in self.links:
                link.poll()
            self._linked = True
            await asyncio.sleep_ms(_LINK_MS)

    async def _attend(self) -> None:
        """The button, and what is felt, heard and seen."""
        device, button, signals = self.device, self.parts.button, self.parts.signals
        was_connected = False
        while True:
            pressed = button.poll(time.ticks_ms())
            if pressed is not None:
                device.pressed()
            if pressed == SHORT:
                device.mark(0)
            elif pressed == LONG:
                if self.recorder.recording:
                    device.stop()
                else:
                    device.start(0, 0, 0, 0)
            connected = self._connected()
            if connected and not was_connected:
                signals.play("connected")
            was_connected = connected
            signals.show(self._state())
            signals.tick(time.ticks_ms())  # ending a session takes a while: by an earlier time its buzz came out short
            await asyncio.sleep_ms(_HAND_MS)

    async def _keep_house(self) -> None:
        """What has time: battery, measured rate, memory, sleep."""
        seconds = 0
        while True:
            if seconds % _BATTERY_S == 0:
                self.device.watch_battery()
            if seconds % _RATE_S == 0 and self.sampler.clock.settled:
                self.orientation.set_rate(self.sampler.clock.rate_hz)
            if seconds == _HEALTHY_S:
                crashlog.healthy()
                slots.confirm()
            if self._idle():
                self._sleep()
            gc.collect()
            seconds += 1
            await asyncio.sleep_ms(_HOUSE_MS)

    async def _watch(self) -> None:
        """Feeds the watchdog while samples and links both move; else it restarts the board."""
        seconds = self._settings["watchdog_s"]
        if not seconds:
            return
        self._watchdog = machine.WDT(timeout=seconds * 1000)
        while True:
            if self._sampled and self._linked:
                self._sampled = self._linked = False
                self._feed()
            await asyncio.sleep_ms(_WATCH_MS)

    def _feed(self) -> None:
        if self._watchdog is not None:
            self._watchdog.feed()

    def _state(self) -> str:
        """What the LED tells."""
        if self.sampler.fault:
            return "error"
        if self.recorder.recording:
            return "recording"
        if 0 < self.device.battery_mv < START_MV:
            return "low_battery"
        return "connected" if self._connected() else "idle"

    def _connected(self) -> bool:
        return any(link.connected for link in self.links)

    def _idle(self) -> bool:
        idle_s = self._settings["idle_sleep_s"]
        if not idle_s or not self.parts.power.can_sleep or self.recorder.recording or self._radio.connected:
            return False
        return time.ticks_diff(time.ticks_ms(), self.device.active_ms) >= idle_s * 1000

    def _sleep(self) -> None:
        """Until the button wakes the board, which then starts anew."""
        try:
            self.sampler.chip.rest()
        except (OSError, imu.ImuFault):
            self.device.count("rest")
        crashlog.ended()
        self.parts.power.sleep()

    def _find_chip(self) -> imu.Chip:
        try:
            return imu.find(self._bus)
        except (imu.ImuFault, OSError) as error:
            crashlog.note(f"sensor: {error}")
            return imu.Missing(self._bus, str(error))

    def _unlock_bus(self) -> None:
        """Lets a chip that holds the data line go; the pins then belong to the bus again."""
        imu.recover(machine.Pin(self.board.scl), machine.Pin(self.board.sda))
        self._bus = self.parts.i2c(self._settings["i2c_hz"])

    def _on_failure(self, _loop: object, context: dict[str, Any]) -> None:
        self.failure = context["exception"]


def run(settings: dict[str, Any]) -> None:
    """Runs the board until it restarts.

    Raises:
        Exception: what ended the program; recorded samples are saved.
    """
    asyncio.run(App(settings).run())
