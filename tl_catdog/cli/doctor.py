"""``tl-catdog doctor``: is this machine fit for the work, and how long will the work take here?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.options import RUNS_DIR, Json, RunsDir
from tl_catdog.cli.output import notices, on_ctrl_c, print_json, results
from tl_catdog.wording import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from tl_catdog.doctor.check import Check
    from tl_catdog.doctor.estimates import Estimate
    from tl_catdog.doctor.examination import Examination

EXAMPLES = "Examples: tl-catdog doctor; tl-catdog doctor --data pictures; tl-catdog doctor --json"

MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}
STYLES = {"ok": "green", "warning": "yellow", "failed": "red"}
PLAIN = str.maketrans({"✓": "+", "✗": "x", "–": "-", "…": "..", "→": ">", "×": "x"})
"""What stands for these signs where the screen's encoding hasn't got them."""


def doctor(
    data: Annotated[
        str | None,
        typer.Option(
            help="Folder of pictures to estimate for; default: ./data if it holds any.",
            metavar="DIR",
        ),
    ] = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Check versions, devices, folders and caches; train for a moment; estimate the rest.

    It stays off the network and changes nothing of yours. The exit code is 1 when
    something has failed.
    """
    from tl_catdog.cli.sources import HERE
    from tl_catdog.data.folders import holds_images
    from tl_catdog.data.labelling import labelled
    from tl_catdog.doctor.examination import Examination

    root = Path(data) if data is not None else HERE if holds_images(HERE) else None
    if data is not None:
        labelled(Path(data))  # a folder that can't be used is wrong use, at once
    interrupted = on_ctrl_c("Interrupted: the rest was not looked at.")
    with interrupted, Examination(root, Path(runs_dir)) as found:
        _examine(found, quiet=json)
    if json:
        print_json(found)
    else:
        _conclude(found)
    if found.failed:
        raise typer.Exit(1)


def _examine(found: Examination, *, quiet: bool) -> None:
    """Go through the parts, and show each when it is through."""
    from tl_catdog.cli.render import cell, heading

    title = ""
    for part in found.parts():
        # Without a terminal, the status shows nothing.
        with notices().status(cell(f"looking at {part.name}"), spinner="line"):
            checks = found.examine(part)
        if quiet:
            continue
        if part.title != title:
            title = part.title
            results().print(heading(title))
        results().print(checks_view(checks, results()))


def checks_view(checks: Sequence[Check], screen: Console) -> RenderableType:
    """Return a line for each check, with what to do below those that aren't well."""
    from rich.table import Table

    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True, min_width=17)
    rows.add_column(overflow="fold")
    for check in checks:
        mark = shown_on(screen, MARKS[check.state], STYLES[check.state])
        rows.add_row(mark, shown_on(screen, check.name), shown_on(screen, check.detail))
        if check.hint:
            rows.add_row("", "", shown_on(screen, check.hint, "dim" if check.state == "ok" else ""))
    return rows


def _conclude(found: Examination) -> None:
    from tl_catdog.cli.render import heading
    from tl_catdog.doctor.estimates import counts_sentence

    screen = results()
    estimates = found.estimates()
    if estimates:
        screen.print(heading(f"Estimates for {counts_sentence(found.counts)}"))
        screen.print(estimates_view(estimates, screen))
    tally = {state: sum(check.state == state for check in found.checks) for state in MARKS}
    words = f"{tally['ok']} fine, {tally['warning']} to look at, {tally['failed']} failed."
    worst = next((state for state in ("failed", "warning") if tally[state]), "ok")
    screen.print(words, style=STYLES[worst])


def estimates_view(estimates: Sequence[Estimate], screen: Console) -> RenderableType:
    """Return a line for each command: how long it takes, and how much memory and disk."""
    from tl_catdog.cli.render import table
    from tl_catdog.wording import byte_size, duration

    rows = table()
    rows.add_column("command", overflow="fold")
    for name in ("time", "memory", "disk"):
        rows.add_column(name, justify="right", no_wrap=True)
    for item in estimates:
        command = shown_on(screen, item.command)
        if item.case:
            command.append(f"\n{item.case}", style="dim")
        time, memory = span(*map(duration, item.seconds)), span(*map(byte_size, item.memory))
        disk = byte_size(item.disk) if item.disk else "–"
        rows.add_row(command, *(shown_on(screen, text) for text in (time, memory, disk)))
    return rows


def span(low: str, high: str) -> str:
    """Return a range; a unit that both ends have is shown once."""
    return f"{low.removesuffix(f' {high.split()[-1]}')}–{high}"


def shown_on(screen: Console, text: str, style: str = "") -> Text:
    """Return a text with the signs that the screen's encoding has."""
    from rich.text import Text

    text = printable(text)
    try:
        text.encode(screen.encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN)
    return Text(text, style)
