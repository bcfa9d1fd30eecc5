"""``tl-catdog data check``: what is wrong with a picture set, before a training finds out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tl_catdog.cli.output import notices, print_json, printable, results, writing
from tl_catdog.errors import UsageError, listing

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tl_catdog.audit.findings import Audit
    from tl_catdog.data.examples import Example

EXAMPLES = (
    "Examples: tl-catdog data check pictures; "
    "tl-catdog data check pictures --fail-on leak,corrupt --json; "
    "tl-catdog data check pictures --no-outliers --html check.html"
)
NONE = "none"
EXAMPLES_SHOWN = 2  # pictures named of each kind; the page and --json have all


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(check)


def check(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="Folder of pictures.", show_default=False)
    ],
    fail_on: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="Kinds to end with exit code 1 for, such as leak,corrupt, or none; "
            "without it, what loses pictures or makes figures wrong.",
            metavar="KINDS",
            show_default=False,
        ),
    ] = None,
    outliers: Annotated[
        bool, typer.Option(help="Look for pictures unlike all others, with the backbone.")
    ] = True,
    html: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="Where the page with the pictures goes; default: DIR-check.html here.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Find broken, doubled, leaked and odd pictures.

    It names files that can't be decoded or are cut short, copies and near-copies
    (re-encoded, resized, mirrored, cropped, captioned) within a class, across
    classes and across splits, and what is dark, blurred or unlike all others.
    """
    from tl_catdog.audit.findings import KINDS, SERIOUS

    root = Path(folder)
    failing = kinds_of(fail_on, tuple(KINDS), SERIOUS, "--fail-on")
    try:
        audit, _ = audited(root, outliers=outliers)
        page = _page(audit, root, html, json=json)
    except KeyboardInterrupt:
        from tl_catdog.cli.output import note

        note("Interrupted: nothing was changed.")
        raise typer.Exit(130) from None
    failed = sorted(set(audit.tally()) & set(failing))
    if json:
        print_json({**audit.to_json(), "page": page and str(page), "failed_on": failed})
    else:
        results().print(audit_view(audit, set(SERIOUS)))
        if page:
            results().print(printable(f"Pictures: {page}"), markup=False, soft_wrap=True)
        for line in _advice(audit, root, failed):
            results().print(printable(line), markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def kinds_of(
    words: str | None, known: tuple[str, ...], usual: tuple[str, ...], flag: str
) -> tuple[str, ...]:
    """Read a list of kinds of findings.

    Raises:
        UsageError: One of them is unknown.
    """
    if words is None:
        return usual
    chosen = tuple(word.strip() for word in words.split(",") if word.strip())
    if chosen == (NONE,):
        return ()
    unknown = [word for word in chosen if word not in known]
    if unknown or not chosen:
        raise UsageError(
            f"expected kinds out of {listing(known, len(known))}, found {listing(unknown)}.",
            f"Type: {flag} {','.join(usual[-2:])}",
        )
    return chosen


def audited(root: Path, *, outliers: bool) -> tuple[Audit, tuple[Example, ...]]:
    """Check a folder, showing how far it is; return what was found, and what can be used."""
    import time
    from dataclasses import replace
    from functools import partial

    from tl_catdog.audit.check import check as look
    from tl_catdog.audit.findings import ordered
    from tl_catdog.cli.live import counting

    began = time.perf_counter()
    steps = partial(counting, notices())
    audit, usable = look(root, steps)
    if outliers:
        from tl_catdog.audit.outliers import outliers as strange

        with steps("looking for odd ones out") as progress:
            found = ordered([*audit.findings, *strange(usable, progress)])
        audit = replace(audit, findings=found, seconds=time.perf_counter() - began)
    return audit, usable


def _page(audit: Audit, root: Path, html: str | None, *, json: bool) -> Path | None:
    """Write the page, if it was asked for or there is something to show to people."""
    if html is None and (json or not audit.findings):
        return None
    from tl_catdog.audit.page import check_page
    from tl_catdog.files import write_text

    path = Path(html) if html is not None else Path(f"{root.absolute().name}-check.html")
    with writing(path):
        write_text(path, check_page(audit, _fix(root)))
    return path


def _fix(root: Path) -> str:
    return f"tl-catdog data fix {shlex.quote(str(root))}"


def audit_view(audit: Audit, serious: set[str]) -> RenderableType:
    """Return what was found: how many of each kind, and which first."""
    from rich.console import Group as Lines
    from rich.text import Text

    from tl_catdog.audit.findings import KINDS
    from tl_catdog.cli.render import count, duration, heading, plural, table

    name = printable(Path(audit.root).absolute().name)
    title = heading(f"{name}: {plural(audit.images, 'picture')}, {duration(audit.seconds)}")
    if not audit.findings:
        return Lines(title, Text("Nothing to put right."))
    rows = table()
    rows.add_column("kind", no_wrap=True)
    rows.add_column("", justify="right")
    rows.add_column("what", overflow="fold")
    rows.add_column("such as", overflow="fold")
    for kind, number in audit.tally().items():
        first = audit.of(kind)[0]
        examples = first.paths[:EXAMPLES_SHOWN]
        more = "" if len(first.paths) <= len(examples) else " …"
        such = printable(" = ".join(examples) + more) if examples else printable(first.detail)
        style = "red" if kind in serious else ""
        rows.add_row(Text(kind, style=style), count(number), KINDS[kind], Text(such))
    lines: list[Any] = [title, rows]
    for split, seen in audit.seen.items():
        lines.append(
            Text(
                f"Training sees a copy of {count(seen.images)} of {count(seen.of)} {split} "
                f"pictures: accuracy there may be up to {seen.points:.2f} points too high.",
                style="yellow",
            )
        )
    return Lines(*lines)


def _advice(audit: Audit, root: Path, failed: list[str]) -> list[str]:
    from tl_catdog.audit.fix import MOVABLE, USUAL

    tally = audit.tally()
    if any(kind in USUAL for kind in tally):
        return [f"Next: {_fix(root)}"]
    movable = [kind for kind in tally if kind in MOVABLE]
    return [f"If you want: {_fix(root)} --kinds {','.join(movable)}"] if movable else []
