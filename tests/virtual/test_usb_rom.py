"""The virtual ROM loader with unmodified esptool, over a pseudo terminal, and frame by frame."""

import hashlib
import importlib.util
import os
import select
import struct
import subprocess
import sys
import threading
import zlib

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo terminals are of POSIX", allow_module_level=True)
if importlib.util.find_spec("esptool") is None:
    pytest.skip("needs esptool", allow_module_level=True)

import pty
import tty

from coxa.virtual.usb import slip
from coxa.virtual.usb.chips import CHIPS
from coxa.virtual.usb.esp_image import EspImage, build, parse
from coxa.virtual.usb.flash_file import SECTOR, FlashFile, PowerFailed
from coxa.virtual.usb.image import FLASH_OFFSET, VFS_AT, Installed, installed, make_image
from coxa.virtual.usb.rom import RomLoader

TIMEOUT_S = 60
SMALL = 300_000
"""Bytes of an image for tests that do not need a large one."""
MAC = bytes.fromhex("a1b2c3d4e5f6")
TITLES = {"esp32": "ESP32-D0WD-V3", "esp32s3": "ESP32-S3", "esp32c3": "ESP32-C3", "esp32c6": "ESP32-C6"}
BOTH = pytest.mark.parametrize("stub", [True, False], ids=["stub", "no stub"])
EACH = pytest.mark.parametrize("chip", CHIPS)


class Port:
    """A chip in its ROM loader at a pseudo terminal, and esptool to go with it."""

    def __init__(self, chip, flash):
        self.chip = chip
        self.rom = RomLoader(chip, flash, MAC)
        self.power_failed = threading.Event()

    def __enter__(self):
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self._wake, self._end = os.pipe()
        self._thread = threading.Thread(target=self._pump)
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.close(self._end)
        self._thread.join(TIMEOUT_S)
        for end in (self._ours, self._theirs, self._wake):
            os.close(end)

    def _pump(self):
        while self._wake not in (ready := select.select([self._ours, self._wake], [], [])[0]) and ready:
            try:
                out = self.rom.feed(os.read(self._ours, 1 << 16))
            except PowerFailed:
                return self.power_failed.set()
            while out:
                out = out[os.write(self._ours, out) :]

    def command(self, *arguments, stub=True, before=()):
        options = before if stub else (*before, "--no-stub")
        return [sys.executable, "-m", "esptool", "--port", self.path, *options, *map(str, arguments)]

    def esptool(self, *arguments, **options):
        done = subprocess.run(
            self.command(*arguments, **options), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        return done.returncode, done.stdout + done.stderr


def machine(chip):
    return f"Generic {chip.upper()} module with {chip.upper()}"


@pytest.fixture
def flash(tmp_path):
    return FlashFile(tmp_path / "flash")


@pytest.fixture
def image_file(tmp_path):
    def write(chip, version="v1.28.0", size=SMALL):
        path = tmp_path / f"{chip}-{version}.bin"
        path.write_bytes(make_image(chip, machine(chip), version, size))
        return path

    return write


# --- unmodified esptool


@EACH
@BOTH
def test_esptool_writes_verifies_and_reads_back(chip, stub, flash, image_file):
    flash.write(0, bytes(0x10000))  # something old must go first
    path = image_file(chip)
    image = path.read_bytes()
    offset = FLASH_OFFSET[chip]
    with Port(chip, flash) as port:
        code, said = port.esptool("write-flash", offset, path, stub=stub)
        assert code == 0, said
        assert "Hash of data verified" in said
        assert installed(flash, chip) == Installed(machine(chip), "v1.28.0", "micropython")
        assert port.esptool("verify-flash", offset, path, stub=stub)[0] == 0
        copy = path.with_suffix(".read")
        length = len(image) if stub else 0x2040  # 64 bytes a command without the stub
        assert port.esptool("read-flash", offset, length, copy, stub=stub)[0] == 0
    assert copy.read_bytes() == image[:length]


@EACH
@BOTH
def test_esptool_describes_the_chip(chip, stub, tmp_path):
    with Port(chip, FlashFile(tmp_path / "flash", 4 << 20)) as port:
        code, said = port.esptool("flash-id", stub=stub)
        assert code == 0, said
        assert TITLES[chip] in said
        assert "a1:b2:c3:d4:e5:f6" in said
        assert "Detected flash size: 4MB" in said
        assert "40MHz" in said
        assert port.esptool("chip-id", stub=stub, before=["--chip", chip])[0] == 0


@EACH
def test_esptool_erases_the_flash(chip, flash):
    for at in (0, VFS_AT, flash.size - 1):
        flash.write(at, b"\0")
    with Port(chip, flash) as port:
        code, said = port.esptool("erase-flash")
    assert code == 0, said
    assert flash.read(0, flash.size) == b"\xff" * flash.size


@BOTH
def test_esptool_erases_a_region(stub, flash):
    flash.write(0, bytes(3 * SECTOR))
    with Port("esp32c3", flash) as port:
        code, said = port.esptool("erase-region", SECTOR, SECTOR, stub=stub)
    assert code == 0, said
    assert flash.read(0, 3 * SECTOR) == bytes(SECTOR) + b"\xff" * SECTOR + bytes(SECTOR)


@pytest.mark.parametrize("options", [["--compress"], ["--no-compress"]])
@BOTH
def test_packed_or_not_and_somewhere_in_the_flash(options, stub, flash, tmp_path):
    data = hashlib.shake_128(b"x").digest(0x5003) + bytes(0x5000)
    (tmp_path / "data").write_bytes(data)
    flash.write(VFS_AT + 0xB000, b"kept")
    with Port("esp32s3", flash) as port:
        code, said = port.esptool("--baud", 921600, "write-flash", *options, VFS_AT, tmp_path / "data", stub=stub)
    assert code == 0, said
    assert flash.read(VFS_AT, 0xB004) == data.ljust(0xB000, b"\xff") + b"kept"


def test_a_file_system_can_be_written_and_the_program_stays(flash, tmp_path):
    flash.put(0, make_image("esp32s3", size=SMALL))
    (tmp_path / "vfs").write_bytes(b"littlefs" * 1024)
    with Port("esp32s3", flash) as port:
        assert port.esptool("write-flash", VFS_AT, tmp_path / "vfs")[0] == 0
    assert installed(flash, "esp32s3")
    assert flash.read(VFS_AT, 8192) == b"littlefs" * 1024


@pytest.mark.parametrize(("chip", "restarts"), [("esp32s3", True), ("esp32c3", True), ("esp32c6", False)])
@BOTH
def test_the_watchdog_restarts_chips_that_esptool_restarts_by_it(chip, restarts, stub, flash):
    with Port(chip, flash) as port:
        code, said = port.esptool("chip-id", stub=stub, before=["--after", "watchdog-reset"])
        assert code == 0, said
        assert port.rom.restarted == restarts


def test_other_ends_do_not_restart(flash):
    with Port("esp32s3", flash) as port:
        for after in ("hard-reset", "no-reset", "no-reset-stub"):
            assert port.esptool("chip-id", before=["--after", after])[0] == 0
            assert not port.rom.restarted


@EACH
def test_run_starts_the_program(chip, flash):
    with Port(chip, flash) as port:
        code, said = port.esptool("run", stub=False)
        assert code == 0, said
        assert port.rom.restarted


@EACH
def test_a_stub_left_running_is_found_again(chip, flash):
    with Port(chip, flash) as port:
        assert port.esptool("chip-id", before=["--after", "no-reset-stub"])[0] == 0
        assert port.rom.stub
        code, said = port.esptool("flash-id", before=["--after", "no-reset"])
        assert code == 0, said
        assert "already running" in said
        assert not port.rom.stub


def test_esptool_refuses_another_chip_and_its_image(flash, image_file):
    with Port("esp32s3", flash) as port:
        code, said = port.esptool("chip-id", before=["--chip", "esp32c3"])
        assert code != 0
        assert "This chip is ESP32-S3, not ESP32-C3" in said
        code, said = port.esptool("write-flash", 0, image_file("esp32c3"))
        assert code != 0
        assert "not an ESP32-S3 image" in said
    assert flash.read(0, 64) == b"\xff" * 64


@EACH
def test_esptool_finds_the_image_and_its_program_good(chip, image_file, tmp_path):
    image = image_file(chip)
    program = tmp_path / "program"
    program.write_bytes(image.read_bytes()[0x10000 - FLASH_OFFSET[chip] :])
    for path, told in (
        (image, f"{'ESP32' if chip == 'esp32' else 'ESP32-' + chip[5:].upper()} Image Header"),
        (program, "MMU page size: 64 KB"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "esptool", "image-info", path], capture_output=True, text=True, check=True
        )
        assert done.stdout.count("(valid)") == 2
        assert told in done.stdout
        assert not done.stderr


@BOTH
def test_power_that_fails_in_the_middle_leaves_no_program_and_a_later_write_mends_it(stub, flash, image_file):
    chip = "esp32s3"
    flash.put(0, image_file(chip, "v1.27.0").read_bytes())
    new = image_file(chip)
    flash.cut_in = 20
    with Port(chip, flash) as port:
        writing = subprocess.Popen(
            port.command("write-flash", 0, new, stub=stub), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            assert port.power_failed.wait(TIMEOUT_S)
        finally:
            writing.kill()
            writing.wait(TIMEOUT_S)
    assert installed(flash, chip) is None
    with Port(chip, flash) as port:
        code, said = port.esptool("write-flash", 0, new, stub=stub)
    assert code == 0, said
    assert installed(flash, chip).version == "v1.28.0"


def test_esptool_as_a_library_and_a_whole_image(flash, tmp_path):
    path = tmp_path / "image.bin"
    path.write_bytes(make_image("esp32s3"))
    script = tmp_path / "flash.py"
    script.write_text(
        "import sys\n"
        "from esptool.cmds import attach_flash, detect_chip, reset_chip, run_stub, verify_flash, write_flash\n"
        "with detect_chip(sys.argv[1]) as rom:\n"
        "    chip = run_stub(rom)\n"
        "    attach_flash(chip)\n"
        "    write_flash(chip, [(0, sys.argv[2])])\n"
        "    verify_flash(chip, [(0, sys.argv[2])])\n"
        "    reset_chip(chip, 'watchdog-reset')\n"
    )
    with Port("esp32s3", flash) as port:
        subprocess.run([sys.executable, script, port.path, path], check=True, capture_output=True, timeout=TIMEOUT_S)
        assert port.rom.restarted
    assert flash.read(0, path.stat().st_size) == path.read_bytes()


# --- frame by frame

SYNC = b"\x07\x07\x12\x20" + b"U" * 32
OK, STUB_OK = bytes(4), bytes(2)


def request(op, data=b"", checksum=0):
    return slip.encode(struct.pack("<BBHI", 0, op, len(data), checksum) + data)


def block(op, number, data, checksum=None):
    seen = 0xEF
    for byte in data:
        seen ^= byte
    return request(op, struct.pack("<4I", len(data), number, 0, 0) + data, seen if checksum is None else checksum)


def answers(rom, *requests):
    """Op, value and data of each answer."""
    frames = slip.Decoder().feed(b"".join(rom.feed(each) for each in requests))
    headed = [(struct.unpack("<BBHI", frame[:8]), frame[8:]) for frame in frames if frame != b"OHAI"]
    return [(op, value, data) for (_, op, _, value), data in headed]


def status(rom, *requests):
    return answers(rom, *requests)[-1][2]


def begin(op, size, at, block_size=0x400):
    return request(op, struct.pack("<5I", size, -(-size // block_size), block_size, at, 0))


ATTACH = request(0x0D, bytes(8))
STUB = (
    request(0x05, struct.pack("<4I", 5, 1, 0x1800, 0x40378000)),
    block(0x07, 0, b"stub!"),
    request(0x06, struct.pack("<II", 0, 0x40378000)),
)


@pytest.fixture
def rom(flash):
    return RomLoader("esp32s3", flash, MAC)


def test_a_rom_and_a_stub_answer_a_sync_as_esptool_tells_them_apart(rom):
    assert [(op, value != 0, data) for op, value, data in answers(rom, request(0x08, SYNC))] == [(8, True, OK)] * 8
    assert rom.feed(b"".join(STUB)).endswith(slip.encode(b"OHAI"))
    assert answers(rom, request(0x08, SYNC)) == [(8, 0, STUB_OK)] * 8


def test_the_pieces_do_not_matter(flash, tmp_path):
    said = b"\r\x03\x03 no frame" + b"".join(
        (request(0x08, SYNC), *STUB, begin(0x02, 9, 0), block(0x03, 0, b"\xc0\xdb\xdc\xdd\0\xc0\xc0ab"))
    )
    said += request(0x13, struct.pack("<4I", 0, 9, 0, 0)) + request(0xD2, struct.pack("<4I", 0, 9, 4, 64))
    said += slip.encode(struct.pack("<I", 9))
    other = FlashFile(tmp_path / "other")
    whole = RomLoader("esp32s3", flash).feed(said)
    piecewise = RomLoader("esp32s3", other)
    assert b"".join(piecewise.feed(bytes([byte])) for byte in said) == whole
    assert flash.read(0, 9) == other.read(0, 9) == b"\xc0\xdb\xdc\xdd\0\xc0\xc0ab"
    assert whole.endswith(slip.encode(hashlib.md5(flash.read(0, 9)).digest()))


@pytest.mark.parametrize(
    "noise",
    [
        b"\xc0" * 9,
        b"\xc0\xdbx\xc0",
        b"\xc0" + b"\xff" * 100_000 + b"\xc0",
        slip.encode(b"short"),
        slip.encode(struct.pack("<BBHI", 1, 8, 0, 0)),
        slip.encode(struct.pack("<BBHI", 0, 8, 5, 0)),
    ],
    ids=["ends", "escape", "long", "short", "from a chip", "length"],
)
def test_noise_is_passed_over(rom, noise):
    assert rom.feed(noise) == b""
    assert len(answers(rom, request(0x08, SYNC))) == 8


def test_a_frame_longer_than_any_host_sends_is_passed_over(rom):
    too_long = request(0x0A, b"a" * 60_000)
    assert rom.feed(too_long[:50_000]) + rom.feed(too_long[50_000:]) == b""
    assert len(answers(rom, request(0x08, SYNC))) == 8


def test_a_register_keeps_the_bits_outside_the_mask(rom):
    write = [request(0x09, struct.pack("<4I", 0x60008000, *each, 0)) for each in ((0x1234, 0xFFFFFFFF), (0xFF, 0xF0))]
    assert answers(rom, *write, request(0x0A, struct.pack("<I", 0x60008000)))[-1] == (0x0A, 0x12F4, OK)


def test_flash_is_not_there_before_it_is_attached(rom, flash):
    assert status(rom, begin(0x02, 4, 0), block(0x03, 0, b"\0\0\0\0"))[0] == 1
    assert flash.read(0, 4) == b"\xff" * 4
    assert status(rom, ATTACH, begin(0x02, 4, 0), block(0x03, 0, b"\0\0\0\0")) == OK
    assert flash.read(0, 4) == bytes(4)


@pytest.mark.parametrize(
    ("wrong", "of_rom", "of_stub"),
    [
        (block(0x03, 0, b"abcd", checksum=1), 0x07, 0xC1),
        (block(0x03, 1, b"abcd"), 0x06, 0xC4),
        (block(0x11, 0, b"not zlib"), 0x0B, 0xC7),
        (block(0x11, 0, zlib.compress(bytes(100_000))), 0x06, 0xC9),
        (begin(0x02, 8, (8 << 20) - 4), 0x06, 0xC4),
        (request(0x13, struct.pack("<4I", 8 << 20, 1, 0, 0)), 0x06, 0xC4),
        (request(0x0A, b"\0"), 0x06, 0xC0),
        (request(0xD4, b""), 0x05, 0xFF),
    ],
    ids=["checksum", "order", "not packed", "too much", "outside", "outside read", "length", "unknown"],
)
def test_what_is_wrong_is_refused_with_the_code_of_rom_and_stub(flash, wrong, of_rom, of_stub):
    packed = begin(0x10, 8, 0) if b"\x00\x11" in wrong[:3] else begin(0x02, 8, 0)
    rom = RomLoader("esp32s3", flash)
    assert status(rom, ATTACH, packed, wrong)[:2] == bytes([1, of_rom])
    assert status(rom, *STUB, packed, wrong) == bytes([of_stub, 0])


def test_a_block_is_not_lost_by_a_wrong_one_before_it(rom, flash):
    data = b"0123"
    assert status(rom, *STUB, begin(0x02, 4, 0), block(0x03, 0, b"?" * 4, checksum=0))[0]
    assert status(rom, block(0x03, 0, data)) == STUB_OK
    assert status(rom, request(0x04, struct.pack("<I", 1))) == STUB_OK
    assert flash.read(0, 4) == data


def test_the_end_before_all_is_there_is_refused_by_the_stub(rom):
    assert status(rom, *STUB, begin(0x02, 0x500, 0), block(0x03, 0, bytes(0x400))) == STUB_OK
    assert status(rom, request(0x04, struct.pack("<I", 1))) == b"\xc8\0"


def test_packed_and_plain_data_are_not_mixed(rom, flash):
    packed = zlib.compress(b"0123")
    assert status(rom, *STUB, begin(0x02, 100, 0), block(0x11, 0, packed)) == b"\xc6\0"
    assert status(rom, begin(0x10, 4, 0), block(0x03, 0, packed)) == b"\xc6\0"
    assert flash.read(0, 4) == b"\xff" * 4
    assert status(rom, block(0x11, 0, packed)) == STUB_OK
    assert flash.read(0, 4) == b"0123"


def test_a_program_for_ram_must_be_whole(rom):
    assert status(rom, STUB[0], STUB[2])[0] == 1
    assert not rom.stub


def test_reading_waits_for_the_host(rom, flash):
    flash.write(0, hashlib.shake_128(b"z").digest(0x8000))
    first = slip.Decoder().feed(
        b"".join(map(rom.feed, (*STUB, request(0xD2, struct.pack("<4I", 0, 0x8000, 0x400, 2)))))
    )
    assert first[-2:] == [flash.read(0, 0x400), flash.read(0x400, 0x400)]
    assert slip.Decoder().feed(rom.feed(slip.encode(struct.pack("<I", 0x400)))) == [flash.read(0x800, 0x400)]
    assert len(answers(rom, request(0x08, SYNC))) == 8  # a host that gave up begins anew
    assert rom.feed(slip.encode(struct.pack("<I", 0x800))) == b""


def test_a_locked_watchdog_does_not_restart(rom):
    def write(address, value):
        return request(0x09, struct.pack("<4I", address, value, 0xFFFFFFFF, 0))

    config, lock = 0x60008098, 0x600080B0
    rom.feed(write(config, 1 << 31) + write(lock, 0))
    assert not rom.restarted
    rom.feed(write(lock, 0x50D83AA1) + write(config, 1 << 31))
    assert not rom.restarted  # the answer to one more command still goes out
    assert status(rom, write(lock, 0)) == OK
    assert rom.restarted


def test_no_such_chip(flash):
    with pytest.raises(ValueError, match="esp8266"):
        RomLoader("esp8266", flash)


# --- the flash, and what is in it


def test_a_write_only_clears_bits_and_an_erase_takes_whole_sectors(flash):
    flash.write(SECTOR - 1, b"\xf0\xf0")
    flash.write(SECTOR - 1, b"\x3c\xff")
    assert flash.read(SECTOR - 1, 2) == b"\x30\xf0"
    flash.write(2 * SECTOR, b"next")
    flash.erase(SECTOR + 5, 1)
    assert flash.read(SECTOR - 1, 2) == b"\x30\xff"
    assert flash.read(2 * SECTOR, 4) == b"next"
    flash.erase(2 * SECTOR - 1, 2)
    assert flash.read(2 * SECTOR, 4) == b"\xff" * 4


def test_the_flash_stays_and_has_an_end(flash):
    flash.write(flash.size - 2, b"ab")
    assert FlashFile(flash.path).read(flash.size - 2, 2) == b"ab"
    for outside in (lambda: flash.write(flash.size - 1, b"ab"), lambda: flash.read(-1, 1)):
        with pytest.raises(ValueError, match="not on a flash chip"):
            outside()
    with pytest.raises(ValueError, match="of the flash chip"):
        FlashFile(flash.path, 4 << 20)


def test_power_fails_by_half_in_the_operation_asked_for_and_only_once(flash):
    flash.cut_in = 2
    flash.write(0, b"0123")
    with pytest.raises(PowerFailed):
        flash.write(4, b"4567")
    assert flash.read(0, 8) == b"012345\xff\xff"
    flash.write(6, b"67")
    with pytest.raises(PowerFailed):
        flash.cut_in = 1
        flash.erase(0, 1)
    assert flash.read(0, 1) == b"\xff"


@EACH
def test_images_are_for_their_chip_and_always_the_same(chip, flash):
    image = make_image(chip, machine(chip), "v1.29.1", SMALL, "other")
    assert image == make_image(chip, machine(chip), "v1.29.1", SMALL, "other")
    assert abs(len(image) - SMALL) < 8192
    flash.put(FLASH_OFFSET[chip], image)
    for other in CHIPS:
        found = installed(flash, other)
        assert found == (Installed("", "v1.29.1", "other") if other == chip else None)


def test_one_wrong_byte_anywhere_and_nothing_is_installed(flash):
    image = make_image("esp32s3", size=SMALL)
    entry_points = [4, 0x10004]
    in_the_table = [0x8000 + at for at in (5, 13, 16, 130, 144)]
    in_the_programs = [at for at in range(0, len(image), 997) if at < 0x4000 or at > 0x10000]
    assert len(in_the_programs) > 200
    for at in (*entry_points, *in_the_table, *in_the_programs, 0x10000, len(image) - 1):
        flash.put(0, image[:at] + bytes([image[at] ^ 0x10]) + image[at + 1 :])
        assert installed(flash, "esp32s3") is None, hex(at)
    flash.put(0, image)
    assert installed(flash, "esp32s3")


def test_boot_loader_and_program_must_both_be_for_the_chip(flash):
    images = [make_image(chip, size=SMALL) for chip in ("esp32c3", "esp32c6")]
    for first, second in (images, images[::-1]):
        flash.put(0, first[:0x10000] + second[0x10000:])
        assert installed(flash, "esp32c3") is None
        assert installed(flash, "esp32c6") is None


def test_a_wrong_checksum_is_found_below_a_right_digest():
    image = build(EspImage(9, ((0x3C000020, b"program!"),)))
    assert parse(image + b"more") == EspImage(9, ((0x3C000020, b"program!"),))
    spoilt = image[:-33] + bytes([image[-33] ^ 1])
    assert parse(spoilt + hashlib.sha256(spoilt).digest()) is None
    assert parse(image[:-1]) is None


def test_nothing_is_installed_in_blank_or_random_flash(flash):
    assert installed(flash, "esp32s3") is None
    flash.write(0, hashlib.shake_128(b"y").digest(0x20000))
    assert installed(flash, "esp32s3") is None


@pytest.mark.parametrize("size", [100_000, 3 << 20])
def test_an_image_must_fit_before_the_file_system(size):
    with pytest.raises(ValueError, match="are possible"):
        make_image("esp32s3", size=size)
