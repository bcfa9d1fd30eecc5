"""Which pictures a command works on when the user names none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tl_catdog import drawings
from tl_catdog.cli.output import note, notices
from tl_catdog.data.folders import holds_images
from tl_catdog.errors import UsageError
from tl_catdog.files import passing_folder, usable_cache_folder
from tl_catdog.storage.places import Place, is_url
from tl_catdog.wording import byte_size, left_out, plural

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
        root = on_disk(data)
        return DataSource(root, (root / INFO_FILE).is_file())
    if holds_images(HERE):
        return DataSource(HERE, (HERE / INFO_FILE).is_file())
    return DataSource(drawn_set(), True)


def on_disk(data: str) -> Path:
    """Return the folder or file that was named; what is at an address is fetched, and said.

    Raises:
        UsageError: There are no pictures at the address, or too many to be kept here; or it is of
            the web.
        CatdogError: They can't be fetched.
    """
    if not is_url(data):
        return Path(data)
    from tl_catdog.cli.live import counting
    from tl_catdog.data.mirror import Plan, mirrored

    place = Place.of(data)

    def before(plan: Plan) -> None:
        note(
            f"Fetching {byte_size(plan.missing)} into the cache, of {byte_size(plan.bytes)} in "
            f"{plural(len(plan.entries), 'file')} at {place}.",
            style="dim",
        )
        if plan.left_out:
            note(left_out(plan.left_out), style="dim")

    with counting(notices(), "fetching") as progress:
        return mirrored(place, before, progress)


def one_on_disk(address: str) -> Path:
    """Return the file that a picture at an address is fetched into.

    Raises:
        UsageError: There is no picture, or a folder of them.
        CatdogError: It can't be fetched.
    """
    path = on_disk(address)
    if path.is_dir():
        raise UsageError(
            f"expected one picture, found the folder {address}.", "Name one of its pictures"
        )
    return path


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
