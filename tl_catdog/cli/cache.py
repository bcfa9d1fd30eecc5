"""``tl-catdog cache``: what is kept for later trainings, and how to be rid of it."""

from __future__ import annotations

from typing import Annotated

import typer

from tl_catdog.cli.output import print_json, results
from tl_catdog.errors import CatdogError

EXAMPLES = "Examples: tl-catdog cache; tl-catdog cache --clear; tl-catdog cache --json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(cache)


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Drop all of it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Show the feature cache: what frozen backbones made of pictures, for every later training.

    Trainings keep it within their --cache-size; what was longest unused goes first.
    """
    import sqlite3

    from tl_catdog.features.cache import FeatureStore, store_path

    path = store_path()
    entries = size = dropped = 0
    if path.exists():
        try:
            with FeatureStore(path) as store:
                if clear:
                    dropped = store.clear()
                entries, size = len(store), store.used_bytes()
        except (sqlite3.Error, OSError) as error:
            raise CatdogError(
                f"expected a feature cache, found {path} ({error}).", f"Type: rm {path}*"
            ) from error
    if json:
        print_json({"path": str(path), "entries": entries, "bytes": size, "dropped": dropped})
        return
    console = results()
    if clear:
        console.print(f"Dropped {dropped:,} feature vectors.")
    console.print(f"{entries:,} feature vectors, {size / 1e6:.1f} MB", highlight=False)
    console.print(str(path), soft_wrap=True, markup=False, style="dim")
