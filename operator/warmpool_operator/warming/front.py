"""The desk, and the address at which an Ingress reaches it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from warmpool_operator.desired.warming import WarmingAddress
from warmpool_operator.observe.cache import Key
from warmpool_operator.warming.desk import Desk
from warmpool_operator.warming.server import Refused, WarmingServer


@dataclass(frozen=True)
class Front:
    """What answers while a pool has no warm pod.

    Attributes:
        desk: knows the pools.
        address: where it answers; None if no Ingress can reach this process, as in development.
        now_ms: milliseconds since the epoch.
    """

    now_ms: Callable[[], int]
    address: WarmingAddress | None = None
    desk: Desk = field(default_factory=Desk)

    def held(self, key: Key) -> int:
        """Return the requests for a pool that were told to come back and are still expected."""
        return self.desk.held(key, now_ms=self.now_ms())


@asynccontextmanager
async def open_front(
    *, port: int, ip: str | None, now_ms: Callable[[], int], on_refused: Refused
) -> AsyncIterator[Front]:
    """Answer for pools without a warm pod for as long as this lasts.

    Args:
        port: to listen on; 0 for not at all.
        ip: address of this process in the network of the pods, None if it has none.
        now_ms: milliseconds since the epoch.
        on_refused: told of every request that was turned away.

    Raises:
        OSError: the port is taken or may not be used.
    """
    if not port or ip is None:
        yield Front(now_ms)
        return
    desk = Desk()
    server = WarmingServer(desk, port=port, now_ms=now_ms, on_refused=on_refused)
    await server.start()
    try:
        yield Front(now_ms, WarmingAddress(ip, port), desk)
    finally:
        await server.stop()
