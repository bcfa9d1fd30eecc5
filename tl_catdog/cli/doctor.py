"""``tl-catdog doctor``: is this machine fit for the work, and how long will the work take here?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from tl_catdog.cli.output import note, notices, print_json, printable, results

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tl_catdog.doctor.check import Check
    from tl_catdog.doctor.estimates import Estimate
    from tl_catdog.doctor.examination import Examination, Part

EXAMPLES = "Examples: tl-catdog doctor; tl-catdog doctor --data pictures; tl-catdog doctor --json"

MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}
STYLES = {"ok": "green", "warning": "yellow", "failed": "red"}
PLAIN = str.maketrans({"✓": "+", "✗": "x", "–": "-", "…": "..", "→": ">", "×": "x"})
"""What stands for these signs where the screen's encoding hasn't got them."""

HOUR = 3600.0
UNITS = ((180.0, 1.0, "s"), (3600.0, 60.0, "min"), (0.0, HOUR, "h"))
"""The most seconds that are shown in a unit, how many it has, and its name."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(doctor)


def doctor(
    data: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="Folder of pictures to estimate for; default: ./data if it holds any.",
            metavar="DIR",
        ),
    ] = None,
    runs_dir: Annotated[str, typer.Option(help="Folder that holds the runs.")] = "models",
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Check versions, devices, folders and caches; train for a moment; estimate the rest.

    It stays off the network and changes nothing of yours. The exit code is 1 when
    something has failed.
    """
    from tl_catdog.cli.sources import HERE
    from tl_catdog.data.folders import holds_images, scan
    from tl_catdog.doctor.examination import Examination

    root = Path(data) if data is not None else HERE if holds_images(HERE) else None
    if data is not None:
        scan(Path(data))  # a folder that can't be used is wrong use, at once
    found = Examination(root, Path(runs_dir))
    try:
        _examine(found, quiet=json)
    except KeyboardInterrupt:
        note("Interrupted: the rest was not looked at.")
        raise typer.Exit(130) from None
    if json:
        print_json(found.to_json())
    else:
        _conclude(found)
    if found.failed:
        raise typer.Exit(1)


def _examine(found: Examination, *, quiet: bool) -> None:
    """Go through the parts, and show each when it is through."""
    for part in found.parts():
        checks = _carried_out(found, part)
        if not quiet:
            _print(part.title, checks_view(checks, results()))


def _carried_out(found: Examination, part: Part) -> list[Check]:
    screen = notices()
    if not screen.is_terminal:
        return found.examine(part)
    with screen.status(f"looking at {part.title.lower()}", spinner="line"):
        return found.examine(part)


def _print(title: str, view: RenderableType) -> None:
    from tl_catdog.cli.render import heading

    screen = results()
    screen.print(heading(title))
    screen.print(view)


def checks_view(checks: list[Check], screen: Console) -> RenderableType:
    """Return a line for each check, with what to do below those that aren't well."""
    from rich.table import Table
    from rich.text import Text

    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True, min_width=17)
    rows.add_column(overflow="fold")
    for check in checks:
        mark = Text(shown_on(screen, MARKS[check.state]), style=STYLES[check.state])
        rows.add_row(mark, Text(printable(check.name)), Text(shown_on(screen, check.detail)))
        if check.hint:
            style = "dim" if check.state == "ok" else ""
            rows.add_row("", "", Text(shown_on(screen, check.hint), style=style))
    return rows


def _conclude(found: Examination) -> None:
    from rich.text import Text

    screen = results()
    estimates, counts = found.estimates(), found.counts
    if estimates:
        _print(
            f"Estimates for {counts.train:,} pictures to train on, {counts.validation:,} to "
            f"validate on{f', {counts.test:,} to test on' if counts.test else ''}",
            estimates_view(estimates, screen),
        )
    tally = {state: sum(check.state == state for check in found.checks) for state in MARKS}
    words = f"{tally['ok']} fine, {tally['warning']} to look at, {tally['failed']} failed."
    worst = next((state for state in ("failed", "warning") if tally[state]), "ok")
    screen.print(Text(words, style=STYLES[worst]))


def estimates_view(estimates: tuple[Estimate, ...], screen: Console) -> RenderableType:
    """Return a line for each command: how long it takes, and how much memory and disk."""
    from rich.text import Text

    from tl_catdog.cli.render import table
    from tl_catdog.doctor.check import amount

    rows = table()
    rows.add_column("command", overflow="fold")
    rows.add_column("case", no_wrap=True)
    for name in ("time", "memory", "disk"):
        rows.add_column(name, justify="right", no_wrap=True)
    for item in estimates:
        cells = (
            Text(printable(item.command)),
            item.case,
            span(item.seconds),
            sizes(item.memory),
            amount(item.disk) if item.disk else shown_on(screen, "–"),
        )
        rows.add_row(*(shown_on(screen, cell) if isinstance(cell, str) else cell for cell in cells))
    return rows


def span(seconds: tuple[float, float]) -> str:
    """Return a range of seconds as ``40–70 s``, ``3–5 min`` or ``2–4 h``."""
    unit, name = next(
        (unit, name) for most, unit, name in UNITS if seconds[1] <= most or unit == HOUR
    )
    low, high = (f"{value / unit:.0f}" for value in seconds)
    return f"{low}–{high} {name}" if low != high else f"{high} {name}"


def sizes(memory: tuple[float, float]) -> str:
    """Return a range of bytes as ``0.9–1.2 GB``."""
    low, high = (f"{value / 1e9:.1f}" for value in memory)
    return f"{low}–{high} GB" if low != high else f"{high} GB"


def shown_on(screen: Console, text: str) -> str:
    """Return a text with the signs that the screen's encoding has."""
    text = printable(text)
    try:
        text.encode(screen.encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN)
    return text
