"""Fails with MemoryError where building a block allocates on MicroPython's heap."""

import micropython  # type: ignore[reportMissingImports]

import coxa_wire

buffer = bytearray(coxa_wire.BLOCK_LENGTH)
piece = bytearray(20)


def build(profile, n):
    for i in range(n):
        coxa_wire.put_sample(buffer, i, i, -i, 300, -32768, 32767, 4)
    for k in range(n // 2 if profile == 1 else 0):
        coxa_wire.put_quat(buffer, profile, k, 32767, 0, -5, k)
    coxa_wire.seal(buffer, profile, flags=1, session=7, seq=5, first_index=50, t_us=1 << 29, n=n, temperature_c=25)
    for k in range(coxa_wire.fragment_count(len(buffer), 20)):
        coxa_wire.fragment_into(piece, buffer, k, 20)


micropython.heap_lock()
build(1, 10)
build(2, 13)
build(1, 3)
micropython.heap_unlock()
print("no allocation")
