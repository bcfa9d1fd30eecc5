"""``tl-catdog review``: pictures worth looking at, and doing what the edited list says."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.options import (
    RUNS_DIR,
    Features,
    Json,
    RunName,
    RunsDir,
    file_option,
    folder_option,
    seed_of,
)
from tl_catdog.cli.output import note, notices, on_ctrl_c, print_json, results, say
from tl_catdog.data.folders import check_root
from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.runs.folder import Run, find_run
from tl_catdog.storage.places import is_url
from tl_catdog.wording import count, plural

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tl_catdog.journal.moves import Moved
    from tl_catdog.review.label_issues import Review

EXAMPLES = (
    "Examples: tl-catdog review mobilenet; "
    "tl-catdog review mobilenet --apply models/mobilenet/review/review.csv; "
    "tl-catdog review mobilenet --undo; tl-catdog review mobilenet --features s3://bucket/features"
)
LIST, GALLERY = "review.csv", "gallery.html"
ROWS = 10  # of the table; the list has more
MOST = 1_000_000  # as many pictures as anybody looks at


def review(
    run: RunName,
    apply: Annotated[str | None, file_option("Move pictures as this edited list says.")] = None,
    data: Annotated[
        str | None, folder_option("Where its pictures are now, if they were moved.")
    ] = None,
    features: Features = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Put back what the last --apply moved.")
    ] = False,
    top: Annotated[int, typer.Option(help="List at least so many pictures.", min=1, max=MOST)] = 50,
    seed: Annotated[int, seed_of("Which pictures are judged together.")] = 0,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Find doubtful labels, worst mistakes and least sure answers; mend labels.

    It writes a gallery and a list. In the list, put a class or "remove" in place
    of "keep" and give it back with --apply: pictures are moved, never deleted,
    and --undo puts them back.
    """
    from tl_catdog.review.relabel import review_command

    chosen = find_run(run, Path(runs_dir))
    if features is not None:
        from tl_catdog.runs.contents import with_features
        from tl_catdog.storage.places import Place

        _check_alone(chosen, data, apply, undo=undo)
        chosen = with_features(chosen, str(Place.of(features)))
    if data is not None:
        from tl_catdog.runs.contents import with_data

        check_root(Path(data).absolute())
        chosen = with_data(chosen, Path(data))
    if undo and apply is not None:
        raise UsageError(
            "expected --apply or --undo, found both.", f"Type: {review_command(chosen)} --undo"
        )
    if undo or apply is not None:
        _relabel(chosen, apply, json=json)
    else:
        _list_issues(chosen, top, seed, json=json)


def _check_alone(run: Run, data: str | None, apply: str | None, *, undo: bool) -> None:
    """Make sure that nothing beside features takes the pictures themselves.

    Raises:
        UsageError: Something does.
    """
    if data is not None:
        raise UsageError(
            "expected pictures or their features, found --data and --features.", "Leave one out"
        )
    if undo or apply is not None:
        raise UsageError(
            "expected the pictures, which --apply and --undo move, found --features.",
            f"Type: tl-catdog review {shlex.quote(str(run.path))} "
            f"{'--undo' if undo else f'--apply {shlex.quote(str(apply))}'}",
        )


def _list_issues(run: Run, top: int, seed: int, *, json: bool) -> None:
    """Write the gallery and the list, and show the most doubtful labels."""
    from tl_catdog.cli.live import counting
    from tl_catdog.cli.render import skipped_table
    from tl_catdog.files import write_text
    from tl_catdog.review.gallery import gallery_page
    from tl_catdog.review.label_issues import review as find_issues
    from tl_catdog.review.label_issues import to_csv, training_features
    from tl_catdog.review.relabel import FOLDER, review_command
    from tl_catdog.review.review_list import KEEP, read_list

    folder = run.path / FOLDER
    path, page = folder / LIST, folder / GALLERY
    _check_own(folder, path, page)
    before = read_list(path) if path.exists() else ()
    edits = {(edit.name, edit.digest): edit for edit in before if edit.action != KEEP}
    with counting(notices(), "looking at pictures") as progress:
        features = training_features(run, progress)
    with counting(notices(), "checking labels") as progress:
        names = {name for name, _ in edits}
        found = find_issues(run, features, top=top, seed=seed, listed=names, progress=progress)
    command = f"{review_command(run)} --apply {shlex.quote(str(path))}"
    try:
        write_text(page, gallery_page(found, command, top))
        write_text(path, to_csv(found.label_issues, edits))
    except OSError as error:
        if not json:
            results().print(review_view(found))  # looking has taken minutes
        raise UsageError(
            f"expected a folder that can be written to, found {folder} ({error.strerror}).",
            f"Type: ls -ld {folder}",
        ) from error
    if found.skipped:
        notices().print(skipped_table(found.skipped, found.root))
    if edits:
        note(f"Kept what you had edited in {path}: {plural(len(edits), 'row')}.", style="dim")
    if json:
        address = run.manifest["data"]["root"]
        own = {"data": address} if is_url(address) else {}  # as a path it lacks a slash
        print_json({**found.to_json(), **own, "list": path, "gallery": page})
        return
    results().print(review_view(found))
    say(
        f"Pictures: {page}",
        f"List:     {path}, {plural(len(found.label_issues), 'row')}",
        f"Next: edit the column action of the list, then type: {command}",
    )


def _check_own(folder: Path, *files: Path) -> None:
    """Make sure that what is written is the run's own: a stranger's run may hold links and pipes.

    Raises:
        CatdogError: It isn't.
    """
    for place in (folder, *files):
        odd = place.exists() and not (place.is_dir() or place.is_file())
        if odd or place.is_symlink():
            raise CatdogError(
                f"expected {place} to be the run's own, found a link or no regular file.",
                f"Type: ls -l {shlex.quote(str(place.parent))}",
            )


def review_view(found: Review) -> RenderableType:
    """Return what was found: how many, and the most doubtful labels."""
    from rich.console import Group as Lines

    from tl_catdog.cli.render import cell, heading, table

    rows = table()
    rows.add_column("picture", overflow="fold")
    rows.add_column("label", overflow="fold")
    rows.add_column("suggested", overflow="fold")
    rows.add_column("quality", justify="right")
    for item in found.label_issues[:ROWS]:
        style = "bold" if item.likely else ""
        texts = item.name, item.label, item.suggested, f"{item.quality:.3f}"
        rows.add_row(*(cell(text, style) for text in texts))
    title = (
        f"{found.run}: {count(found.likely)} of {count(found.n)} training labels are likely wrong"
    )
    answers = (
        f"{count(found.wrong)} of {count(found.answered)} pictures that it wasn't trained on are "
        f"answered wrong; {plural(len(found.mistakes), 'mistake')} and the "
        f"{count(len(found.unsure))} least sure answers are in the gallery."
    )
    legend = (
        "Quality: the chance that the label is right, 0 to 1, by classifiers that never saw the "
        "picture. Bold: likely wrong. In all, "
        f"{plural(round(found.expected), 'training label')} should be wrong."
    )
    lines: list[RenderableType] = [heading(title), rows, cell(legend, "dim")]
    if found.unchecked:
        lines.append(
            cell(
                f"Not checked: {listing(found.unchecked)}, for want of a second training picture "
                "to compare with."
            )
        )
    return Lines(*lines, cell(answers))


def _relabel(run: Run, apply: str | None, *, json: bool) -> None:
    """Move pictures as a list says, or back."""
    from tl_catdog.review import relabel
    from tl_catdog.review.relabel import review_command
    from tl_catdog.review.review_list import read_list

    with on_ctrl_c(f"Interrupted. To put back what was moved, type: {review_command(run)} --undo"):
        found = relabel.undo(run) if apply is None else relabel.apply(run, read_list(Path(apply)))
    if json:
        print_json({"run": run.name, "undone": apply is None, **found.to_json()})
        return
    say(*_moved(run, found, undone=apply is None))


def _moved(run: Run, found: Moved, *, undone: bool) -> list[str]:
    """Return what was moved, as lines, and what to type next."""
    from tl_catdog.cli.render import move_lines
    from tl_catdog.review.relabel import review_command
    from tl_catdog.review.review_list import REMOVE, train_anew

    if not found.moves:
        return ["Nothing to move."]
    lines, total = move_lines(found), plural(len(found.moves), "picture")
    if undone:
        return [*lines, f"Put back {total}: {run.name} fits its pictures again."]
    removed = found.counts().get(REMOVE, 0)
    kept = count(len(found.moves) - removed)
    return [
        *lines,
        f"Moved {total}: {kept} relabelled, {count(removed)} put aside.",
        f"To undo that, type: {review_command(run)} --undo",
        f"{run.name} knows nothing of it. Train a new run: {train_anew(run)}",
    ]
