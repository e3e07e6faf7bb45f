"""The fake engine: time and CPU as they were asked for."""

import time

from warmpool_serving.config import Settings
from warmpool_serving.engines.fake import FakeEngine, encode_text


def test_cpu_is_spent_within_the_service_time_and_not_on_top() -> None:
    engine = FakeEngine(Settings(fake_service_ms=60, fake_busy_ms=20))
    cpu, wall = time.thread_time(), time.monotonic()
    engine.compute([encode_text("one"), encode_text("two")])
    spent, took = time.thread_time() - cpu, time.monotonic() - wall
    assert spent >= 0.04
    assert took >= 0.12
