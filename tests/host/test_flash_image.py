"""Images of MicroPython: what is taken for one, and what becomes of a download that goes wrong."""

import contextlib
import datetime
import hashlib
import http.server
import ipaddress
import random
import re
import socket
import ssl
import threading
import time

import pytest

from coxa.errors import CoxaError
from coxa.flash.boards import KINDS, kind
from coxa.flash.download import DownloadError, image_for, offer
from coxa.flash.fetching import Limits
from coxa.flash.image import ImageError, read_image
from coxa.virtual.usb.image import FLASH_OFFSET, make_image

XIAO, STICK, C3 = kind("xiao-esp32s3"), kind("m5stickc-plus2"), kind("generic-esp32c3")
TABLE_AT, PROGRAM_AT = 0x8000, 0x10000
BRIEF = Limits(silence_s=0.5, total_s=1.5)


@pytest.fixture(scope="module")
def good():
    """For the XIAO."""
    return make_image("esp32s3", size=300_000)


@pytest.fixture(scope="module")
def other():
    """A good one too, of another version."""
    return make_image("esp32s3", version="v1.27.0", size=300_000)


def read(data, tmp_path, board=XIAO):
    path = tmp_path / "image.bin"
    path.write_bytes(data)
    return read_image(path, board)


def digest(data):
    return hashlib.sha256(data).hexdigest()


# --- what is an image


@pytest.mark.parametrize("board", [one for one in KINDS if one.chip], ids=lambda one: one.name)
def test_an_image_for_each_board_is_read(board, tmp_path):
    machine = f"Some board with {board.chip.upper()}"
    data = make_image(board.chip, machine, "v1.27.1", 300_000)
    image = read(data, tmp_path, board)
    assert (image.version, image.machine, image.chip) == ("v1.27.1", machine, board.chip)
    assert (image.size, image.sha256) == (len(data), digest(data))
    assert FLASH_OFFSET[board.chip] == board.offset


def test_an_official_image_is_known_by_the_words_micropython_starts_with(tmp_path):
    made = make_image("esp32c3", "Generic ESP32C3 module with ESP32-C3", "v1.29.0-preview.7.g0123abc", 300_000)
    image = read(made, tmp_path, C3)
    assert (image.version, image.machine) == ("v1.29.0-preview.7.g0123abc", "Generic ESP32C3 module with ESP32-C3")


def test_cut_off_anywhere_is_refused(good, tmp_path):
    chance = random.Random(1)
    edges = [TABLE_AT, TABLE_AT + 32, PROGRAM_AT, PROGRAM_AT + 24, len(good) - 32, len(good) - 33, len(good) - 1]
    for length in [0, 1, 23, 24, *edges, *(chance.randrange(len(good)) for _ in range(60))]:
        with pytest.raises(ImageError, match=r"cut off|is empty"):
            read(good[:length], tmp_path)


def test_one_wrong_bit_anywhere_that_counts_is_refused(good, tmp_path):
    chance = random.Random(2)
    boot_end = len(good[:TABLE_AT].rstrip(b"\xff"))  # what is between the parts is blank, and of no use
    table_end = TABLE_AT + len(good[TABLE_AT:PROGRAM_AT].rstrip(b"\xff"))
    spots = [*range(24), *range(boot_end - 40, boot_end), *range(TABLE_AT, table_end)]
    spots += [*range(PROGRAM_AT, PROGRAM_AT + 24), *range(len(good) - 40, len(good))]
    spots += chance.sample(range(24, boot_end), 60) + chance.sample(range(PROGRAM_AT, len(good)), 200)
    for at in spots:
        data = bytearray(good)
        data[at] ^= 1 << chance.randrange(8)
        with pytest.raises(ImageError):
            read(data, tmp_path)


def test_two_changes_that_cancel_out_in_the_checksum_are_seen_by_the_digest(good, tmp_path):
    data = bytearray(good)
    for at in (len(good) - 5000, len(good) - 5001):
        data[at] ^= 0x40
    with pytest.raises(ImageError, match="SHA-256 is wrong"):
        read(data, tmp_path)


def test_a_wrong_checksum_under_a_right_digest_and_no_digest_at_all(good, tmp_path):
    """The chip would refuse the one; the other could not be checked."""
    wrong = bytearray(good[:-32])
    wrong[-1] ^= 1
    with pytest.raises(ImageError, match="checksum is wrong"):
        read(wrong + hashlib.sha256(wrong[PROGRAM_AT:]).digest(), tmp_path)
    bare = bytearray(good[:-32])
    bare[PROGRAM_AT + 23] = 0
    with pytest.raises(ImageError, match="no SHA-256 of its own"):
        read(bare, tmp_path)


OTHERS = {
    "empty": (b"", "is empty"),
    "page": (b"\r\n<!doctype html><title>MicroPython</title>", "is a web page"),
    "uf2": (b"UF2\n" + bytes(508), "is a UF2 file"),
    "text": (b"not found", "begin with 0xE9"),
    "magic alone": (b"\xe9" + bytes(70_000), "not in the form of an image"),
    "huge": (b"\xe9" + bytes(8 << 20), "does not fit into the 8 MiB"),
}


@pytest.mark.parametrize(("data", "said"), OTHERS.values(), ids=OTHERS)
def test_other_files_are_called_what_they_are(data, said, tmp_path):
    with pytest.raises(ImageError, match=re.escape(said)) as error:
        read(data, tmp_path)
    assert error.value.advice


def test_for_another_processor(good, tmp_path):
    with pytest.raises(
        ImageError, match=r"is for an esp32s3, and the board \(ESP32-C3\) has an esp32c3.*ESP32_GENERIC_C3"
    ):
        read(good, tmp_path, C3)
    with pytest.raises(ImageError, match=r"is for an esp32s3, and the board .* has an esp32\."):
        read(good, tmp_path, STICK)


def test_the_program_alone_is_no_image(good, tmp_path):
    with pytest.raises(ImageError, match=r"a program alone \(\.app-bin\)"):
        read(good[PROGRAM_AT:], tmp_path)


def test_another_program_and_an_old_micropython(tmp_path):
    with pytest.raises(ImageError, match="but not MicroPython"):
        read(make_image("esp32s3", name="blink", size=300_000), tmp_path)
    with pytest.raises(ImageError, match=r"MicroPython v1\.23\.0, too old.*1\.24\.0 or newer"):
        read(make_image("esp32s3", version="v1.23.0", size=300_000), tmp_path)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(ImageError, match="there is no file"):
        read_image(tmp_path / "none.bin", XIAO)
    with pytest.raises(ImageError, match="cannot be read"):
        read_image(tmp_path, XIAO)


def test_a_pico_is_told_how_it_is_done(tmp_path):
    with pytest.raises(ImageError, match="BOOTSEL"):
        read_image(tmp_path / "any.uf2", kind("pico-w"))
    with pytest.raises(DownloadError, match="BOOTSEL"):
        image_for(kind("pico-w"), tmp_path)


# --- what is on offer


def test_each_board_has_a_file_of_its_own_kind_on_offer():
    for board in KINDS:
        if board.chip:
            offered = offer(board)
            assert re.fullmatch(rf"{board.image}-20\d{{6}}-v1\.\d+\.\d+\.bin", offered.name)
            assert offered.sha256 is None or re.fullmatch("[0-9a-f]{64}", offered.sha256)
    assert offer(XIAO).sha256 and offer(STICK).sha256, "the two boards of hardware.md are pinned"


# --- fetching


class Server:
    """Serves `data` in the manner of `way`; `asked`: how often."""

    def __init__(self, context=None):
        self.data, self.way, self.asked, self.to = b"", "good", 0, ""
        self.stop = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                self.close_connection = True
                outer.asked += 1
                with contextlib.suppress(OSError):  # the other side has enough
                    getattr(outer, "_" + outer.way)(self)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        if context:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        scheme = "https" if context else "http"
        self.source = f"{scheme}://127.0.0.1:{self.http.server_address[1]}/firmware/"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self):
        self.stop.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(5)

    def _head(self, to, length, code=200):
        to.send_response(code)
        if length is not None:
            to.send_header("Content-Length", str(length))
        to.end_headers()

    def _good(self, to):
        self._head(to, len(self.data))
        to.wfile.write(self.data)

    def _cut(self, to):
        self._head(to, len(self.data))
        to.wfile.write(self.data[: len(self.data) // 2])

    def _cut_and_unsaid(self, to):
        self._head(to, None)
        to.wfile.write(self.data[: len(self.data) // 2])

    def _chunked(self, to):
        to.send_response(200)
        to.send_header("Transfer-Encoding", "chunked")
        to.end_headers()
        half = self.data[: len(self.data) // 2]
        to.wfile.write(f"{len(self.data):x}\r\n".encode() + half)

    def _huge(self, to):
        self._head(to, 1 << 40)
        to.wfile.write(bytes(1000))

    def _endless(self, to):
        self._head(to, None)
        while not self.stop.is_set():
            to.wfile.write(bytes(1 << 16))

    def _trickle(self, to):
        self._head(to, len(self.data))
        for byte in self.data[:100]:
            self.stop.wait(0.05)
            to.wfile.write(bytes([byte]))
            to.wfile.flush()

    def _silent(self, _to):
        self.stop.wait(10)

    def _stalls(self, to):
        self._head(to, len(self.data))
        to.wfile.write(self.data[:100])
        to.wfile.flush()
        self.stop.wait(10)

    def _missing(self, to):
        self._head(to, 0, 404)

    def _broken(self, to):
        self._head(to, 0, 503)

    def _elsewhere(self, to):
        if to.path.startswith("/firmware/"):
            to.send_response(302)
            to.send_header("Location", self.to or "/there.bin")
            to.send_header("Content-Length", "0")
            to.end_headers()
        else:
            self._good(to)

    def _nonsense(self, to):
        to.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server(good):
    running = Server()
    running.data = good
    yield running
    running.close()


def left(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_fetched_once_and_then_taken_from_the_cache(server, good, tmp_path):
    steps = []
    folder = tmp_path / "new" / "cache"
    fetched = image_for(XIAO, folder, server.source, lambda *step: steps.append(step), sha256=digest(good).upper())
    assert fetched.path.read_bytes() == good and left(folder) == [offer(XIAO).name]
    assert steps == sorted(steps) and steps[-1] == (len(good), len(good)) and len(steps) > 3
    assert image_for(XIAO, folder, server.source, sha256=digest(good)) == fetched
    assert server.asked == 1


FAILURES = {
    "cut": "was cut off after",
    "cut_and_unsaid": "is cut off",
    "chunked": "could not be fetched: IncompleteRead",
    "huge": "larger than any image",
    "endless": "larger than any image",
    "trickle": "comes too slowly",
    "silent": "no answer for",
    "stalls": "no answer for",
    "missing": "the server answers 404",
    "broken": "the server answers 503",
    "nonsense": "could not be fetched",
}


@pytest.mark.parametrize(("way", "said"), FAILURES.items(), ids=FAILURES)
def test_a_download_that_fails_leaves_nothing_and_says_why(way, said, server, good, tmp_path):
    server.way = way
    began = time.monotonic()
    with pytest.raises(DownloadError, match=said) as error:
        image_for(XIAO, tmp_path, server.source, sha256=digest(good), limits=BRIEF)
    assert time.monotonic() - began < 5
    assert left(tmp_path) == []
    assert server.source + offer(XIAO).name in error.value.what and "--image FILE" in error.value.advice
    assert "fetch-" not in str(error.value), "names no file that is gone"
    server.way = "good"
    assert image_for(XIAO, tmp_path, server.source, sha256=digest(good)).sha256 == digest(good)


def test_another_file_than_the_one_meant_is_not_kept(server, good, other, tmp_path):
    server.data = other
    with pytest.raises(DownloadError) as error:
        image_for(XIAO, tmp_path, server.source, sha256=digest(good))
    assert digest(good) in error.value.what and digest(other) in error.value.what
    assert left(tmp_path) == []


def test_the_digests_of_the_official_files_are_asked_for(server, tmp_path):
    with pytest.raises(DownloadError, match=offer(XIAO).sha256):
        image_for(XIAO, tmp_path, server.source)
    assert left(tmp_path) == []


def test_an_image_for_another_board_and_a_page_are_not_kept(server, tmp_path):
    for data, said in (
        (make_image("esp32c3", size=300_000), "is for an esp32c3"),
        (b"<html>Log in to the hotel's network</html>", "is a web page"),
    ):
        server.data = data
        with pytest.raises(DownloadError, match=said):
            image_for(XIAO, tmp_path, server.source, sha256=digest(data))
        assert left(tmp_path) == []


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def test_offline_it_says_what_to_fetch_elsewhere_and_where_to_put_it(good, tmp_path):
    source = closed_port()
    with pytest.raises(DownloadError, match="refused") as error:
        image_for(XIAO, tmp_path, source, sha256=digest(good))
    name = offer(XIAO).name
    assert source + name in error.value.advice and str(tmp_path / name) in error.value.advice

    (tmp_path / name).write_bytes(good)
    assert image_for(XIAO, tmp_path, source, sha256=digest(good)).version == "v1.28.0"


def test_a_damaged_copy_is_fetched_anew_or_called_damaged(server, good, other, tmp_path):
    path = tmp_path / offer(XIAO).name
    for damaged, said in ((good[:-1], "is cut off"), (b"", "is empty"), (other, digest(other))):
        path.write_bytes(damaged)
        with pytest.raises(DownloadError, match=f"{said}.*; and .* could not be fetched"):
            image_for(XIAO, tmp_path, closed_port(), sha256=digest(good))
        assert path.read_bytes() == damaged, "it is not ours to remove"
        assert image_for(XIAO, tmp_path, server.source, sha256=digest(good)).sha256 == digest(good)
        assert path.read_bytes() == good


def test_without_https_and_without_a_digest_nothing_is_fetched(server, tmp_path):
    with pytest.raises(DownloadError, match=r"without HTTPS.*--image-sha256"):
        image_for(kind("generic-esp32s3"), tmp_path, server.source)
    assert server.asked == 0 and left(tmp_path) == []


def test_a_redirect_is_followed(server, good, tmp_path):
    server.way = "elsewhere"
    assert image_for(XIAO, tmp_path, server.source, sha256=digest(good)).sha256 == digest(good)


def test_interrupted_by_the_user_nothing_is_left(server, good, tmp_path):
    def enough(there, _total):
        if there > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        image_for(XIAO, tmp_path, server.source, enough, sha256=digest(good))
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(server, good, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match=r"the folder .*cache for images cannot be written"):
        image_for(XIAO, tmp_path / "file" / "cache", server.source, sha256=digest(good))


def test_several_at_once_get_the_whole_file(server, good, tmp_path):
    outcomes = []

    def get():
        try:
            outcomes.append(image_for(XIAO, tmp_path, server.source, sha256=digest(good)).sha256)
        except CoxaError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=get) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert outcomes == [digest(good)] * 6
    assert left(tmp_path) == [offer(XIAO).name]


# --- over HTTPS, where no digest is known

S3 = kind("generic-esp32s3")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1, and its key, in one file."""
    pytest.importorskip("cryptography", reason="makes the certificate of the test's server")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(today - datetime.timedelta(1)).not_valid_after(today + datetime.timedelta(1))
        .add_extension(address, False).add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + secret)
    return path


@pytest.fixture
def secure(good, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    running = Server(context)
    running.data = good
    yield running
    running.close()


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_a_server_that_cannot_show_who_it_is_is_refused(secure, tmp_path):
    with pytest.raises(DownloadError, match="certificate is not trusted"):
        image_for(S3, tmp_path, secure.source)
    assert left(tmp_path) == []


@pytest.mark.usefixtures("trusted")
def test_the_digest_of_the_first_time_holds_for_ever(secure, good, other, tmp_path):
    name = offer(S3).name
    assert image_for(S3, tmp_path, secure.source).sha256 == digest(good)
    assert (tmp_path / f"{name}.sha256").read_text() == f"{digest(good)}  {name}\n"

    (tmp_path / name).write_bytes(other)
    with pytest.raises(DownloadError, match=f"{digest(other)}, not {digest(good)}"):
        image_for(S3, tmp_path, "https://127.0.0.1:1/")
    assert image_for(S3, tmp_path, secure.source).sha256 == digest(good), "fetched anew"

    (tmp_path / name).unlink()
    secure.data = other
    with pytest.raises(DownloadError, match=f"{digest(other)}, not {digest(good)}") as error:
        image_for(S3, tmp_path, secure.source)
    assert f"remove {tmp_path / name}.sha256" in error.value.advice
    (tmp_path / f"{name}.sha256").unlink()
    assert image_for(S3, tmp_path, secure.source).sha256 == digest(other)


@pytest.mark.usefixtures("trusted")
def test_a_digest_given_by_the_user_counts_more(secure, other, tmp_path):
    with pytest.raises(DownloadError, match=digest(other)):
        image_for(S3, tmp_path, secure.source, sha256=digest(other))
    secure.data = other
    assert image_for(S3, tmp_path, secure.source, sha256=digest(other)).sha256 == digest(other)
    assert left(tmp_path) == [offer(S3).name]


@pytest.mark.usefixtures("trusted")
def test_no_redirect_leads_out_of_https(secure, server, good, tmp_path):
    secure.way, secure.to = "elsewhere", server.source + "x.bin"
    with pytest.raises(DownloadError, match="not HTTPS"):
        image_for(XIAO, tmp_path, secure.source, sha256=digest(good))
    assert server.asked == 0


def test_put_there_by_hand_without_a_known_digest(good, other, tmp_path):
    path = tmp_path / offer(S3).name
    path.write_bytes(good)
    assert image_for(S3, tmp_path, "https://127.0.0.1:1/").sha256 == digest(good)
    path.write_bytes(other)
    with pytest.raises(DownloadError, match=f"{digest(other)}, not {digest(good)}"):
        image_for(S3, tmp_path, "https://127.0.0.1:1/")
