"""``tl-catdog cache``: what is kept for later trainings, and how to be rid of it."""

from __future__ import annotations

from typing import Annotated

import typer

from tl_catdog.cli.options import Json
from tl_catdog.cli.output import note, print_json, say
from tl_catdog.wording import byte_size, plural

EXAMPLES = "Examples: tl-catdog cache; tl-catdog cache --clear; tl-catdog cache --json"


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove it, damaged or not.")] = False,
    json: Json = False,
) -> None:
    """Show the feature cache: what frozen backbones made of pictures, for every later training.

    Trainings keep it within their --cache-size; what was longest unused goes first.
    """
    from tl_catdog.features.cache import clear as clear_store
    from tl_catdog.features.cache import store_path
    from tl_catdog.features.cache_file import contents

    path = store_path()
    found, dropped = contents(path), 0
    if clear:
        dropped = found.values
        clear_store(path)
        if found.problem:
            note(f"It was damaged, and is removed: {path} ({found.problem}).")
        found = contents(path)
    if json:
        shown = {"path": path, "entries": found.values, "bytes": found.size, "dropped": dropped}
        print_json({**shown, "problem": found.problem})
        return
    if found.problem:
        note(f"Damaged, so the next training begins it anew: {path} ({found.problem}).")
    if clear:
        say(f"Dropped {plural(dropped, 'feature vector')}.")
    say(f"{plural(found.values, 'feature vector')}, {byte_size(found.size)}")
    say(path, style="dim")
