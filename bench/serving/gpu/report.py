"""From records to figures and to the tables of the page."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.page import markdown_table, write_tables
from bench.results_file import write_results
from bench.serving.overload import TARGET_SECONDS
from bench.serving.records import Record

NAME = "bench.serving.gpu"
LABELS = {
    "ours-fp32": "warmpool torch, fp32",
    "ours-fp16": "warmpool torch, fp16",
    "ours-fp16-cudnn": "warmpool torch, fp16 with cuDNN's attention",
    "onnx": "warmpool onnx",
    "st": "warmpool torch",
    "litserve": "LitServe",
    "mosec": "mosec",
    "naive": "naive FastAPI",
}
_MODELS = {
    "minilm": "all-MiniLM-L6-v2",
    "large": "a BERT large (335 M weights, drawn)",
    "attention": "all-MiniLM-L6-v2, with and without cuDNN's attention",
}


def write(found: Sequence[Record]) -> Path:
    """Write `bench/results/serving-gpu.json` and the tables; return the path of the results."""
    *_, machine = _of("machine", found)
    about = {key: value for key, value in machine.items() if key not in ("part", "versions")}
    path = write_results(
        "serving-gpu", figures(found), repeats=1, versions=machine["versions"], machine=about
    )
    write_tables(NAME, "\n".join(_tables(found)))
    return path


def figures(found: Sequence[Record]) -> dict[str, float]:
    """Return every figure by its name, with the unit in the name."""
    numbers: dict[str, float] = {}
    for each in _of("quality", found):
        for what in ("cosine_min", "cosine_p01", "batch_tokens"):
            numbers[f"{what}_{each['model']}_{each['precision']}"] = each[what]
    for part in (*_MODELS, "cores"):
        for each in _started(part, found):
            name = f"{part}{each.get('cores', '')}_{each['system']}"
            numbers[f"ready_s_{name}"] = each["ready_s"]
            for cell, measured in each["cells"].items():
                numbers[f"texts_per_s_{name}_{cell}"] = measured["texts_per_s"]
                numbers[f"p99_s_{name}_{cell}"] = measured["p99_s"] or 0.0
    return numbers | _trouble_figures(found)


def _trouble_figures(found: Sequence[Record]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for each in _of("lost", found):
        numbers |= {"lost_exit_code": each["exit_code"] or 0, "lost_exit_s": each["exit_s"]}
    for each in _of("flood", found):
        capacity = (each["capacity_before_rps"] + each["capacity_after_rps"]) / 2
        numbers |= {
            "flood_p99_over_target": each["p99_s"] / TARGET_SECONDS,
            "flood_goodput_ratio": each["goodput_rps"] / capacity,
            "flood_other": each["other"],
        }
    if ends := _of("ends", found):
        numbers["drain_lost_requests"] = sum(each["outcomes"].get("lost", 0) for each in ends)
        numbers["drain_exit_s_max"] = max(each["exit_s"] for each in ends)
    return numbers


def _tables(found: Sequence[Record]) -> Iterator[str]:
    yield "Cosine to what sentence-transformers gives in float32 on the CPU, on real texts:\n"
    head = ["Model", "Numbers", "Texts", "Least", "Worst percent", "Tokens of a batch, as found"]
    yield markdown_table(head, [_quality(each) for each in _of("quality", found)])
    for part, model in _MODELS.items():
        yield f"Texts per second, {model}, by length and clients; `x32` has 32 texts in a request:\n"
        yield _throughput(_of(part, found))
    yield "Texts per second on cores without a device, 64 clients, by length and cores:\n"
    yield _cores(_started("cores", found))
    yield "What goes wrong:\n"
    yield markdown_table(["What", "Measured"], _trouble(found))


def _quality(each: Record) -> list[str]:
    cosines = f"{each['cosine_min']:.6f}", f"{each['cosine_p01']:.6f}"
    return [each["model"], each["precision"], str(each["texts"]), *cosines, f"{each['batch_tokens']}"]


def _throughput(records: Sequence[Record]) -> str:
    cells = list(dict.fromkeys(cell for each in records for cell in each.get("cells", {})))
    rows = [
        [LABELS[each["system"]], _ready(each), *(_rate(each.get("cells", {}).get(cell)) for cell in cells)]
        for each in records
    ]
    return markdown_table(["Server", "ready s", *(cell.replace("_c", ", ") for cell in cells)], rows)


def _cores(records: Sequence[Record]) -> str:
    counts = sorted({each["cores"] for each in records})
    systems = dict.fromkeys(each["system"] for each in records)
    cells = list(dict.fromkeys(cell for each in records for cell in each["cells"]))
    by = {(each["system"], each["cores"]): each["cells"] for each in records}
    heads = [f"{cell.partition('_')[0]}, {count}" for cell in cells for count in counts]
    rows = [
        [
            LABELS[system],
            *(_rate(by.get((system, count), {}).get(cell)) for cell in cells for count in counts),
        ]
        for system in systems
    ]
    return markdown_table(["Server", *heads], rows)


def _trouble(found: Sequence[Record]) -> Iterator[list[str]]:
    numbers = _trouble_figures(found)
    for each in _of("lost", found):
        got = ", ".join(f"{count} x {outcome}" for outcome, count in sorted(each["outcomes"].items()))
        end = f"exit code {each['exit_code']} after {each['exit_s']:.2f} s; clients got {got}"
        yield ["an error of CUDA that stays, under 64 clients", end]
    for each in _of("memory", found):
        refused = each.get("refused", "").partition(". ")[0]
        fits = f"starts, with batches of {each.get('batch_tokens')} tokens"
        yield [f"{100 * each['share']:g} % of the device's memory", f"ends: {refused}" if refused else fits]
    if "flood_p99_over_target" in numbers:
        late, answered = numbers["flood_p99_over_target"], numbers["flood_goodput_ratio"]
        others = f"{numbers['flood_other']:.0f} neither 200 nor 429"
        told = f"p99 {late:.2f} times the latency target, {answered:.2f} of the capacity answered, {others}"
        yield ["twice the capacity, BERT large, requests of eight long texts", told]
    if "drain_lost_requests" in numbers:
        lost, longest = numbers["drain_lost_requests"], numbers["drain_exit_s_max"]
        told = f"{lost:.0f} requests lost, at most {longest:.1f} s to the end"
        yield [f"{len(_of('ends', found))} SIGTERMs under 64 clients", told]


def _ready(each: Record) -> str:
    return f"{each['ready_s']:.1f}" if "ready_s" in each else "does not start"


def _rate(cell: dict[str, Any] | None) -> str:
    return f"{cell['texts_per_s']:.0f}" if cell else ""


def _started(part: str, found: Sequence[Record]) -> list[Record]:
    return [each for each in _of(part, found) if "cells" in each]


def _of(part: str, found: Sequence[Record]) -> list[Record]:
    return [each for each in found if each["part"] == part]
