"""The life of one server process as a state machine.

Starting → Loading → Warming → Ready → Draining → Stopped, and Failed from anything before Ready.
Invariants: no state is entered twice; `started` is latched by Ready; retiring is a flag beside the
state, so a process retired while it loads comes up retired, and un-retiring never skips the proof.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from warmpool_serving.names import State

NEXT: Final[dict[State, frozenset[State]]] = {
    State.STARTING: frozenset({State.LOADING, State.FAILED, State.STOPPED}),
    State.LOADING: frozenset({State.WARMING, State.FAILED, State.STOPPED}),
    State.WARMING: frozenset({State.READY, State.FAILED, State.STOPPED}),
    State.READY: frozenset({State.DRAINING}),
    State.DRAINING: frozenset({State.STOPPED}),
    State.FAILED: frozenset(),
    State.STOPPED: frozenset(),
}


class IllegalTransitionError(RuntimeError):
    """A step that the life of a server does not have: a bug, never an input."""


class Lifecycle:
    """Holds the state; safe to read and write from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._state = State.STARTING
        self._retired_at: float | None = None
        self._started = False
        self._reason = ""

    def to(self, state: State) -> None:
        """Enters ``state``.

        Raises:
            IllegalTransitionError: ``state`` does not follow the current one.
        """
        with self._lock:
            if state not in NEXT[self._state]:
                raise IllegalTransitionError(f"{self._state} cannot become {state}")
            self._state = state
            self._started = self._started or state is State.READY

    def fail(self, reason: str) -> bool:
        """Enters Failed with a reason for people; False where it is too late to fail."""
        with self._lock:
            if State.FAILED not in NEXT[self._state]:
                return False
            self._state, self._reason = State.FAILED, reason
        return True

    def retire(self, *, retired: bool) -> None:
        """Stands aside (unready, still answering) or comes back; repeating it changes nothing."""
        with self._lock:
            if retired != (self._retired_at is not None):
                self._retired_at = self._clock() if retired else None

    @property
    def state(self) -> State:
        """The state that is reported: a ready process that was retired says Draining."""
        with self._lock:
            retired = self._retired_at is not None and self._state is State.READY
            return State.DRAINING if retired else self._state

    @property
    def ending(self) -> bool:
        """On the way out for good: a signal came or the start failed, and no call brings it back."""
        return self._state in (State.DRAINING, State.STOPPED, State.FAILED)

    @property
    def reason(self) -> str:
        """Why the process failed, else empty."""
        return self._reason

    @property
    def started(self) -> bool:
        """Loaded, warmed and proven; stays true."""
        return self._started

    @property
    def ready(self) -> bool:
        """A load balancer should send requests here."""
        return self.state is State.READY

    @property
    def retired_for(self) -> float:
        """Seconds since the process was retired, 0.0 when it is not."""
        with self._lock:
            return self._clock() - self._retired_at if self._retired_at is not None else 0.0

    @property
    def leaving(self) -> bool:
        """Clients should go elsewhere: retired or draining, so answers close their connections."""
        return self._retired_at is not None or self._state is State.DRAINING
