"""One file over HTTP into an open file, bounded in time and size, with every failure as one sentence."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from coxa import __version__
from coxa.errors import CoxaError

Progress = Callable[[int, int], None]
"""Called with the bytes that are there so far, and in all (0: the server does not say)."""

_PIECE = 1 << 16
"""Bytes read at a time, at most: a progress bar moves some thirty times."""
_MIB = 1 << 20


class FetchError(CoxaError):
    """The file could not be fetched. `gone`: the server answered, and does not have it."""

    gone = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a download may take.

    Attributes:
        silence_s: without a byte. `total_s`: in all; 1.8 MB in that time is a line of 50 kbit/s.
        size: bytes; the flash of the smallest board is 4 MiB.
    """

    silence_s: float = 20.0
    total_s: float = 300.0
    size: int = 4 * _MIB


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows no way out of HTTPS."""

    def redirect_request(  # noqa: PLR0917 - the signature is the library's
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        """The request to go on with; URLError where it would leave HTTPS."""
        if req.type == "https" and not newurl.startswith("https:"):
            raise urllib.error.URLError(f"it leads to {newurl}, which is not HTTPS")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(address: str, file: IO[bytes], progress: Progress | None, limits: Limits) -> None:
    """Writes what is at this address into the file.

    Raises:
        FetchError: no network, no such file there, cut off, too slow, too large, or the file takes no more.
    """
    request = urllib.request.Request(address, headers={"User-Agent": f"coxa/{__version__}"})
    try:
        with urllib.request.build_opener(_Redirects).open(request, timeout=limits.silence_s) as response:
            _copy(response, address, file, progress, limits)
    except urllib.error.HTTPError as error:
        error.close()
        failed = FetchError(f"{address}: the server answers {error.code} {error.reason}", "")
        failed.gone = error.code in (404, 410)
        raise failed from error
    except (OSError, http.client.HTTPException) as error:
        raise FetchError(f"{address} could not be fetched: {_reason(error, limits)}", "") from error


def _copy(response: Any, address: str, file: IO[bytes], progress: Progress | None, limits: Limits) -> None:
    until = time.monotonic() + limits.total_s
    total: int = response.length or 0
    there = 0
    while piece := response.read1(_PIECE):  # as much as has come: a trickle does not get past the time
        there += len(piece)
        if max(total, there) > limits.size:
            raise FetchError(f"{address} is larger than any image ({max(total, there)} bytes)", "")
        if time.monotonic() > until:
            raise FetchError(f"{address} comes too slowly: {there} bytes in {limits.total_s:.0f} s", "")
        _write(file, piece)
        if progress:
            progress(there, total)
    if total and there < total:
        raise FetchError(f"{address} was cut off after {there} of {total} bytes", "")


def _write(file: IO[bytes], piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:
        raise FetchError(f"{file.name} cannot be written: {error.strerror}", "") from error


def _reason(error: Exception, limits: Limits) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(inner, TimeoutError):
        return f"no answer for {limits.silence_s:.0f} s"
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({inner.verify_message}); is the date of this computer right?"
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return str(inner) or type(inner).__name__
