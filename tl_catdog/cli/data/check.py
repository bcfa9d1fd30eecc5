"""``tl-catdog data check``: what is wrong with a picture set, before a training finds out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tl_catdog.cli.options import (
    ImageFolder,
    Json,
    LabelColumn,
    LabelPattern,
    Labels,
    file_option,
    kinds_option,
)
from tl_catdog.cli.output import notices, on_ctrl_c, print_json, results, say, writing
from tl_catdog.errors import UsageError, listing
from tl_catdog.wording import count, duration, plural, points

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tl_catdog.audit.findings import Audit
    from tl_catdog.data.examples import Example
    from tl_catdog.data.labelling import Labelling

EXAMPLES = (
    "Examples: tl-catdog data check pictures; "
    "tl-catdog data check pictures --fail-on leak,corrupt --json; "
    "tl-catdog data check pictures --no-outliers --html check.html"
)
NONE = "none"
FIX_STORE = "tl-catdog data fix DIR"
"""For pictures at an address: nothing is changed there, nor in the cache; DIR is a download."""
EXAMPLES_SHOWN = 2  # pictures named of each kind; the page and --json have all


def check(
    folder: ImageFolder,
    fail_on: Annotated[
        str | None,
        kinds_option(
            "Kinds to end with exit code 1 for, such as leak,corrupt, or none; "
            "without it, what loses pictures or makes figures wrong."
        ),
    ] = None,
    outliers: Annotated[
        bool, typer.Option(help="Look for pictures unlike all others, with the backbone.")
    ] = True,
    html: Annotated[
        str | None,
        file_option("Where the page with the pictures goes; default: DIR-check.html here."),
    ] = None,
    labels: Labels = None,
    label_column: LabelColumn = None,
    label_pattern: LabelPattern = None,
    json: Json = False,
) -> None:
    """Find broken, doubled, leaked and odd pictures.

    It names files that can't be decoded or are cut short, copies and near-copies
    (re-encoded, resized, mirrored, cropped, captioned) within a class, across
    classes and across splits, and what is dark, blurred or unlike all others.
    """
    from tl_catdog.audit.findings import KINDS, SERIOUS
    from tl_catdog.cli.sources import on_disk
    from tl_catdog.data.labelling import Labelling
    from tl_catdog.storage.places import is_store

    root = on_disk(folder)
    how = Labelling(labels, label_column, label_pattern)
    failing = kinds_of(fail_on, tuple(KINDS), SERIOUS, "--fail-on")
    with on_ctrl_c("Interrupted: nothing was changed."):
        audit, _ = audited(root, how, outliers=outliers)
        fix = FIX_STORE if is_store(folder) else _fix(root)
        page = _page(audit, root, html, fix, json=json)
    failed = sorted(set(audit.tally()) & set(failing))
    if json:
        print_json({**audit.to_json(), "page": page, "failed_on": failed})
    else:
        results().print(audit_view(audit, set(SERIOUS)))
        if page:
            say(f"Pictures: {page}")
        say(*_advice(audit, fix))
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


def audited(
    root: Path, how: Labelling | None = None, *, outliers: bool, compare: bool = True
) -> tuple[Audit, tuple[Example, ...]]:
    """Check a folder, showing how far it is; return what was found, and what can be used."""
    import time
    from dataclasses import replace
    from functools import partial

    from tl_catdog.audit.check import check as check_folder
    from tl_catdog.audit.findings import ordered
    from tl_catdog.cli.live import counting
    from tl_catdog.data.labelling import AS_IT_IS

    began = time.perf_counter()
    steps = partial(counting, notices())
    audit, usable = check_folder(root, steps, how or AS_IT_IS, compare=compare)
    if outliers:
        from tl_catdog.audit.outliers import outliers as find_outliers

        with steps("looking for odd ones out") as progress:
            found = ordered([*audit.findings, *find_outliers(usable, progress)])
        audit = replace(audit, findings=found, seconds=time.perf_counter() - began)
    return audit, usable


def _page(audit: Audit, root: Path, html: str | None, fix: str, *, json: bool) -> Path | None:
    """Write the page, if it was asked for or there is something to show to people."""
    if html is None and (json or not audit.findings):
        return None
    from tl_catdog.audit.page import check_page
    from tl_catdog.files import write_text

    path = Path(html) if html is not None else Path(f"{root.absolute().name}-check.html")
    with writing(path, "--html"):
        write_text(path, check_page(audit, fix))
    return path


def _fix(root: Path) -> str:
    return f"tl-catdog data fix {shlex.quote(str(root))}"


def audit_view(audit: Audit, serious: set[str]) -> RenderableType:
    """Return what was found: how many of each kind, and which first."""
    from rich.console import Group as Lines

    from tl_catdog.audit.findings import KINDS
    from tl_catdog.cli.render import cell, heading, table

    name = Path(audit.root).absolute().name
    title = heading(f"{name}: {plural(audit.images, 'picture')}, {duration(audit.seconds)}")
    if not audit.findings:
        return Lines(title, "Nothing to put right.")
    rows = table()
    rows.add_column("kind", no_wrap=True)
    rows.add_column("", justify="right")
    rows.add_column("what", overflow="fold")
    rows.add_column("such as", overflow="fold")
    for kind, number in audit.tally().items():
        first = audit.of(kind)[0]
        examples = first.paths[:EXAMPLES_SHOWN]
        more = "" if len(first.paths) <= len(examples) else " …"
        said = "; ".join(item.detail for item in audit.of(kind))  # each is about the folder
        such = " = ".join(examples) + more if examples else said
        style = "red" if kind in serious else ""
        rows.add_row(cell(kind, style), count(number), KINDS[kind], cell(such))
    lines: list[Any] = [title, rows]
    for split, seen in audit.seen_in_training.items():
        lines.append(
            cell(
                f"Training sees a copy of {count(seen.images)} of {count(seen.of)} {split} "
                f"pictures: accuracy there may be up to {points(seen.points / 100)} too high.",
                "yellow",
            )
        )
    return Lines(*lines)


def _advice(audit: Audit, fix: str) -> list[str]:
    """Return what to type next, if there is something that ``data fix`` would move."""
    from tl_catdog.audit.fix import MOVABLE, USUAL

    tally = audit.tally()
    if any(kind in USUAL for kind in tally):
        return [f"Next: {fix}"]
    movable = [kind for kind in tally if kind in MOVABLE]
    return [f"If you want: {fix} --kinds {','.join(movable)}"] if movable else []
