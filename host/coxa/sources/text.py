"""The text parts of a recording: one file, the files of a zip archive, or of a folder; encodings and size limits."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from coxa.checks import MAX_ROWS
from coxa.errors import InputError

MAX_BYTES = 512 * 1024 * 1024
"""Per text file: 512 bytes a row at the largest number of rows."""

MAX_PARTS = 64
"""Text files looked at in one archive or folder; makers write about a dozen."""

SUFFIXES = (".csv", ".txt", ".tsv", ".sto")

_CHUNK = 1 << 20
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r\f\x1a")
_EXPORT_ADVICE = "Export the recording as CSV or text and try again."


@dataclass(frozen=True, slots=True)
class Part:
    """One text file of a recording: its name within the recording (for messages) and its text, lines ended by \\n."""

    name: str
    text: str

    @property
    def stem(self) -> str:
        """File name without folders and suffix, in lower case."""
        return Path(self.name).stem.lower()


def parts_of(path: Path) -> tuple[Part, ...]:
    """The text parts of a file, zip archive or folder.

    Raises:
        InputError: missing, unreadable, empty, binary or too large.
    """
    try:
        if path.is_dir():
            return _of_folder(path)
        if not path.exists():
            raise InputError(f"{path}: there is no such file", "Check the name and the folder.")
        if not path.is_file():
            raise InputError(f"{path}: not a regular file", "Give the recording as a file, a zip archive or a folder.")
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic == b"PK\x03\x04":
                return _of_zip(file, path.name)
            return (Part(path.name, _decoded(_limited(file, path.name), path.name)),)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL byte
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}: cannot be read: {reason}", "Check the file and its permissions.") from None


def _of_folder(path: Path) -> tuple[Part, ...]:
    files = [
        file for pattern in ("*", "meta/*") for file in sorted(path.glob(pattern)) if file.suffix.lower() in SUFFIXES
    ]
    _check_count(len(files), str(path))
    parts: list[Part] = []
    for file in files:
        name = f"{path.name}/{file.relative_to(path).as_posix()}"
        with file.open("rb") as opened:
            parts.append(Part(name, _decoded(_limited(opened, name), name)))
    return tuple(parts)


def _of_zip(file: IO[bytes], where: str) -> tuple[Part, ...]:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" in names:
                raise InputError(f"{where}: an Excel file, not text", _EXPORT_ADVICE)
            wanted = [n for n in names if Path(n).suffix.lower() in SUFFIXES and "__MACOSX" not in n]
            _check_count(len(wanted), where)
            return tuple(_member(archive, name, where) for name in wanted)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"{where}: the zip archive is damaged ({error})", "Export or copy it again.") from None
    except RuntimeError:
        raise InputError(f"{where}: the zip archive is encrypted", "Unpack it and give the folder.") from None


def _member(archive: zipfile.ZipFile, name: str, where: str) -> Part:
    full = f"{where}/{name}"
    with archive.open(name) as member:
        return Part(full, _decoded(_limited(member, full), full))


def _check_count(count: int, where: str) -> None:
    if count == 0:
        raise InputError(f"{where}: contains no CSV or text file", _EXPORT_ADVICE)
    if count > MAX_PARTS:
        raise InputError(f"{where}: contains {count} text files", "Give the folder or archive of one recording.")


def _limited(file: IO[bytes], where: str) -> bytes:
    """The content, read no further than the limits on rows and bytes."""

    def chunks() -> Iterator[bytes]:
        rows = size = 0
        while chunk := file.read(_CHUNK):
            rows += chunk.count(b"\n")
            size += len(chunk)
            if rows > MAX_ROWS + 1000 or size > MAX_BYTES:  # 1000: lines of a preamble are not rows
                limit = f"{MAX_ROWS} rows" if size <= MAX_BYTES else f"{MAX_BYTES >> 20} MiB"
                raise InputError(f"{where}: too large, more than {limit}", "Cut out one set.")
            yield chunk

    return b"".join(chunks())


def _decoded(data: bytes, where: str) -> str:
    if not data.strip():
        raise InputError(f"{where}: empty file", "Record or export the set again.")
    text = _text(data, where).replace("\r\n", "\n").replace("\r", "\n")
    return text.rstrip("\x1a")


def _text(data: bytes, where: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise InputError(f"{where}: not valid UTF-16 text", "Save it as UTF-8 text.") from None
    if b"\0" in data:
        raise InputError(
            f"{where}: NUL bytes from byte {data.index(bytes(1)) + 1} on; damaged, or not text",
            "Copy the file from the sensor again; if it is UTF-16, save it as UTF-8.",
        )
    if len(data.translate(None, _CONTROLS)) != len(data):
        raise InputError(f"{where}: a binary file, not text", _EXPORT_ADVICE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # headers with ° of older exports; numbers are ASCII in all of them
