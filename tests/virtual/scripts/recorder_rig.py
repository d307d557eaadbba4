"""A board with nothing but its recorder, and a ledger of what it may and must still have after a power cut."""

import binascii
import struct

import vfs
from coxa_board.recorder import Recorder
from coxa_wire import LAST, PROFILE_QUAT, seal
from flash import Flash

FOLDER = "/flash/sessions"
LOSS_BOUND = 25  # blocks, as docs/recorder.md states
INFO = bytes(range(48))
BEYOND = 30  # blocks after the end of a session that are asked for in vain

_PAYLOAD = bytes(i * 37 & 0xFF for i in range(160))
_buffer = bytearray(180)


def fill(block, session, seq, flags=0):
    """Seals a block that tells its session and number at both ends of its payload."""
    block[18:178] = _PAYLOAD
    for at in (18, 170):
        struct.pack_into("<HI", block, at, session, seq)
    seal(
        block, PROFILE_QUAT, flags=flags, session=session, seq=seq, first_index=10 * seq, t_us=96000 * seq, n=10,
        temperature_c=25,
    )  # fmt: skip


def is_ours(block, session, seq):
    """Whether it is what `fill` made."""
    told = struct.pack("<HI", session, seq)
    return block[2:8] == block[18:24] == block[170:176] == told and block[24:170] == _PAYLOAD[6:152]


def started_ms(session):
    return 1700000000000 + session


class Board:
    """`recorder` is there after `power_on`. `ledger`: by session, what was appended, flushed and closed.

    `uncertain`: sessions under a START or COMMIT that the power cut may have left undone.
    """

    def __init__(self, sectors):
        self.flash = Flash(sectors)
        self.device = self.flash.power_on()
        vfs.VfsLfs2.mkfs(self.device)
        self.recorder = None
        self.ledger = {}
        self.uncertain = set()
        self.highest = 0

    def power_on(self, cut_at=None, torn=0.5):
        """Starts the board again; returns the notes of the recovery."""
        self.device.switch_off()
        if self.recorder:
            vfs.umount("/flash")
        self.flash.cut_at = cut_at
        self.flash.torn = torn
        self.device = self.flash.power_on()
        vfs.mount(vfs.VfsLfs2(self.device), "/flash")
        self.recorder = Recorder(FOLDER)
        return self.recorder.recover()

    def start(self):
        self.uncertain.add(self.highest + 1)
        number = self.recorder.start(profile=PROFILE_QUAT, info=INFO, unix_ms=started_ms(self.highest + 1))
        assert number > self.highest, (number, self.highest)
        self.highest = number
        self.uncertain.clear()
        self.ledger[number] = {"appended": 0, "flushed": 0, "closed": None}
        return number

    def record(self, n, last=False, flush=True):
        """Appends n blocks, as the app does: one step of flushing after each."""
        recorder = self.recorder
        entry = self.ledger[recorder.session]
        for i in range(n):
            fill(recorder.slot, recorder.session, recorder.next_seq, LAST if last and i == n - 1 else 0)
            entry["appended"] += 1
            assert recorder.append()
            if flush:
                recorder.flush()
                entry["flushed"] = recorder.flushed_seq

    def flush_all(self):
        self.recorder.flush(everything=True)
        self.ledger[self.recorder.session]["flushed"] = self.recorder.flushed_seq

    def stop(self):
        recorder = self.recorder
        self.record(1, last=True)
        entry = self.ledger[recorder.session]
        assert recorder.stop() == 0
        entry["flushed"] = entry["appended"]
        entry["closed"] = recorder.describe(recorder.session)

    def commit(self, session):
        n_blocks, crc32, _, _ = self.recorder.describe(session)
        self.uncertain.add(session)
        assert self.recorder.commit(session, n_blocks, crc32) == 0
        self.uncertain.clear()
        del self.ledger[session]

    def check(self):
        """After a power cut: all that was flushed is there, nothing else is; returns the blocks lost."""
        recorder = self.recorder
        there = set(recorder.sessions())
        assert there | self.uncertain == set(self.ledger) | self.uncertain, (there, self.ledger, self.uncertain)
        for session in list(self.ledger):
            if session not in there:  # deleted: the COMMIT came as far as that
                del self.ledger[session]
        for session in there:
            self.highest = max(self.highest, session)
        self.uncertain.clear()
        lost = 0
        for session in there:
            entry = self.ledger.get(session) or {"appended": 0, "flushed": 0, "closed": None}
            self.ledger[session] = entry
            lost = max(lost, self._check_session(session, entry))
        return lost

    def _check_session(self, session, entry):
        described = self.recorder.describe(session)
        n_blocks, crc32, _, flags = described
        assert entry["flushed"] <= n_blocks <= entry["appended"], (session, n_blocks, entry)
        assert described[2] == started_ms(session) and self.recorder.info(session) == INFO, (session, described)
        if entry["closed"]:
            assert described == entry["closed"], (described, entry)
        assert flags == (0 if n_blocks and self._ends(session, n_blocks) else 2), (session, flags)
        found = 0
        for seq in range(n_blocks):
            assert self.recorder.read(session, seq, _buffer), (session, seq, n_blocks)
            assert is_ours(_buffer, session, seq), (session, seq)
            found = binascii.crc32(_buffer, found)
        assert found == crc32, (session, n_blocks, found, crc32)
        for seq in range(n_blocks, n_blocks + BEYOND):
            assert not self.recorder.read(session, seq, _buffer), (session, seq, n_blocks)
        lost = entry["appended"] - n_blocks
        entry["appended"] = entry["flushed"] = n_blocks
        entry["closed"] = described
        return lost

    def _ends(self, session, n_blocks):
        return self.recorder.read(session, n_blocks - 1, _buffer) and _buffer[1] & LAST
