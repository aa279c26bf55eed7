# SPDX-License-Identifier: Apache-2.0
"""Tell systemd that the agent is up, alive, or stopping."""

import contextlib
import socket


def notify(address: str, state: str) -> None:
    """Send ``state`` to the socket that systemd named; empty is nobody."""
    if not address:
        return
    if address.startswith('@'):  # an abstract socket
        address = '\0' + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
    ):
        channel.setblocking(False)
        channel.sendto(state.encode(), address)
