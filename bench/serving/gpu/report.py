"""From records to figures and to the tables of the page."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.page import markdown_table, write_tables
from bench.results_file import write_results
from bench.serving.gpu.faults import TARGET_SECONDS
from bench.serving.records import Record

NAME = "bench.serving.gpu"
LABELS = {
    "ours-fp32": "warmpool torch, fp32",
    "ours-fp16": "warmpool torch, fp16",
    "onnx": "warmpool onnx",
    "st": "warmpool torch",
    "litserve": "LitServe",
    "mosec": "mosec",
    "naive": "naive FastAPI",
}


def write(found: Sequence[Record]) -> Path:
    """Write `bench/results/serving-gpu.json` and the tables; return the path of the results."""
    (machine, *_) = _of("machine", found)
    about = {key: value for key, value in machine.items() if key not in ("part", "versions")}
    path = write_results(
        "serving-gpu", figures(found), repeats=1, versions=machine["versions"], machine=about
    )
    write_tables(NAME, tables(found))
    return path


def figures(found: Sequence[Record]) -> dict[str, float]:
    """Return every figure by its name, with the unit in the name."""
    numbers: dict[str, float] = {}
    for each in _of("quality", found):
        for what in ("cosine_min", "cosine_p01", "batch_tokens"):
            numbers[f"{what}_{each['model']}_{each['precision']}"] = each[what]
    for part in ("minilm", "large"):
        for each in _of(part, found):
            numbers[f"ready_s_{part}_{each['system']}"] = each["ready_s"]
            for cell, measured in each["cells"].items():
                numbers[f"texts_per_s_{part}_{each['system']}_{cell}"] = measured["texts_per_s"]
                numbers[f"p99_s_{part}_{each['system']}_{cell}"] = measured["p99_s"] or 0.0
    for each in _of("cores", found):
        for cell, measured in each["cells"].items():
            numbers[f"texts_per_s_cores{each['cores']}_{each['system']}_{cell}"] = measured["texts_per_s"]
    return numbers | _faults(found)


def _faults(found: Sequence[Record]) -> dict[str, float]:
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
    ends = _of("ends", found)
    if ends:
        numbers["drain_lost_requests"] = sum(each["outcomes"].get("lost", 0) for each in ends)
        numbers["drain_exit_s_max"] = max(each["exit_s"] for each in ends)
    return numbers


def tables(found: Sequence[Record]) -> str:
    """Return all tables as Markdown."""
    return "\n".join(_tables(found))


def _tables(found: Sequence[Record]) -> Iterator[str]:
    yield "Cosine to what sentence-transformers gives in float32 on the CPU, on real texts:\n"
    head = ["Model", "Numbers", "Texts", "Least", "Worst percent", "Tokens of a batch, as found"]
    yield markdown_table(head, [_quality(each) for each in _of("quality", found)])
    for part, model in (("minilm", "all-MiniLM-L6-v2"), ("large", "a BERT large (335 M weights, drawn)")):
        yield f"Texts per second, {model}, by length and clients; `x32` has 32 texts in a request:\n"
        yield _throughput(_of(part, found))
    yield "Texts per second on cores, 64 clients:\n"
    yield _cores(_of("cores", found))


def _quality(each: Record) -> list[str]:
    return [
        "MiniLM" if each["model"] != "large" else "large",
        each["precision"],
        str(each["texts"]),
        f"{each['cosine_min']:.6f}",
        f"{each['cosine_p01']:.6f}",
        f"{each['batch_tokens']}",
    ]


def _throughput(records: Sequence[Record]) -> str:
    cells = list(dict.fromkeys(cell for each in records for cell in each["cells"]))
    rows = [
        [
            LABELS[each["system"]],
            f"{each['ready_s']:.1f}",
            *(_rate(each["cells"].get(cell)) for cell in cells),
        ]
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


def _rate(cell: dict[str, Any] | None) -> str:
    return f"{cell['texts_per_s']:.0f}" if cell else ""


def _of(part: str, found: Sequence[Record]) -> list[Record]:
    return [each for each in found if each["part"] == part]
