"""Measure tl-catdog and its peers on the same work, in one run, and print the ratios.

usage: python benchmarks/run.py --data DIR --weights FILE.weights.h5 --out benchmarks/results/X.json
       python benchmarks/run.py --sets DIR --out benchmarks/results/X-sets.json

See benchmarks/README.md for what is measured and how long it takes.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from bench import SPLITS, Bench, find_program
from measure import (
    BenchmarkError,
    Journal,
    Record,
    Task,
    alternating,
    end_all,
    failed_parts,
    measure,
    open_journal,
)
from report import console, report
from rich.text import Text
from sections import SECTIONS, Plan, Section
from sets.tasks import sets_in
from summary import summarise
from surroundings import surroundings

LETTERS = "".join(section.letter for section in SECTIONS)
ON_SETS = "g"


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for; return the exit code."""
    options = parse(words)
    try:
        chosen = choose(options)
        check(options, chosen)
        with work_folder(options.work) as work:
            bench = Bench(
                data=(options.data or options.sets).resolve(),
                weights=options.weights and options.weights.resolve(),
                work=work,
                sets=options.sets and options.sets.resolve(),
                cache=options.cache and options.cache.resolve(),
                program=find_program(),
                note=note,
            )
            plan = Plan(
                options.repeats,
                options.startup_repeats,
                options.growth_repeats,
                options.sizes,
                options.seeds,
                tuple(options.kin),
                options.slow,
                options.quick,
                options.jobs,
            )
            found = around(options.data, bench, plan)
            journal = open_journal(options.out, found, summarise, resume=options.resume)
            return run(journal, chosen, bench, plan)
    except BenchmarkError as error:
        note(f"Error: {error}", style="red")
        return 2
    except KeyboardInterrupt:
        note("Interrupted.")
        return 130


def around(data: Path | None, bench: Bench, plan: Plan) -> dict[str, Any]:
    """Return what figures depend on."""
    settings: dict[str, Any] = {"sizes": list(plan.sizes)}
    if bench.sets is None:
        return {**surroundings(data), "settings": settings}
    counts = {name: item.counts() for name, item in sets_in(bench).items()}
    kin = [sorted(group) for group in plan.kin]
    return {
        **surroundings(data, counts),
        "settings": {**settings, "kin": kin, "quick": plan.quick},
    }


def run(journal: Journal, chosen: Sequence[Section], bench: Bench, plan: Plan) -> int:
    """Measure the sections and print what came of it; return the exit code."""
    code = 0
    try:
        for section in chosen:
            try:
                if not measure_section(journal, section, bench, plan):
                    code = 1
            except BenchmarkError as error:
                # One section that fails must not cost the hours of those after it.
                note(f"Error: section {section.letter} is given up: {error}", style="red")
                code = 1
    except KeyboardInterrupt:
        note("Interrupted: --resume continues after the last finished process.")
        code = 130
    if journal.measurements:
        journal.save()
        console().print(report(journal.document))
        note(f"{len(journal.measurements)} measurements are in {journal.path}")
    return code


def measure_section(journal: Journal, section: Section, bench: Bench, plan: Plan) -> bool:
    """Measure what isn't in the journal yet, each task once in each repeat.

    Returns:
        Whether nothing failed; a section where time is measured raises ``BenchmarkError`` instead.
    """
    repeats = section.repeats(plan)
    planned = []
    for repeat, task in alternating(section.tasks(bench, plan), repeats):
        label = f"({section.letter}) {repeat}/{repeats} {task.name}"
        if journal.has(task, repeat):
            note(f"{label}: measured before", style="dim")
        else:
            planned.append((label, task, repeat))
    whole = True
    for (label, task, repeat), taken in measured(planned, bench, 1 if section.timed else plan.jobs):
        if isinstance(taken, BenchmarkError):
            if section.timed:
                raise taken
            error = bench.plain(str(taken)).replace(bench.python, "python")
            journal.fail(task, repeat, error)
            note(f"{label}: failed: {error}", style="red")
            whole = False
            continue
        for part in failed_parts(taken):
            taken["printed"][part]["error"] = bench.plain(taken["printed"][part]["error"])
        journal.add(taken)
        note(f"{label}: {taken['wall_seconds']:.2f} s, {taken['peak_rss_bytes'] / 2**20:.0f} MiB")
        for part in failed_parts(taken):
            note(f"{label}: {part} failed: {taken['printed'][part]['error']}", style="red")
            whole = False
    return whole


Planned = tuple[str, Task, int]


def measured(
    planned: Sequence[Planned], bench: Bench, jobs: int
) -> Iterator[tuple[Planned, Record | BenchmarkError]]:
    """Yield the record of each task, or why there is none, so many processes running at a time."""

    def one(number: int) -> Record | BenchmarkError:
        _, task, repeat = planned[number]
        try:
            return measure(task, repeat, bench.work / "output" / str(number), bench.shown)
        except BenchmarkError as error:
            return error

    if jobs == 1:
        # In this thread: an interruption ends what is running and nothing comes after it.
        yield from ((item, one(number)) for number, item in enumerate(planned))
        return
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(one, number): item for number, item in enumerate(planned)}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()
            raise


def note(text: str, style: str = "") -> None:
    """Say something in passing, on standard error."""
    console(stderr=True).print(Text(text, style=style), soft_wrap=True)


def choose(options: argparse.Namespace) -> list[Section]:
    """Return the sections of a list such as ``a,d``, or those there are pictures for."""
    letters = options.only
    if letters is None:
        most = [letter for letter in LETTERS if letter != ON_SETS]
        letters = ",".join(most * bool(options.data) + [ON_SETS] * bool(options.sets))
        if not letters:
            raise BenchmarkError("expected pictures: --data DIR, --sets DIR or both.")
    wanted = [letter.strip() for letter in letters.split(",") if letter.strip()]
    unknown = [letter for letter in wanted if letter not in tuple(LETTERS)]
    if unknown or not wanted:
        raise BenchmarkError(
            f"expected sections out of {','.join(LETTERS)}, found {letters!r} for --only."
        )
    return [section for section in SECTIONS if section.letter in wanted]


def check(options: argparse.Namespace, chosen: Sequence[Section]) -> None:
    """Find out before the first hour what would fail in the last one."""
    for split in SPLITS if any(section.letter != ON_SETS for section in chosen) else ():
        if options.data is None or not (options.data / split).is_dir():
            raise BenchmarkError(f"expected --data DIR with {SPLITS[0]}/ and {SPLITS[1]}/.")
    if any(section.letter == ON_SETS for section in chosen):
        if options.sets is None or not options.sets.is_dir():
            raise BenchmarkError("section g needs a folder of picture sets: --sets DIR")
        if options.slow and options.weights is None:
            raise BenchmarkError("--slow needs --weights FILE.weights.h5 for the tutorial.")
    if any(section.letter == "b" for section in chosen) and options.weights is None:
        raise BenchmarkError("section b needs --weights FILE.weights.h5 for the tutorial.")
    if options.weights is not None and not options.weights.is_file():
        raise BenchmarkError(f"expected the backbone's weights, found no {options.weights}.")


@contextlib.contextmanager
def work_folder(parent: Path | None) -> Iterator[Path]:
    """Give an empty folder for runs, caches and links; it is removed at the end."""
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="tl-catdog-benchmarks-", dir=parent, ignore_cleanup_errors=True
    ) as name:
        yield Path(name).resolve()


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Measure tl-catdog and its peers on the same work, and print the ratios."
    )
    parser.add_argument("--data", type=Path, help="split folder of pictures, of sections a to f")
    parser.add_argument("--sets", type=Path, help="folder of such folders, of section g")
    parser.add_argument("--weights", type=Path, help="MobileNetV2 weights for the tutorial")
    parser.add_argument("--out", type=Path, required=True, help="the results file, JSON")
    parser.add_argument("--only", help="sections, such as a,d")
    parser.add_argument("--resume", action="store_true", help="continue the results file")
    parser.add_argument("--repeats", type=_count, default=3, help="of sections a to d [3]")
    parser.add_argument("--startup-repeats", type=_count, default=10, help="of section e [10]")
    parser.add_argument("--growth-repeats", type=_count, default=1, help="of section f [1]")
    parser.add_argument(
        "--sizes", type=_sizes, default=Plan().sizes, help="of section f [2000,10000,50000]"
    )
    parser.add_argument("--seeds", type=_count, default=3, help="of section g [3]")
    parser.add_argument(
        "--kin",
        type=lambda text: frozenset(text.split(",")),
        action="append",
        default=[],
        help="sets of section g that aren't foreign to each other, such as pets,cats-dogs",
    )
    parser.add_argument("--slow", action="store_true", help="section g: the tutorial as well")
    parser.add_argument("--quick", action="store_true", help="section g: only try it")
    parser.add_argument("--jobs", type=_count, default=1, help="at a time in section g [1]")
    parser.add_argument("--cache", type=Path, help="where section g keeps features")
    parser.add_argument("--work", type=Path, help="where temporary folders go")
    return parser.parse_args(words)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("expected 1 or more")
    return value


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(sorted({_count(part) for part in text.split(",")}))
    if sizes[0] < 40:
        raise argparse.ArgumentTypeError("expected sizes of 40 pictures or more")
    return sizes


if __name__ == "__main__":
    # Whoever ends us politely gets what Ctrl-C gives: the running process ended, the rest kept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
