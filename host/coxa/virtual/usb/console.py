"""What the interpreter prints, made into what a board prints."""

from __future__ import annotations

MARK = b"\0coxa: the prompt\0\n"
"""Comes from `device/on_usb.py` when the interpreter's own prompt is next."""
PROMPT = b">>> "
RAW = b"raw REPL; CTRL-B to exit\r\n"
CTRL_A = b"\x01"
SOFT_REBOOT = b"MPY: soft reboot\r\n"
_RECENT = 200
"""Bytes in which both a banner and the words of a raw prompt have room."""


class Console:
    """From the start of the interpreter to its end.

    Puts the board's banner in the place of the interpreter's, and goes straight to the raw prompt after a restart from
    there, as boards do.

    Attributes:
        raw: the latest prompt is a raw one.
        ready: the prompt has come, or a program runs that was there before it: bytes of the host may go in.
        answer: bytes to send to the interpreter.
    """

    def __init__(self, banner: bytes, raw: bool) -> None:
        """`banner`: what a board says before its prompt, with line ends."""
        self.raw = raw
        self.answer = b""
        self._banner = banner
        self._other = b""  # banner of the interpreter, without its line end
        self._held = self._recent = b""
        self._step = self._to_mark

    @property
    def ready(self) -> bool:
        """Whether what the host sends may go in: not between the program's end and the prompt."""
        return self._step in (self._to_mark, self._onward)

    @property
    def holds(self) -> bool:
        """Whether `rest` has something to give."""
        return self.ready and bool(self._held)

    def take(self, data: bytes) -> bytes:
        """What the interpreter printed; gives what the board prints."""
        self._held += data
        out = b""
        while True:
            step = self._step
            out += step()
            if self._step == step:
                return out

    def rest(self) -> bytes:
        """What was held back because it might have been the beginning of something; for when nothing follows it."""
        if not self.ready:
            return b""
        data, self._held = self._held, b""
        return data

    def _to_mark(self) -> bytes:
        before, found, after = self._held.partition(MARK)
        if found:
            self._held, self._step = after, self._to_prompt
            return before
        out, self._held = _but_beginning(self._held, MARK)
        return out

    def _to_prompt(self) -> bytes:
        before, found, after = self._held.partition(PROMPT)
        if not found:
            return b""
        self._other = before[before.rfind(b"MicroPython ") :].partition(b"\r\n")[0]  # Ctrl-C may have left words before
        self._held = after
        if self.raw:
            self.answer, self._step = CTRL_A, self._to_raw
            return b""
        self._step = self._onward
        return self._banner + PROMPT

    def _to_raw(self) -> bytes:
        if RAW in self._held:
            self._held = self._held[self._held.index(RAW) :]
            self._step = self._onward
        return b""

    def _onward(self) -> bytes:
        self._note_prompt(self._held)
        banner = self._banner.partition(b"\r\n")[0]
        out, self._held = _but_beginning(self._held.replace(self._other, banner), self._other)
        return out

    def _note_prompt(self, data: bytes) -> None:
        """Which prompt it was, whenever one comes."""
        self._recent += data
        raw, friendly = self._recent.rfind(RAW), self._recent.rfind(self._other)
        if raw != friendly:  # one of them is there
            self.raw = raw > friendly
        self._recent = self._recent[-_RECENT:]


def _but_beginning(data: bytes, text: bytes) -> tuple[bytes, bytes]:
    """The data, and apart from it what is perhaps the beginning of that text."""
    for length in range(min(len(text) - 1, len(data)), 0, -1):
        if data.endswith(text[:length]):
            return data[:-length], data[-length:]
    return data, b""
