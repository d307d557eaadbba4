"""The block: 180 bytes that hold some 0.1 s of samples of one sensor, with a checksum.

The board fills a buffer it owns: `put_sample` and `put_quat` as the samples come, then `seal`. Nothing is
allocated on the way. `decode` gives a `Block` back or says why not.
"""

import struct

from .crc import crc16
from .errors import COUNT, CRC, FIELD, LENGTH, PROFILE, RESERVED, WireError
from .version import VERSION_MAJOR, check_major

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK_LENGTH = 180

PROFILE_QUAT = 1  # logged: raw samples, and the board's own orientation after each second sample
PROFILE_RAW = 2  # logged: raw samples only
PROFILE_LIVE = 3  # never logged: half a PROFILE_QUAT, sent at once for a quicker display
CAPACITY = (0, 10, 13, 5)  # samples in a full block, by profile
QUATS = (0, 5, 0, 5)  # orientations in a full block, by profile

OVERRUN = 0x01  # samples were lost on the board before this block
CLIPPED = 0x02  # a sample reached the end of the sensor's range
MARKER = 0x04  # the wearer pressed the button
BATTERY_LOW = 0x08
TIME_JUMP = 0x10  # the board clock does not continue that of the block before
LAST = 0x20  # the session ends with this block
RESTARTED = 0x40  # the sensor was set up again before this block
CHARGING = 0x80

TEMPERATURE_UNKNOWN = -128

_HEADER = "<BBHIIIBb"
HEADER_LENGTH = 18  # bytes before the first sample
_SAMPLE = "<6h"
SAMPLE_LENGTH = 12  # bytes: gx gy gz ax ay az, int16, little-endian
_QUAT = "<4h"
QUAT_LENGTH = 8
_CRC_AT = BLOCK_LENGTH - 2
QUATS_AT = tuple([HEADER_LENGTH + SAMPLE_LENGTH * capacity for capacity in CAPACITY])


class Block:
    """One decoded block.

    Attributes:
        profile: PROFILE_QUAT, PROFILE_RAW or PROFILE_LIVE.
        flags: OVERRUN … CHARGING, added up.
        session: number of the session on that board.
        seq: number of the block in the session, from 0.
        first_index: index of the first sample in the session; lost samples are counted too.
        t_us: board clock at the first sample, µs, low 32 bits.
        n: number of samples.
        temperature_c: of the sensor, °C; TEMPERATURE_UNKNOWN where not measured.
        raw: 12 n bytes: gx, gy, gz, ax, ay, az as little-endian int16, in LSB of the scales in `Info`.
        quats: 8 bytes for each second sample: w, x, y, z as little-endian int16, times 2**15; orientation
            sensor → earth (Hamilton, earth z up) after sample 2k + 1 (PROFILE_LIVE: after sample k).
    """

    def __init__(self, data: bytes) -> None:
        """Takes bytes that `decode` has checked."""
        head = struct.unpack(_HEADER, data[:HEADER_LENGTH])
        profile: int = head[0] & 0x0F
        n: int = head[6]
        quats_at = QUATS_AT[profile]
        self.profile = profile
        self.flags: int = head[1]
        self.session: int = head[2]
        self.seq: int = head[3]
        self.first_index: int = head[4]
        self.t_us: int = head[5]
        self.n = n
        self.temperature_c: int = head[7]
        self.raw = data[HEADER_LENGTH : HEADER_LENGTH + SAMPLE_LENGTH * n]
        self.quats = data[quats_at : quats_at + QUAT_LENGTH * quat_count(profile, n)]


def quat_count(profile: int, n: int) -> int:
    """How many orientations a block with n samples holds."""
    return n * QUATS[profile] // CAPACITY[profile]


def put_sample(buffer: bytearray | memoryview, i: int, gx: int, gy: int, gz: int, ax: int, ay: int, az: int) -> None:  # noqa: PLR0917
    """Writes sample i of a block: angular rate and specific force as int16, in LSB."""
    struct.pack_into(_SAMPLE, buffer, HEADER_LENGTH + SAMPLE_LENGTH * i, gx, gy, gz, ax, ay, az)


def put_quat(buffer: bytearray | memoryview, profile: int, k: int, w: int, x: int, y: int, z: int) -> None:  # noqa: PLR0917
    """Writes orientation k of a block: components times 2**15 as int16, +1.0 as 32767."""
    struct.pack_into(_QUAT, buffer, QUATS_AT[profile] + QUAT_LENGTH * k, w, x, y, z)


def seal(
    buffer: bytearray | memoryview,
    profile: int,
    *,
    flags: int,
    session: int,
    seq: int,
    first_index: int,
    t_us: int,
    n: int,
    temperature_c: int,
    checksum: "Callable[[bytearray | memoryview, int], int]" = crc16,
) -> None:
    """Completes a block around its n samples: header, zeros in the unused payload, checksum. See `Block`.

    `checksum` stands in for `crc16`, for a board that has it as machine code.

    Raises:
        WireError: a value does not fit (reasons `length`, `profile`, `count`, `field`); the buffer is unchanged.
    """
    if len(buffer) != BLOCK_LENGTH:
        raise WireError(LENGTH, f"a block buffer has {BLOCK_LENGTH} bytes, this one {len(buffer)}")
    _check_count(profile, n, flags)
    # By shifts, since a small integer shifted is no allocation and MicroPython packs what does not fit cut off.
    if flags >> 8 or session >> 16 or seq >> 32 or first_index >> 32 or t_us >> 32 or not -128 <= temperature_c <= 127:
        values = (flags, session, seq, first_index, t_us, temperature_c)
        raise WireError(FIELD, f"one of flags, session, seq, first index, µs, °C does not fit its field: {values}")
    struct.pack_into(
        _HEADER, buffer, 0, VERSION_MAJOR << 4 | profile, flags, session, seq, first_index, t_us, n, temperature_c
    )
    quats_at = QUATS_AT[profile]
    for i in range(HEADER_LENGTH + SAMPLE_LENGTH * n, quats_at):
        buffer[i] = 0
    for i in range(quats_at + QUAT_LENGTH * quat_count(profile, n), _CRC_AT):
        buffer[i] = 0
    struct.pack_into("<H", buffer, _CRC_AT, checksum(buffer, _CRC_AT))


def decode(data: bytes | bytearray | memoryview) -> Block:
    """One received block.

    The checksum comes before the version: every major version keeps its number in the upper half of byte 0 and
    this checksum in its last two bytes, so a newer block is told from a damaged one at any length.

    Raises:
        WireError: reason `length`, `crc`, `version`, `profile`, `count` or `reserved`.
    """
    data = bytes(data)
    length = len(data)
    intact = length > 2 and crc16(data, length - 2) == data[length - 2] | data[length - 1] << 8
    if intact:
        check_major(data[0] >> 4, "block")
    if length != BLOCK_LENGTH:
        raise WireError(LENGTH, f"a block has {BLOCK_LENGTH} bytes, this one {length}")
    if not intact:
        raise WireError(CRC, "the checksum of a block does not match: it was damaged on the way or in the flash")
    _check_count(data[0] & 0x0F, data[16], data[1])
    block = Block(data)
    used = HEADER_LENGTH + len(block.raw)
    quats_at = QUATS_AT[block.profile]
    if any(data[used:quats_at]) or any(data[quats_at + len(block.quats) : _CRC_AT]):
        raise WireError(RESERVED, f"block {block.seq} has data where a block of {block.n} samples must be zero")
    return block


def _check_count(profile: int, n: int, flags: int) -> None:
    if not 0 < profile < len(CAPACITY):
        raise WireError(PROFILE, f"unknown block profile {profile}", "Update the host software (pip install -U coxa).")
    if not 0 <= n <= CAPACITY[profile]:
        raise WireError(COUNT, f"a block of profile {profile} holds at most {CAPACITY[profile]} samples, not {n}")
    if n == 0 and not flags & LAST:
        raise WireError(COUNT, "only the last block of a session may be without samples")
