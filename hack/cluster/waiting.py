"""Wait for something that happens soon, and say what did not happen when it does not."""

import time
from collections.abc import Callable
from typing import TypeVar

from hack.cluster.backend import ClusterError

T = TypeVar("T")


def wait_for(what: str, probe: Callable[[], T], *, timeout: float, period: float = 0.25) -> T:
    """Call a probe until it gives something true.

    Args:
        what: Ends the sentence "waited N s for ...".
        probe: Returns something true when it has happened.
        timeout: Seconds.
        period: Seconds between two calls.

    Returns:
        What the probe gave.

    Raises:
        ClusterError: It did not happen in time; shows what the probe gave last.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise ClusterError(f"waited {timeout:.0f} s for {what}; the last answer was {value!r}")
        time.sleep(period)
