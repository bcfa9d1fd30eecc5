"""``tl-catdog data list``: which public picture sets there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.output import print_json, results, shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tl_catdog.fetch.catalogue import Source

EXAMPLES = "Examples: tl-catdog data list; tl-catdog data list --into pictures --json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("list", epilog=EXAMPLES)(list_sets)


def list_sets(
    into: Annotated[
        str, typer.Option(help="Folder in which sets are looked for.", metavar="DIR")
    ] = "data",
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Show the public sets: size, pictures, licence, where from, and what is here."""
    from tl_catdog.fetch.catalogue import SETS

    folder = Path(into)
    if json:
        print_json({"sets": [_entry(source, folder) for source in SETS.values()]})
        return
    results().print(sets_view(tuple(SETS.values()), folder))
    results().print("Next: tl-catdog data get NAME", markup=False)


def _entry(source: Source, into: Path) -> dict[str, object]:
    from tl_catdog.fetch.storage import kept_bytes, present

    here = present(source, into)
    return {
        "name": source.name,
        "title": source.title,
        "pictures": source.pictures,
        "bytes": source.size,
        "licence": source.licence,
        "home": source.home,
        "archives": [
            {"name": item.name, "url": item.url, "bytes": item.size, "sha256": item.sha256}
            for item in source.archives
        ],
        "folder": None if here is None else str(here.folder),
        "fetched_bytes": kept_bytes(source),
    }


def sets_view(sources: tuple[Source, ...], into: Path) -> RenderableType:
    """Return the sets as a table."""
    from rich.text import Text

    from tl_catdog.cli.render import table
    from tl_catdog.fetch.progress import megabytes

    rows = table()
    rows.add_column("name", no_wrap=True)
    rows.add_column("pictures", justify="right", no_wrap=True)
    rows.add_column("size", justify="right", no_wrap=True)
    rows.add_column("licence", no_wrap=True)
    rows.add_column("where from")
    rows.add_column("here", overflow="fold", min_width=13)
    for source in sources:
        rows.add_row(
            source.name,
            f"{source.pictures:,}",
            f"{'' if _exact(source) else '~'}{megabytes(source.size)}",
            Text(source.licence),
            Text(source.title),
            Text(shown(_here(source, into))),
        )
    return rows


def _exact(source: Source) -> bool:
    return all(archive.exact for archive in source.archives)


def _here(source: Source, into: Path) -> str:
    from tl_catdog.fetch.storage import kept_bytes, present

    found = present(source, into)
    if found is not None:
        return str(found.folder)
    kept = kept_bytes(source)
    return f"{100 * kept / source.size:.0f} % fetched" if kept else "–"
