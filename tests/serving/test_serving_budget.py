"""How many tokens a batch on a device gets, on devices of which the formula is known."""

import math
import time
from collections.abc import Callable, Sequence

import httpx
import pytest

from warmpool_serving import budget, engines
from warmpool_serving.config import Settings
from warmpool_serving.embedded import EmbeddedModel
from warmpool_serving.engines.base import Encoded
from warmpool_serving.engines.fake import FakeEngine
from warmpool_serving.phases import ColdStart
from warmpool_serving.state import Lifecycle
from warmpool_serving.warmup import bring_up


def device(*, launch: float, per_token: float, asked: list[int]) -> Callable[[int], float]:
    """A device that needs `launch` seconds for any batch, or longer if there is much to compute."""

    def seconds_of(tokens: int) -> float:
        asked.append(tokens)
        return max(launch, tokens * per_token)

    return seconds_of


@pytest.mark.parametrize(
    ("launch", "per_token", "found"),
    [
        (0.002, 1e-9, 65_536),  # never filled: as many as are tried at all
        (0.002, 0.002 / 4096, 4096),  # 4096 tokens are as fast as one; more only take longer
        (0.002, 1.0, 512),  # full with the least
        (0.002, 0.002 / 600, 1024),  # 1024 bring 1.17 times as many tokens a second as 512
        (0.002, 0.002 / 550, 512),  # 1.07 times are not worth the wait
    ],
)
def test_it_grows_while_that_brings_something(launch: float, per_token: float, found: int) -> None:
    asked: list[int] = []
    tokens = budget.find(device(launch=launch, per_token=per_token, asked=asked), longest=9.0)
    assert tokens == found
    assert asked == [512 << step for step in range(len(asked))], "each size once, smallest first"


def test_nobody_waits_longer_for_a_batch_than_they_should() -> None:
    seconds_of = device(launch=0.1, per_token=0.1 / 16_384, asked=[])
    assert budget.find(seconds_of, longest=0.15) == 16_384
    assert budget.find(seconds_of, longest=0.05) == 512, "where even the least takes longer"


def test_what_does_not_fit_is_not_taken() -> None:
    fits = device(launch=0.1, per_token=1e-9, asked=[])
    assert budget.find(lambda tokens: fits(tokens) if tokens <= 4096 else math.inf, longest=1) == 4096


class Device(FakeEngine):
    """The fake engine as a device on which 2048 tokens take as long as one, and that knows what it was given."""

    device = "a pretended device"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.workers = 1
        self.given: list[int] = []

    def compute(self, batch: Sequence[Encoded]) -> list[bytes]:
        tokens = sum(map(len, batch))
        self.given.append(tokens)
        time.sleep(max(0.01, 0.01 * tokens / 2048))
        return super().compute(batch)


@pytest.mark.parametrize(("wanted", "found"), [(0, 2048), (1024, 1024)])
def test_a_device_has_computed_its_largest_batch_before_it_is_ready(wanted: int, found: int) -> None:
    settings = Settings(fake_service_ms=0, max_batch_tokens=wanted)
    engine = Device(settings)
    warm = bring_up(engine, settings, lifecycle=Lifecycle(), cold=ColdStart(already=0.0), check=lambda: None)
    assert warm.batch_tokens == found
    assert max(engine.given) == (found if wanted else 2 * found), (
        "the next one was tried, and brought nothing"
    )


async def test_what_was_found_is_what_clients_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "build", lambda settings, _: Device(settings))
    async with EmbeddedModel(Settings(engine="fake", fake_service_ms=0)) as model:
        transport = httpx.ASGITransport(model.web.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://model") as client:
            info = (await client.get("/info")).json()
    assert (info["max_batch_tokens"], info["max_batch_requests"]) == (2048, 256)
