"""The ways to a host: BLE and the USB serial port, with the same commands and blocks on both; docs/wire.md.

Bytes come from a transport (`ble`, `usb`), which joins them to frames for the `Dispatcher` and sends its answers; the
`Sender` gives the transport blocks. A transport has

- `payload`: bytes that fit one message; blocks go in fragments where it is less than 180
- `PACE`: blocks asked for (BULK) that it takes in `sender.PACE_MS`
- `send(channel, data) -> bool`: takes a block or fragment for channel LIVE or BULK of `coxa_wire.line`; False: no room
  now, the same comes again
- `answer(frame) -> bool`: takes a frame for CONTROL; False: no room now
"""

from coxa_board.link.dispatch import Dispatcher

__all__ = ["Dispatcher"]
