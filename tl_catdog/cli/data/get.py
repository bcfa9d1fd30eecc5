"""``tl-catdog data get``: put a public picture set into a folder."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.options import Json
from tl_catdog.cli.output import note, notices, on_ctrl_c, print_json, say, text_column
from tl_catdog.wording import byte_size, count, plural

if TYPE_CHECKING:
    from tl_catdog.fetch.catalogue import PublicSet
    from tl_catdog.fetch.progress import Listener
    from tl_catdog.fetch.storage import InstalledSet

EXAMPLES = (
    "Examples: tl-catdog data get filtered; tl-catdog data get pets --into pictures; "
    "tl-catdog data get full --from kagglecatsanddogs_5340.zip"
)


def get(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="filtered, full, pets or kaggle; see data list.",
            show_default=False,
        ),
    ],
    into: Annotated[
        str, typer.Option(help="Folder that gets the set's folder.", metavar="DIR")
    ] = "data",
    from_: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            help="An archive that is here already; no network is used. Of pets give both.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Get a public set of cats and dogs, checked and whole, or nothing.

    What a cut leaves is kept, and the same command goes on from there. The
    archive's SHA-256 is checked before it is unpacked. Once the set is there,
    the command does nothing. TL_CATDOG_MIRROR=https://… names another host.
    """
    from tl_catdog.fetch.catalogue import find_set
    from tl_catdog.fetch.getting import FetchOptions, command, get_set

    public_set, folder = find_set(name), Path(into)
    again = command(public_set, folder)
    with (
        on_ctrl_c(lambda: _interrupted(public_set, again, fetching=not from_)),
        listening() as listener,
    ):
        if not from_:
            _announce(public_set, folder)
        found = get_set(public_set, folder, from_ or (), FetchOptions(listener=listener))
    if json:
        print_json(found)
        return
    say(*_report(found))


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """Give who shows a bar of bytes, silent in a pipe, and says what happens."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from tl_catdog.fetch.progress import Listener

    console = notices()
    if not console.is_terminal:
        yield Listener(say=note)
        return
    bar = Progress(
        text_column("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
    )
    task = bar.add_task("", total=None)
    what = ""

    def progress(now: str, done: int, total: int) -> None:
        nonlocal what
        if now != what:
            what = now
            bar.start()  # not sooner: Kaggle's library shows a bar of its own
            bar.reset(task, description=now)
        bar.update(task, completed=done, total=total)

    try:
        yield Listener(progress, note)
    finally:
        bar.stop()


def _announce(public_set: PublicSet, into: Path) -> None:
    from tl_catdog.fetch.storage import find_installed

    if not public_set.competition and find_installed(public_set, into) is None:
        host = public_set.archives[0].host
        note(f"Getting {public_set.name}: {byte_size(public_set.size)} from {host}.", style="dim")


def _interrupted(public_set: PublicSet, command: str, *, fetching: bool) -> str:
    from tl_catdog.fetch.storage import kept_bytes

    if not fetching or public_set.competition:
        return "Interrupted: nothing was left."
    kept = f"{byte_size(kept_bytes(public_set))} of {byte_size(public_set.size)}"
    return f"Interrupted: {kept} are kept. To go on, type: {command}"


def _report(found: InstalledSet) -> list[str]:
    from tl_catdog.fetch.storage import archives_folder

    counts = ", ".join(f"{where} {count(n)}" for where, n in found.counts.items())
    size = f"{plural(found.images, 'picture')} ({counts}), {byte_size(found.bytes)}"
    folder = shlex.quote(str(found.folder))
    lines = [f"{found.folder} is here{' already' if found.already else ''}: {size}"]
    if found.images < found.expected:
        gone = found.expected - found.images
        lines.append(
            f"{count(gone)} of its pictures were taken away. To have them back, move the folder."
        )
    lines.append(f"Licence: {found.licence}, see {found.home}")
    lines.extend(
        f"No publisher gives a hash of {name}. Recorded what it has: SHA-256 "
        f"{found.sha256[name]} (in {archives_folder()}); later downloads must have the same."
        for name in found.recorded
    )
    lines.append(f"Next: tl-catdog data check {folder}, tl-catdog train --data {folder}")
    return lines
