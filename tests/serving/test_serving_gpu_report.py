"""What the benchmark on a device makes of its records."""

from bench.serving.gpu import report

CELLS = {"short_c64": {"texts_per_s": 2705.4, "p99_s": 0.031}}
RECORDS = [
    {"part": "minilm", "system": "ours-fp32", "ready_s": 7.45, "cells": CELLS},
    {"part": "minilm", "system": "mosec", "failed": "mosec does not answer"},
    {"part": "cores", "system": "onnx", "cores": 8, "ready_s": 0.6, "cells": CELLS},
    {"part": "lost", "exit_code": 7, "exit_s": 0.41, "outcomes": {"503": 64, "200": 2136}},
    {"part": "memory", "share": 0.0005, "refused": "the model does not fit: out of memory. Tried to allocate"},
    {
        "part": "flood", "p99_s": 1.24, "goodput_rps": 98.0, "other": 0,
        "capacity_before_rps": 90.0, "capacity_after_rps": 110.0,
    },
    {"part": "ends", "exit_s": 1.2, "outcomes": {"200": 900, "refused": 64}},
    {"part": "ends", "exit_s": 1.5, "outcomes": {"200": 900, "lost": 1}},
]  # fmt: skip


def test_figures_name_part_system_and_cell() -> None:
    numbers = report.figures(RECORDS)
    assert numbers["texts_per_s_minilm_ours-fp32_short_c64"] == 2705.4
    assert numbers["texts_per_s_cores8_onnx_short_c64"] == 2705.4
    assert (numbers["flood_goodput_ratio"], numbers["flood_p99_over_target"]) == (0.98, 1.24)
    assert (numbers["drain_lost_requests"], numbers["drain_exit_s_max"]) == (1, 1.5)
    assert not any("mosec" in name for name in numbers)


def test_tables_say_who_did_not_start_and_what_went_wrong() -> None:
    text = "\n".join(report._tables(RECORDS))
    for line in (
        "| warmpool torch, fp32 | 7.5 | 2705 |",
        "| mosec | does not start |  |",
        "| warmpool onnx | 2705 |",
        "exit code 7 after 0.41 s; clients got 2136 x 200, 64 x 503 |",
        "| 0.05 % of the device's memory | ends: the model does not fit: out of memory |",
        "| 2 SIGTERMs under 64 clients | 1 requests lost, at most 1.5 s to the end |",
    ):
        assert line in text
