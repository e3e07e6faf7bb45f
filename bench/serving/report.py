"""From records to figures: medians over repetitions, under the names that the results file promises."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.page import write_tables
from bench.results_file import write_results
from bench.serving import cold, drain, environments, overload, pictures, tables, throughput
from bench.serving.records import Record
from bench.serving.tables import paired
from warmpool_serving.models.bundle import read_manifest


def write(found: Sequence[Record]) -> Path:
    """Write figures, pictures and tables; return the path of the results file."""
    numbers = figures(found)
    path = write_results("serving", numbers, repeats=throughput.REPETITIONS, versions=_versions())
    pictures.draw(numbers)
    write_tables("bench.serving", tables.tables(numbers))
    return path


def figures(found: Sequence[Record]) -> dict[str, float]:
    """Return every figure by its name, with the unit in the name."""
    numbers: dict[str, float] = {}
    for part in (throughput_figures, _cold, _pairs, _overload, _drain):
        numbers |= part(found)
    return numbers | tables.comparisons(numbers) | _quality()


def _cold(found: Sequence[Record]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for system, records in _by_system(found, "cold").items():
        numbers[f"{system}_ready_s"] = _median(records, "ready_s")
        numbers[f"{system}_pss_mib"] = _median(records, "pss_mib")
        if "live_s" in records[0]:
            numbers[f"{system}_live_s"] = _median(records, "live_s")
            numbers[f"{system}_live_p99_s_while_loading"] = max(record["live_p99_s"] for record in records)
            for phase in records[0]["phases"]:
                seconds = [record["phases"][phase] for record in records]
                numbers[f"{system}_phase_{phase}_s"] = statistics.median(seconds)
    onnx = _by_system(found, "cold")["onnx"]
    numbers["first_over_steady_p99"] = _median(onnx, "first_over_steady_p99")
    numbers["live_p99_s_while_loading"] = numbers["onnx_live_p99_s_while_loading"]
    for system in ("onnx", "st"):
        numbers[f"{system}_ready_over_naive"] = numbers[f"{system}_ready_s"] / numbers["naive_ready_s"]
    numbers["onnx_pss_over_naive"] = numbers["onnx_pss_mib"] / numbers["naive_pss_mib"]
    return numbers | {"cold_starts": cold.REPETITIONS}


def throughput_figures(found: Sequence[Record]) -> dict[str, float]:
    """Return requests per second, CPU time and latency of every system and cell."""
    numbers: dict[str, float] = {}
    for system, records in _by_system(found, "throughput").items():
        numbers[f"{system}_ready_s"] = _median(records, "ready_s")
        numbers[f"{system}_pss_mib"] = _median(records, "pss_mib")
        numbers[f"{system}_pss_loaded_mib"] = _median(records, "pss_loaded_mib")
        for cell in records[0]["cells"]:
            cells = [record["cells"][cell] for record in records]
            for what in ("p50_s", "p99_s") if cell == "open" else ("rps", "cpu_ms", "p50_s", "p99_s"):
                numbers[f"{what}_{system}_{cell}"] = _median(cells, what)
    return numbers


def _pairs(found: Sequence[Record]) -> dict[str, float]:
    return {
        paired(system, pair["peer"], cell): statistics.median(pair["ratios"])
        for system, records in _by_system(found, "pairs").items()
        for record in records
        for cell, pair in record["cells"].items()
    }


def _overload(found: Sequence[Record]) -> dict[str, float]:
    beside = _by_system(found, "beside")["onnx"]
    windows = _by_system(found, "windows")["onnx"]
    apart, shared = ([share for each in windows for share in each[how]] for how in ("apart", "beside"))
    return {
        **_flooded("overload", _by_system(found, "overload")["onnx"], apart),
        **_flooded("overload_beside", beside, shared),
        "live_p99_s_under_load": max(record["live_p99_s"] for record in beside),
    }


def _flooded(name: str, records: Sequence[Record], shares: Sequence[float]) -> dict[str, float]:
    late = [record["p99_s"] / overload.TARGET_SECONDS for record in records]
    return {
        f"{name}_p99_over_target": statistics.median(late),
        f"{name}_p99_over_target_worst": max(late),
        f"{name}_goodput_ratio": statistics.median(shares),
        f"{name}_goodput_ratio_worst": min(shares),
        f"{name}_capacity_rps": _median(records, "capacity_rps"),
        f"{name}_answered": sum(record["answered"] for record in records),
        f"{name}_refused": sum(record["refused"] for record in records),
        f"{name}_other": sum(record["other"] for record in records),
    }


def _drain(found: Sequence[Record]) -> dict[str, float]:
    records = [end for record in _by_system(found, "drain")["onnx"] for end in record["ends"]]
    outcomes: Counter[str] = Counter()
    for record in records:
        outcomes.update(record["outcomes"])
    return {
        "drain_sigterms": len(records),
        "drain_lost_requests": outcomes["lost"],
        "drain_answered_requests": outcomes["200"],
        "drain_exit_s_max": max(record["exit_s"] for record in records),
        "drain_exit_budget_s": drain.BUDGET_SECONDS,
        "drain_exits_not_0": sum(record["exit_code"] != 0 for record in records),
    }


def _quality() -> dict[str, float]:
    numbers: dict[str, float] = {}
    for precision in ("fp32", "int8"):
        quality = read_manifest(environments.bundle(precision)).quality
        numbers |= {f"{precision}_{name}": value for name, value in quality.items()}
    return numbers


def _by_system(found: Iterable[Record], part: str) -> dict[str, list[Record]]:
    systems: dict[str, list[Record]] = {}
    for record in found:
        if record["part"] == part:
            systems.setdefault(record["system"], []).append(record)
    return systems


def _median(records: Iterable[dict[str, Any]], name: str) -> float:
    return float(statistics.median(record[name] for record in records))


def _versions() -> dict[str, str]:
    peers = ("torch", "sentence-transformers", "transformers", "fastapi", "litserve", "bentoml", "mosec")
    theirs = environments.torch().versions(*peers)
    names = ("infinity-emb", "onnxruntime", "torch")
    old = {
        f"infinity's {name}": version
        for name, version in environments.infinity().versions(*names).items()
        if name != "infinity-emb"
    }
    return theirs | environments.infinity().versions("infinity-emb") | old
