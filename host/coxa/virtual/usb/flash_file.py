"""The flash chip of a virtual board, as a file."""

from __future__ import annotations

from pathlib import Path

BLANK = b"\xff"
SECTOR = 0x1000
"""Bytes; the least that can be erased."""


class PowerFailed(Exception):  # noqa: N818 - an event, not a fault of the program
    """The power went away in the middle of a write or an erase."""


class FlashFile:
    """NOR flash: `erase` sets whole sectors to 0xFF, `write` only clears bits. All is in the file at once.

    Nothing is held open or cached: another process may write the same file in between.

    Attributes:
        path: the file.
        size: bytes of the chip.
        cut_in: writes and erases until the power fails: in the middle of the next one (1), of the one after it (2).
            None, also after it has failed: it does not.
    """

    def __init__(self, path: Path, size: int = 8 << 20) -> None:
        """Made blank where there is no file; one of another size raises ValueError."""
        self.path = path
        self.size = size
        self.cut_in: int | None = None
        if not path.exists():
            path.write_bytes(BLANK * size)
        elif path.stat().st_size != size:
            raise ValueError(f"{path}: {path.stat().st_size} bytes, not the {size} of the flash chip")

    def read(self, at: int, length: int) -> bytes:
        """`length` bytes from `at`. Raises ValueError outside the chip."""
        self._check(at, length)
        with self.path.open("rb", buffering=0) as file:
            file.seek(at)
            return file.read(length)

    def write(self, at: int, data: bytes) -> None:
        """Clears the bits that are 0 in `data`. Raises ValueError outside the chip, PowerFailed with half done."""
        old = self.read(at, len(data))
        if old.count(BLANK) != len(old):
            data = (int.from_bytes(old) & int.from_bytes(data)).to_bytes(len(data))
        self._change(at, data)

    def erase(self, at: int, length: int) -> None:
        """Every sector that has one of these bytes. Raises ValueError outside the chip, PowerFailed with half done."""
        start = at // SECTOR * SECTOR
        end = -(-(at + length) // SECTOR) * SECTOR
        self._check(start, end - start)
        self._change(start, BLANK * (end - start))

    def put(self, at: int, data: bytes) -> None:
        """Erases what `data` needs and writes it, as a flasher does."""
        self.erase(at, len(data))
        self.write(at, data)

    def _check(self, at: int, length: int) -> None:
        if at < 0 or length < 0 or at + length > self.size:
            raise ValueError(f"{length} bytes at {at:#x} are not on a flash chip of {self.size:#x}")

    def _change(self, at: int, data: bytes) -> None:
        failing = self._fails()
        with self.path.open("r+b", buffering=0) as file:
            file.seek(at)
            file.write(data[: len(data) // 2] if failing else data)
        if failing:
            raise PowerFailed

    def _fails(self) -> bool:
        if self.cut_in is None:
            return False
        self.cut_in = self.cut_in - 1 if self.cut_in > 1 else None
        return self.cut_in is None
