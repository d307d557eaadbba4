"""Writes the golden vectors: the wire format put together byte by byte from docs/wire.md, without `coxa_wire`.

Run `python tests/firmware/wire_golden.py` after a change of the format; a test compares the files with it.
"""

import binascii
import json
import struct
from pathlib import Path

VECTORS = Path(__file__).parent / "vectors"


def u(value, size):
    return value.to_bytes(size, "little")


def s(value, size):
    return value.to_bytes(size, "little", signed=True)


def s16s(values):
    return b"".join(s(v, 2) for v in values)


def with_crc(body):
    return body + u(binascii.crc_hqx(body, 0xFFFF), 2)


def header(f, version=1):
    return (
        u(version * 16 + f["profile"], 1)
        + u(f["flags"], 1)
        + u(f["session"], 2)
        + u(f["seq"], 4)
        + u(f["first_index"], 4)
        + u(f["t_us"], 4)
        + u(f["n"], 1)
        + s(f["temperature_c"], 1)
    )


def fields(profile, n, **changes):
    usual = {"flags": 0, "session": 7, "seq": 3, "first_index": 30, "t_us": 288_461, "temperature_c": 31}
    return {"profile": profile, "n": n, **usual, **changes}


def block(f, raw, quats=b"", version=1):
    """Payload places: the quaternions of profile 1 start at byte 138, those of profile 3 at byte 78."""
    payload = raw + bytes({1: 120, 2: 160, 3: 60}.get(f["profile"], 160) - len(raw)) + quats
    return with_crc(header(f, version) + payload + bytes(160 - len(payload)))


def raw(n):
    return s16s([(1 if k % 2 else -1) * (300 * i + 7 * k) for i in range(n) for k in range(6)])


def quats(m):
    return s16s([v for k in range(m) for v in (32767 - k, -100 * k, 12, -32768 + k)])


def good(name, f, r, q=b""):
    return {"name": name, "hex": block(f, r, q).hex(), "fields": f, "raw": r.hex(), "quats": q.hex()}


def bad(name, data, reason):
    return {"name": name, "hex": bytes(data).hex(), "reason": reason}


def good_blocks():
    p1, p2, p3 = fields(1, 10), fields(2, 13), fields(3, 5)
    ends = s16s([-32768, 32767, -1, 0, 1, 256])
    most = {"flags": 0xFF, "session": 0xFFFF, "seq": 2**32 - 1, "first_index": 2**32 - 1, "t_us": 2**32 - 1}
    least = dict.fromkeys(most, 0)
    return [
        good("full block of profile 1", p1, raw(10), quats(5)),
        good("full block of profile 2", p2, raw(13)),
        good("full block of profile 3", p3, raw(5), quats(5)),
        good("profile 1, odd number of samples", fields(1, 3), raw(3), quats(1)),
        good("profile 1, one sample, no quaternion", fields(1, 1), raw(1)),
        good("largest header values", fields(2, 1, **most, temperature_c=127), ends),
        good("smallest header values", fields(2, 1, **least, temperature_c=-128), ends),
        good("last block without samples", fields(1, 0, flags=0x20), b""),
    ]


def bad_blocks():
    whole = block(fields(1, 10), raw(10), quats(5))
    flipped = bytearray(whole)
    flipped[50] ^= 0x10
    body = whole[:-2]
    dirty_raw = with_crc(header(fields(1, 3)) + raw(4) + bytes(160 - 48))
    dirty_pad = with_crc(header(fields(2, 13)) + raw(13) + bytes(3) + b"\x01")
    dirty_quat = with_crc(header(fields(1, 2)) + raw(2) + bytes(96) + quats(2) + bytes(24))
    return [
        bad("nothing", b"", "length"),
        bad("one byte", b"\x11", "length"),
        bad("one byte short", whole[:-1], "length"),
        bad("one byte long", whole + b"\x00", "length"),
        bad("one bit flipped", flipped, "crc"),
        bad("checksum in the other byte order", body + whole[:-3:-1], "crc"),
        bad("checksum started at zero", body + u(binascii.crc_hqx(body, 0), 2), "crc"),
        bad("all zero", bytes(180), "crc"),
        bad("erased flash", b"\xff" * 180, "crc"),
        bad("version 2", block(fields(1, 10), raw(10), version=2), "version"),
        bad("version 2 of another length", with_crc(b"\x21" + bytes(230)), "version"),
        bad("version 0", block(fields(1, 10), raw(10), version=0), "version"),
        bad("profile 0", block(fields(0, 1), b""), "profile"),
        bad("profile 4", block(fields(4, 1), b""), "profile"),
        bad("profile 15", block(fields(15, 1), b""), "profile"),
        bad("11 samples in profile 1", with_crc(header(fields(1, 11)) + raw(11) + bytes(28)), "count"),
        bad("14 samples in profile 2", with_crc(header(fields(2, 14)) + raw(13) + bytes(4)), "count"),
        bad("6 samples in profile 3", with_crc(header(fields(3, 6)) + raw(6) + bytes(88)), "count"),
        bad("255 samples", with_crc(header(fields(2, 255)) + raw(13) + bytes(4)), "count"),
        bad("no samples and not the last", block(fields(1, 0), b""), "count"),
        bad("a sample beyond n", dirty_raw, "reserved"),
        bad("a quaternion beyond n", dirty_quat, "reserved"),
        bad("padding of profile 2 not zero", dirty_pad, "reserved"),
    ]


INFO = {
    "minor": 0, "firmware": [1, 2, 3], "board": 4, "imu": 0x6C, "state": 1, "uid": "a1b2c3d4e5f6",
    "odr_hz": 104.0, "gyro_dps_per_lsb": 0.0175, "acc_g_per_lsb": 0.000122, "profile": 1, "capabilities": 0x8001,
    "mtu": 247, "session": 7, "oldest_seq": 2, "next_seq": 2**32 - 1, "battery_mv": 3987, "pending": 3,
    "reset_cause": 5,
}  # fmt: skip


def info(block_length=180, major=1, **changes):
    f = {**INFO, **changes}
    return (
        bytes([major, f["minor"], *f["firmware"], f["board"], f["imu"], f["state"]])
        + bytes.fromhex(f["uid"])
        + u(round(f["odr_hz"] * 1000), 4)
        + struct.pack("<ff", f["gyro_dps_per_lsb"], f["acc_g_per_lsb"])
        + bytes([block_length, f["profile"]])
        + u(f["capabilities"], 2) + u(f["mtu"], 2) + u(f["session"], 2)
        + u(f["oldest_seq"], 4) + u(f["next_seq"], 4) + u(f["battery_mv"], 2)
        + bytes([f["pending"], f["reset_cause"], 0, 0])
    )  # fmt: skip


def infos():
    newer = {**INFO, "minor": 9}
    return [
        {"name": "ordinary", "hex": info().hex(), "info": INFO},
        {"name": "newer minor version", "hex": (info(minor=9)[:-2] + b"\x01\x02\x03\x04").hex(), "info": newer},
        bad("nothing", b"", "length"),
        bad("one field short", info()[:45], "length"),
        bad("major version 2", info(major=2), "version"),
        bad("major version 2 and short", info(major=2)[:20], "version"),
        bad("major version 0", info(major=0), "version"),
        bad("blocks of another length", info(block_length=200), "field"),
        bad("rate zero", info(odr_hz=0), "field"),
        bad("gyro scale zero", info(gyro_dps_per_lsb=0.0), "field"),
        bad("gyro scale negative", info(gyro_dps_per_lsb=-0.0175), "field"),
        bad("acc scale not a number", info(acc_g_per_lsb=float("nan")), "field"),
        bad("acc scale infinite", info(acc_g_per_lsb=float("inf")), "field"),
    ]


def fragments():
    whole = block(fields(1, 10), raw(10), quats(5))
    out = []
    for size in (20, 100, 181, 182):
        parts = [whole[i : i + size - 1] for i in range(0, 180, size - 1)]
        heads = [k + 128 * (k == 0) + 64 * (k == len(parts) - 1) for k in range(len(parts))]
        cut = [(bytes([h]) + p).hex() for h, p in zip(heads, parts, strict=True)]
        out.append({"size": size, "block": whole.hex(), "fragments": cut})
    return out


def files():
    import wire_golden_messages  # it builds on this module

    crc = [{"hex": t.hex(), "crc": c} for t, c in ((b"123456789", 0x29B1), (b"", 0xFFFF), (b"\x00", 0xE1F0))]
    tables = {"blocks": good_blocks() + bad_blocks(), "info": infos(), "fragments": fragments(), "crc": crc}
    tables |= wire_golden_messages.tables()
    return {f"{name}.json": json.dumps(rows, indent=1) + "\n" for name, rows in tables.items()}


if __name__ == "__main__":
    for name, text in files().items():
        (VECTORS / name).write_text(text)
