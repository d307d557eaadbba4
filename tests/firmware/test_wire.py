"""The wire format against its golden vectors, against generated blocks, and against damage of every kind."""

import struct
from pathlib import Path

import pytest
import wire_check
import wire_golden
from hypothesis import given
from hypothesis import strategies as st

import coxa_wire
from coxa_wire import Reassembler, WireError, crc16, decode, fragment_count, fragment_into

WHOLE = wire_golden.block(wire_golden.fields(1, 10), wire_golden.raw(10), wire_golden.quats(5))
u16 = st.integers(0, 2**16 - 1)
u32 = st.integers(0, 2**32 - 1)
s16 = st.integers(-(2**15), 2**15 - 1)


@st.composite
def contents(draw):
    """Header fields, samples (n, 6) and quaternions (m, 4) of any block that can be."""
    profile = draw(st.sampled_from([1, 2, 3]))
    n = draw(st.integers(0, coxa_wire.CAPACITY[profile]))
    fields = {
        "profile": profile,
        "flags": draw(st.integers(0, 255)) | (coxa_wire.LAST if n == 0 else 0),
        "session": draw(u16),
        "seq": draw(u32),
        "first_index": draw(u32),
        "t_us": draw(u32),
        "n": n,
        "temperature_c": draw(st.integers(-128, 127)),
    }
    m = {1: n // 2, 2: 0, 3: n}[profile]
    samples = draw(st.lists(st.tuples(*[s16] * 6), min_size=n, max_size=n))
    return fields, samples, draw(st.lists(st.tuples(*[s16] * 4), min_size=m, max_size=m))


def sealed(fields, samples, quats):
    buffer = bytearray(b"\x55" * coxa_wire.BLOCK_LENGTH)
    for i, sample in enumerate(samples):
        coxa_wire.put_sample(buffer, i, *sample)
    for k, quat in enumerate(quats):
        coxa_wire.put_quat(buffer, fields["profile"], k, *quat)
    coxa_wire.seal(buffer, **fields)
    return bytes(buffer)


def reason(data):
    with pytest.raises(WireError) as caught:
        decode(data)
    assert "\n" not in str(caught.value)
    return caught.value.reason


def test_vector_files_are_those_of_the_independent_writer():
    for name, text in wire_golden.files().items():
        assert (wire_golden.VECTORS / name).read_text() == text, f"{name}: run wire_golden.py"


@pytest.mark.parametrize("name", [path.stem for path in sorted(wire_golden.VECTORS.glob("*.json"))])
def test_golden_vectors(name):
    folder = str(wire_golden.VECTORS)
    expected = wire_check.load(folder, name)
    found = wire_check.results(folder)[name]
    assert matching(found) == matching(expected)


def matching(rows):
    """The rows with float32 scales rounded to their 7 digits, and the bytes of a newer INFO left out."""
    out = []
    for row in rows:
        kept = dict(row)
        if "info" in kept:
            kept["info"] = {k: float(f"{v:.6g}") if isinstance(v, float) else v for k, v in kept["info"].items()}
        out.append(kept)
    return out


@given(contents())
def test_round_trip(content):
    fields, samples, quats = content
    block = decode(sealed(fields, samples, quats))
    assert {name: getattr(block, name) for name in fields} == fields
    assert list(struct.iter_unpack("<6h", block.raw)) == samples
    assert list(struct.iter_unpack("<4h", block.quats)) == quats


@given(contents())
def test_blocks_are_as_the_independent_writer_makes_them(content):
    fields, samples, quats = content
    raw = b"".join(wire_golden.s16s(sample) for sample in samples)
    expected = wire_golden.block(fields, raw, b"".join(wire_golden.s16s(quat) for quat in quats))
    assert sealed(fields, samples, quats) == expected


@given(contents(), st.integers(1, 179), st.binary(min_size=1, max_size=200))
def test_cut_and_lengthened_blocks_are_refused(content, kept, tail):
    data = sealed(*content)
    assert reason(data[:kept]) in ("length", "version")
    assert reason(data + tail) in ("length", "version")


def test_every_single_bit_flip_is_refused():
    for bit in range(8 * len(WHOLE)):
        damaged = bytearray(WHOLE)
        damaged[bit // 8] ^= 1 << bit % 8
        assert reason(damaged) == "crc", f"bit {bit}"


@given(st.integers(0, 8 * 180 - 1), st.integers(1, 2**16 - 1))
def test_every_burst_of_up_to_16_bits_is_refused(start, pattern):
    damaged = int.from_bytes(WHOLE, "big") ^ (pattern << start) & (2 ** (8 * 180) - 1)
    if damaged != int.from_bytes(WHOLE, "big"):
        assert reason(damaged.to_bytes(180, "big")) == "crc"


@given(st.binary(max_size=400))
def test_random_bytes_are_refused_with_a_reason(data):
    assert reason(data) in ("length", "crc", "version")


@given(st.binary(min_size=178, max_size=178))
def test_random_contents_with_a_right_checksum_never_break_the_reader(body):
    try:
        block = decode(wire_golden.with_crc(body))
    except WireError as error:
        assert error.reason in ("version", "profile", "count", "reserved")
    else:
        assert len(block.raw) == 12 * block.n


def test_a_newer_version_says_how_to_mend_it():
    with pytest.raises(WireError, match=r"version 2, this software reads version 1\. Update the host software"):
        decode(wire_golden.block(wire_golden.fields(1, 10), wire_golden.raw(10), version=2))
    with pytest.raises(WireError, match="Update the software on the board"):
        coxa_wire.decode_info(wire_golden.info(major=0))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"flags": 256}, "field"),
        ({"session": -1}, "field"),
        ({"session": 2**16}, "field"),
        ({"seq": 2**32}, "field"),
        ({"first_index": 2**32}, "field"),
        ({"t_us": 2**32}, "field"),
        ({"t_us": -1}, "field"),
        ({"temperature_c": 128}, "field"),
        ({"temperature_c": -129}, "field"),
        ({"profile": 0}, "profile"),
        ({"profile": 4}, "profile"),
        ({"n": 11}, "count"),
        ({"n": -1}, "count"),
        ({"n": 0}, "count"),
    ],
)
def test_values_that_do_not_fit_are_refused_and_leave_the_buffer(changed, expected):
    buffer = bytearray(WHOLE)
    with pytest.raises(WireError) as caught:
        coxa_wire.seal(buffer, **{**wire_golden.fields(1, 10), **changed})
    assert caught.value.reason == expected
    assert buffer == WHOLE


def test_a_buffer_of_another_length_is_refused():
    with pytest.raises(WireError, match="180"):
        coxa_wire.seal(bytearray(182), **wire_golden.fields(1, 10))


def test_info_refuses_another_uid_length_and_a_missing_rate():
    scales = {"gyro_dps_per_lsb": 0.0175, "acc_g_per_lsb": 0.000122, "profile": 1}
    with pytest.raises(WireError, match="uid"):
        coxa_wire.encode_info(coxa_wire.Info(uid=b"abc", odr_hz=104, **scales))
    with pytest.raises(WireError, match="odr_hz"):
        coxa_wire.encode_info(coxa_wire.Info(uid=b"abcdef", odr_hz=0, **scales))


@given(st.binary(max_size=300))
def test_crc_is_that_of_the_standard_library(data):
    import binascii

    assert crc16(data, len(data)) == binascii.crc_hqx(data, 0xFFFF)


def cut(block, size):
    out = bytearray(size)
    return [bytes(out[: fragment_into(out, block, k, size)]) for k in range(fragment_count(len(block), size))]


@given(st.integers(5, 200))
def test_fragments_fit_and_come_together_again(size):
    parts = cut(WHOLE, size)
    assert max(map(len, parts)) <= size
    reassembler = Reassembler()
    assert [reassembler.feed(part) for part in parts] == [None] * (len(parts) - 1) + [WHOLE]


@given(st.lists(st.booleans(), min_size=30, max_size=30))
def test_lost_fragments_lose_their_block_only(lost):
    blocks = [sealed(wire_golden.fields(2, 0, flags=0x20, seq=seq), [], []) for seq in range(3)]
    parts = [part for block in blocks for part in cut(block, 20)]
    reassembler = Reassembler()
    found = [reassembler.feed(part) for part, gone in zip(parts, lost, strict=True) if not gone]
    found = [block for block in found if block is not None]
    whole = [block for k, block in enumerate(blocks) if not any(lost[10 * k : 10 * k + 10])]
    assert [block for block in found if block in blocks] == whole
    # The head of one block and the tail of another can fit together: the checksum tells.
    assert all(reason(block) == "crc" for block in found if block not in blocks)
    assert reassembler.feed(cut(WHOLE, 20)[0]) is None
    assert reassembler.dropped == lost.count(False) - 10 * len(found)


def test_the_head_of_one_block_and_the_tail_of_another_do_not_pass_the_checksum():
    one, other = (sealed(wire_golden.fields(2, 0, flags=0x20, seq=seq), [], []) for seq in range(2))
    reassembler = Reassembler()
    found = [reassembler.feed(part) for part in cut(one, 20)[:5] + cut(other, 20)[5:]]
    assert reason(found[-1]) == "crc"


def test_modules_import_struct_and_binascii_only():
    for path in Path(coxa_wire.__file__).parent.glob("*.py"):
        for line in path.read_text().splitlines():
            if line.startswith(("import ", "from ")):
                known = line in ("import struct", "import binascii") or line.startswith("from .")
                assert known, f"{path.name}: {line}"
