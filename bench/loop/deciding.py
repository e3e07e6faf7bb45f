"""The cost of one step, rules and decision together, for a pool with every kind of rule and a full memory."""

import random
import statistics
import time

from warmpool_operator.api.scaling import Scaling
from warmpool_operator.capacity.step import Inputs, Recall, step
from warmpool_operator.capacity.types import Observation

STEPS = 20_000
START_MS = 1_767_225_600_000
RULES = {
    "minReplicas": 1,
    "maxReplicas": 50,
    "concurrencyBuffer": 2,
    "concurrencyBufferPercent": 20,
    "schedules": [
        {"name": "day", "start": "0 8 * * *", "timeZone": "Europe/Berlin", "durationSeconds": 36_000}
        | {"minReplicas": 5}
    ],
    "thresholds": [
        {"name": "busy", "signal": "requestsPerMinute", "enter": 900, "exit": 500, "factorPercent": 130}
    ],
    "overrides": [{"name": "o", "maxReplicas": 40, "until": "2030-01-01T00:00:00Z"}],
}


def decide_us_p50() -> float:
    """Return the median time of one step in microseconds."""
    scaling, recall, chance, running = Scaling.model_validate(RULES), Recall(), random.Random(1), 0
    times = []
    for index in range(STEPS):
        running = max(0, min(300, running + chance.randint(-6, 6)))
        seen = Observation(running=running, queued=running // 5, answered=20, silent=index % 7 == 0)
        inputs = Inputs(now_ms=START_MS + 500 * index, seen=seen, per_minute=running * 20)
        started = time.perf_counter_ns()
        rules, decision = step(scaling, inputs, recall, concurrency=8)
        times.append(time.perf_counter_ns() - started)
        recall = Recall(memory=decision.memory, policy=rules.memory)
    return statistics.median(times) / 1000
