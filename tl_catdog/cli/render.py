"""Tables and lines for people; each reads well at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Group as Lines
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tl_catdog.data.batches import Skipped
from tl_catdog.data.folders import VALIDATION
from tl_catdog.evaluation.comparison import Group, RunFigures
from tl_catdog.evaluation.metrics import Metrics
from tl_catdog.journal.moves import Moved
from tl_catdog.runs.folder import Run
from tl_catdog.runs.stages import REJECTED, rejected_stages
from tl_catdog.statistics import Estimate
from tl_catdog.training.trainer import TrainingResult
from tl_catdog.wording import (
    count,
    duration,
    estimate,
    megabytes,
    plural,
    printable,
    short_count,
)

MANY = 10
"""Longer lists of skipped files and of pairs end here; the manifest and --json have all."""

LEGEND = (
    "Accuracy in % with its 95 % interval (Wilson). Trained: the most in any stage. "
    "Train: from files to network; less where features were cached. "
    "ms: the network alone, a picture. "
    "MB: the network's file."
)


def move_lines(found: Moved) -> list[str]:
    """Return a line for each of the first moves, and one for how many more there are."""
    lines = [f"{move.source} → {move.target}" for move in found.moves[:MANY]]
    if len(found.moves) > MANY:
        where = "" if found.log is None else f", all in {found.log}"
        lines.append(f"… and {count(len(found.moves) - MANY)} more{where}")
    return lines


def table() -> Table:
    """Return an empty table in the style that all of ours have."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))


def cell(text: object, style: str = "") -> Text:
    """Return a text that may hold names: it is shown as it is, control characters made visible."""
    return Text(printable(text), style=style)


def heading(text: str, style: str = "bold") -> Text:
    """Return a table's heading: not the table's own title, which would wrap at its width."""
    return cell(text, style)


def skipped_table(
    skipped: Sequence[Skipped], root: Path, rest: str = "all are in the run's manifest.json"
) -> RenderableType:
    """Return a warning that names the pictures that couldn't be used.

    Args:
        skipped: The pictures.
        root: Their folder.
        rest: Where those are that the table has no room for.
    """
    rows = table()
    rows.add_column("picture", overflow="fold")
    rows.add_column("why", overflow="fold")
    for item in skipped[:MANY]:
        within = item.path.is_relative_to(root)
        name = item.path.relative_to(root) if within else item.path
        rows.add_row(cell(name), cell(item.reason))
    if len(skipped) > MANY:
        rows.add_row(f"… and {count(len(skipped) - MANY)} more", rest)
    title = f"Warning: left out of {root}, as unreadable: {plural(len(skipped), 'picture')}"
    return Lines(heading(title, "yellow"), rows)


def training_summary(result: TrainingResult) -> RenderableType:
    """Return what a training came to."""
    run = result.run
    lines = [
        cell(f"{run.name}: {run.path}", "bold"),
        *(
            cell(f"  {_split(split, run.out_of_fold)}: {_said(item)}")
            for split, item in result.evaluations.items()
        ),
        *(cell(f"  {line}") for line in _rejected(run)),
        Text(f"  trained in {duration(float(run.manifest['timings']['train_seconds']))}"),
        cell(f"Next: tl-catdog compare, or tl-catdog predict --run {run.name} PICTURE"),
    ]
    return Lines(*lines)


def _split(split: str, out_of_fold: bool) -> str:
    """Return which pictures figures are about, for people."""
    return "out-of-fold" if split == VALIDATION and out_of_fold else split


def _said(item: Metrics) -> str:
    """Return how many are right, and what else tells where classes are unequal or many."""
    said = f"{_accuracy(item)} % of {plural(item.n, 'picture')} right (95 % interval)"
    if item.unequal:
        said += f"; balanced accuracy {item.balanced_accuracy}"
    if item.top5_accuracy is not None:
        said += f"; top 5 {item.top5_accuracy}"
    return said


def _rejected(run: Run) -> list[str]:
    """Return a line for each stage that was tried without gain."""
    return [
        f"{REJECTED.get(name, f'{name} rejected')}: no epoch of it was better on the validation "
        "pictures, so the network is as it was before"
        for name in rejected_stages(run.manifest)
    ]


def comparison_view(group: Group) -> RenderableType:
    """Return the runs of one data set side by side, and what their pairs show."""
    out_of_fold = all(run.out_of_fold for run in group.runs)
    split = _split(group.split, out_of_fold)
    title = heading(f"{group.data}: {split}, {plural(group.n, 'picture')}")
    unequal = any(run.evaluation.unequal for run in group.runs)
    rows = table()
    rows.add_column("run", overflow="fold", min_width=14)
    rows.add_column("params\ntrained", justify="right", no_wrap=True)
    balanced = "accuracy\nbalanced" if unequal else "accuracy"
    rows.add_column(balanced, justify="right", no_wrap=True)
    rows.add_column("AUC", justify="right", no_wrap=True)
    rows.add_column("train", justify="right", no_wrap=True)
    rows.add_column("ms", justify="right", no_wrap=True)
    rows.add_column("MB", justify="right", no_wrap=True)
    for run in group.runs:
        rows.add_row(*_row(run, unequal=unequal))
    lines: list[RenderableType] = [title, rows]
    for pair in group.pairs[:MANY]:
        lines.append(cell(f"{pair.sentence()}.", "bold" if pair.significant else ""))
    if len(group.pairs) > MANY:
        lines.append(cell(f"… and {count(len(group.pairs) - MANY)} more pairs: --json", "dim"))
    if len(group.runs) == 1:
        lines.append(Text("A comparison needs a second run: tl-catdog train --arch baseline"))
    lines.append(Text(LEGEND, style="dim"))
    if unequal:
        means = "Balanced accuracy: the mean recall of the classes, each counting the same."
        lines.append(Text(means, style="dim"))
    if group.split == VALIDATION and not out_of_fold:
        chosen = "The epochs were chosen on these same pictures, so the figures flatter a little."
        lines.append(Text(chosen, style="dim"))
    if group.drawn:
        lines.append(Text("These pictures are drawings: no measure of anything.", style="yellow"))
    return Lines(*lines)


def _accuracy(item: Metrics) -> str:
    """Return an accuracy in % with its interval, for a column or text that names the unit."""
    return estimate(item.accuracy, item.accuracy_ci.low, item.accuracy_ci.high, sign="")


def _unsigned(figure: Estimate) -> str:
    return estimate(figure.value, figure.interval.low, figure.interval.high, sign="")


def _row(run: RunFigures, *, unequal: bool) -> tuple[RenderableType, ...]:
    details = f"{run.arch} {run.training} {run.image_size} px"
    if run.interrupted:
        details += ", interrupted"
    name = cell(run.run, "bold").append("\n").append(cell(details, "dim not bold"))
    item = run.evaluation
    return (
        name,
        f"{short_count(run.params)}\n{short_count(run.trainable_params)}",
        f"{_accuracy(item)}\n{_unsigned(item.balanced_accuracy)}" if unequal else _accuracy(item),
        "–" if item.auc is None else f"{item.auc:.4f}",
        duration(run.train_seconds),
        "–" if run.ms_per_image is None else f"{run.ms_per_image:.1f}",
        megabytes(run.file_bytes),
    )
