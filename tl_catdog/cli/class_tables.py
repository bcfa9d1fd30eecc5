"""Tables with a column or a row for each class, and what stands in for them where classes are many.

Whether something fits is measured when it is shown, on the screen that shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.console import Group as Lines
from rich.measure import Measurement
from rich.text import Text

from tl_catdog.cli.render import cell, heading, table
from tl_catdog.cli.set_notes import set_notes
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import SPLITS
from tl_catdog.evaluation.metrics import Metrics
from tl_catdog.wording import count, left_out, plural

ROWS = 20
"""Tables of more classes would scroll away: what matters of them is shown instead."""

COLUMNS = 64
"""Matrices of more classes fit no screen, so they aren't tried."""

NAME = 24
"""Columns of a name beside many numbers; longer names go on in the next line."""

UNLIMITED = 100_000  # columns of a screen on which nothing is wrapped


@dataclass(frozen=True)
class FirstThatFits:
    """Shows the first of its views that is no wider than the screen when nothing is wrapped."""

    views: Sequence[RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        unlimited = options.update(max_width=UNLIMITED)
        for view in self.views[:-1]:
            if Measurement.get(console, unlimited, view).maximum <= options.max_width:
                yield view
                return
        yield self.views[-1]


def data_summary(images: ImageSet) -> RenderableType:
    """Return what a data set holds."""
    title = f"{images.name} ({images.layout})"
    if len(images.classes) > ROWS:
        title += f": {plural(len(images.classes), 'class', 'es')}"
    counts = images.counts()
    order = (*SPLITS, *(name for name in counts if name not in SPLITS))
    shown = {split: counts[split] for split in order if split in counts}
    lines = [cell(note) for note in set_notes(images)]
    if images.ignored:
        lines.append(cell(left_out(images.ignored), "dim"))
    return Lines(heading(title), counts_view(shown, images.classes), *lines)


def counts_view(counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]) -> RenderableType:
    """Return how many pictures of each class each split has.

    That is a column a class, or a row a class where names are too long for that, or, of many
    classes, the smallest and the largest.

    Args:
        counts: Of each split, of each class.
        classes: In the order to show.
    """
    rows_of_classes = _counts_by_class if len(classes) <= ROWS else _counts_in_short
    return FirstThatFits((_counts_by_split(counts, classes), rows_of_classes(counts, classes)))


def _counts_by_split(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]
) -> RenderableType:
    rows = table()
    rows.add_column("split")
    for label in classes:
        rows.add_column(cell(label), justify="right", no_wrap=True)
    for split, found in counts.items():
        rows.add_row(cell(split), *(count(found[label]) for label in classes))
    return rows


def _counts_by_class(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]
) -> RenderableType:
    rows = table()
    rows.add_column("class", overflow="fold")
    for split in counts:
        rows.add_column(cell(split), justify="right", no_wrap=True)
    for label in classes:
        rows.add_row(cell(label), *(count(found[label]) for found in counts.values()))
    return rows


def _counts_in_short(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]
) -> RenderableType:
    rows = table()
    rows.add_column("split", overflow="fold")
    rows.add_column("pictures", justify="right", no_wrap=True)
    rows.add_column("fewest of a class", overflow="fold")
    rows.add_column("most of a class", overflow="fold")
    for split, found in counts.items():
        sizes = [found[label] for label in classes]
        ends = [_end(found, classes, end) for end in (min(sizes), max(sizes))]
        rows.add_row(cell(split), count(sum(sizes)), *(cell(end) for end in ends))
    return rows


def _end(found: Mapping[str, int], classes: Sequence[str], end: int) -> str:
    """Return the least or greatest number with its class, or with how many classes have it."""
    names = [label for label in classes if found[label] == end]
    if len(names) == len(classes):
        return f"{count(end)}: each class"
    return f"{count(end)}: {names[0] if len(names) == 1 else plural(len(names), 'class', 'es')}"


def confusion_view(item: Metrics) -> RenderableType:
    """Return the confusion matrix, or, where it is too wide, its most frequent mistakes."""
    views = [
        Lines(heading("Confusion: rows are what is true, columns what it said"), _matrix(item))
    ]
    if len(item.classes) <= ROWS:
        title = heading("Confusion: rows are what is true, columns, by their numbers, what it said")
        views.append(Lines(title, _numbered_matrix(item)))
    return FirstThatFits((*views, confusions_view(item)))


def _matrix(item: Metrics) -> RenderableType:
    rows = table()
    rows.add_column("", no_wrap=True)
    for label in item.classes:
        rows.add_column(cell(label), justify="right", no_wrap=True)
    for truth, label in enumerate(item.classes):
        rows.add_row(cell(label), *_cells(item, truth))
    return rows


def _numbered_matrix(item: Metrics) -> RenderableType:
    rows = table()
    rows.add_column("", justify="right", no_wrap=True)
    rows.add_column("", overflow="fold", max_width=NAME)
    for number in range(1, len(item.classes) + 1):
        rows.add_column(str(number), justify="right", no_wrap=True)
    for truth, label in enumerate(item.classes):
        rows.add_row(str(truth + 1), cell(label), *_cells(item, truth))
    return rows


def _cells(item: Metrics, truth: int) -> list[Text]:
    return [
        Text(count(number), style="green" if truth == said else "red" if number else "dim")
        for said, number in enumerate(item.confusion[truth])
    ]


def confusions_view(item: Metrics, most: int = 10) -> RenderableType:
    """Return the most frequent mistakes: what is true, what was said, and how often."""
    found = item.confusions()
    if not found:
        return cell("No picture was taken for one of another class.")
    rows = table()
    for name in ("is", "said to be"):
        rows.add_column(name, overflow="fold")
    rows.add_column("pictures", justify="right", no_wrap=True)
    rows.add_column("of", justify="right", no_wrap=True)
    for mistake in found[:most]:
        numbers = count(mistake.n), count(mistake.of)
        rows.add_row(cell(mistake.truth), cell(mistake.said), *numbers)
    if len(found) > most:
        rows.add_row(cell(f"… and {count(len(found) - most)} more", "dim"))
    where = "(whole matrix: --confusion FILE, --json, report)"
    return Lines(heading(f"Most frequent confusions {where}"), rows)
