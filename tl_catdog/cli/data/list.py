"""``tl-catdog data list``: which public picture sets there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.options import Json
from tl_catdog.cli.output import print_json, results, say
from tl_catdog.wording import byte_size, count, whole_percent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tl_catdog.fetch.catalogue import PublicSet

EXAMPLES = "Examples: tl-catdog data list; tl-catdog data list --into pictures --json"


def list_sets(
    into: Annotated[
        str, typer.Option(help="Folder in which sets are looked for.", metavar="DIR")
    ] = "data",
    json: Json = False,
) -> None:
    """Show the public sets: size, pictures, licence, where from, and what is here."""
    from tl_catdog.fetch.catalogue import SETS

    folder = Path(into)
    if json:
        print_json({"sets": [_entry(public_set, folder) for public_set in SETS.values()]})
        return
    results().print(sets_view(tuple(SETS.values()), folder))
    say("Next: tl-catdog data get NAME")


def _entry(public_set: PublicSet, into: Path) -> dict[str, object]:
    from tl_catdog.fetch.storage import find_installed, kept_bytes

    here = find_installed(public_set, into)
    return {
        "name": public_set.name,
        "title": public_set.title,
        "pictures": public_set.images,
        "bytes": public_set.size,
        "licence": public_set.licence,
        "home": public_set.home,
        "archives": [
            {"name": item.name, "url": item.url, "bytes": item.size, "sha256": item.sha256}
            for item in public_set.archives
        ],
        "folder": None if here is None else here.folder,
        "fetched_bytes": kept_bytes(public_set),
    }


def sets_view(sources: tuple[PublicSet, ...], into: Path) -> RenderableType:
    """Return the sets as a table."""
    from tl_catdog.cli.render import cell, table

    rows = table()
    rows.add_column("name", no_wrap=True)
    rows.add_column("pictures", justify="right", no_wrap=True)
    rows.add_column("size", justify="right", no_wrap=True)
    rows.add_column("licence", no_wrap=True)
    rows.add_column("where from")
    rows.add_column("here", overflow="fold", min_width=13)
    for public_set in sources:
        rows.add_row(
            public_set.name,
            count(public_set.images),
            f"{'' if _exact(public_set) else '~'}{byte_size(public_set.size)}",
            cell(public_set.licence),
            cell(public_set.title),
            cell(_here(public_set, into)),
        )
    return rows


def _exact(public_set: PublicSet) -> bool:
    return all(archive.exact for archive in public_set.archives)


def _here(public_set: PublicSet, into: Path) -> str:
    from tl_catdog.fetch.storage import find_installed, kept_bytes

    found = find_installed(public_set, into)
    if found is not None:
        return str(found.folder)
    kept = kept_bytes(public_set)
    return f"{whole_percent(kept / public_set.size)} fetched" if kept else "–"
