"""A virtual board to try things on by hand: prints its port and runs until Ctrl-C."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from coxa.virtual.usb.board import UsbBoard, UsbBuild
from coxa.virtual.usb.chips import CHIPS
from coxa.virtual.usb.image import FLASH_OFFSET, make_image


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(prog="python -m coxa.virtual.usb", description=__doc__)
    parser.add_argument("folder", type=Path, help="keeps its flash from run to run")
    parser.add_argument("--chip", choices=CHIPS, default="esp32s3")
    parser.add_argument("--uid", default=UsbBuild().uid, help="6 bytes in hex")
    parser.add_argument("--motion", type=Path, help="file of what its sensor measures (default: it counts)")
    parser.add_argument("--no-reset-lines", action="store_true", help="the host cannot reset it")
    parser.add_argument("--blank", action="store_true", help="a new board has nothing on it (default: MicroPython)")
    parser.add_argument("--image", type=Path, help="a new board has this image on it")
    told = parser.parse_args()
    build = UsbBuild(told.chip, uid=told.uid, motion=told.motion, can_reset=not told.no_reset_lines)
    new = not told.folder.exists()
    board = UsbBoard(told.folder, build)
    if new and not told.blank:
        image = (
            told.image.read_bytes()
            if told.image
            else make_image(told.chip, f"Generic {told.chip.upper()} module with {told.chip.upper()}")
        )
        board.flash.put(FLASH_OFFSET[told.chip], image)
    with board:
        print(board.port, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
