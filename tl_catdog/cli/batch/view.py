"""How far a batch is, and what became of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import typer

from tl_catdog.cli.output import (
    note,
    notices,
    on_ctrl_c,
    print_json,
    say,
    spinner_column,
    text_column,
)
from tl_catdog.errors import UsageError, listing
from tl_catdog.wording import count, duration, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tl_catdog.cluster.batch import Batch
    from tl_catdog.cluster.progress import Progress
    from tl_catdog.runs.folder import Run

EVERY = 30.0
"""Seconds between two lines where there is no terminal, as in the log of a job: also where no part
is done meanwhile, so that long ones don't look dead."""

KINDS = 3
"""Kinds of errors that are named."""

LEFT_OUT = 6
"""Kinds of files that are named which are no pictures, or not of any class."""


def carried_out(
    kind: str,
    source: str,
    out: str,
    *,
    json: bool,
    quiet: bool = False,
    run: Callable[[], Run] | None = None,
    **asked: Any,
) -> Batch:
    """Carry out a batch as its options ask for, showing how far it is.

    Args:
        kind: ``predict``, ``features`` or ``check``.
        source: What was typed.
        out: What was typed.
        json: Whether a line of JSON is printed at the end.
        quiet: Whether the caller prints that, where all could be done.
        run: Gives the run that answers; called when the source is known to be one.
        asked: What else ``cluster.batch.batch`` takes.

    Raises:
        UsageError: See ``cluster.batch.batch``.
        CatdogError: The same.
        typer.Exit: It was interrupted (130), or shards couldn't be done (1).
    """
    if not out.strip():
        raise UsageError("expected a place for the results, found none.", "Type: --out DEST")
    from tl_catdog.cluster.batch import batch

    with ExitStack() as stack:
        shown = stack.enter_context(Shown())
        stack.enter_context(on_ctrl_c(lambda: _stopped(shown.latest)))
        done = batch(
            kind, source, out, run=None if run is None else run(), show=shown.show, **asked
        )
    if json and (not quiet or done.failed):
        print_json(done)
    elif not json:
        say(*_lines(done))
    for item in done.failed:
        note(f"Part {item.shard} couldn't be done: {item.reason}", style="red")
    if done.failed:
        note("The others are done. To try these again, type the same command.")
        raise typer.Exit(1)
    return done


def _stopped(progress: Progress | None) -> str:
    if progress is None or progress.step == "listing":
        return "Interrupted before the plan was written: the same command begins again."
    return (
        f"Interrupted; {count(progress.done)} of {plural(progress.shards, 'part')} are done. "
        "To go on, type the same command."
    )


def _lines(done: Batch) -> list[str]:
    pictures = plural(done.plan.rows, "picture")
    before = f", {count(done.found)} of them before" if done.found else ""
    lines = [f"{pictures} in {plural(done.plan.shards, 'part')}{before}; {duration(done.seconds)}."]
    if done.errors:
        lines.append(f"With an error: {_kinds(done.errors)}.")
    lines += _noticed(done)
    if done.closed:
        lines.append(f"Results: {done.dest}/manifest.json")
    return lines


def _noticed(done: Batch) -> list[str]:
    """Return what is to be said of the source; a check says it among its findings."""
    if done.plan.kind == "check":
        return []
    without = [f"No labels: {detail}" for kind, detail in done.remarks if kind == "layout"]
    left_out = [detail for kind, detail in done.remarks if kind == "left-out"]
    return without + ([f"Left out: {listing(left_out, LEFT_OUT)}."] if left_out else [])


def _kinds(counted: Mapping[str, int]) -> str:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return listing((f"{count(number)} × {kind}" for kind, number in ordered), KINDS)


def sentence(progress: Progress) -> str:
    """Return in one line how far a batch is."""
    if progress.step == "listing":
        return f"listing: {plural(progress.rows, 'picture')}"
    if progress.step == "looking":
        return f"looking for parts: {count(progress.done)} of {count(progress.shards)} are done"
    said = [
        f"{count(progress.done)} of {plural(progress.shards, 'part')}",
        f"{count(progress.done_rows)} of {plural(progress.rows, 'picture')}",
    ]
    if progress.rate:
        said.append(f"{progress.rate:,.1f} a second")
    left = progress.seconds_left
    if left:
        said.append(f"{duration(left)} left")
    if progress.errors:
        said.append(f"with an error: {_kinds(progress.errors)}")
    if progress.failures:
        said.append(f"failed tries: {_kinds(progress.failures)}")
    return "; ".join(said)


class Shown:
    """Shows how far a batch is: a line that changes, or a line now and then in a log."""

    def __init__(self) -> None:
        self.latest: Progress | None = None
        self._stack = ExitStack()
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._update: Callable[[str], None] | None = None

    def __enter__(self) -> Shown:
        console = notices()
        if not console.is_terminal:
            ticker = threading.Thread(target=self._tick, name="progress", daemon=True)
            ticker.start()
            self._stack.callback(ticker.join)
            self._stack.callback(self._ended.set)
            return self
        from rich.progress import Progress as Bar
        from rich.progress import TimeElapsedColumn

        bar = Bar(
            spinner_column(),
            TimeElapsedColumn(),
            text_column("{task.description}"),
            console=console,
            transient=True,
        )
        self._stack.enter_context(bar)
        task = bar.add_task("starting", total=None)
        self._update = lambda text: bar.update(task, description=text)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def show(self, progress: Progress) -> None:
        """Show how far it is."""
        self.latest = progress
        if self._update is not None:
            self._update(sentence(progress))

    def _tick(self) -> None:
        while not self._ended.wait(EVERY):
            if self.latest is not None:
                passed = duration(time.monotonic() - self._began)
                note(f"{passed}: {sentence(self.latest)}", style="dim")
