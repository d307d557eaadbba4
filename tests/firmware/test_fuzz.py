"""A sample of the fuzzing of every parser; `benchmarks/fuzz.py` runs a million inputs for each side."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path += [str(HERE.parent / "virtual"), str(HERE.parent.parent / "benchmarks")]

import fuzz  # noqa: E402
import fuzz_host  # noqa: E402
import fuzz_rig  # noqa: E402
import interpreters  # noqa: E402

INPUTS = 600  # for each parser
SEED = 2026
LONGEST_US = 10_000_000  # for one input: a hang. Most take a tenth of a millisecond; a client asks up to 1600 times
GROWTH = 65_536  # bytes: what the collection of MicroPython takes for references by chance; not of each input
COLLECTED_LATER = 16_384  # bytes, on CPython


def check(rows, growth, capsys):
    with capsys.disabled():
        print(f"\nsampled: {sum(row['inputs'] for row in rows)} inputs for {len(rows)} parsers, seed {SEED}")
    for row in rows:
        print(
            f"{row['parser']}: {row['inputs']} inputs, {row['accepted']} accepted, "
            f"{row['refused']} refused, slowest {row['slowest_us'] / 1000:.1f} ms, growth {row['growth']} B"
        )
        assert not row["faults"], row["examples"]
        assert row["slowest_us"] < LONGEST_US, row["slowest"]
        assert row["growth"] < growth, row["parser"]
        assert row["refused"], f"{row['parser']}: a fuzzer that is never refused tries nothing"
        assert row["accepted"] or row["inputs"] < 100, f"{row['parser']}: one that is never accepted never gets inside"


@pytest.fixture(scope="module")
def on_cpython():
    return fuzz_host.rows(INPUTS, SEED)


def test_on_cpython(on_cpython, capsys):
    check(on_cpython, COLLECTED_LATER, capsys)


@pytest.mark.parametrize("bits", [64, 32])
def test_in_micropython(bits, on_cpython, capsys):
    if interpreters.command(bits) is None:
        pytest.skip(interpreters.MISSING_64 if bits == 64 else interpreters.MISSING_32)
    wire, board = (fuzz.in_micropython(script, INPUTS, SEED, bits, timeout_s=120) for script in fuzz.ON_BOARD)
    check(wire + board, GROWTH, capsys)
    verdicts = {row["parser"]: (row["accepted"], row["verdicts"]) for row in on_cpython}
    assert len(wire) == fuzz.WIRE_PARSERS and len(board) == fuzz.BOARD_PARSERS
    for row in wire:
        assert (row["accepted"], row["verdicts"]) == verdicts[row["parser"]], f"{row['parser']}: not as on CPython"


class Wrong(fuzz_rig.Parser):
    """A parser with a fault, which the fuzzing must find."""

    def __init__(self):
        super().__init__("wrong", [b"\x03abc"], self.understand)
        self.kept = []

    def understand(self, data):
        self.kept.append(bytes(100))
        return data[data[0]] > 0  # a length that is believed


def test_a_parser_with_a_fault_is_found_out():
    wrong = Wrong()
    memory = lambda: 100 * len(wrong.kept)  # noqa: E731
    row = fuzz_rig.fuzz(wrong, 500, SEED, fuzz_host.clock_us, memory)
    assert row["faults"] > 100 and "IndexError" in row["examples"][0][0]
    assert row["growth"] >= 100 * 400
    assert fuzz_rig.fuzz(Wrong(), 500, SEED, fuzz_host.clock_us, memory)["verdicts"] == row["verdicts"], "by its seed"


def test_mutations_are_of_every_kind():
    """Mostly near the valid, some unchanged, some random; and the same on every computer."""
    mutator = fuzz_rig.Mutator(SEED)
    seed = bytes(range(100))
    made = [mutator.mutate([seed], 300) for _ in range(4000)]
    assert 300 < made.count(seed) < 1200
    assert len(set(made)) > 2800
    assert {len(data) for data in made} >= set(range(150))
    assert sum(len(data) == len(seed) and data != seed for data in made) > 500
    again = fuzz_rig.Mutator(SEED)
    assert [again.draw(1000) for _ in range(6)] == [207, 110, 435, 11, 877, 858]
