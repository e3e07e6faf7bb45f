"""One simulated pod: scheduled, ready, retired, deleted, gone; and the requests in it.

Invariants: never more than `concurrency` requests are computed and never more than `queue` wait; a request is in
at most one pod; the pod is gone only when it has nothing left to do.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from warmpool_operator.capacity.demand import Sample
from warmpool_operator.simulate.setup import Server


@dataclass(slots=True, kw_only=True, eq=False)
class Request:
    """One request of a client, followed through its attempts.

    Attributes:
        intended_ms: when it was to be sent.
        attempts: how often it was sent.
        queued_ms: when it began to wait where it waits.
        finished_ms: when it ended; -1 while it is open.
        status: 200 answered in time, 429 refused for good, 503 no pod, 0 given up at the deadline.
    """

    intended_ms: int
    attempts: int = 0
    queued_ms: int = 0
    finished_ms: int = -1
    status: int = 0


class Pod:
    """A pod and its server."""

    def __init__(self, number: int, server: Server, *, scheduled_ms: int) -> None:
        self.number: Final = number
        self.scheduled_ms: Final = scheduled_ms
        self._server = server
        self.ready_ms = -1
        self.routed = False
        self.retired_ms = -1
        self.deleted_ms = -1
        self.gone_ms = -1
        self.running = 0
        self.queue: deque[Request] = deque()
        self.accepted = 0
        self.rejected = 0
        self._busy_ms = 0
        self._busy_at_ms = 0

    @property
    def loaded(self) -> bool:
        """Whether its model is warm and the pod was not deleted."""
        return self.ready_ms >= 0 and self.deleted_ms < 0

    @property
    def serving(self) -> bool:
        """Whether it is ready."""
        return self.loaded and self.retired_ms < 0

    @property
    def in_flight(self) -> int:
        """Requests that it computes and queues."""
        return self.running + len(self.queue)

    def free(self) -> bool:
        """Whether a request would start at once."""
        return self.running < self._server.concurrency

    def admits(self) -> bool:
        """Whether a request would be accepted; concurrency that was promised is always given."""
        return self.free() or self._server.queue is None or len(self.queue) < self._server.queue

    def begin(self, now_ms: int) -> None:
        """Start to compute one request."""
        self._account(now_ms)
        self.running += 1

    def finish(self, now_ms: int) -> None:
        """Stop to compute one."""
        self._account(now_ms)
        self.running -= 1

    def cpu_ms(self, now_ms: int) -> int:
        """Return what a CPU counter would show, in units of which the CPU request allows one per slot and ms."""
        self._account(now_ms)
        cpu, server = self._server.cpu, self._server
        there_ms = (now_ms - self.scheduled_ms) * server.concurrency
        received_ms = (self.accepted + self.rejected) * server.service.mean_ms
        return (there_ms * cpu.idle + self._busy_ms * cpu.computing + received_ms * cpu.receiving) // 100

    def retry_after_ms(self) -> int:
        """Return what a refusal asks a client to wait: until half of the room is free, in whole seconds.

        The same rule as in the server (`warmpool_serving.admission.retry_after`), without its jitter.
        """
        service = max(1, self._server.service.mean_ms)
        backlog = self.in_flight * service // self._server.concurrency
        wait = max(backlog - self._server.latency_target_ms // 2, service, 100)
        return -(-wait // 1000) * 1000

    def sample(self, now_ms: int, *, epoch_ms: int = 0) -> Sample:
        """Return what the pod would tell the operator, `epoch_ms` being the wall clock at the start of the run."""
        return Sample(
            at_ms=epoch_ms + now_ms,
            running=self.running,
            queued=len(self.queue),
            oldest_queued_ms=now_ms - self.queue[0].queued_ms if self.queue else 0,
            accepted=self.accepted,
            rejected=self.rejected,
            service_ms_mean=self._server.service.mean_ms,
        )

    def _account(self, now_ms: int) -> None:
        if now_ms < self._busy_at_ms:
            return  # Asked about a time before the run, in which nothing was computed.
        self._busy_ms += self.running * (now_ms - self._busy_at_ms)
        self._busy_at_ms = now_ms
