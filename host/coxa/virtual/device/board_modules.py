"""`sys` and `os` as a board has them."""

import os
import sys
from collections import namedtuple

_sys, _os = sys, os
_OF_THE_PC = ("system", "getenv", "putenv", "unsetenv", "errno")

Names = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))


class Sys:
    """`sys`: who this is."""

    platform = "esp32"

    def __init__(self, machine_name, version, date):
        numbers, _, suffix = version.lstrip("v").partition("-")
        self.implementation = Implementation(tuple([int(n) for n in numbers.split(".")] + [suffix]), machine_name)
        self.version = "3.4.0; MicroPython " + version + " on " + date
        self.argv = []

    def __getattr__(self, name):
        return getattr(_sys, name)


class Implementation:
    """`sys.implementation`; compiled files are those of this interpreter."""

    name = "micropython"
    _mpy = sys.implementation._mpy
    _thread = "GIL"

    def __init__(self, version, machine_name):
        self.version = version
        self._machine = machine_name
        self._build = machine_name.replace(" ", "_").upper()

    def __repr__(self):
        return f"(name='micropython', version={self.version}, _machine='{self._machine}', _mpy={self._mpy})"


class Os:
    """`os`, without what reaches the PC."""

    def __init__(self, machine_name, version, date):
        self._names = Names("esp32", "esp32", version.lstrip("v"), version + " on " + date, machine_name)

    def uname(self):
        return self._names

    def sync(self):
        pass

    def __getattr__(self, name):
        if name in _OF_THE_PC:
            raise AttributeError(name)
        return getattr(_os, name)
