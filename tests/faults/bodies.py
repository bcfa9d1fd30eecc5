"""Run in place of the program: where a command needs a world that isn't ours, or is a server."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tl_catdog.teach.state import State

SITE = "FAULTS_SITE"
"""Names the variable with the address of the server that has the small set."""


def few(*words: str) -> None:
    """Run the program with a public set of a dozen small files in place of the large one."""
    from tests.support.fetch_sets import FEW, zipped
    from tl_catdog.cli import main
    from tl_catdog.fetch import catalogue

    size = len(zipped(FEW))
    address = f"{os.environ.get(SITE, 'http://127.0.0.1:9')}/few.zip"
    found = replace(
        catalogue.FILTERED,
        archives=(catalogue.Archive("few.zip", address, size),),
        images=len(FEW),
        room=size,
    )
    catalogue.find_set = lambda name: found
    main()


def taught(_: str, folder: str) -> None:
    """Do to a folder what a page does, a change after the other; what was done is undone first."""
    from tl_catdog.cli.output import complain
    from tl_catdog.errors import CatdogError
    from tl_catdog.teach.state import State

    try:
        state = State.open(Path(folder))
        while state.undo("page"):
            pass
        _teach(state)
        state.close()
    except CatdogError as error:
        complain(error)
        sys.exit(error.exit_code)


def _teach(state: State) -> None:
    """Do once whatever a page can do."""
    from tests.teach.pictures import picture
    from tl_catdog.errors import CatdogError
    from tl_catdog.fetch.archive import Bounds
    from tl_catdog.teach.intake import aside, sorted_out
    from tl_catdog.teach.uploads import Upload

    state.add_class("birds", "page")
    state.add([("a.png", picture(1)), ("b.png", picture(2))], "birds", "burst-1", "page")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in (3, 4):
            file.writestr(f"{number}.png", picture(number))
    with aside(state.root / ".teach" / "incoming") as folder:
        _receive(folder / "0", archive.getvalue())
        found = sorted_out([Upload("more.zip", folder / "0")], folder, Bounds())
        for name, why in found.refused:  # which the page tells
            raise CatdogError(f"expected to unpack {name} in {folder}, found: {why}.", "Make room")
        state.add([(one.name, one.path) for one in found.pictures], None, None, "page")
    state.label([item.id for item in state.items("birds")], "cats", None, "page")
    state.label([item.id for item in state.items(None)][:1], "dogs", None, "page")
    state.keep([item.id for item in state.items("dogs")][:2], "page")
    state.remove([item.id for item in state.items("cats")][::3], None, "page")
    state.rename_class("dogs", "hounds", "page")
    state.remove_class("cats", "page")
    state.skip([item.id for item in state.items(None)][:2], "page")
    state.undo("page")
    state.undo("page")
    state.redo("page")


def _receive(path: Path, data: bytes) -> None:
    """Write what a page sends, as ``uploads.py`` does, which answers such an error with 507."""
    from tl_catdog.teach.changing import refused

    try:
        path.write_bytes(data)
    except OSError as error:
        raise refused(error, "to receive an archive") from error
