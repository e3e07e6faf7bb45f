"""The contract between pod and operator, held against the real runtime: neither program imports the other."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import aiohttp
import pytest

from warmpool_operator.api.names import POD_PHASES, WEIGHTS_BYTES, Env
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.container import container
from warmpool_operator.desired.pool import Pool
from warmpool_operator.desired.token import admin_token
from warmpool_operator.observe.diagnosis import EXIT_MODEL, EXIT_SETTING
from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.scrape import Failure, Scraper, Target
from warmpool_serving import names as serving_names
from warmpool_serving.config import unknown_variables
from warmpool_serving.names import Phase

TOKEN = admin_token(b"0123456789abcdef", pool_uid="uid")
LOAD_SECONDS = 0.5


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def pod() -> Iterator[Target]:
    """A server started with exactly the environment that the operator gives to a pod."""
    port, admin = free_port(), free_port()
    spec = PoolSpec.model_validate(
        {
            "model": {"name": "fake", "source": {"baked": {}}},
            "server": {"image": "x", "engine": "fake", "port": port, "adminPort": admin, "maxQueue": 3},
            "scaling": {"maxReplicas": 2},
        }
    )
    pool = Pool(namespace="n", name="p", uid="uid", generation=1, spec=spec)
    given = {each["name"]: each["value"] for each in container(pool, admin_token=TOKEN)["env"]}
    environment = os.environ | given | {"WARMPOOL_FAKE_LOAD_SECONDS": str(LOAD_SECONDS)}
    process = subprocess.Popen(
        [sys.executable, "-m", "warmpool_serving"], env=environment, stderr=subprocess.PIPE
    )
    yield Target(uid="pod", ip="127.0.0.1", port=admin)
    process.terminate()
    process.communicate(timeout=60)


def ask(pod: Target, until: Callable[[LoadReport], bool], *, seconds: float = 20) -> LoadReport:
    """Scrape as the operator does until a report satisfies a condition."""

    async def poll() -> LoadReport:
        async with aiohttp.ClientSession() as session:
            scraper = Scraper(session, now_ms=lambda: int(time.time() * 1000))
            deadline = time.monotonic() + seconds
            while True:
                answer = (await scraper.scrape([pod]))[pod.uid]
                if isinstance(answer, LoadReport) and until(answer):
                    return answer
                assert answer is not Failure.FORMAT, "the runtime's load report is not the operator's"
                assert time.monotonic() < deadline, answer
                await asyncio.sleep(0.05)

    return asyncio.run(poll())


def call(pod: Target, *, retire: bool, token: str) -> bool:
    async def once() -> bool:
        async with aiohttp.ClientSession() as session:
            scraper = Scraper(session, now_ms=lambda: 0)
            return await (scraper.retire if retire else scraper.restore)(pod, token=token)

    return asyncio.run(once())


def test_a_pod_serves_retires_and_comes_back(pod: Target) -> None:
    loading = ask(pod, lambda report: True)
    assert not loading.draining
    ready = ask(pod, lambda report: report.serving)
    # containerConcurrency 8 and maxQueue 3.
    assert (ready.slots, ready.idle, ready.draining) == (11, True, False)
    assert not call(pod, retire=True, token="somebody else's"), "a neighbour may not retire a pod"
    assert ask(pod, lambda report: True).serving
    assert call(pod, retire=True, token=TOKEN)
    assert not ask(pod, lambda report: report.draining).serving
    assert call(pod, retire=False, token=TOKEN)
    assert not ask(pod, lambda report: report.serving).draining


def test_a_pod_dates_its_start_and_its_phases(pod: Target) -> None:
    asked_ms = int(time.time() * 1000)
    report = ask(pod, lambda report: report.serving)
    phases = dict(report.phases_ms)
    assert phases.keys() >= {"process_start", "imports", "load", "warmup"}
    assert phases["load"] >= LOAD_SECONDS * 1000
    assert report.began_ms is not None
    assert report.began_ms + sum(phases.values()) <= asked_ms + 1000


def test_a_pod_tells_its_memory_and_what_its_start_took_of_it(pod: Target) -> None:
    report = ask(pod, lambda report: report.serving)
    assert report.memory_peak is not None
    assert report.start_memory_peak is not None
    # The kernel counts in batches of pages, so that a peak may seem to shrink by a few of them.
    assert 10 << 20 < report.start_memory_peak < report.memory_peak + (1 << 20)


def test_words_that_both_programs_know_are_the_same() -> None:
    assert set(POD_PHASES) == set(Phase)
    assert WEIGHTS_BYTES == serving_names.WEIGHTS_BYTES
    assert (EXIT_SETTING, EXIT_MODEL) == (serving_names.Exit.USAGE, serving_names.Exit.MODEL)


def test_every_setting_of_the_operator_is_one_of_the_runtime() -> None:
    ours = {value for name, value in vars(Env).items() if not name.startswith("_")}
    environment = dict.fromkeys(ours, "1")
    assert unknown_variables(environment) == []
    assert unknown_variables({**environment, "WARMPOOL_MODLE_NAME": "x"}) != []
