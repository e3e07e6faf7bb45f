"""An engine that no longer computes ends its process; a batch that it cannot compute does not."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from warmpool_serving.config import Settings
from warmpool_serving.embedded import EmbeddedModel
from warmpool_serving.engines.base import Encoded
from warmpool_serving.engines.fake import FakeEngine
from warmpool_serving.names import Exit
from warmpool_serving.pipeline import RefusedError
from warmpool_serving.recheck import Recheck

BREAKABLE = """
import sys
from warmpool_serving.cli import main
from warmpool_serving.engines.fake import FakeEngine, encode_text

compute, poison, lost = FakeEngine.compute, encode_text("poison").ids[1], []


def breakable(self, batch):
    if lost or any(poison in text.ids for text in batch):
        lost.append(STICKY)
        if not STICKY:
            lost.clear()
        raise RuntimeError("device-side assert triggered\\nadvice that helps nobody")
    return compute(self, batch)


FakeEngine.compute = breakable
sys.exit(main([]))
"""
"""A fault of hardware: a text with the word `poison` breaks the engine for good, or for one batch."""


@pytest.fixture
def breakable(start: Callable[..., Any]) -> Callable[[bool], Any]:
    """Starts a server whose engine can be broken, for good or for one batch."""

    def starter(for_good: bool) -> Any:
        program = BREAKABLE.replace("STICKY", str(for_good))
        return start(
            program=program, engine="fake", container_concurrency=1, fake_service_ms=300,
            max_batch_items=1, latency_target_ms=60_000,
        ).until_ready()  # fmt: skip

    return starter


def test_who_waits_for_a_lost_engine_is_sent_elsewhere_and_the_process_ends(
    breakable: Callable[[bool], Any],
) -> None:
    server = breakable(True)
    answers: list[tuple[str, int, str | None]] = []

    def ask(text: str) -> None:
        answer = httpx.post(server.url("/v1/embeddings"), json={"input": text}, timeout=20)
        answers.append((text, answer.status_code, answer.headers.get("retry-after")))

    clients = [threading.Thread(target=ask, args=(text,)) for text in ("first", "poison", "late", "later")]
    for number, client in enumerate(clients):
        client.start()
        deadline = time.monotonic() + 10
        while server.load()["accepted"] <= number and time.monotonic() < deadline:
            time.sleep(0.01)
    for client in clients:
        client.join()
    assert sorted(answers) == [
        ("first", 200, None), ("late", 503, "1"), ("later", 503, "1"), ("poison", 500, None),
    ]  # fmt: skip
    assert server.end() == Exit.ENGINE
    told = "the engine no longer computes: the model does not compute: device-side assert triggered"
    assert server.log[-1]["message"] == told


def test_one_batch_that_fails_ends_nothing(breakable: Callable[[bool], Any]) -> None:
    server = breakable(False)
    assert server.embed("poison").status_code == 500
    assert server.embed("fine").status_code == 200
    assert server.admin("/health/ready").status_code == 200
    assert server.metric('warmpool_finished_total{outcome="error"}') == 1


class Wrong(FakeEngine):
    """Answers something else once it is spoilt, without an error."""

    spoilt = False

    def compute(self, batch: Sequence[Encoded]) -> list[bytes]:
        right = super().compute(batch)
        return [bytes(reversed(vector)) for vector in right] if self.spoilt else right


def test_an_engine_that_answers_wrong_is_broken_too() -> None:
    told: list[str] = []
    engine = Wrong(Settings(fake_service_ms=0))
    recheck = Recheck(engine, told.append)
    assert recheck()
    assert told == []
    engine.spoilt = True
    assert not recheck()
    assert len(told) == 1
    assert told[0].startswith("the engine no longer computes: the model answers wrong: cosine ")


def test_in_a_process_of_others_requests_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> list[bytes]:
        raise RuntimeError("lost")

    async def scenario() -> tuple[bool, bool]:
        async with EmbeddedModel(Settings(engine="fake", fake_service_ms=0)) as model:
            before = model.report.lifecycle.ready
            monkeypatch.setattr(FakeEngine, "compute", lost)
            assert model._batcher is not None
            assert not await asyncio.to_thread(model._batcher._goes_on)
            with pytest.raises(RefusedError):
                model.web._open_pipeline()
            return before, model.report.lifecycle.ready

    assert asyncio.run(scenario()) == (True, False)
