"""The host's side of the proof of presence, and the log, against the real firmware; and against boards that lie."""

import interpreters
import pytest
from test_host_fetch import Board, in_time

from coxa.errors import CoxaError
from coxa.link import Client, NoAnswerError, RefusedError
from coxa.link import client as client_module
from coxa_wire import command, line

SECRET = bytes(range(0xE0, 0xF0))  # of link_rig
UID = bytes.fromhex("a1b2c3d4e5f6")


@pytest.fixture(autouse=True)
def interpreter():
    if interpreters.command(64) is None:
        pytest.skip(interpreters.MISSING_64)


class Between:
    """A channel with somebody in the middle, who sees every frame and may change an answer."""

    def __init__(self, channel, change=lambda answer: answer):
        self._channel = channel
        self._change = change
        self.seen = []

    async def send(self, channel, message):
        self.seen.append(message)
        await self._channel.send(channel, message)

    async def receive(self):
        channel, message = await self._channel.receive()
        self.seen.append(message)
        return channel, self._change(message) if channel == line.CONTROL else message

    async def close(self):
        await self._channel.close()


def greeted(secret, change=lambda answer: answer, damage=0.0, seed=0):
    """What `hello` says, and what was seen on the way."""

    async def work():
        async with Board(seed, damage) as board:
            between = Between(board.channel(), change)
            async with Client(between, lambda *_: 0) as client:
                return await client.hello(secret), between.seen

    return in_time(work())


def test_who_knows_the_secret_is_trusted_and_the_secret_is_not_sent():
    trusted, seen = greeted(SECRET)
    assert trusted is True
    assert not any(SECRET[i : i + 4] in frame for frame in seen for i in range(13)), "not even a piece of it"
    assert [frame[1] for frame in seen if len(frame) > 2][-4:] == [0x01, 0x81, 0x13, 0x93]


@pytest.mark.parametrize("secret", [b"", bytes(16), SECRET[::-1]])
def test_who_does_not_is_not(secret):
    assert greeted(secret)[0] is False


@pytest.mark.parametrize("secret", [SECRET[:15], SECRET + b"\0"])
def test_a_secret_of_another_length_is_a_mistake(secret):
    """To HMAC a key that is longer by zeros is the same key."""
    with pytest.raises(ValueError, match="16 bytes"):
        greeted(secret)


def test_nonces_are_new_each_time():
    heard = [frame for _ in range(3) for frame in greeted(SECRET)[1]]
    hellos = [frame[5:] for frame in heard if frame[1] == command.HELLO]
    assert len(hellos) == len(set(hellos)) == 3
    assert len({frame[3:] for frame in heard if frame[1] == command.PROVE}) == 3


@pytest.mark.parametrize("lie", ["other tag", "the host's own tag"])
def test_a_board_that_cannot_prove_itself_is_an_impostor(lie):
    seen_tag = []

    def change(frame):
        if frame[1] != command.PROVE | 0x80:
            return frame
        payload = bytes(8) if lie == "other tag" else seen_tag[-1]
        return command.encode_answer_bytes(command.PROVE, frame[2], command.OK, payload)

    class Reflecting(Between):
        async def send(self, channel, message):
            if message[1] == command.PROVE:
                seen_tag.append(message[3:])
            await super().send(channel, message)

    async def work():
        async with Board() as board, Client(Reflecting(board.channel(), change), lambda *_: 0) as client:
            await client.hello(SECRET)

    with pytest.raises(CoxaError, match="does not know the secret") as caught:
        in_time(work())
    assert isinstance(caught.value, client_module.ImpostorError)
    assert caught.value.uid == UID and "move away" in caught.value.advice


def test_an_answer_that_grew_in_a_newer_version_is_a_proof():
    def change(frame):
        if frame[1] != command.PROVE | 0x80:
            return frame
        return command.encode_answer_bytes(command.PROVE, frame[2], command.OK, frame[4:] + b"new")

    assert greeted(SECRET, change)[0] is True


@pytest.mark.parametrize("answer", [command.encode_answer(command.STOP, 1, command.OK), b"\x04\x87\x01\x00\x07"])
def test_an_answer_to_another_command_or_too_short_is_none(monkeypatch, answer):
    """It came under the right number and was taken for a list entry, which it is not."""
    for name, value in (("ANSWER_S", 0.1), ("TRIES", 20)):
        monkeypatch.setattr(client_module, name, value)

    def change(frame):
        return answer[:2] + frame[2:3] + answer[3:] if frame[1] == command.LIST | 0x80 else frame

    async def work():
        async with Board() as board, Client(Between(board.channel(), change), lambda *_: 0) as client:
            await client.sessions()

    with pytest.raises(NoAnswerError, match="command 0x07"):
        in_time(work())


def test_a_board_that_says_it_is_another_one_gets_no_trust():
    """Its uid is in the tag: a board of the host's cannot be used through one that goes by another name."""

    def change(frame):
        return frame.replace(UID, b"other!") if frame[1] == command.SESSION_INFO | 0x80 else frame

    assert greeted(SECRET, change)[0] is False


@pytest.mark.parametrize("seed", range(6))
def test_on_a_line_that_loses_a_third_the_proof_comes_through(monkeypatch, seed):
    for name, value in (("ANSWER_S", 0.1), ("TRIES", 30)):
        monkeypatch.setattr(client_module, name, value)
    assert greeted(SECRET, damage=0.3, seed=seed)[0] is True


def test_a_board_that_never_answers_the_proof_is_told(monkeypatch):
    for name, value in (("ANSWER_S", 0.1), ("TRIES", 30)):
        monkeypatch.setattr(client_module, name, value)
    with pytest.raises(NoAnswerError, match="prove itself"):
        greeted(SECRET, lambda frame: b"" if frame[1] == command.PROVE | 0x80 else frame)


def test_the_log_comes_by_cable_in_pieces_fit_for_a_terminal():
    async def work():
        async with Board() as board, Client(board.channel(), lambda *_: 0) as client:
            return await client.log()

    found = in_time(work())
    assert set(found) == {"notes", "crash 2"}
    assert found["notes"] == "a note\n"
    assert found["crash 2"] == "\ufffd[31m\ufffd\n" + "a line of the log\n" * 60


def test_a_log_that_never_ends_is_ended():
    def change(frame):
        if frame[1] != command.LOG | 0x80:
            return frame
        return command.encode_answer_bytes(command.LOG, frame[2], command.OK, b"\1" + b"x" * 251)

    async def work():
        async with Board() as board, Client(Between(board.channel(), change), lambda *_: 0) as client:
            return await client.log()

    assert all(65535 <= len(text) < 66000 for text in in_time(work()).values())


def test_a_board_that_does_not_trust_gives_no_log():
    def change(frame):
        if frame[1] != command.LOG | 0x80:
            return frame
        return command.encode_answer(command.LOG, frame[2], command.NEED_BUTTON)

    async def work():
        async with Board() as board, Client(Between(board.channel(), change), lambda *_: 0) as client:
            await client.log()

    with pytest.raises(RefusedError, match="does not know this host"):
        in_time(work())
