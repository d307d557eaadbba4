"""Settings on a real littlefs: saved, loaded, damaged in every byte, cut off in every write."""

import json
import random
import sys

import vfs
from flash import Flash, PowerCut

from coxa_board import config

PATH = "/board/config.json"
flash = Flash(16)
vfs.VfsLfs2.mkfs(flash.power_on())


def power_on(cut_at=None):
    flash.cut_at = cut_at
    device = flash.power_on()
    vfs.mount(vfs.VfsLfs2(device), "/board")
    return device


def load():
    complaints = []
    return config.load(PATH, complaints), complaints


def put(text):
    with open(PATH, "wb") as file:
        file.write(text)


def given(text):
    put(text)
    settings, complaints = load()
    return {"differ": {k: v for k, v in settings.items() if v != config.DEFAULTS[k]}, "complaints": complaints}


result = {}
power_on()
result["missing"] = load()[1]

settings = config.defaults()
settings.update(
    {
        "board": "xiao-esp32s3",
        "name": "thigh-L",
        "token": "00112233445566778899AABBccddeeff",
        "pins": {"led": None, "buzzer": 9},
    }
)
config.save(settings, PATH)
result["round_trip"] = load()[0] == settings
with open(PATH) as file:
    text = file.read()
result["text"] = text

with open(sys.argv[1]) as file:
    result["given"] = [given(case.encode()) for case in json.load(file)]

# Every bit of the file, one at a time: it is noticed, or the settings are what they were.
unnoticed = 0
for at in range(len(text)):
    for bit in range(8):
        damaged = bytearray(text.encode())
        damaged[at] ^= 1 << bit
        put(damaged)
        found, complaints = load()
        if not complaints and found != settings:
            unnoticed += 1
for length in range(len(text)):
    put(text[:length].encode())
    found, complaints = load()
    if not complaints:
        unnoticed += 1
result["unnoticed"] = unnoticed

# Without a checksum damage may pass for a setting, but what is loaded is always fit and complete.
random.seed(5)
inner = json.dumps(settings)
unfit = 0
for _ in range(1500):
    damaged = bytearray(inner.encode())
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(damaged))
        damaged[at] = random.choice(b'{}[]":,\0\xff 019-etn') if random.getrandbits(1) else random.getrandbits(8)
    put(damaged)
    found = load()[0]
    try:
        for key in config.DEFAULTS:
            config.check(key, found[key])
        unfit += set(found) != set(config.DEFAULTS)
    except config.ConfigError:
        unfit += 1
result["unfit"] = unfit

# Power cut in every write of a save: afterwards it is the old file or the new one, whole.
config.save(settings, PATH)
changed = dict(settings)
changed["name"] = "other"
outcomes = {"old": 0, "new": 0, "neither": 0}
for cut_at in range(200):
    vfs.umount("/board")
    power_on(cut_at)
    try:
        config.save(changed, PATH)
        cut = False
    except (PowerCut, OSError):
        cut = True
    vfs.umount("/board")
    power_on()
    found, complaints = load()
    outcome = "old" if found == settings else "new" if found == changed else "neither"
    outcomes["neither" if complaints else outcome] += 1
    if outcome == "new":
        config.save(settings, PATH)
    if not cut:
        break
result["cuts"] = outcomes
result["cut_in_every_write"] = not cut

changes = []
for key, value in (
    ("quiet", b"true"),
    ("quiet", b"1"),
    ("token", b'"' + b"7e" * 16 + b'"'),
    ("nope", b"1"),
    ("name", b"{"),
):
    changes.append(config.change(settings, key, value, PATH))
result["changes"] = changes
result["changed"] = [settings["quiet"], settings["token"], load()[0] == settings]
result["dumped"] = [str(config.dump(settings, key)) for key in ("quiet", "token", "nope")]
print(json.dumps(result))
