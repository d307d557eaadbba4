"""The wire format's checksum as machine code, for checking what is read back from flash: thousands of blocks a time."""

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    ptr8 = bytearray | memoryview  # what machine code takes for one


@micropython.viper
def crc16(data: ptr8, length: int) -> int:
    """The same as `coxa_wire.crc16`, without its table. Needs words of 25 bits; allocates nothing."""
    crc = 0xFFFF
    for i in range(length):
        x = crc >> 8 ^ data[i]
        x ^= x >> 4
        crc = (crc << 8 ^ x << 12 ^ x << 5 ^ x) & 0xFFFF
    return crc


@micropython.viper
def intact(block: ptr8, session: int, seq: int) -> bool:
    """Whether 180 bytes are block `seq` of that session, undamaged."""
    if block[2] | block[3] << 8 != session or block[4] | block[5] << 8 | block[6] << 16 != seq & 0xFFFFFF:
        return False
    if block[7] != seq >> 24:
        return False
    return int(crc16(block, 178)) == block[178] | block[179] << 8
