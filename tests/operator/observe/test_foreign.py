"""Servers of other makes: which numbers of their pages count, and what is unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.api.protocol import PRESETS, LoadMetrics
from warmpool_operator.api.server import Server
from warmpool_operator.observe.exposition import total
from warmpool_operator.observe.foreign import ForeignReader
from warmpool_operator.observe.load import LoadReportError

VLLM = b"""\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a {tricky} name"} 3.0
vllm:num_requests_running{engine="1",model_name="b"} 2.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="b"} 7.0
vllm:num_requests_waiting_by_reason{engine="0"} 99.0
vllm:iteration_tokens_total_bucket{le="+Inf"} 12.0
"""
TEI = b"""\
te_request_count{method="batch"} 12
te_request_count{method="single"} 4
te_request_success{method="single"} 9
te_queue_size 5
"""
TRITON = """\
nv_inference_pending_request_count{model="m",version="1"} 4
nv_inference_compute_infer_duration_us{model="m",version="1"} %d
"""


def read(
    page: bytes, metrics: LoadMetrics, reader: ForeignReader | None = None, at_ms: int = 0
) -> tuple[int, int]:
    report = (reader or ForeignReader()).read(page, metrics, uid="u", slots=1, at_ms=at_ms)
    return report.sample.running, report.sample.queued


def test_vllm_is_summed_over_its_engines() -> None:
    assert read(VLLM, PRESETS["vllm"]) == (5, 7)


def test_what_is_missing_is_unknown() -> None:
    for gone in (b"vllm:num_requests_running{", b"vllm:num_requests_waiting{"):
        lines = [line for line in VLLM.splitlines(keepends=True) if not line.startswith(gone)]
        with pytest.raises(LoadReportError, match="no usable"):
            read(b"".join(lines), PRESETS["vllm"])


def test_tei_counts_what_began_and_has_not_ended() -> None:
    assert read(TEI, PRESETS["tei"]) == (2, 5)
    assert read(b"", PRESETS["tei"]) == (0, 0), "its exporter shows nothing before the first request"


def test_triton_tells_by_the_time_that_it_spends() -> None:
    reader = ForeignReader()
    with pytest.raises(LoadReportError, match="rate is not known"):
        read(TRITON.encode() % 1_000_000, PRESETS["triton"], reader, at_ms=1_000)
    assert read(TRITON.encode() % 2_490_000, PRESETS["triton"], reader, at_ms=1_500) == (3, 4)
    assert read(TRITON.encode() % 2_490_000, PRESETS["triton"], reader, at_ms=2_000) == (0, 4)
    with pytest.raises(LoadReportError):
        read(TRITON.encode() % 5, PRESETS["triton"], reader, at_ms=2_500)


@pytest.mark.parametrize(
    ("page", "value"),
    [
        (b"a 1\n", 1),
        (b"a 1", 1),
        (b"a 1 1700000000000\n", 1),
        (b'a{x="} 9"} 2.0\n', 2),
        (b"a{} 1e2\n", 100),
        (b"aa 5\nba 6\na 7\n", 7),
        (b"# a 5\n", None),
        (b"a NaN\n", None),
        (b"a +Inf\n", None),
        (b"a -1\n", None),
        (b"a\n", None),
        (b"a{\n", None),
        (b"", None),
    ],
)
def test_one_number_out_of_a_page(page: bytes, value: int | None) -> None:
    assert total(page, ["a"]) == value


@given(st.binary(max_size=300))
def test_no_page_can_break_the_scan(page: bytes) -> None:
    for metrics in PRESETS.values():
        try:
            running, queued = read(page, metrics)
        except LoadReportError:
            continue
        assert running >= 0
        assert queued >= 0


def server(**fields: object) -> Server:
    return Server.model_validate({"image": "i:1", **fields})


def test_own_metrics_replace_what_a_preset_says() -> None:
    assert server().load_metrics is None
    plain, own = (
        server(protocol="vllm", port=8000).load_metrics,
        server(
            protocol="tei", metrics={"running": "busy", "port": 9000, "path": "/m"}, healthPath="/ok"
        ).load_metrics,
    )
    assert plain is not None
    assert own is not None
    assert (plain.port, plain.path, plain.health) == (8000, "/metrics", "/health")
    assert (own.running, own.minus, own.queued) == (("busy",), (), ("te_queue_size",))
    assert (own.port, own.path, own.health) == (9000, "/m", "/ok")
    triton = server(protocol="triton").load_metrics
    assert triton is not None
    assert triton.port == 8002


def test_concurrency_of_other_makes_is_one_until_somebody_says_more() -> None:
    assert server().container_concurrency == 8
    assert server(protocol="vllm").container_concurrency == 1
    assert server(protocol="vllm", containerConcurrency=64).container_concurrency == 64
