"""A whole process with the fake engine: what probes, the operator and clients see in each phase."""

import concurrent.futures
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from warmpool_serving.app import write_termination_message

TOKEN = "a-token-of-the-pool"
Fake = Callable[..., Any]
Until = Callable[..., None]
LOAD_KEYS = {
    "v", "state", "running", "queued", "oldestQueuedMs", "accepted", "rejected", "slots", "serviceMsMean",
    "warmHits", "lateStarts", "tokensPerSecond", "uptimeMs", "phases", "memoryPeakBytes",
}  # fmt: skip


def test_the_probes_follow_the_load(fake: Fake, until: Until) -> None:
    server = fake(fake_load_seconds=1.5)
    assert server.admin("/health/live").status_code == 200
    startup = server.admin("/health/startup")
    assert startup.status_code == 503
    assert startup.json()["phase"] in ("imports", "load")
    assert startup.json()["seconds"] >= 0
    assert server.admin("/health/ready").status_code == 503
    assert "warmpool_model_ready 0.0" in server.admin("/metrics").text
    server.wait_state("Loading")
    loading = server.load()
    assert set(loading) == LOAD_KEYS
    assert (loading["v"], loading["slots"], loading["running"]) == (1, 0, 0)
    until(lambda: _answers(server))
    early = server.embed()
    assert early.status_code == 503
    assert int(early.headers["retry-after"]) >= 1
    assert early.json()["error"]["type"] == "server_error"
    server.until_ready()
    assert server.admin("/health/startup").json()["status"] == "started"
    assert server.embed().status_code == 200
    ready = server.load()
    assert ready["state"] == "Ready"
    assert ready["phases"]["load"] == pytest.approx(1.5, abs=0.3)
    assert (ready["accepted"], ready["rejected"]) == (1, 1)
    assert 0 < ready["startMemoryPeakBytes"] < ready["memoryPeakBytes"] + (1 << 20)
    assert server.metric("warmpool_model_ready") == 1.0
    assert server.metric('warmpool_cold_start_seconds{phase="total"}') >= 1.5


@pytest.fixture(scope="module")
def plain(module_start: Fake) -> Any:
    """A server that no test changes for good."""
    return module_start(
        engine="fake", model_name="my-model", max_body_bytes=4096, container_concurrency=3
    ).until_ready()


def test_answers_are_in_openai_shape(plain: Any, decode: Callable[[str], list[float]]) -> None:
    server = plain
    floats = server.embed(["one two", "three"], model="my-model").json()
    assert [item["index"] for item in floats["data"]] == [0, 1]
    assert (floats["model"], floats["object"], floats["data"][0]["object"]) == (
        "my-model",
        "list",
        "embedding",
    )
    assert floats["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    coded = server.embed(["one two", "three"], encoding_format="base64").json()
    for left, right in zip(floats["data"], coded["data"], strict=True):
        assert left["embedding"] == pytest.approx(decode(right["embedding"]), abs=1e-12)


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"input": []}', 400), (b'{"input": "' + b"x" * 5000 + b'"}', 413)],
)
def test_wrong_requests_never_reach_the_model(plain: Any, content: bytes, status: int) -> None:
    before = plain.load()["accepted"]
    answer = plain.post("/v1/embeddings", content=content)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert plain.load()["accepted"] == before


def test_retire_needs_the_token_and_keeps_answering(plain: Any) -> None:
    server = plain
    assert server.admin("/internal/drain", "POST").status_code == 401
    assert server.admin("/internal/drain", "POST", token="wrong").status_code == 401
    assert server.load()["state"] == "Ready"
    assert server.admin("/internal/drain", "POST", token=TOKEN).json() == {"state": "Draining"}
    assert server.admin("/internal/drain", "POST", token=TOKEN).status_code == 200
    assert server.admin("/health/ready").status_code == 503
    assert server.admin("/health/startup").status_code == 200
    assert server.admin("/health/live").status_code == 200
    assert server.metric("warmpool_draining") == 1.0
    answer = server.embed()
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert server.admin("/internal/drain", "DELETE", token=TOKEN).json() == {"state": "Ready"}
    assert server.admin("/health/ready").status_code == 200
    assert server.embed().headers.get("connection") != "close"


def test_without_a_token_nobody_can_retire(fake: Fake) -> None:
    server = fake(admin_token="").until_ready()
    answer = server.admin("/internal/drain", "POST", token="anything")
    assert answer.status_code == 403
    assert "WARMPOOL_ADMIN_TOKEN" in answer.json()["error"]
    assert server.load()["state"] == "Ready"


def test_a_text_that_must_not_be_cut_is_refused(plain: Any) -> None:
    long = "word " * 600
    assert plain.post("/embed", json={"inputs": long}).status_code == 200
    refused = plain.post("/embed", json={"inputs": ["short", long], "truncate": False})
    assert (refused.status_code, refused.json()["error_type"]) == (413, "too_many_tokens")
    assert plain.post("/embed", json={"inputs": "short", "truncate": False}).status_code == 200


def test_unknown_paths_are_404_on_both_ports(plain: Any) -> None:
    server = plain
    assert server.get("/v1/completions").json()["error"]["code"] == "not_found"
    assert server.get("/v1/embeddings").status_code == 405
    assert server.admin("/nothing").status_code == 404
    assert server.admin("/internal/other", "POST", token=TOKEN).status_code == 404
    assert server.get("/internal/load").status_code == 404


def test_beyond_the_bound_is_429_with_retry_after(fake: Fake, until: Until) -> None:
    settings = {"container_concurrency": 2, "max_queue": 3, "fake_service_ms": 500}
    server = fake(latency_target_ms=60_000, warmup_requests=0, **settings).until_ready()
    assert server.load()["slots"] == 5
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(server.embed) for _ in range(20)]
        until(lambda: server.load()["rejected"] == 15)
        busy = server.load()
        answers = [item.result() for item in waiting]
    assert (busy["running"], busy["queued"]) == (2, 3)
    assert 0 < busy["oldestQueuedMs"] < 2000
    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(429)) == (5, 15)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert int(refused.headers["retry-after-ms"]) > 0
    assert refused.json()["error"]["type"] == "rate_limit_error"
    after = server.load()
    assert (after["accepted"], after["rejected"], after["running"], after["queued"]) == (5, 15, 0, 0)
    # Three of the five waited 500 ms; how many of the other two were caught by a busy machine is its business.
    assert after["lateStarts"] >= 3
    assert after["warmHits"] + after["lateStarts"] == 5
    assert after["serviceMsMean"] == pytest.approx(500, rel=0.2)


def test_the_latency_target_bounds_the_queue_by_itself(fake: Fake) -> None:
    server = fake(
        container_concurrency=2, fake_service_ms=200, latency_target_ms=1000, warmup_requests=0
    ).until_ready()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = [item.result() for item in [pool.submit(server.embed) for _ in range(40)]]
    codes = [answer.status_code for answer in answers]
    assert codes.count(200) + codes.count(429) == 40
    # 2 at a time, 200 ms each: 10 a second, and those that are accepted end within the target.
    assert 2 <= codes.count(200) <= 12
    assert max(answer.elapsed.total_seconds() for answer in answers if answer.status_code == 200) < 2.0


def test_a_client_that_goes_away_is_not_computed(fake: Fake, until: Until) -> None:
    server = fake(container_concurrency=1, fake_service_ms=400, latency_target_ms=60_000).until_ready()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(server.embed)
        until(lambda: server.load()["running"] == 1)
        with socket.create_connection(("127.0.0.1", server.ports()[0])) as gone:
            body = b'{"input": "nobody waits for this"}'
            gone.sendall(
                b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            until(lambda: server.load()["queued"] == 1)
        until(lambda: server.load()["queued"] == 0)
        assert first.result().status_code == 200
    until(lambda: server.load()["running"] == 0)
    assert server.metric('warmpool_finished_total{outcome="cancelled"}') == 1.0
    assert server.metric("warmpool_batch_size_sum") == 1.0
    assert server.metric("warmpool_inflight_requests") == 0.0


def test_a_deadline_is_honoured_in_the_queue(fake: Fake, until: Until) -> None:
    server = fake(
        container_concurrency=1, fake_service_ms=400, warmup_requests=0, latency_target_ms=60_000
    ).until_ready()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(server.embed)
        until(lambda: server.load()["running"] == 1)
        headers = {"x-request-timeout-ms": "100"}
        late = server.post("/v1/embeddings", json={"input": "x"}, headers=headers)
        assert late.status_code == 504
        assert first.result().status_code == 200
    wrong = httpx.post(
        server.url("/v1/embeddings"), json={"input": "x"}, headers={"x-request-timeout-ms": "soon"}
    )
    assert wrong.status_code == 400


def test_accepted_requests_are_conserved(fake: Fake) -> None:
    server = fake(container_concurrency=4, fake_service_ms=5).until_ready()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = [item.result().status_code for item in [pool.submit(server.embed) for _ in range(200)]]
    load = server.load()
    assert load["accepted"] == codes.count(200)
    assert load["accepted"] + load["rejected"] == 200
    assert server.metric('warmpool_finished_total{outcome="ok"}') == codes.count(200)
    assert server.metric('warmpool_requests_total{code="200",route="/v1/embeddings"}') == codes.count(200)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"engine": "fake", "fake_fail": "the weights are not for this model"},
            "the weights are not for this model",
        ),
        ({"engine": "fake", "fake_wrong": "true"}, "the model answers wrong: cosine -1.0000"),
        ({"engine": "auto", "model_path": "/nowhere/at/all"}, "the folder /nowhere/at/all does not exist"),
        ({"engine": "auto"}, "WARMPOOL_MODEL_PATH is not set"),
    ],
)
def test_a_model_that_is_not_right_ends_with_code_3(start: Fake, settings: dict[str, str], says: str) -> None:
    server = start(**settings)
    assert server.end() == 3
    record = server.log[-1]
    assert says in record["message"]
    assert (record["level"], record["exitCode"]) == ("error", 3)
    assert not any(item["message"] == "model proven" for item in server.log)


def test_the_reason_is_left_where_the_kubelet_looks(tmp_path: Path) -> None:
    write_termination_message("no such weights", tmp_path / "termination-log")
    assert not list(tmp_path.iterdir())
    (tmp_path / "termination-log").touch()
    write_termination_message("no such weights", tmp_path / "termination-log")
    assert (tmp_path / "termination-log").read_text() == "no such weights\n"


def test_a_failed_load_never_looks_ready(fake: Fake) -> None:
    server = fake(fake_load_seconds=0.5, fake_fail="no such weights")
    seen = set()
    while server.process.poll() is None:
        try:
            seen.add(server.admin("/health/ready").status_code)
        except httpx.HTTPError:
            break
    assert seen == {503}
    assert server.end() == 3


def test_a_wrong_setting_ends_with_code_2_and_one_line(start: Fake) -> None:
    server = start(engine="fake", container_concurrency="many")
    assert server.end() == 2
    assert [item["message"] for item in server.log] == [
        "warmpool-serve: WARMPOOL_CONTAINER_CONCURRENCY: 'many' is not a whole number"
    ]


def test_a_taken_port_ends_with_code_4(start: Fake) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = start(engine="fake", port=taken.getsockname()[1])
        assert server.end() == 4
    assert "cannot be bound" in server.log[-1]["message"]


def test_secrets_are_in_no_log(fake: Fake) -> None:
    server = fake(api_key="a-client-key").until_ready()
    assert server.embed().json()["error"]["code"] == "invalid_api_key"
    native = server.post("/embed", json={"inputs": "x"})
    assert (native.status_code, native.json()["error_type"]) == (401, "invalid_api_key")
    headers = {"Authorization": "Bearer a-client-key"}
    answer = httpx.post(
        server.url("/v1/embeddings"), json={"input": "secret text"}, headers=headers, timeout=10
    )
    assert answer.status_code == 200
    assert server.get("/v2/health/ready").status_code == 200
    server.signal(signal.SIGINT)
    assert server.end() == 0
    shown = str(server.log)
    assert TOKEN not in shown
    assert "a-client-key" not in shown
    assert "secret text" not in shown


def test_the_summary_says_what_runs(plain: Any) -> None:
    record = plain.message("model proven")
    assert (record["engine"], record["containerConcurrency"], record["workers"]) == ("fake", 3, 3)
    assert (record["latencyTargetMs"], record["maxBodyBytes"], record["maxQueue"]) == (1000, 4096, None)
    assert set(record["seconds"]) >= {"process_start", "imports", "load", "warmup"}
    assert plain.message("ready")["seconds"] >= sum(record["seconds"].values()) - 0.01


def test_only_light_modules_are_imported_before_the_admin_port_listens() -> None:
    code = "import sys, warmpool_serving.cli, warmpool_serving.app; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "asyncio",
        "numpy",
        "onnxruntime",
        "uvicorn",
        "starlette",
        "prometheus_client",
        "tokenizers",
        "pydantic",
    }
    assert not heavy & set(done.stdout.split())


def _answers(server: Any) -> bool:
    try:
        return bool(server.get("/v1/models").status_code == 200)
    except httpx.HTTPError:
        return False
