"""The client of all cells: a number of clients, each of which sends its next request when it has its answer."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

from bench.load.payload import text
from bench.load.record import percentile

LENGTHS = {"short": 15, "medium": 62, "long": 226}
"""Words of a text; with the special tokens of the model about 17, 64 and 228 tokens."""
_TEXTS = 400


def bodies(payload: Callable[[str], bytes], length: str, *, seed: int) -> Sequence[bytes]:
    """Return different requests of one length, the same ones for every system."""
    return [payload(text(LENGTHS[length], seed=seed * 1_000_003 + number)) for number in range(_TEXTS)]


@dataclass
class Window:
    """What was answered within the measured time; latencies in seconds, of answers with status 200."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def rps(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def quantile(self, percent: float) -> float:
        """Seconds; 0.0 where nothing was answered."""
        return percentile(self.latencies, percent) or 0.0


class ClosedLoop:
    """`clients` clients without pauses; those with an odd number open a connection for each request if `mixed`."""

    def __init__(self, url: str, contents: Sequence[bytes], *, clients: int, mixed: bool = False) -> None:
        self._url, self._contents, self._clients, self._mixed = url, contents, clients, mixed
        self._sent = 0
        self._stop = False
        self._measured: Window | None = None
        self.outcomes: Counter[str] = Counter()

    async def measure(self, *, ramp: float, seconds: float) -> Window:
        """Let the clients run, and measure from `ramp` seconds after their start."""
        running = asyncio.ensure_future(self.run())
        await asyncio.sleep(ramp)
        began = time.monotonic()
        window = self._measured = Window()
        await asyncio.sleep(seconds)
        self._measured = None
        window.seconds = time.monotonic() - began
        self.stop()
        await running
        return window

    def stop(self) -> None:
        """Let every client end after the answer it waits for."""
        self._stop = True

    async def run(self) -> None:
        """Run until stopped, or until no client can connect any more."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._clients):
                group.create_task(self._client(fresh=self._mixed and number % 2 == 1))

    async def _client(self, *, fresh: bool) -> None:
        connector = aiohttp.TCPConnector(limit=1, force_close=fresh)
        async with aiohttp.ClientSession(connector=connector) as session:
            while not self._stop:
                self._sent += 1
                content = self._contents[self._sent % len(self._contents)]
                began = time.monotonic()
                outcome = await _ask(session, self._url, content)
                self.outcomes[outcome] += 1
                if self._measured is not None:
                    self._measured.outcomes[outcome] += 1
                    if outcome == "200":
                        self._measured.latencies.append(time.monotonic() - began)
                if outcome in ("refused", "lost"):
                    return
                if outcome != "200":
                    await asyncio.sleep(0.05)


async def _ask(session: aiohttp.ClientSession, url: str, content: bytes) -> str:
    """Return the status, `refused` if nothing listens, or `lost` if a connection broke before the answer."""
    headers = {"Content-Type": "application/json"}
    try:
        async with session.post(url, data=content, headers=headers) as answer:
            await answer.read()
            return str(answer.status)
    except aiohttp.ClientConnectorError:
        return "refused"
    except (aiohttp.ClientError, OSError):
        return "lost"
