"""`coxa board`: one board, looked after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from cyclopts import App, Parameter

from coxa import console
from coxa.commands.catalogue import COMMANDS
from coxa.commands.common import DEFAULTS, Common, Flag
from coxa.commands.nearby import Nearby, nearby, only, reached, with_own_store
from coxa.commands.scan import STATES
from coxa.link.known import KnownBoard, KnownBoards, Role

if TYPE_CHECKING:
    from coxa.link.channel import Channel
    from coxa.link.client import Client, Listed
    from coxa_wire import Info

T = TypeVar("T")

Name = Annotated[str | None, Parameter(help="Name, role or uid of a known board; not needed where there is but one.")]
Port = Annotated[str | None, Parameter(help="Serial port of a board on a cable, instead of the radio.")]
Virtual = Annotated[Flag, Parameter(help="A board without hardware, simulated in this computer.")]

CLOCK_PINGS = 20
"""Some two seconds of pings: the quickest of so few is near the quickest there can be."""
RECORDING = 1

app = App(name="board", help_epilogue=next(command.examples for command in COMMANDS if command.name == "board"))
_BY_CABLE = {
    "update": "Give a board on a cable the program of this installation.",
    "backup": "Copy the settings, logs and own files of a board on a cable.",
    "repl": "Talk to a board on a cable at MicroPython's prompt.",
}
for _name, _help in _BY_CABLE.items():
    app.command(f"coxa.commands.upkeep:{_name}", name=_name, help=_help)
app.command("coxa.commands.board_config:app", name="config", help="Read or change the settings of a board.")


@app.default
def board(*, common: Common = DEFAULTS) -> None:
    """List the boards that this computer knows."""
    with KnownBoards(common.store_path) as boards:
        known = boards.all()
    if common.json:
        told = [
            {"uid": one.uid, "name": one.name, "role": one.role, "firmware": one.firmware, "trusted": bool(one.secret)}
            for one in known
        ]
        console.emit({"format": "coxa.boards/1", "boards": told}, common.json)
        return
    for one in known:
        print(f"{one.label}: uid {one.uid}, firmware {one.firmware or 'unknown'}")
    if not known:
        print("No board is known yet. See what is in range: coxa scan; then pair one: coxa board trust.")


@app.command
def trust(
    name: str | None = None, /, *, role: Role | None = None, port: Port = None, common: Common = DEFAULTS
) -> None:
    """Pair a board: press its button when told to. By cable (--port) nothing secret goes through the air.

    It gets a new secret: other computers have to pair it anew (`coxa flash` by cable leaves them theirs).

    Parameters
    ----------
    name
        Of the board in range, or the last 4 digits of its uid; not needed where there is but one.
    role
        Where it is worn.
    """
    known = asyncio.run(_paired(name, role, port, common))
    with KnownBoards(common.store_path) as boards:
        boards.save(known)
    if common.json:
        told = {"uid": known.uid, "name": known.name, "role": known.role, "firmware": known.firmware}
        console.emit({"format": "coxa.board/1", **told}, common.json)
        return
    print(f"{known.label} trusts this computer now.")
    if known.role is None:
        print(f"Say where it is worn: coxa board trust {known.name} --role left-thigh")


@app.command
def forget(name: str, /, *, common: Common = DEFAULTS) -> None:
    """Forget a board and its secret; its recordings stay.

    Parameters
    ----------
    name
        Name, role or uid of a known board.
    """
    with KnownBoards(common.store_path) as boards:
        known = boards.by_name(name)
        boards.forget(known.uid)
    if common.json:
        console.emit({"format": "coxa.board/1", "forgotten": known.uid}, common.json)
        return
    print(f"{known.label} is forgotten. The board still knows its secret; pairing it again gives it another.")


@app.command
def info(name: Name = None, /, *, port: Port = None, virtual: Virtual = False, common: Common = DEFAULTS) -> None:
    """What a board says of itself: state, battery, recordings, sensor."""

    async def work(client: Client) -> tuple[Info, list[Listed]]:
        return await client.info(), await client.sessions()

    known, (told, listed) = at_board(name, port, virtual, common, work)
    if common.json:
        console.emit({"format": "coxa.board/1", "name": known.name, **_info_json(told, listed)}, common.json)
        return
    print(f"{known.label}, uid {known.uid}, firmware {'.'.join(map(str, told.firmware))}, sensor 0x{told.imu:02x}")
    battery = f"{told.battery_mv / 1000:.2f} V" if told.battery_mv else "not measured"
    print(f"{STATES.get(told.state, '?')}; battery {battery}; {told.odr_hz:.0f} Hz; packets of {told.mtu} bytes")
    for one in listed:
        began = f"{_local(one.unix_ms)}" if one.unix_ms else "at an unknown time"
        print(f"  recording {one.session}, {one.n_blocks} blocks, began {began}{_flags(one)}")


@app.command
def start(name: Name = None, /, *, port: Port = None, virtual: Virtual = False, common: Common = DEFAULTS) -> None:
    """Begin a recording on a board that goes on without this computer; `coxa fetch` brings it here later."""
    from coxa_wire import command

    async def work(client: Client) -> int:
        answer = await client.ask(command.START, 0, 0, int(time.time() * 1000), 0)
        return int(answer.values()[0])

    known, session = at_board(name, port, virtual, common, work)
    _said(f"{known.label} records; it is its recording {session}.", {"recording": session}, known, common)


@app.command
def stop(name: Name = None, /, *, port: Port = None, virtual: Virtual = False, common: Common = DEFAULTS) -> None:
    """End the recording of a board."""
    from coxa_wire import command

    async def work(client: Client) -> bool:
        running = (await client.info()).state == RECORDING
        await client.ask(command.STOP)
        return running

    known, running = at_board(name, port, virtual, common, work)
    text = f"{known.label} has ended its recording. Bring it here: coxa fetch." if running else (
        f"{known.label} was not recording."
    )  # fmt: skip
    _said(text, {"was_recording": running}, known, common)


@app.command
def identify(name: Name = None, /, *, port: Port = None, virtual: Virtual = False, common: Common = DEFAULTS) -> None:
    """Let a board buzz and flash, so that you see which it is."""
    from coxa.link.pairing import IDENTIFY
    from coxa_wire import command

    async def work(client: Client) -> None:
        await client.ask(command.IDENTIFY, IDENTIFY)

    known, _ = at_board(name, port, virtual, common, work)
    _said(f"{known.label} says: here I am.", {}, known, common)


@app.command(name="time")
def time_(name: Name = None, /, *, port: Port = None, virtual: Virtual = False, common: Common = DEFAULTS) -> None:
    """Compare a board's clock with this computer's, and set its time of day."""
    from coxa.link.clock import ClockFit, HostClock, fit_clock
    from coxa_wire import command

    async def work(client: Client) -> ClockFit | None:
        clock = HostClock()
        await client.ask(command.SET_TIME, clock.unix_ms())
        return fit_clock([await client.ping(clock.now_us) for _ in range(CLOCK_PINGS)])

    known, fit = at_board(name, port, virtual, common, work)
    error_ms = None if fit is None else fit.error_us / 1000
    on_s = None if fit is None else (fit.at_us + fit.offset_us) / 1e6
    text = f"{known.label} has the time of day now"
    if error_ms is not None and on_s is not None:
        text += f", within {error_ms:.0f} ms; it has been on for {on_s / 60:.0f} min"
    _said(f"{text}.", {"error_ms": error_ms, "on_s": on_s}, known, common)


@app.command(name=("logs", "log"))
def logs(name: Name = None, /, *, port: Port = None, virtual: Virtual = False, common: Common = DEFAULTS) -> None:
    """What a board has written down: crashes, notes, faults that it survived. By cable also where it does not start."""
    if port is not None:
        from coxa.flash.about import answers
        from coxa.flash.upkeep import logs_at_prompt

        if answers(port) is None:
            _show_logs(f"the board at {port}", {"port": port}, logs_at_prompt(port), common)
            return

    async def work(client: Client) -> dict[str, str]:
        return await client.log()

    known, texts = at_board(name, port, virtual, common, work)
    _show_logs(known.label, {"name": known.name, "uid": known.uid}, texts, common)


def _show_logs(label: str, which: dict[str, Any], texts: dict[str, str], common: Common) -> None:
    if common.json:
        console.emit({"format": "coxa.board/1", **which, "log": texts}, common.json)
        return
    for title, text in texts.items():
        print(f"== {title}\n{text.rstrip()}")
    if not texts:
        print(f"{label} has nothing to tell.")


def at_board(
    name: str | None, port: str | None, virtual: bool, common: Common, work: Callable[[Client], Awaitable[T]]
) -> tuple[KnownBoard, T]:
    """Does something with a known board; the board, and what came of it."""
    common = with_own_store(common) if virtual else common

    async def there() -> tuple[KnownBoard, T]:
        async with nearby(common, virtual=virtual, port=port) as place:
            known = only(place.known, name)
            return known, await reached(place, known, common.store_path, work)

    return asyncio.run(there())


def by_cable(port: str, work: Callable[[Client], Awaitable[T]]) -> tuple[str, T]:
    """Does something with the board at a port, known here or not: who holds its cable may; its uid, and what came."""
    from coxa.link.client import Client, not_kept
    from coxa.link.serial import open_serial

    async def there() -> tuple[str, T]:
        async with Client(await open_serial(port), not_kept) as client:
            await client.hello()
            return (await client.info()).uid.hex(), await work(client)

    return asyncio.run(there())


async def _paired(name: str | None, role: Role | None, port: str | None, common: Common) -> KnownBoard:
    from coxa.link.client import Client, not_kept
    from coxa.link.pairing import pair

    def waiting() -> None:
        console.remark("press the button of the board that buzzes, within a minute.")

    async with nearby(common) as place:
        channel = await _opened(place, name, port)
        async with Client(channel, not_kept) as client:
            return await pair(client, role, waiting)


async def _opened(place: Nearby, name: str | None, port: str | None) -> Channel:
    from coxa.link.discovery import choose
    from coxa.link.discovery import scan as listen
    from coxa.link.radio import open_ble
    from coxa.link.serial import open_serial

    if port is not None:
        return await open_serial(port)
    return await open_ble(place.bluetooth, choose(await listen(place.bluetooth, 5.0), name))


def _said(text: str, told: dict[str, Any], known: KnownBoard, common: Common) -> None:
    if common.json:
        console.emit({"format": "coxa.board/1", "name": known.name, "uid": known.uid, **told}, common.json)
        return
    print(text)


def _info_json(told: Info, listed: list[Listed]) -> dict[str, Any]:
    recordings = [
        {"recording": one.session, "blocks": one.n_blocks, "unix_ms": one.unix_ms or None, "flags": one.flags}
        for one in listed
    ]
    return {
        "uid": told.uid.hex(),
        "firmware": ".".join(map(str, told.firmware)),
        "state": STATES.get(told.state),
        "battery_mv": told.battery_mv or None,
        "odr_hz": told.odr_hz,
        "imu": told.imu,
        "mtu": told.mtu,
        "recordings": recordings,
    }


def _flags(one: Listed) -> str:
    words = ("being recorded", "its end was cut off", "damaged blocks")
    said = [word for bit, word in enumerate(words) if one.flags >> bit & 1]
    return f" ({', '.join(said)})" if said else ""


def _local(unix_ms: int) -> str:
    from datetime import datetime

    return f"{datetime.fromtimestamp(unix_ms / 1000).astimezone():%Y-%m-%d %H:%M}"
