"""The tasks of the section on all sets: for each set, each step, and maybe the tutorial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench import Bench
from measure import BenchmarkError, Job, Task, read_json_line

from sets.pictures import PictureSet, find_sets, link

if TYPE_CHECKING:
    from sections import Plan

STEPS = {
    "learning": ("sets.learning", "learn"),
    "copies": ("sets.copies", "look"),
    "curve": ("sets.curve", "forecasts"),
}
"""What is measured on a set, and the function that does it."""

TUTORIAL = "tutorial"


def all_sets(bench: Bench, plan: Plan) -> list[Task]:
    """Measure every set of a folder; the repeats' seeds count from 0."""
    found = sets_in(bench)
    tasks = []
    for name in found:
        for step in STEPS:
            tasks.append(Task("g", f"{name}: {step}", _step(bench, plan, name, step)))
        if plan.slow:
            # It takes minutes; once is enough to see where it stands.
            tasks.append(
                Task("g", f"{name}: {TUTORIAL}", _tutorial(bench, name, found[name]), most=1)
            )
    return tasks


def sets_in(bench: Bench) -> dict[str, PictureSet]:
    """Return the sets to measure on.

    Raises:
        BenchmarkError: There are none.
    """
    if bench.sets is None or not bench.sets.is_dir():
        raise BenchmarkError("section g needs a folder of picture sets: --sets DIR")
    found = find_sets(bench.sets)
    if not found:
        raise BenchmarkError(f"expected sets with train/ and validation/ in {bench.sets}.")
    return found


def _step(bench: Bench, plan: Plan, name: str, step: str) -> Callable[[int], Job]:
    def job(repeat: int) -> Job:
        assert bench.sets is not None
        # Cats and dogs are nothing foreign to who knows breeds of cats and dogs.
        kin = {name}.union(*(group for group in plan.kin if name in group))
        others = [bench.sets / other for other in sets_in(bench) if other not in kin]
        folder = bench.fresh()
        words = ("one_set.py", step, bench.sets / name, "--seed", repeat - 1, "--work", folder)
        more = ["--others", *others] if others else []
        command = bench.script(*words, *more, *(["--quick"] if plan.quick else []))
        # Nothing is timed here, so that features are computed once for all.
        cache = bench.cache or bench.work / "cache"
        return Job(command, read_json_line, {"XDG_CACHE_HOME": str(cache)}, drop=(folder,))

    return job


def _tutorial(bench: Bench, name: str, pictures: PictureSet) -> Callable[[int], Job]:
    def job(repeat: int) -> Job:
        if bench.weights is None:
            raise BenchmarkError("the tutorial needs --weights FILE.weights.h5")
        folder = bench.fresh()
        # Its loader knows no other names of splits.
        data: Path = link(pictures.splits, folder / name)
        test = ["--test", data / "test"] if "test" in pictures.splits else []
        words = (data, bench.weights, "--seed", repeat - 1, *test)
        found = bench.peer("peers/keras_tutorial.py", *words)
        return Job(found.command, found.read, found.env, drop=(folder,))

    return job
