"""Which sockets listen on a port: a server that was started again listens on another socket.

The kernel numbers sockets, and shows those of a network namespace to everyone in it. So the containers of a pod
see each other's, and a restart is noticed however short it was, without a connection to the server.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN: Final = "0A"
_ADDRESS, _STATE, _INODE = 1, 3, 9


def listening(port: int, tables: Sequence[Path] = TABLES) -> frozenset[str]:
    """Numbers of the sockets that listen on a TCP port; none while nothing does."""
    found = set()
    for table in tables:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue  # a kernel without IPv6
        for line in lines:
            columns = line.split()
            if columns[_STATE] == _LISTEN and int(columns[_ADDRESS].rpartition(":")[2], 16) == port:
                found.add(columns[_INODE])
    return frozenset(found)
