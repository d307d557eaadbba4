"""`coxa remove`."""

from __future__ import annotations

from coxa import console
from coxa.commands.common import DEFAULTS, Common, Flag
from coxa.commands.sessions import as_json, local
from coxa.errors import UsageError
from coxa.store import Session


def remove(*ids: int, yes: Flag = False, common: Common = DEFAULTS) -> None:
    """Take sessions out of the store, raw data and results.

    Parameters
    ----------
    ids
        Their numbers in `coxa sessions`.
    yes
        Do it; without, they are only named.
    """
    if not ids:
        raise UsageError("which sessions?", "Name their numbers; `coxa sessions` lists them.")
    with common.open_store(write=yes) as store:
        wanted = [store.session(one) for one in dict.fromkeys(ids)]
        if not yes:
            named = ", ".join(_named(session) for session in wanted)
            raise UsageError(f"this would remove {named}", "Add --yes to remove it for good.")
        store.remove(tuple(session.id for session in wanted))
    if common.json:
        removed = [as_json(session) for session in wanted]
        console.emit({"format": "coxa.removed/1", "sessions": removed}, common.json)
        return
    for session in wanted:
        print(f"Removed {_named(session)}.")


def _named(session: Session) -> str:
    origin = session.origin
    return f"session {session.id} ({origin.person}, {origin.side}, {origin.position}, {local(origin.started_at)})"
