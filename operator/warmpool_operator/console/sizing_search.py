"""Runs every option and every rival side by side, one process per core."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.simulate.rivals import RIVALS, Bounds, run_rival
from warmpool_operator.simulate.setup import Setup
from warmpool_operator.simulate.sizing import (
    Option,
    Sized,
    efficient,
    options,
    recommended,
    run_option,
    sized,
)

_NONE = Option(floor=0, buffer=0, keep_alive_seconds=0)
"""Rivals have no such settings."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the runs have shown.

    Attributes:
        own: the pool as it is.
        best: the cheapest option with few enough errors, None if there is none.
        efficient: options that no other beats in errors and cost, the cheapest first.
        rivals: what people would pick instead, by name.
        seconds: length of the traffic.
    """

    own: Sized
    best: Sized | None
    efficient: Sequence[Sized]
    rivals: Sequence[tuple[str, Sized]]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Search:
    """Everything that a run needs; travels to the processes.

    Attributes:
        spec: the pool.
        setup: traffic, clients, server, cluster.
        seeds: one run of each option per seed.
    """

    spec: PoolSpec
    setup: Setup
    seeds: Sequence[int]

    @property
    def own(self) -> Option:
        """The pool as it is."""
        scaling = self.spec.scaling
        return Option(
            floor=scaling.min_replicas,
            buffer=scaling.concurrency_buffer,
            keep_alive_seconds=scaling.keep_alive_seconds,
        )

    def option(self, option: Option) -> Sized:
        """Run one option."""
        return sized(option, [run_option(self.spec, self.setup, option, seed=seed) for seed in self.seeds])

    def rival(self, name: str) -> tuple[str, Sized]:
        """Run one rival."""
        scaling = self.spec.scaling
        bounds = Bounds(floor=max(1, scaling.min_replicas), ceiling=scaling.max_replicas)
        return name, sized(_NONE, [run_rival(name, self.setup, bounds, seed=seed) for seed in self.seeds])

    def run(self, *, error_percent: float) -> Found:
        """Run everything; how far it is shows on a terminal."""
        every = options(self.spec, self.setup)
        progress = Console(stderr=True)
        with ProcessPoolExecutor(max_workers=os.cpu_count()) as processes:
            runs = processes.map(self.option, every)
            shown = track(runs, "simulating", total=len(every), console=progress, transient=True)
            found = list(shown if progress.is_terminal else runs)
            rivals = list(processes.map(self.rival, RIVALS))
        return Found(
            own=next(each for each in found if each.option == self.own),
            best=recommended(found, error_percent=error_percent),
            efficient=efficient(found),
            rivals=rivals,
            seconds=self.setup.end_ms / 1000,
        )
