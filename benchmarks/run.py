"""Measure tl-catdog and its peers on the same work, in one run, and print the ratios.

usage: python benchmarks/run.py --data DIR --weights FILE.weights.h5 --out benchmarks/results/X.json

See benchmarks/README.md for what is measured and how long it takes.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import SPLITS, Bench, find_program
from measure import BenchmarkError, Journal, alternating, measure, open_journal
from report import console, report
from rich.text import Text
from sections import SECTIONS, Plan, Section
from summary import summarise
from surroundings import surroundings

LETTERS = "".join(section.letter for section in SECTIONS)


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for; return the exit code."""
    options = parse(words)
    try:
        chosen = choose(options.only)
        check(options, chosen)
        with work_folder(options.work) as work:
            bench = Bench(
                data=options.data.resolve(),
                weights=options.weights and options.weights.resolve(),
                work=work,
                program=find_program(),
                note=note,
            )
            around = {**surroundings(bench.data), "settings": {"sizes": list(options.sizes)}}
            journal = open_journal(options.out, around, summarise, resume=options.resume)
            plan = Plan(
                options.repeats, options.startup_repeats, options.growth_repeats, options.sizes
            )
            return run(journal, chosen, bench, plan)
    except BenchmarkError as error:
        note(f"Error: {error}", style="red")
        return 2
    except KeyboardInterrupt:
        note("Interrupted.")
        return 130


def run(journal: Journal, chosen: Sequence[Section], bench: Bench, plan: Plan) -> int:
    """Measure the sections and print what came of it; return the exit code."""
    code = 0
    try:
        for section in chosen:
            try:
                measure_section(journal, section, bench, plan)
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


def measure_section(journal: Journal, section: Section, bench: Bench, plan: Plan) -> None:
    """Measure what isn't in the journal yet, each task once in each repeat."""
    repeats = section.repeats(plan)
    for repeat, task in alternating(section.tasks(bench, plan), repeats):
        label = f"({section.letter}) {repeat}/{repeats} {task.name}"
        if journal.has(task, repeat):
            note(f"{label}: measured before", style="dim")
            continue
        record = measure(task, repeat, bench.work / "output", bench.shown)
        journal.add(record)
        note(f"{label}: {record['wall_seconds']:.2f} s, {record['peak_rss_bytes'] / 2**20:.0f} MiB")


def note(text: str, style: str = "") -> None:
    """Say something in passing, on standard error."""
    console(stderr=True).print(Text(text, style=style), soft_wrap=True)


def choose(letters: str) -> list[Section]:
    """Return the sections of a list such as ``a,d``, in their own order."""
    wanted = [letter.strip() for letter in letters.split(",") if letter.strip()]
    unknown = [letter for letter in wanted if letter not in tuple(LETTERS)]
    if unknown or not wanted:
        raise BenchmarkError(
            f"expected sections out of {','.join(LETTERS)}, found {letters!r} for --only."
        )
    return [section for section in SECTIONS if section.letter in wanted]


def check(options: argparse.Namespace, chosen: Sequence[Section]) -> None:
    """Find out before the first hour what would fail in the last one."""
    for split in SPLITS:
        if not (options.data / split).is_dir():
            raise BenchmarkError(f"expected {SPLITS[0]}/ and {SPLITS[1]}/ in {options.data}.")
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
    parser.add_argument("--data", type=Path, required=True, help="split folder of pictures")
    parser.add_argument("--weights", type=Path, help="MobileNetV2 weights for the tutorial")
    parser.add_argument("--out", type=Path, required=True, help="the results file, JSON")
    parser.add_argument("--only", default=",".join(LETTERS), help="sections, such as a,d")
    parser.add_argument("--resume", action="store_true", help="continue the results file")
    parser.add_argument("--repeats", type=_count, default=3, help="of sections a to d [3]")
    parser.add_argument("--startup-repeats", type=_count, default=10, help="of section e [10]")
    parser.add_argument("--growth-repeats", type=_count, default=1, help="of section f [1]")
    parser.add_argument(
        "--sizes", type=_sizes, default=Plan().sizes, help="of section f [2000,10000,50000]"
    )
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
