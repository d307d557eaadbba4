"""Who may change what: a host that has proved on this connection that it knows the board's secret."""

import os

from coxa_wire import command, proof

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coxa_board.device import Device

# What changes or ends a recording, or the board itself, or tells of its life: not for a stranger in range.
GUARDED = (
    command.START, command.STOP, command.COMMIT, command.MARK, command.SET_CFG, command.SET_TIME, command.REBOOT,
    command.LOG,
)  # fmt: skip


class Guard:
    """Of one connection.

    Attributes:
        trusted: the host has proved that it knows the secret.
    """

    def __init__(self, device: Device) -> None:
        """Takes whose secret it is."""
        self._device = device
        self.reset()

    def reset(self) -> None:
        """A connection begins or ends, or HELLO comes anew: trust is over."""
        self.trusted = False
        self._nonces: tuple[int, int] | None = None

    def lets(self, op: int, tethered: bool) -> bool:
        """Whether a command is done for this host; the button pressed lately counts for anybody."""
        return op not in GUARDED or tethered or self.trusted or self._device.button_recent()

    def challenge(self, host_nonce: int) -> int:
        """After a HELLO: the board's nonce for one attempt, u64; 0 where the board has no secret or no chance of one.

        It must not be foreseen: with a known one, an answer overheard somewhere else would count here.
        """
        urandom = getattr(os, "urandom", None)
        if urandom is None or not self._device.secret():
            return 0
        board_nonce = int.from_bytes(urandom(8), "little")
        self._nonces = host_nonce, board_nonce
        return board_nonce

    def prove(self, tag: int) -> int | None:
        """Takes the host's tag, once for each HELLO; the board's own in return, or None: the host is not trusted."""
        nonces, self._nonces = self._nonces, None
        secret, uid = self._device.secret(), self._device.uid
        # Comparing may take longer the more is right: of no use to anybody, as the next attempt has another nonce.
        if nonces is None or not secret or tag != proof.tag(secret, proof.HOST, uid, *nonces):
            return None
        self.trusted = True
        return proof.tag(secret, proof.BOARD, uid, *nonces)
