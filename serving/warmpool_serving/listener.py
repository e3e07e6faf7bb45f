"""The client port's socket: bound before the imports, closed without resetting anyone.

Closing a listening socket resets the connections the kernel has completed and nobody has accepted.
So new ones are first kept from completing, with a socket filter that drops packets that open a
connection; what had completed is accepted and answered; then the socket is closed. A dropped client
tries again after a second and is then refused, as it would have been.
"""

import socket
import struct
from typing import Final

_SO_ATTACH_FILTER: Final = 26
_ACCEPT_SECONDS: Final = 0.05
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

    if drop_new_connections(listener):
        await asyncio.sleep(_ACCEPT_SECONDS)


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
