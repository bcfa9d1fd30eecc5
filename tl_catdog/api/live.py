"""The view of a running training: a bar and a line per epoch, or plain lines without a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.wording import count, duration, percent

HEADER = f"{'stage':<9}{'epoch':>7}{'loss':>9}{'accuracy':>10}{'val loss':>10}{'val acc':>9}  time"


def epoch_line(result: EpochResult) -> Text:
    """Return an epoch's figures as one line under ``HEADER``."""
    line = Text(
        f"{result.stage:<9}{f'{result.epoch}/{result.epochs}':>7}{result.loss:>9.4f}"
        f"{percent(result.accuracy):>10}{result.val_loss:>10.4f}"
        f"{percent(result.val_accuracy):>9}  {duration(result.seconds)}"
    )
    if result.is_best:
        line.append("  best", style="bold green")
    return line


class PlainView(Observer):
    """A line when something ends; for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def decoding(self, split: str, done: int, total: int) -> None:
        if done == total:
            self._print(f"decoded {count(total)} {split} pictures")

    def extracting(self, split: str, done: int, total: int, known: int) -> None:
        if done == total:
            cached = f", {count(known)} of them from the cache" if known else ""
            self._print(f"features of {count(total)} {split} pictures{cached}")

    def stage_begins(self, stage: str, epochs: int, steps: int, trainable_params: int) -> None:
        self._print(
            f"stage {stage}: up to {epochs} epochs of {steps} steps, "
            f"{count(trainable_params)} trainable parameters"
        )
        self._print(HEADER)

    def stage_resumes(self, epochs: int, best: float) -> None:
        self._print(f"goes on after epoch {epochs}; the best so far answered {percent(best)} right")

    def epoch_ends(self, result: EpochResult) -> None:
        self._print(epoch_line(result))

    def stage_ends(self, stage: str, reason: str) -> None:
        if reason != "completed":
            self._print(f"stage {stage}: {reason}")

    def head_chosen(self, linear_share: float) -> None:
        alone = "the linear model alone, which answers the validation pictures better"
        both = "the mean of the linear model and the trained units"
        self._print(f"head: {alone if linear_share == 1 else both}")

    def share_chosen(self, tuned: float) -> None:
        mean = f"{percent(tuned)} of what it changed, the rest as it was"
        words = {0.0: "nothing, which answers the validation pictures better", 1.0: "all of it"}
        self._print(f"fine-tuning kept: {words.get(tuned, mean)}")

    def predicting(self, split: str, done: int, total: int) -> None:
        if done == total:
            self._print(f"predicted {count(total)} {split} pictures")

    def note(self, text: str) -> None:
        self._print(Text(text, style="yellow"))

    def _print(self, line: str | Text) -> None:
        self.console.print(line, soft_wrap=True, highlight=False)


class LiveView(PlainView):
    """A bar with the time left, the running figures and the best so far; lines scroll above it."""

    def __init__(self, console: Console, progress: Progress) -> None:
        super().__init__(console)
        self.progress = progress
        self._task: TaskID | None = None
        self._what = ""
        self._steps = 1
        self._epoch = 0
        self._best: float | None = None

    def decoding(self, split: str, done: int, total: int) -> None:
        self._advance(f"decoding {split}", done, total)
        super().decoding(split, done, total)

    def extracting(self, split: str, done: int, total: int, known: int) -> None:
        self._advance(f"features of {split}", done, total)
        super().extracting(split, done, total, known)

    def predicting(self, split: str, done: int, total: int) -> None:
        self._advance(f"predicting {split}", done, total)
        super().predicting(split, done, total)

    def stage_begins(self, stage: str, epochs: int, steps: int, trainable_params: int) -> None:
        super().stage_begins(stage, epochs, steps, trainable_params)
        self._steps, self._epoch = steps, 0
        self._advance(stage, 0, epochs * steps)

    def stage_resumes(self, epochs: int, best: float) -> None:
        self._epoch, self._best = epochs, best
        super().stage_resumes(epochs, best)

    def step_ends(self, step: int, logs: Mapping[str, float]) -> None:
        if self._task is None:
            return
        figures = f"loss {logs['loss']:.3f} acc {percent(logs['accuracy'])}" if logs else ""
        best = f" best {percent(self._best)}" if self._best is not None else ""
        self.progress.update(
            self._task, completed=self._epoch * self._steps + step, figures=figures + best
        )

    def epoch_ends(self, result: EpochResult) -> None:
        self._epoch = result.epoch
        if result.is_best:
            self._best = result.val_accuracy
        super().epoch_ends(result)

    def stage_ends(self, stage: str, reason: str) -> None:
        self._drop()
        super().stage_ends(stage, reason)

    def _advance(self, what: str, done: int, total: int) -> None:
        if self._task is None or what != self._what:
            self._drop()
            self._task = self.progress.add_task(what, total=total, figures="")
            self._what = what
        self.progress.update(self._task, completed=done)
        if total and done == total:
            self._drop()

    def _drop(self) -> None:
        if self._task is not None:
            self.progress.remove_task(self._task)
            self._task = None


class Both(Observer):
    """Tells two observers the same, one after the other.

    Args:
        first: One.
        second: The other.
    """

    def __init__(self, first: Observer, second: Observer) -> None:
        for name in (name for name in vars(Observer) if not name.startswith("_")):
            setattr(self, name, _both(getattr(first, name), getattr(second, name)))


def _both(first: Any, second: Any) -> Any:
    def tell(*args: Any, **named: Any) -> None:
        first(*args, **named)
        second(*args, **named)

    return tell


class _Forgiving:
    """Standard error, however it is: what it doesn't take is lost, and the training goes on."""

    def write(self, text: str) -> int:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            sys.stderr.flush()

    def isatty(self) -> bool:
        try:
            return sys.stderr.isatty()
        except (AttributeError, ValueError):
            return False

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


def console() -> Console:
    """Return where a program is shown a training: a notebook's cell, else standard error."""
    return Console(file=_Forgiving(), highlight=False, markup=False, emoji=False)  # type: ignore[arg-type]


@contextlib.contextmanager
def watch(console: Console) -> Iterator[Observer]:
    """Give the view that fits the console."""
    if not console.is_terminal and not _has_widgets(console):
        yield PlainView(console)
        return
    with progress_bar(console) as progress:
        yield LiveView(console, progress)


def _has_widgets(console: Console) -> bool:
    """Return whether it is a notebook's that can show a bar; others would get a warning."""
    if not console.is_jupyter:
        return False
    from importlib.util import find_spec

    return find_spec("ipywidgets") is not None


def say_waiting(console: Console) -> None:
    """Say why nothing happens yet."""
    console.print("waiting for another training of this process to end", soft_wrap=True)


def progress_bar(console: Console) -> Progress:
    """Return the bar of the live view: what is done, how much, how long yet, and the figures."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[figures]}", markup=False),
        console=console,
        transient=True,
    )
