"""The tables of the benchmarks page, written between two marks, so that text and figures cannot disagree."""

from collections.abc import Mapping

from bench.page import markdown_table
from bench.serving.pictures import LABELS

CELLS = [f"{length}_c{clients}" for length in ("short", "medium", "long") for clients in (1, 8, 64)]
_CLASS = {"onnx": ("infinityort",), "st": ("naive", "infinity", "litserve", "bentoml", "mosec")}
"""Peers that compute with the same library."""
GOALS = {"onnx": 1.0, "st": 1.0, "int8": 2.0}
"""Of the throughput ÷ the best peer's, in every cell: of its class, for int8 of all."""
_COLD = "![Seconds to the first right answer, and memory, by server](images/serving-cold.png)\n"
_THROUGHPUT = "![Requests per second by server, length and clients](images/serving-throughput.png)\n"


def tables(figures: Mapping[str, float]) -> str:
    """Return goals, throughput and latency as Markdown, with the pictures."""
    more = (_pairs(figures), _cpu(figures), _latency(figures))
    parts = (_goals(figures), _COLD, _throughput(figures), _THROUGHPUT, *more)
    return "\n".join(parts)


def _goals(figures: Mapping[str, float]) -> str:
    def row(what: str, name: str, goal: str, *, reached: bool) -> list[str]:
        value = figures[name]
        shown = f"{value:.0f}" if value == int(value) else f"{value:.4f}" if value > 0.99 else f"{value:.3f}"
        return [what, f"`{name}`", shown, goal, "yes" if reached else "**no**"]

    def below(what: str, name: str, most: float) -> list[str]:
        return row(what, name, f"≤ {most:g}", reached=figures[name] <= most)

    def above(what: str, name: str, least: float) -> list[str]:
        return row(what, name, f"≥ {least:g}", reached=figures[name] >= least)

    rows = [
        below("process to ready, onnx ÷ naive", "onnx_ready_over_naive", 0.15),
        below("process to ready, torch ÷ naive", "st_ready_over_naive", 0.9),
        below("memory, onnx ÷ naive", "onnx_pss_over_naive", 0.35),
        below("live answers, seconds after the process began", "onnx_live_s", 0.3),
        below("live, p99 seconds while onnx loads", "live_p99_s_while_loading", 0.1),
        below("live, p99 seconds while torch loads", "st_live_p99_s_while_loading", 2),
        below("live, p99 seconds with 64 clients", "live_p99_s_under_load", 0.1),
        below("first request ÷ p99 of later ones", "first_over_steady_p99", 1.2),
        above("onnx ÷ best peer of its class, worst cell", "onnx_over_best_peer_min", 1),
        above("torch ÷ best peer of its class, worst cell", "st_over_best_peer_min", 1),
        above("int8 ÷ best peer of all, worst cell", "int8_over_best_peer_min", 2),
        above("fp32, least cosine to sentence-transformers", "fp32_cosine_min", 0.9999),
        above("int8, cosine of the worst percent", "int8_cosine_p01", 0.98),
        below("twice the capacity, cores apart: p99 ÷ latency target", "overload_p99_over_target", 1.5),
        below("twice the capacity, cores apart: neither 200 nor 429", "overload_other", 0),
        above("twice the capacity, cores apart: answered ÷ capacity", "overload_goodput_ratio", 0.95),
        below("twice the capacity, beside: p99 ÷ latency target", "overload_beside_p99_over_target", 1.5),
        below("twice the capacity, beside: neither 200 nor 429", "overload_beside_other", 0),
        above("twice the capacity, beside: answered ÷ capacity", "overload_beside_goodput_ratio", 0.95),
        below("100 SIGTERMs under 64 clients: requests lost", "drain_lost_requests", 0),
        below("the same: seconds to the end, longest", "drain_exit_s_max", figures["drain_exit_budget_s"]),
    ]
    return markdown_table(["What", "Figure", "Measured", "Goal", "Reached"], rows)


def comparisons(figures: Mapping[str, float]) -> dict[str, float]:
    """Return, by engine, the least of its throughput ÷ the best peer's in all cells, by pairs where there are."""
    return {
        f"{ours}_over_best_peer_min": min(
            figures.get(paired(ours, best_peer(figures, ours, cell), cell), ratio(figures, ours, cell))
            for cell in CELLS
        )
        for ours in GOALS
    }


def best_peer(figures: Mapping[str, float], ours: str, cell: str) -> str:
    """Return who answered most in a cell, of those that one of our engines is compared with."""
    peers = _CLASS.get(ours, [system for system in LABELS if system not in GOALS])
    return max(peers, key=lambda peer: figures[f"rps_{peer}_{cell}"])


def ratio(figures: Mapping[str, float], ours: str, cell: str) -> float:
    """Return what an engine answered in a cell ÷ what the best peer did, both in their own turns."""
    return figures[f"rps_{ours}_{cell}"] / figures[f"rps_{best_peer(figures, ours, cell)}_{cell}"]


def paired(ours: str, peer: str, cell: str) -> str:
    """Return the name of the figure that pairs of windows gave."""
    return f"paired_{ours}_over_{peer}_{cell}"


def _pairs(figures: Mapping[str, float]) -> str:
    rows = [
        [
            LABELS[ours],
            _heading(cell),
            LABELS[peer],
            f"{ratio(figures, ours, cell):.2f}",
            f"{figures[name]:.2f}",
        ]
        for ours in GOALS
        for cell in CELLS
        if (name := paired(ours, peer := best_peer(figures, ours, cell), cell)) in figures
    ]
    about = (
        "Cells in which a goal is near, measured again with both servers up and asked in turns, since the cores of"
        " a shared host are slower for minutes at a time. The median of four pairs is what the goals are held to:"
    )
    return f"{about}\n\n" + markdown_table(
        ["Server", "Cell", "Best peer", "Ratio of the table", "In pairs"], rows
    )


def _throughput(figures: Mapping[str, float]) -> str:
    rows = [
        [LABELS[system], *(f"{figures[f'rps_{system}_{cell}']:.0f}" for cell in CELLS)] for system in LABELS
    ]
    return "Requests per second:\n\n" + markdown_table(["Server", *map(_heading, CELLS)], rows)


def _cpu(figures: Mapping[str, float]) -> str:
    rows = [
        [LABELS[system], *(f"{figures[f'cpu_ms_{system}_{cell}']:.1f}" for cell in CELLS)]
        for system in LABELS
        # A server that computes in a process that its first one does not wait for shows nothing there.
        if figures[f"cpu_ms_{system}_{CELLS[0]}"] > 0
    ]
    about = (
        "CPU time of the server per request, in milliseconds, which neighbours on the machine change least"
        " (BentoML's workers could not be counted):"
    )
    return f"{about}\n\n" + markdown_table(["Server", *map(_heading, CELLS)], rows)


def _latency(figures: Mapping[str, float]) -> str:
    cells = ["short_c1", "medium_c8", "medium_c64", "long_c64", "open"]
    rows = [[LABELS[system], *(_pair(figures, system, cell) for cell in cells)] for system in LABELS]
    return "Latency in milliseconds, median / p99:\n\n" + markdown_table(
        ["Server", *map(_heading, cells)], rows
    )


def _pair(figures: Mapping[str, float], system: str, cell: str) -> str:
    return " / ".join(f"{1000 * figures[f'{what}_{system}_{cell}']:.0f}" for what in ("p50_s", "p99_s"))


def _heading(cell: str) -> str:
    length, _, clients = cell.partition("_c")
    return f"{length}, {clients}" if clients else "short, 60/s"
