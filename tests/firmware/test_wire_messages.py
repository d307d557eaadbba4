"""Commands, answers, advertising, pings and lines: whatever goes in comes out, and nothing breaks the readers."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxa_wire import WireError, advert, command, gatt, line, sync

OPS = {  # bits of the numbers each op takes
    command.HELLO: (8, 8, 64),
    command.START: (16, 8, 64, 8),
    command.STOP: (),
    command.ACK: (16, 32),
    command.RANGE: (16, 32, 16),
    command.LIST: (8,),
    command.COMMIT: (16, 32, 32),
    command.SET_TIME: (64,),
    command.PROVE: (64,),
    command.LOG: (8, 16),
}
u8 = st.integers(0, 255)


@st.composite
def requests(draw):
    op = draw(st.sampled_from(sorted(OPS)))
    values = tuple(draw(st.integers(0, 2**bits - 1)) for bits in OPS[op])
    return op, draw(u8), values


def pieces(data, cuts):
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(requests(), max_size=6), st.lists(st.integers(0, 10_000), max_size=12))
def test_requests_survive_any_cutting_of_the_stream(sent, cuts):
    stream = b"".join(command.encode_request(op, request_id, *values) for op, request_id, values in sent)
    frames = command.Frames()
    found = [command.decode_request(frame) for piece in pieces(stream, cuts) for frame in frames.feed(piece)]
    assert [(request.op, request.request_id, request.values()) for request in found] == sent
    assert not frames.waiting and frames.dropped == 0


@given(requests(), st.integers(0, 100), st.booleans())
def test_values_that_do_not_fit_are_refused(request_, which, negative):
    op, request_id, values = request_
    if not values:
        return
    which %= len(values)
    wrong = list(values)
    wrong[which] = -1 if negative else 2 ** OPS[op][which]
    with pytest.raises(WireError) as caught:
        command.encode_request(op, request_id, *wrong)
    assert caught.value.reason == "field"
    with pytest.raises(WireError):
        command.encode_request(op, request_id, *values, 0)


@given(st.binary(max_size=252), u8, u8, st.integers(0, 127))
def test_answers_round_trip(payload, request_id, status, op):
    answer = command.decode_answer(command.encode_answer_bytes(op, request_id, status, payload))
    assert (answer.op, answer.request_id, answer.status, answer.payload) == (op, request_id, status, payload)


def test_an_answer_that_grew_in_a_newer_version_is_read():
    frame = command.encode_answer_bytes(command.START, 1, command.OK, b"\x08\x00new")
    assert command.decode_answer(frame).values() == (8,)


def test_what_does_not_fit_a_frame_is_refused():
    with pytest.raises(WireError, match="does not fit"):
        command.encode_answer_bytes(command.GET_CFG, 1, command.OK, bytes(command.MAX_PAYLOAD + 1))
    with pytest.raises(WireError, match="does not fit"):
        command.encode_set_config(1, "k" * 100, bytes(200))
    with pytest.raises(WireError, match="does not fit"):
        command.encode_request(command.STOP, 256)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_garbage_never_breaks_the_stream_and_never_grows_it(chunks):
    frames = command.Frames()
    taken = 0
    for chunk in chunks:
        for frame in frames.feed(chunk):
            taken += len(frame)
            for understand in (command.decode_request, command.decode_answer):
                try:
                    understand(frame).values()
                except WireError as error:
                    assert error.reason in ("length", "field")
        assert len(frames._rest) < 256
    assert taken + frames.dropped + len(frames._rest) == sum(map(len, chunks))


def test_a_length_that_no_frame_has_drops_what_came_with_it():
    for head in (b"\x00", b"\x01"):
        frames = command.Frames()
        assert frames.feed(head + b"\x03\x01\x02") == [] and frames.dropped == 4 and not frames.waiting


def test_a_stream_goes_on_after_a_reset():
    frames = command.Frames()
    whole = command.encode_request(command.LIST, 1, 0)
    assert frames.feed(whole[:2]) == [] and frames.waiting
    frames.reset()
    assert frames.dropped == 2
    assert frames.feed(whole) == [whole]


@given(st.sampled_from("CLBS"), st.binary(max_size=256), st.sampled_from([b"", b"\r"]))
def test_lines_round_trip_and_are_printable(channel, message, end):
    text = line.encode_line(channel, message)
    assert text.endswith(b"\n") and len(text) <= line.LONGEST
    assert all(32 <= byte < 127 for byte in text[:-1])
    assert line.decode_line(text[:-1] + end + b"\n") == (channel, message)


@given(st.binary(max_size=64), st.integers(0, 10_000), st.integers(1, 255))
def test_no_damage_of_one_character_passes(message, at, flip):
    text = bytearray(line.encode_line("C", message))[:-1]
    at %= len(text)
    text[at] ^= flip
    try:
        found = line.decode_line(text)
    except WireError:
        return
    # A changed mark, or white space at the ends, and padding that says nothing.
    assert found is None or found == ("C", message)


@given(st.binary(max_size=400))
def test_any_text_on_the_port_is_told(text):
    try:
        found = line.decode_line(text)
    except WireError as error:
        assert text.strip().startswith(b"~") and error.reason in ("crc", "field")
    else:
        assert found is None or text.strip().startswith(b"~")


@given(st.text(max_size=20), u8, st.integers(-5, 300), st.integers(0, 1000), st.binary(min_size=2, max_size=2))
def test_advertising_fits_and_is_read_back(name, state, percent, pending, uid16):
    data, response = advert.advertising_data(name), advert.scan_response(advert.Status(state, percent, pending, uid16))
    assert len(data) <= advert.LONGEST and len(response) <= advert.LONGEST
    found = dict(advert.fields(data))
    assert found[advert.SERVICES_128][::-1].hex() == gatt.SERVICE.replace("-", "")
    assert name.startswith(found[advert.NAME].decode())
    status = advert.decode_status(dict(advert.fields(response))[advert.MANUFACTURER][2:])
    assert status.state == state and status.uid16 == uid16
    assert status.battery_percent == min(max(percent, 0), 255) and status.pending == min(pending, 255)


@given(st.binary(max_size=62))
def test_any_advertisement_is_walked_or_refused(data):
    try:
        found = advert.fields(data)
    except WireError as error:
        assert error.reason == "field"
    else:
        assert sum(2 + len(content) for _, content in found) <= len(data) + 1
    try:
        advert.decode_status(data)
    except WireError as error:
        assert error.reason in ("version", "length")


true_us = st.integers(-(2**40), 2**40)
way_us = st.integers(0, 10**6)


@given(true_us, st.integers(0, 2**50), way_us, way_us, way_us)
def test_the_clock_offset_is_within_its_error(offset, t1, there, held, back):
    """t1 … t4 as they are with ways of any length; the board's clock must not be negative."""
    if t1 + there + offset < 0:
        return
    _, t2, held_back = sync.decode_pong(sync.encode_pong(7, t1 + there + offset, held))
    found, error = sync.offset_us(t1, t2, held_back, t1 + there + held + back)
    assert error == (there + back) / 2
    assert abs(found - offset) <= error + 0.5  # of rounding, at 2**50 µs


def test_the_longest_time_held_is_kept_in_its_field():
    assert sync.decode_pong(sync.encode_pong(300, 2**64 + 5, 2**40)) == (300 & 255, 5, 2**32 - 1)
    assert sync.decode_ping(sync.encode_ping(1, -1)) == (1, 2**64 - 1)


def test_names_and_uuids():
    assert gatt.name(gatt.LIVE.upper()) == "live"
    assert gatt.name(0x2A19) == gatt.name(gatt.full(0x2A19)) == "battery level"
    assert gatt.full(0x180F) == "0000180f-0000-1000-8000-00805f9b34fb"
    assert gatt.name("1234") == "1234"
