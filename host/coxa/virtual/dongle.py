"""A controller on the air for a host in another process, as if it were a dongle in its USB port."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncGenerator
from typing import Any

from bumble.transport.tcp_server import open_tcp_server_transport_with_socket

from coxa.virtual.air import Air
from coxa.virtual.controller import AirController

HERE = "127.0.0.1"


@contextlib.asynccontextmanager
async def dongle(air: Air, name: str, address: str, port: int = 0) -> AsyncGenerator[str]:
    """Offers a controller over TCP on this computer, to one host at a time; gives what a `Central` there takes.

    Only in real time: the other process does not wait for a virtual clock.

    Args:
        air: that it is on.
        name, address: of the controller.
        port: of TCP; 0: any that is free.
    """
    with socket.create_server((HERE, port)) as listening:
        transport: Any = await open_tcp_server_transport_with_socket(listening)  # Any: Bumble's has no types
        controller = AirController(air, name, address, transport.source, transport.sink)
        try:
            yield f"tcp-client:{HERE}:{listening.getsockname()[1]}"
        finally:
            air.remove_controller(controller)
            transport.server.close()
            await transport.close()
