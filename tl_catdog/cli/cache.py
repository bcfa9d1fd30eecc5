"""``tl-catdog cache``: what is kept for later trainings, and how to be rid of it."""

from __future__ import annotations

from typing import Annotated

import typer

from tl_catdog.cli.options import Json
from tl_catdog.cli.output import print_json, say
from tl_catdog.errors import CatdogError
from tl_catdog.wording import byte_size, plural

EXAMPLES = "Examples: tl-catdog cache; tl-catdog cache --clear; tl-catdog cache --json"


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Drop all of it.")] = False,
    json: Json = False,
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
        print_json({"path": path, "entries": entries, "bytes": size, "dropped": dropped})
        return
    if clear:
        say(f"Dropped {plural(dropped, 'feature vector')}.")
    say(f"{plural(entries, 'feature vector')}, {byte_size(size)}")
    say(path, style="dim")
