"""A whole process with the fake engine: what probes, the operator and clients see in each phase."""

import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

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
