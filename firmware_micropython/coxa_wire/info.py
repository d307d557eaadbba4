"""INFO: what the board says of itself; the host needs its scales to read blocks."""

import struct

from .block import BLOCK_LENGTH
from .errors import FIELD, LENGTH, WireError
from .version import VERSION_MAJOR, VERSION_MINOR, check_major

INFO_LENGTH = 48

_INFO = "<BBBBBBBB6sIffBBHHHIIHBB"
_INFO_USED = 46


class Info:
    """What INFO says. Also the arguments of `encode_info`.

    Attributes:
        firmware: version of the board's software, three numbers 0-255.
        board, imu: kind of board (0 unknown) and the WHO_AM_I value of the sensor chip.
        state: 0 idle, 1 recording, 2 closed and not yet fetched.
        uid: 6 bytes that tell this board from others.
        odr_hz: nominal sampling rate, Hz, kept to 1 mHz; the true one is up to 3 % off.
        gyro_dps_per_lsb, acc_g_per_lsb: scales of the raw samples, (deg/s)/LSB and g/LSB, kept as float32.
        profile: of the blocks that are logged.
        capabilities: bits, none assigned in version 1.0.
        mtu: of the connection, bytes; below 183 blocks come in fragments.
        session, oldest_seq, next_seq: session in progress or last recorded, and which of its blocks there are.
        battery_mv: 0 where not measured.
        pending: sessions not yet fetched.
        reset_cause: as MicroPython's `machine.reset_cause()`.
        minor: minor version of the sender's format; set by `decode_info`, ignored by `encode_info`.
    """

    def __init__(
        self,
        *,
        uid: bytes,
        odr_hz: float,
        gyro_dps_per_lsb: float,
        acc_g_per_lsb: float,
        profile: int,
        firmware: tuple[int, int, int] = (0, 0, 0),
        board: int = 0,
        imu: int = 0,
        state: int = 0,
        capabilities: int = 0,
        mtu: int = 23,
        session: int = 0,
        oldest_seq: int = 0,
        next_seq: int = 0,
        battery_mv: int = 0,
        pending: int = 0,
        reset_cause: int = 0,
    ) -> None:
        """Takes the values as described for the class."""
        self.uid = uid
        self.odr_hz = odr_hz
        self.gyro_dps_per_lsb = gyro_dps_per_lsb
        self.acc_g_per_lsb = acc_g_per_lsb
        self.profile = profile
        self.firmware = firmware
        self.board = board
        self.imu = imu
        self.state = state
        self.capabilities = capabilities
        self.mtu = mtu
        self.session = session
        self.oldest_seq = oldest_seq
        self.next_seq = next_seq
        self.battery_mv = battery_mv
        self.pending = pending
        self.reset_cause = reset_cause
        self.minor = VERSION_MINOR


def encode_info(info: Info) -> bytes:
    """The 48 bytes of INFO.

    Raises:
        WireError: reason `field`: a uid of another length, or a rate or scale that is not positive and finite.
    """
    if len(info.uid) != 6:
        raise WireError(FIELD, f"the board uid has 6 bytes, not {len(info.uid)}")
    _check_scales(info)
    major, minor, patch = info.firmware
    used = struct.pack(
        _INFO, VERSION_MAJOR, VERSION_MINOR, major, minor, patch, info.board, info.imu, info.state, info.uid,
        round(info.odr_hz * 1000), info.gyro_dps_per_lsb, info.acc_g_per_lsb, BLOCK_LENGTH, info.profile,
        info.capabilities, info.mtu, info.session, info.oldest_seq, info.next_seq, info.battery_mv, info.pending,
        info.reset_cause,
    )  # fmt: skip
    return used + bytes(INFO_LENGTH - _INFO_USED)


def decode_info(data: bytes | bytearray | memoryview) -> Info:
    """INFO as read from the board; bytes after the known ones come from a newer minor version and are ignored.

    Raises:
        WireError: reason `version`, `length` or `field`.
    """
    data = bytes(data)
    if data:
        check_major(data[0], "board")
    if len(data) < _INFO_USED:
        raise WireError(LENGTH, f"INFO has {INFO_LENGTH} bytes, this one {len(data)}", "Read it again.")
    values = struct.unpack(_INFO, data[:_INFO_USED])
    values = struct.unpack(_INFO, data[:_INFO_USED])
    if values[12] != BLOCK_LENGTH:
        raise WireError(FIELD, f"the board says its blocks have {values[12]} bytes, not {BLOCK_LENGTH}")
    info = Info(
        firmware=values[2:5],
        board=values[5],
        imu=values[6],
        state=values[7],
        uid=values[8],
        odr_hz=values[9] / 1000,
        gyro_dps_per_lsb=values[10],
        acc_g_per_lsb=values[11],
        profile=values[13],
        capabilities=values[14],
        mtu=values[15],
        session=values[16],
        oldest_seq=values[17],
        next_seq=values[18],
        battery_mv=values[19],
        pending=values[20],
        reset_cause=values[21],
    )
    info.minor = values[1]
    _check_scales(info)
    return info


def _check_scales(info: Info) -> None:
    for name in ("odr_hz", "gyro_dps_per_lsb", "acc_g_per_lsb"):
        value = getattr(info, name)
        # False for NaN too; infinity alone is its own double among the positive.
        if not value > 0 or value == 2 * value:
            raise WireError(FIELD, f"INFO gives {name} = {value}, which must be positive", "Update the board.")
