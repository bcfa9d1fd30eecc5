"""What ``tune`` shows on its way: each trial, the best so far, its gain, and the time left."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.live import Live

from tl_catdog.cli.render import table
from tl_catdog.wording import duration

if TYPE_CHECKING:
    from tl_catdog.tuning.results import Progress

ROWS = 10
"""So many trials are on the screen."""


@contextlib.contextmanager
def showing(console: Console) -> Iterator[View]:
    """Give what trials are shown by: a table that is alive, or a line for each in a pipe."""
    if not console.is_terminal:
        yield View(console, None)
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield View(console, live)


class View:
    """Shows trials.

    Args:
        console: Where to.
        live: What is drawn anew at each trial; None for lines.
    """

    def __init__(self, console: Console, live: Live | None) -> None:
        self._console, self._live = console, live
        self._last: deque[Progress] = deque(maxlen=ROWS)

    def preparing(self, what: str, done: int, total: int) -> None:
        """Show how many pictures are done."""
        if self._live is not None:
            self._live.update(f"{what}: {done:,} of {total:,} pictures", refresh=True)
        elif done == total:
            self._console.print(f"{what}: {total:,} pictures", soft_wrap=True)

    def trial(self, progress: Progress) -> None:
        """Show a trial."""
        if self._live is None:
            self._console.print(trial_line(progress), soft_wrap=True)
            return
        if self._last and self._last[-1].fold != progress.fold:
            self._last.clear()
        self._last.append(progress)
        self._live.update(trial_table(tuple(self._last)), refresh=True)


def trial_line(progress: Progress) -> str:
    """Return a trial as one line."""
    loss, best, gain, left = _cells(progress)
    return f"{_where(progress)}: log loss {loss}, best {best}, gain {gain}, left {left}"


def trial_table(shown: tuple[Progress, ...]) -> RenderableType:
    """Return the last trials as a table."""
    rows = table()
    for name in ("trial", "log loss", "best", "gain", "time left"):
        rows.add_column(name, justify="right")
    for progress in shown:
        rows.add_row(_where(progress), *_cells(progress))
    return rows


def _where(progress: Progress) -> str:
    part = f"fold {progress.fold}/{progress.folds}, " if progress.fold else ""
    return f"{part}{progress.trial.number + 1}/{progress.trials}"


def _cells(progress: Progress) -> tuple[str, str, str, str]:
    trial = progress.trial
    looked = f" after {len(trial.losses)}" if trial.pruned else ""
    best = f"{progress.best.loss:.4f} ({progress.best.number + 1})"
    return f"{trial.loss:.4f}{looked}", best, f"{progress.gain:.4f}", duration(progress.left)
