"""Which pictures a command works on when the user names none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tl_catdog import drawings
from tl_catdog.cli.output import note, notices
from tl_catdog.data.folders import holds_images
from tl_catdog.files import passing_folder, usable_cache_folder

HERE = Path("data")
INFO_FILE = "drawn.json"

REAL_ONES = (
    "For real ones put your pictures into data/<class>/ or type: tl-catdog train --data DIR",
    "Public photographs, 69 MB: tl-catdog data get filtered",
)


@dataclass(frozen=True)
class DataSource:
    """A folder of pictures, and whether this program drew them."""

    root: Path
    drawn: bool


def choose(data: str | None) -> DataSource:
    """Return the folder named, else ``data/`` here if it holds pictures, else drawings."""
    if data is not None:
        root = Path(data)
        return DataSource(root, (root / INFO_FILE).is_file())
    if holds_images(HERE):
        return DataSource(HERE, (HERE / INFO_FILE).is_file())
    return DataSource(drawn_set(), True)


def drawn_set() -> Path:
    """Return the folder of the built-in drawings, which are made when they are first needed."""
    from tl_catdog.cli.live import counting

    root = (usable_cache_folder() or passing_folder()) / "drawn" / f"v{drawings.VERSION}"
    if not (root / INFO_FILE).is_file():
        root.parent.mkdir(parents=True, exist_ok=True)
        with counting(notices(), "drawing cats and dogs") as progress:
            drawings.draw_set(root, progress=progress)
    return root


def say_drawn() -> None:
    """Say plainly that the pictures are drawings, and how to get real ones."""
    note(
        "These pictures are drawings that tl-catdog made itself: good for trying the tool, "
        "no measure of it."
    )
    for line in REAL_ONES:
        note(line, style="dim")
