"""Writes all files of a board's flash to its output: `u32 length of the path, u32 of the content, path, content` each.

In the environment, as COXA_FLASH: JSON with `flash` (number of an open file), `base` and `sectors`.
"""

import json
import os
import struct
import sys

import vfs
from flash import Flash

_FOLDER = 0x4000


def tell(folder):
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == _FOLDER:
            tell(path)
            continue
        with open(path, "rb") as file:
            content = file.read()
        out.write(struct.pack("<II", len(path), len(content)) + path.encode())
        out.write(content)


out = sys.stdout.buffer
settings = json.loads(os.getenv("COXA_FLASH"))
flash = Flash(settings["sectors"], settings["flash"], keep=True, base=settings["base"])
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(flash.power_on()), "/", readonly=True)
tell("")
