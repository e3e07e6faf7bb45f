"""The cells in which a goal is near, again: both servers up and asked in turns, with the same neighbours.

The cores of a shared host are slower for minutes at a time, up to two times, which three repetitions one after
the other do not level out. Here one window is compared with the next, and the median of the pairs counts.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from bench.serving import records
from bench.serving.process import Server
from bench.serving.report import throughput_figures
from bench.serving.systems import System, systems
from bench.serving.tables import CELLS, GOALS, best_peer, ratio
from bench.serving.throughput import closed

REPETITIONS = 1
PAIRS = 4
NEAR = 1.2
"""Cells are measured again whose ratio is below the goal times this."""


def measure(system: System, repetition: int) -> dict[str, Any]:
    """Return, by cell, who was the best peer there and how many times as much as it was answered, pair by pair."""
    figures = throughput_figures(records.read())
    found: dict[str, Any] = {}
    for peer, cells in contested(figures, system.name).items():
        with Server(system) as ours, Server(systems()[peer]) as theirs:
            for server in (ours, theirs):
                server.until_answering()
            for cell in cells:
                found[cell] = {
                    "peer": peer,
                    "ratios": [_pair(ours, theirs, cell, seed) for seed in range(PAIRS)],
                }
                print(f"pairs {system.name} {cell} {peer}: {found[cell]['ratios']}", flush=True)
    del repetition
    return {"cells": found}


def contested(figures: Mapping[str, float], ours: str) -> dict[str, list[str]]:
    """Return the cells to measure again, by the peer that was best there."""
    found: dict[str, list[str]] = {}
    for cell in CELLS:
        if ratio(figures, ours, cell) < NEAR * GOALS[ours]:
            found.setdefault(best_peer(figures, ours, cell), []).append(cell)
    return found


def _pair(ours: Server, theirs: Server, cell: str, seed: int) -> float:
    length, _, clients = cell.partition("_c")
    first, second = (asyncio.run(closed(server, length, int(clients), seed)) for server in (ours, theirs))
    return float(first["rps"] / second["rps"])
