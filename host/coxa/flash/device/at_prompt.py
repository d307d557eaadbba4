"""Runs at the prompt of a board, sent there as text: says what the board is, handles its files. MicroPython."""

import binascii
import hashlib
import os
import sys

import machine

_FOLDER = 0x4000
_PIECE = bytearray(1024)


def walk(path):
    """One line for each file at or below a path: ('/path', size, 'sha256'). Nothing where there is none."""
    for name, kind, size in below(path):
        if kind != _FOLDER:
            print((name, size, digest(name)), end=",\n")


def below(path):
    """(path, kind, size) of everything at or below a path, folders after what is in them."""
    try:
        kind, size = os.stat(path)[0] & 0xF000, os.stat(path)[6]
    except OSError:
        return
    if kind == _FOLDER:
        for entry in os.listdir(path):
            yield from below(path.rstrip("/") + "/" + entry)
    yield path, kind, size


def digest(path):
    """SHA-256, hex."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            n = file.readinto(_PIECE)
            if not n:
                return binascii.hexlify(found.digest()).decode()
            found.update(memoryview(_PIECE)[:n])


def remove(path):
    """Takes it away, with all that is in it; no error where there is none."""
    for name, kind, _ in list(below(path)):
        (os.rmdir if kind == _FOLDER else os.remove)(name)


def make(folder):
    """A folder, with those that it is in."""
    for end in range(2, len(folder) + 1):
        if end == len(folder) or folder[end] == "/":
            try:
                os.mkdir(folder[:end])
            except OSError as error:
                if error.args[0] != 17:  # EEXIST
                    raise


def copy(source, target):
    """Copies a file."""
    with open(source, "rb") as old, open(target, "wb") as new:
        while True:
            n = old.readinto(_PIECE)
            if not n:
                return
            new.write(memoryview(_PIECE)[:n])


def free():
    """Bytes free, and the size of one block, which the smallest file takes."""
    found = os.statvfs("/")
    return found[0] * found[3], found[0]


def identity():
    """MicroPython's version, machine, format of compiled files (0: not said), and the uid in hex."""
    it = sys.implementation
    uid = binascii.hexlify(machine.unique_id()[-6:]).decode()
    return tuple(it.version[:3]), getattr(it, "_machine", ""), getattr(it, "_mpy", 0), uid


def program():
    """Version of Coxa's program in the slot that runs."""
    import slots

    with Folder(slots.folder(slots.active())):
        import coxa_board

        return coxa_board.VERSION


def try_out(folder):
    """Imports all of the program in a folder, which shows whether this interpreter takes it."""
    with Folder(folder):
        import coxa_board.app  # noqa: F401


def activate(slot):
    """The program in this slot runs from the next start on, on trial."""
    with Folder("/app_" + slot):
        from coxa_board import slots

        slots.activate(slot)


class Folder:
    """Modules come from this folder, and none of them stays in memory."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        sys.path.insert(0, self._path)

    def __exit__(self, *_):
        sys.path.remove(self._path)
        for name in list(sys.modules):
            if name.startswith("coxa_") or name == "slots":
                del sys.modules[name]
