"""``tl-catdog cache``: what is kept for later, and how to be rid of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tl_catdog.cli.options import RUNS_DIR, Json, RunsDir
from tl_catdog.cli.output import note, print_json, say
from tl_catdog.wording import byte_size, plural

EXAMPLES = "Examples: tl-catdog cache; tl-catdog cache --clear; tl-catdog cache --clear-unfinished"


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove it, damaged or not.")] = False,
    clear_unfinished: Annotated[
        bool,
        typer.Option("--clear-unfinished", help="Remove trainings that were killed, for good."),
    ] = False,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Show the caches, and trainings that were killed and can go on.

    The feature cache is what frozen backbones made of pictures, for every later training. Trainings
    keep it within their --cache-size; what was longest unused goes first. Pictures that were
    fetched from object stores have a bound of their own, TL_CATDOG_FETCHED_GB.
    """
    from tl_catdog.data.mirrors import MIRRORS, mirrors
    from tl_catdog.data.mirrors import remove as remove_mirror
    from tl_catdog.features.cache import clear as clear_store
    from tl_catdog.features.cache import store_path
    from tl_catdog.features.cache_file import contents
    from tl_catdog.files import cache_folder
    from tl_catdog.runs.unfinished import list_unfinished
    from tl_catdog.scratch import discard, sweep

    path, runs = store_path(), Path(runs_dir)
    found, dropped = contents(path), 0
    folder = cache_folder() / MIRRORS
    if clear:
        dropped = found.values
        clear_store(path)
        if found.problem:
            note(f"It was damaged, and is removed: {path} ({found.problem}).")
        found = contents(path)
        for mirror in mirrors(folder):
            if not remove_mirror(mirror):
                note(f"In use, so it stays: {mirror.path} ({mirror.place}).")
    fetched = [(mirror.place, mirror.path, int(mirror.bytes)) for mirror in mirrors(folder)]
    left = [item for item in list_unfinished(runs) if not item.running]
    removed = []
    if clear_unfinished:
        removed = [item for item in left if discard(item.path)]
        left = [item for item in left if item not in removed]
        sweep(runs, again=True)
    if json:
        shown = {"path": path, "entries": found.values, "bytes": found.size, "dropped": dropped}
        unfinished = [
            {"run": item.name, "path": item.path, "bytes": item.bytes, "resume": item.resume}
            for item in left
        ]
        print_json(
            {
                **shown,
                "problem": found.problem,
                "unfinished": unfinished,
                "removed": [item.name for item in removed],
                "fetched": [
                    {"address": place, "path": where, "bytes": size}
                    for place, where, size in fetched
                ],
            }
        )
        return
    if found.problem:
        note(f"Damaged, so the next training begins it anew: {path} ({found.problem}).")
    if clear:
        say(f"Dropped {plural(dropped, 'feature vector')}.")
    say(f"{plural(found.values, 'feature vector')}, {byte_size(found.size)}")
    say(path, style="dim")
    for place, where, size in fetched:
        say(f"Fetched: {place or 'in part'}, {byte_size(size)}")
        say(where, style="dim")
    if removed:
        say(f"Removed {plural(len(removed), 'unfinished training')}.")
    for item in left:
        say(f"Unfinished: {item.name}, {byte_size(item.bytes)}; to go on, type: {item.resume}")
