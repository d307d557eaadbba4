"""Files of sessions, intact by their checksums and yet wrong: found by fuzzing. Argument: name of the test."""

import struct

import link_rig
from coxa_board import smallfile
from coxa_board.recorder import Recorder
from coxa_board.sessions import Catalogue
from coxa_wire.command import NO_SESSION, OK

FOLDER = "/flash/sessions"
block = bytearray(180)


def recorded(n=5):
    """A board with one closed session of n + 1 blocks."""
    board = link_rig.Board()
    board.start(0, 0, 0, 0)
    board.record(n)
    board.stop()
    return board


def test_a_count_of_commits_beyond_the_end_of_the_file():
    recorded()
    entry = struct.pack("<HII", 7, 61, 0xDEADBEEF)
    for count, kept, found in ((255, entry * 2, 2), (1, b"", 0), (3, entry[:9], 0), (1, entry * 2, 1)):
        smallfile.save(FOLDER + "/last.bin", struct.pack("<BHB", 1, 9, count) + kept)
        catalogue = Catalogue(FOLDER)
        catalogue.load()
        assert catalogue.last == 9 and len(catalogue._committed) == found, (count, len(kept))
        assert catalogue.commit(7, 61, 0xDEADBEEF) == (OK if found else NO_SESSION)
    for short in (b"\x01", b"\x01\x09\x00"):
        smallfile.save(FOLDER + "/last.bin", short)
        catalogue = Catalogue(FOLDER)
        catalogue.load()
        assert catalogue.last == 1, "the session that is there"


def test_a_session_that_was_committed_twice_over():
    recorded()
    entry = struct.pack("<HII", 1, 6, 5) + struct.pack("<HII", 1, 6, 4)
    smallfile.save(FOLDER + "/last.bin", struct.pack("<BHB", 1, 9, 2) + entry)
    catalogue = Catalogue(FOLDER)
    catalogue.load()
    assert catalogue.numbers == [] and catalogue.last == 9


def test_a_record_of_more_blocks_than_there_are():
    """It was read block by block to the end it told of: four thousand million of them."""
    recorded()
    catalogue = Catalogue(FOLDER)
    catalogue.load()
    record = catalogue.read(1)
    record.n_blocks = 2**32 - 1
    catalogue.write(record)
    recorder = Recorder(FOLDER)
    recorder.recover()
    assert not recorder.read(1, 6, block)
    assert recorder.describe(1)[0] == 2**32 - 1 and recorder.describe(1)[3] & 4, "with its damage told"
    assert recorder.read(1, 5, block)


def test_a_block_farther_than_any_file_reaches():
    board = recorded()
    for seq in (6, 2**24, 2**31 // 180 + 1, 2**32 - 1):
        assert not board.recorder.read(1, seq, block), seq
    assert board.recorder.read(1, 5, block)


def test_a_file_that_failed_is_closed_at_once():
    """Left to the collection, it was closed in the middle of another step of the file system, which broke that."""
    board = recorded()
    archive = board.recorder._archive
    assert board.recorder.read(1, 3, block)
    opened = archive._file
    assert not board.recorder.read(1, 2**32 - 1, block) and archive._file is None
    try:
        opened.read(1)
    except (OSError, ValueError):
        return
    raise AssertionError("still open")


link_rig.run(globals())
