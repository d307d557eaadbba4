"""Recordings of boards that were made for a calibration: kept as they came, and nobody's session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coxa.calibration.kept import Kind
    from coxa.store import Store


def mark(store: Store, uid: str, recording: int, kind: Kind) -> None:
    """Notes that a recording of a board, by its number there, is for a calibration."""
    store.set_meta(_key(uid, recording), kind)


def is_marked(store: Store, uid: str, recording: int) -> bool:
    """Whether a recording of a board was for a calibration: it holds no set of an exercise."""
    return store.meta(_key(uid, recording)) is not None


def cited(uid: str, recording: int) -> str:
    """The recording as the source of a calibration, such as `a1b2c3d4e5f6/17`."""
    return f"{uid}/{recording}"


def _key(uid: str, recording: int) -> str:
    return f"calibration {cited(uid, recording)}"
