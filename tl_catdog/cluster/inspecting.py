"""What a check needs of each picture: what a worker writes into a part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any

from tl_catdog.audit.inspection import Inspection, inspect_data, unreadable
from tl_catdog.cluster.pictures import Picture
from tl_catdog.data.parallel import map_threaded
from tl_catdog.errors import ImageError

AHEAD = 8


def inspected(pictures: Iterator[Picture]) -> dict[str, Any]:
    """Return the columns of a check: what ``audit.inspection`` says of each picture."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("error", "thumbnail", "side", "appearance", "remarks")
    }
    for found in map_threaded(_inspected, pictures, ahead=AHEAD):
        seen, look = found.thumbnail, found.appearance
        columns["error"].append(": ".join(found.remarks[0]) if seen is None else None)
        columns["thumbnail"].append(None if seen is None else seen.tobytes())
        columns["side"].append(found.side)
        columns["appearance"].append(None if look is None else asdict(look))
        remarks = [{"kind": kind, "detail": _text(detail)} for kind, detail in found.remarks]
        columns["remarks"].append(remarks)
    return columns


def _inspected(picture: Picture) -> Inspection:
    if isinstance(picture.data, ImageError):
        said = picture.data.message
        return unreadable(said.removeprefix("can't be read (").removesuffix(")"))
    return inspect_data(picture.data, PurePosixPath(picture.row.path))


def _text(detail: str) -> str:
    """Return a text that Arrow takes."""
    return detail.encode("utf-8", "backslashreplace").decode()
