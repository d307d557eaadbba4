"""`coxa board config`: the settings of a board, through the air or by cable; by cable also where it does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from coxa import console
from coxa.commands.board import Port, Virtual, at_board, by_cable
from coxa.commands.common import DEFAULTS, Common
from coxa.errors import CoxaError, UsageError
from coxa.link.known import KnownBoards, checked_role

if TYPE_CHECKING:
    from coxa.link.client import Client

Board = Annotated[str | None, Parameter(help="Name, role or uid of a known board; not needed where there is but one.")]

app = App(
    name="config", help="Read or change the settings of a board (docs/board-config.md lists them).", help_epilogue=""
)
_SECRET = "token"


@app.command
def get(
    key: str | None = None, /, *, board: Board = None, port: Port = None, virtual: Virtual = False,
    common: Common = DEFAULTS,
) -> None:  # fmt: skip
    """Show a setting, or all of them; the secret is told to nobody.

    Parameters
    ----------
    key
        Its name.
    """
    from coxa_board.config import DEFAULTS as SETTINGS

    keys = [name for name in SETTINGS if name != _SECRET] if key is None else [_checked(key)]
    if port is not None and not _answers(port):
        from coxa.flash.upkeep import settings_at_prompt

        values = settings_at_prompt(port, {}).values
        found = {name: values[name] for name in keys}
    elif port is not None:
        found = by_cable(port, lambda client: _read(client, keys))[1]
    else:
        found = at_board(board, None, virtual, common, lambda client: _read(client, keys))[1]
    _show(found, common)


@app.command(name="set")
def set_(
    key: str, value: str, /, *, board: Board = None, port: Port = None, virtual: Virtual = False,
    common: Common = DEFAULTS,
) -> int:  # fmt: skip
    """Change a setting; the board restarts, as most take effect at a start.

    Parameters
    ----------
    key
        Its name.
    value
        JSON, or a text as it is: left-thigh, 0, true, '{"sda": 6, "scl": 7}'.
    """
    from coxa.flash.settings import Settings
    from coxa.flash.settings import value as parsed
    from coxa_board.config import defaults

    wanted = parsed(value)
    Settings(defaults()).changed({_checked(key): wanted})  # refuses what no board takes, with the reason
    if key == "role" and wanted:
        checked_role(str(wanted))
    if port is not None and not _answers(port):
        from coxa.flash.upkeep import settings_at_prompt

        settings_at_prompt(port, {key: wanted})
    else:
        if port is not None:
            uid, _ = by_cable(port, lambda client: _change(client, key, wanted))
        else:
            uid = at_board(board, None, virtual, common, lambda client: _change(client, key, wanted))[0].uid
        if not virtual:
            _remember(uid, key, wanted, common)
    _show({key: wanted}, common)
    if port is not None:
        from coxa.flash.upkeep import comes_back

        if not comes_back(port):
            console.remark(f"the board's program does not start with this. Why: coxa board logs --port {port}")
            return CoxaError.exit_code
    return 0


def _checked(key: str) -> str:
    if key == _SECRET:
        raise UsageError("the secret of a board is not for reading or typing", "coxa board trust gives it a new one.")
    return key


def _answers(port: str) -> bool:
    from coxa.flash.about import answers

    return answers(port) is not None


async def _read(client: Client, keys: list[str]) -> dict[str, Any]:
    from coxa.link.channel import RefusedError
    from coxa.link.pairing import get_config

    found: dict[str, Any] = {}
    for key in keys:
        try:
            found[key] = await get_config(client, key)
        except RefusedError as refused:
            if len(keys) > 1:  # an older program of the board has fewer
                continue
            raise UsageError(f"the board has no setting {key!r}", "coxa board config get shows them all.") from refused
    return found


async def _change(client: Client, key: str, value: Any) -> None:
    from coxa.flash.settings import Settings, check_pins
    from coxa.link.pairing import get_config, set_config
    from coxa_board.config import defaults
    from coxa_wire import command

    if key in ("board", "pins"):  # with wrong ones its program would not start, and could not be told of better ones
        here = {name: await get_config(client, name) for name in ("board", "pins")}
        check_pins(Settings(defaults()).changed({**here, key: value}))
    await set_config(client, key, value)
    await client.ask(command.REBOOT, 0)


def _remember(uid: str, key: str, value: Any, common: Common) -> None:
    """Name and place are known here too, where the board is."""
    from dataclasses import replace

    if key not in ("name", "role"):
        return
    with KnownBoards(common.store_path) as boards:
        known = boards.get(uid)
        if known is not None:
            role = checked_role(str(value)) if key == "role" and value else None
            boards.save(replace(known, name=str(value)) if key == "name" else replace(known, role=role))


def _show(found: dict[str, Any], common: Common) -> None:
    if common.json:
        console.emit({"format": "coxa.board/1", "settings": found}, common.json)
        return
    import json

    for key, value in found.items():
        print(f"{key} = {json.dumps(value)}")
