"""`python -m bench.mutation`: mutants of `capacity/` against its tests, and which of them nobody noticed.

Each mutant runs in a process of its own, forked from one that has all but `capacity/` loaded. There the mutated
module is what an import finds, and the tests run until the first one fails: the module's own ones first, since
most faults are noticed there. Hypothesis draws fewer examples than in `make unit`, from a fixed seed, so that the
figure is the same each time; a mutant that only more examples would find counts as survived. Mutants come in a
fixed random order, so that a run that is short of time has judged a fair sample.
"""

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import hypothesis
import pytest

import warmpool_operator.api.pool  # noqa: F401 - loaded once, before the forks
from bench.mutation.judged import judgements
from bench.mutation.mutants import Mutant, mutants_of
from bench.results_file import write_results

ROOT: Final = Path(__file__).parents[2]
CAPACITY: Final = ROOT / "operator/warmpool_operator/capacity"
TESTS: Final = ROOT / "tests/operator/capacity"
EXAMPLES: Final = 60
PROFILE: Final = "mutation"
LIMIT_SECONDS: Final = 120.0
LAST: Final = ROOT / "build/bench/mutation.json"
"""Who survived the last run over all modules."""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds one module of ours in its mutated form."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = f"warmpool_operator.capacity.{mutant.path.stem}"
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(self._mutant.path))

    def get_source(self, fullname: str) -> str:
        return self._mutant.source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._mutant.source, str(self._mutant.path), "exec")


def _run(mutant: Mutant | None) -> None:
    """Run the tests with a mutant; end with 0 if nothing was noticed."""
    sys.dont_write_bytecode = True
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    if mutant is not None:
        sys.meta_path.insert(0, _Finder(mutant))
    hypothesis.settings.register_profile(
        PROFILE,
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    # Hypothesis is loaded before pytest could look at it, and pytest warns of that.
    arguments = ["-x", "-q", "-W", "ignore", "-p", "no:cacheprovider", f"--hypothesis-profile={PROFILE}"]
    os._exit(next((1 for files in _tests(mutant) if pytest.main([*arguments, *map(str, files)])), 0))


def _tests(mutant: Mutant | None) -> list[list[Path]]:
    """The tests in two parts: those of the mutated module, then all others, the longest last."""
    files = sorted(TESTS.glob("test_*.py"), key=lambda path: path.name == "test_record.py")
    own = [path for path in files if mutant is not None and path.stem == f"test_{mutant.path.stem}"]
    return [part for part in (own, [path for path in files if path not in own]) if part]


def survives(mutant: Mutant | None) -> bool:
    """Whether the tests notice nothing; one that never ends is noticed."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(mutant,))
    process.start()
    process.join(LIMIT_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return False
    return process.exitcode == 0


def main() -> int:
    """Run every mutant and write `bench/results/mutation.json`."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1500, help="stop after this time (default 1500)")
    parser.add_argument("--only", default="", help="mutate this module alone, such as decide")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--again", action="store_true", help="after tests were added: those alone that survived the last time"
    )
    arguments = parser.parse_args()
    if arguments.again and (arguments.only or not LAST.exists()):
        parser.error("--again is for a run over all modules, after another one")
    paths = sorted(CAPACITY.glob(f"{arguments.only or '*'}.py"))
    mutants = [mutant for path in paths for mutant in mutants_of(path)]
    random.Random(1).shuffle(mutants)
    last = json.loads(LAST.read_text(encoding="utf-8")) if arguments.again else None
    chosen = [mutant for mutant in mutants if last is None or mutant.key in last["survived"]]
    if not survives(None):
        raise SystemExit("the tests fail without any mutant")
    verdicts = _judge(chosen, seconds=arguments.seconds, workers=arguments.workers)
    ran = last["ran"] if last else len(verdicts)
    # What was not reached is as it was.
    survived = [mutant.key for mutant in chosen if verdicts.get(mutant.key, last is not None)]
    figures = {
        "mutants": len(mutants),
        "mutants_run": ran,
        "mutants_survived": len(survived),
        "mutants_killed_percent": 100 * (ran - len(survived)) / max(1, ran),
    }
    print(json.dumps(figures, indent=2))
    if not arguments.only:
        LAST.parent.mkdir(parents=True, exist_ok=True)
        LAST.write_text(json.dumps({"ran": ran, "survived": survived}, indent=1), encoding="utf-8")
        write_results("mutation", figures, repeats=1, versions={"hypothesis": hypothesis.__version__})
    return 0


def _judge(mutants: Sequence[Mutant], *, seconds: float, workers: int) -> dict[str, bool]:
    """Whether each survives, by its key, as far as the time reaches; survivors are told at once."""
    end, known = time.monotonic() + seconds, judgements()

    def judge(mutant: Mutant) -> tuple[str, bool] | None:
        if time.monotonic() >= end:
            return None
        if alive := survives(mutant):
            print(f"survived: {mutant}: {known.get(mutant.key, 'NOT JUDGED')}", flush=True)
        return mutant.key, alive

    with ThreadPoolExecutor(workers) as pool:
        return dict(verdict for verdict in pool.map(judge, mutants) if verdict is not None)


if __name__ == "__main__":
    sys.exit(main())
