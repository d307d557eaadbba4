"""The image of MicroPython for a board: fetched once, after that taken from the cache and checked each time.

Which file that is stands in images.toml, with its SHA-256 where that is known. Where it is not, the file is fetched
over HTTPS only and checked by what it says of itself, and its SHA-256 is kept beside it for each later use.
"""

from __future__ import annotations

import tempfile
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from coxa.errors import CoxaError
from coxa.flash.boards import BoardKind
from coxa.flash.fetching import FetchError, Limits, Progress, fetch
from coxa.flash.image import Image, ImageError, read_image

OFFICIAL = "https://micropython.org/resources/firmware/"
LIMITS = Limits()
_OTHERS = "Look for one at https://micropython.org/download/ and give it with --image FILE."


class DownloadError(CoxaError):
    """The image could not be fetched, or is not the one that was meant."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The file to fetch for a board.

    Attributes:
        name: of the file. `sha256`: of the official file, as hex; None where it is not known.
    """

    name: str
    sha256: str | None


def offer(kind: BoardKind) -> Offer:
    """What images.toml says for this board.

    Raises:
        DownloadError: nothing, for its image is not written by this program.
    """
    listed = tomllib.loads((files("coxa.flash") / "images.toml").read_text("utf-8"))
    found = listed.get(kind.name)
    if found is None:
        raise DownloadError(f"there is no image to fetch for a {kind.title}", kind.boot_advice)
    return Offer(found["file"], found.get("sha256"))


def image_for(
    kind: BoardKind,
    folder: Path,
    source: str = OFFICIAL,
    progress: Progress | None = None,
    *,
    sha256: str | None = None,
    limits: Limits = LIMITS,
) -> Image:
    """The image for this board, from the cache or fetched.

    Args:
        kind: the board.
        folder: the cache, made where there is none. A file that somebody put there serves as well.
        source: address of the folder to fetch from, with "/" at its end.
        progress: called with the bytes that are there so far, and in all (0: the server does not say).
        sha256: what the file must have, as hex, in place of what images.toml says.
        limits: of the download.

    Raises:
        DownloadError: no network, another answer than the file, or another file than the one that was meant.
    """
    wanted = offer(kind)
    return _Cached(kind, folder / wanted.name, source + wanted.name, sha256 or wanted.sha256).get(progress, limits)


class _Cached:
    """One file of the cache."""

    def __init__(self, kind: BoardKind, path: Path, address: str, pinned: str | None) -> None:
        self.kind = kind
        self.path = path
        self.address = address
        self.pinned = pinned.lower() if pinned else None
        self.note = path.with_name(path.name + ".sha256")

    def get(self, progress: Progress | None, limits: Limits) -> Image:
        """As it is here; if it is not, or no longer good, fetched."""
        trouble = ""
        if self.path.exists():
            try:
                return self._judged(self.path)
            except (DownloadError, ImageError) as error:
                trouble = f"{error.what}; and "
        try:
            return self._fetched(progress, limits)
        except DownloadError as error:
            raise DownloadError(trouble + error.what, error.advice) from error

    def _fetched(self, progress: Progress | None, limits: Limits) -> Image:
        """Under a name of its own until it is found good: nothing else ever passes for the file."""
        if not (self.pinned or self.address.startswith("https://")):
            raise DownloadError(
                f"{self.address} is not fetched: without HTTPS, somebody on the way could change it",
                "Say with --image-sha256 which SHA-256 it must have.",
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="fetch-", dir=self.path.parent) as scratch:
                part = Path(scratch) / self.path.name
                self._fetch(part, progress, limits)
                part.replace(self.path)
                return self._judged(self.path)
        except OSError as error:
            where = f"the folder {self.path.parent} for images cannot be written: {error.strerror}"
            raise DownloadError(where, "Free some space, or give an image with --image FILE.") from error

    def _fetch(self, part: Path, progress: Progress | None, limits: Limits) -> None:
        try:
            with part.open("wb") as file:
                fetch(self.address, file, progress, limits)
            self._judged(part)
        except FetchError as error:
            raise DownloadError(error.what, _OTHERS if error.gone else self._by_hand()) from error
        except (ImageError, DownloadError) as error:
            told = error.what.replace(str(part), f"what {self.address} sent")
            raise DownloadError(f"{told}. It was not kept", self._doubt()) from error

    def _judged(self, path: Path) -> Image:
        """The file, if it is an image and the one that was meant."""
        wanted = self.pinned or self._noted()
        image = read_image(path, self.kind)
        if wanted and image.sha256 != wanted:
            raise DownloadError(
                f"{path} is not the file that was meant: its SHA-256 is {image.sha256}, not {wanted}", self._doubt()
            )
        if not wanted:
            self.note.write_text(f"{image.sha256}  {self.path.name}\n", "ascii")  # as sha256sum writes it
        return image

    def _noted(self) -> str | None:
        """The SHA-256 of when it was first there."""
        try:
            return self.note.read_text("ascii").split()[0].lower()
        except (OSError, ValueError, IndexError):
            return None

    def _by_hand(self) -> str:
        return (
            f"Without a network here: fetch {self.address} on another computer and put it here as {self.path}, "
            "or give it with --image FILE."
        )

    def _doubt(self) -> str:
        again = "Try again, from another network too; or give an image with --image FILE."
        if self.pinned or not self.note.exists():
            return again
        return f"{again} If there is a new build of this version now, and you trust it, remove {self.note}."
