"""The client port's socket: bound before the imports, closed without resetting anyone.

Closing a listening socket resets the connections the kernel has completed and nobody has accepted.
So new ones are first kept from completing, with a socket filter that drops packets that open a
connection; what had completed is accepted and answered; then the socket is closed. A dropped client
tries again after a second and is then refused, as it would have been.
"""

import socket
import struct
import time
from typing import Final

_SO_ATTACH_FILTER: Final = 26
_QUIET_SECONDS: Final = 0.05
_ACCEPT_SECONDS: Final = 2.0
_TCP_INFO_BACKLOG: Final = 24
"""Offset of tcpi_unacked in struct tcp_info: of a listener, the connections that wait to be accepted."""
# Classic BPF over the TCP header: load the flags byte (offset 13), drop if SYN without ACK.
_DROP_NEW: Final = (
    (0x30, 0, 0, 13),
    (0x54, 0, 0, 0x12),
    (0x15, 0, 1, 0x02),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFFFFFF),
)


def bind(host: str, port: int) -> socket.socket:
    """Binds, so that a taken port is told at once, and does not listen yet.

    Raises:
        OSError: the port cannot be bound.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


async def quiesce(listener: socket.socket) -> None:
    """Lets no new connection complete, and gives the event loop time to accept those that have."""
    import asyncio  # noqa: PLC0415 - this module is imported before the admin port listens

    if not drop_new_connections(listener):
        return
    end = time.monotonic() + _ACCEPT_SECONDS
    await asyncio.sleep(_QUIET_SECONDS)
    while waiting(listener) and time.monotonic() < end:  # noqa: ASYNC110 - the kernel has no event for it
        await asyncio.sleep(_QUIET_SECONDS)


def waiting(listener: socket.socket) -> int:
    """Connections that are complete and not accepted yet; 0 where the kernel does not tell."""
    try:
        info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BACKLOG + 4)
        return int(struct.unpack_from("I", info, _TCP_INFO_BACKLOG)[0])
    except (OSError, struct.error):
        return 0


def drop_new_connections(listener: socket.socket) -> bool:
    """Attaches the filter; False where the kernel (gVisor, for one) takes none."""
    import ctypes  # noqa: PLC0415 - used once, at the end

    program = b"".join(struct.pack("HBBI", *step) for step in _DROP_NEW)
    memory = ctypes.create_string_buffer(program)
    filter_ = struct.pack("HP", len(_DROP_NEW), ctypes.addressof(memory))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)
    except OSError:
        return False
    return True
