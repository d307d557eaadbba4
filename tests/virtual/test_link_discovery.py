"""Boards are found by their service, counted once, and whatever is on the air beside them harms nobody."""

import asyncio
import random

import pytest
from scripted_board import Board, computer

from coxa.link.advice import AmbiguousBoardError, NotReachedError
from coxa.link.discovery import choose, scan
from coxa.virtual import clock
from coxa_wire import advert, gatt

LIMIT_S = 60
FLAGS = b"\x02\x01\x06"
SERVICE = b"\x11\x07" + gatt.uuid_bytes(gatt.SERVICE)


def run(work):
    return clock.run(work, LIMIT_S)


async def seen(make, seconds=2.0, **options):
    """What a scan finds of the boards that `make` puts on the air."""
    async with computer() as (air, bluetooth, _):
        make(air)
        return await scan(bluetooth, seconds, **options)


def test_boards_are_seen_with_all_they_say_the_nearest_first():
    def make(air):
        boards = [Board(air, f"board {i}", i) for i in (1, 2, 3)]
        for board, rssi in zip(boards, (-70, -40, -55), strict=True):
            board.conditions.rssi = rssi
        return boards

    found = run(seen(make))
    assert [(one.name, one.uid16, one.rssi) for one in found] == [
        ("board 2", "e502", -40),
        ("board 3", "e503", -55),
        ("board 1", "e501", -70),
    ]
    for one in found:
        assert (one.state, one.battery_percent, one.pending, one.malformed) == (1, 77, 3, 0)
        assert one.address == one.device.address
    assert found[0].label == "board 2 (e502)"


def test_a_board_counts_once_with_its_latest_signal_and_news_is_told_once():
    told = []
    name = advert.advertising_data("thigh")

    async def work():
        async with computer() as (air, bluetooth, _):
            board = Board(air, response=b"")
            scanning = asyncio.create_task(scan(bluetooth, 4.0, told.append))
            for state in (1, 2):
                await asyncio.sleep(1)
                board.conditions.rssi = -30 - state
                board.say(name, advert.scan_response(advert.Status(state, 76, 4, bytes([0xE5, 1]))))
            await asyncio.sleep(1)
            board.say(FLAGS + SERVICE, b"")  # as a system does that gives what it heard in parts
            (found,) = await scanning
            return found

    found = run(work())
    assert (found.name, found.rssi, found.state, found.pending) == ("thigh", -32, 2, 4)
    assert [(one.name, one.uid16, one.state) for one in told] == [
        ("thigh", None, None),
        ("thigh", "e501", 1),
        ("thigh", "e501", 2),
    ]


def test_a_scan_that_has_what_it_wants_ends_early():
    async def work():
        loop = asyncio.get_running_loop()
        began = loop.time()
        found = await seen(lambda air: [Board(air)], 30.0, until=lambda one: one.uid16 == "e501")
        return found, loop.time() - began

    found, took_s = run(work())
    assert len(found) == 1
    assert took_s < 2


def test_other_devices_are_not_boards_even_with_the_name_and_the_company_of_one():
    name = bytes([6, advert.NAME]) + b"thigh"

    def make(air):
        other = Board(air, "other", 1, advertised=FLAGS + name)
        foreign = Board(air, "foreign", 2, advertised=FLAGS + b"\x03\x03\x0f\x18" + name)
        return [other, foreign, Board(air, "board", 3)]

    assert [one.name for one in run(seen(make))] == ["board"]


def test_a_board_without_a_name_or_a_status_is_a_board():
    (found,) = run(seen(lambda air: [Board(air, advertised=FLAGS + SERVICE, response=b"")]))
    assert (found.name, found.uid16, found.state, found.battery_percent, found.pending) == (None,) * 5
    assert found.label == found.address


@pytest.mark.parametrize("seed", range(20))
def test_a_status_that_cannot_be_read_is_counted_and_nothing_else(seed):
    chance = random.Random(seed)
    company = bytes([0xFF, 0xFF])
    wrong = [b"", b"\x01", b"\x01\x00\x00", b"\x02\x00\x00\x00\xe5\x01", b"\x00" * 20, b"\xff" * 26]
    payload = chance.choice(wrong) if seed < 15 else bytes([chance.choice([0, 2, 77])]) + chance.randbytes(seed)

    response = bytes([3 + len(payload), advert.MANUFACTURER]) + company + payload

    (found,) = run(seen(lambda air: [Board(air, response=response)]))
    assert (found.name, found.uid16, found.state) == ("thigh", None, None)
    assert found.malformed > 0


def test_a_status_of_a_newer_minor_version_is_read():
    payload = b"\xff\xff\x01\x02\x32\x05\xab\xcd" + b"more"
    response = bytes([1 + len(payload), advert.MANUFACTURER]) + payload
    (found,) = run(seen(lambda air: [Board(air, response=response)]))
    assert (found.uid16, found.state, found.battery_percent, found.pending) == ("abcd", 2, 50, 5)


# which one is meant


@pytest.fixture(scope="module")
def three():
    """Two boards of one name, and one with a long name."""

    def make(air):
        boards = [Board(air, "first", 1), Board(air, "second", 2), Board(air, "third", 3)]
        for board, name in zip(boards, ("thigh", "thigh", "left thigh of Zoë"), strict=True):
            board.say(advert.advertising_data(name), board.advertised[1])
        return boards

    return sorted(run(seen(make)), key=lambda one: one.uid16)


@pytest.mark.parametrize(
    ("wanted", "uid16"),
    [("e501", "e501"), ("E502", "e502"), ("left thi", "e503"), ("Left thigh of Zoë", "e503")],
)
def test_a_board_is_meant_by_name_digits_or_address(three, wanted, uid16):
    assert choose(three, wanted).uid16 == uid16
    for one in three:
        assert choose(three, one.address.lower()) is one


def test_two_boards_of_one_name_are_one_clear_error(three):
    with pytest.raises(
        AmbiguousBoardError, match=r"2 boards are called thigh: thigh \(e501\) at .*, thigh \(e502\)"
    ) as e:
        choose(three, "thigh")
    assert "4 digits" in e.value.advice and "\n" not in str(e.value)
    with pytest.raises(AmbiguousBoardError, match="3 boards are in range"):
        choose(three)
    assert choose(three[:1]) is three[0]


def test_no_board_is_told_with_those_there_are(three):
    with pytest.raises(NotReachedError, match=r"no board shank is in range, only thigh \(e501\), thigh \(e502\)"):
        choose(three, "shank")
    with pytest.raises(NotReachedError, match=r"^no board is in range\. Switch it on"):
        choose([])
