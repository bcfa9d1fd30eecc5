"""Tables and lines for people; each reads well at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Group as Lines
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tl_catdog.cli.output import printable
from tl_catdog.data.batches import Skipped
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import SPLITS, VALIDATION
from tl_catdog.evaluation.comparison import Group, RunFigures
from tl_catdog.statistics import Interval
from tl_catdog.training.trainer import TrainingResult

MANY = 10
"""Longer lists of skipped files and of pairs are cut here; the manifest and --json have all."""


LEGEND = (
    "Accuracy in % with its 95 % interval (Wilson). Trained: the most in any stage. "
    "Train: s or min:s, from files to network; less where features were cached. "
    "ms: the network alone, a picture. "
    "MB: the network's file."
)


def percent(value: float, digits: int = 1) -> str:
    """Return a proportion as a percentage without its sign."""
    return f"{100 * value:.{digits}f}"


def with_interval(value: float, interval: Interval) -> str:
    """Return ``98.4 (97.1–99.2)``."""
    return f"{percent(value)} ({percent(interval.low)}–{percent(interval.high)})"


def count(number: int) -> str:
    """Return a large number in three digits: 950, 12.3k, 2.42M."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{unit}"
    return str(number)


def plural(number: int, noun: str) -> str:
    """Return ``1 picture``, ``2 pictures``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """Return seconds as ``45 s`` or ``12:34``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def table() -> Table:
    """Return an empty table in the style that all of ours have."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))


def heading(text: str, style: str = "bold") -> Text:
    """Return a table's heading: not the table's own title, which would wrap at its width."""
    return Text(text, style=style)


def data_summary(images: ImageSet) -> RenderableType:
    """Return what a data set holds."""
    title = heading(f"{printable(images.name)} ({images.layout})")
    rows = table()
    rows.add_column("split")
    for label in images.classes:
        rows.add_column(printable(label), justify="right")
    counts = images.counts()
    for split in (*SPLITS, *(name for name in counts if name not in SPLITS)):
        if split in counts:
            rows.add_row(split, *(str(counts[split][label]) for label in images.classes))
    if not images.ignored:
        return Lines(title, rows)
    ignored = ", ".join(f"{n} × {printable(kind)}" for kind, n in sorted(images.ignored.items()))
    return Lines(title, rows, Text(f"Left out: {ignored}", style="dim"))


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
        rows.add_row(Text(printable(name)), Text(printable(item.reason)))
    if len(skipped) > MANY:
        rows.add_row(f"… and {len(skipped) - MANY} more", rest)
    title = (
        f"Warning: left out of {printable(root)}, as unreadable: {plural(len(skipped), 'picture')}"
    )
    return Lines(heading(title, "yellow"), rows)


def training_summary(result: TrainingResult) -> RenderableType:
    """Return what a training came to."""
    run = result.run
    lines = [
        Text(f"{run.name}: {run.path}", style="bold"),
        *(
            Text(
                f"  {split}: {with_interval(item.accuracy, item.accuracy_ci)} % "
                f"of {item.n} pictures right (95 % interval)"
            )
            for split, item in result.evaluations.items()
        ),
        Text(f"  trained in {duration(float(run.manifest['timings']['train_seconds']))}"),
        Text(f"Next: tl-catdog compare, or tl-catdog predict --run {run.name} PICTURE"),
    ]
    return Lines(*lines)


def comparison_view(group: Group) -> RenderableType:
    """Return the runs of one data set side by side, and what their pairs show."""
    title = heading(f"{printable(group.data)}: {group.split}, {group.n} pictures")
    rows = table()
    rows.add_column("run", overflow="fold", min_width=14)
    rows.add_column("params\ntrained", justify="right", no_wrap=True)
    rows.add_column("accuracy", justify="right", no_wrap=True)
    rows.add_column("AUC", justify="right", no_wrap=True)
    rows.add_column("train", justify="right", no_wrap=True)
    rows.add_column("ms", justify="right", no_wrap=True)
    rows.add_column("MB", justify="right", no_wrap=True)
    for run in group.runs:
        rows.add_row(*_row(run))
    lines: list[RenderableType] = [title, rows]
    for pair in group.pairs[:MANY]:
        style = "bold" if pair.significant else ""
        lines.append(Text(f"{pair.sentence()}.", style=style))
    if len(group.pairs) > MANY:
        lines.append(Text(f"… and {len(group.pairs) - MANY} more pairs: --json", style="dim"))
    if len(group.runs) == 1:
        lines.append(Text("A comparison needs a second run: tl-catdog train --arch baseline"))
    lines.append(Text(LEGEND, style="dim"))
    if group.split == VALIDATION:
        chosen = "The epochs were chosen on these same pictures, so the figures flatter a little."
        lines.append(Text(chosen, style="dim"))
    if group.drawn:
        lines.append(Text("These pictures are drawings: no measure of anything.", style="yellow"))
    return Lines(*lines)


def _row(run: RunFigures) -> tuple[RenderableType, ...]:
    details = f"{run.arch} {'+'.join(run.stages)} {run.image_size} px"
    if run.interrupted:
        details += ", interrupted"
    name = Text(run.run, style="bold").append(f"\n{details}", style="dim not bold")
    item = run.evaluation
    return (
        name,
        f"{count(run.params)}\n{count(run.trainable_params)}",
        f"{with_interval(item.accuracy, item.accuracy_ci)}",
        "–" if item.auc is None else f"{item.auc:.4f}",
        duration(run.train_seconds),
        "–" if run.ms_per_image is None else f"{run.ms_per_image:.1f}",
        f"{run.file_bytes / 1e6:.1f}",
    )
