"""What the files of a run say besides its description: pictures, epochs; each is checked."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import is_folder
from tl_catdog.data.mirrors import MIRRORS, mirrors
from tl_catdog.data.split_file import from_csv
from tl_catdog.errors import CatdogError
from tl_catdog.files import cache_folder
from tl_catdog.runs.description import wrong
from tl_catdog.runs.folder import METRICS, SPLIT, Run
from tl_catdog.runs.moved import moved_root, rerooted
from tl_catdog.runs.rules import Rule, WrongValueError, from_json, matching, real, record, whole

HERE = "data"
"""Where commands look for pictures if none are named."""

_EPOCH: Rule = record(
    {
        "stage": matching("[A-Za-z0-9_-]{1,40}", "the name of a stage"),
        "epoch": whole(1, 10_000_000),
        # Those of a training that diverged are no numbers.
        **{name: real(0, 1e30, finite=False) for name in ("loss", "val_loss")},
        **{name: real(0, 1, finite=False) for name in ("accuracy", "val_accuracy")},
    }
)


def read_metrics(run: Run) -> list[dict[str, Any]]:
    """Return the lines of ``metrics.jsonl``, one for each epoch of each stage.

    Raises:
        CatdogError: The file is missing or damaged.
    """
    rows = []
    for number, line in enumerate(run.read(METRICS).splitlines(), 1):
        try:
            row = from_json(line)
            _EPOCH(row)
        except WrongValueError as error:
            raise wrong(run.path, METRICS, error.within(f"line {number}")) from None
        rows.append(row)
    return rows


def own_images(run: Run) -> ImageSet:
    """Return the pictures that a run was trained and evaluated on.

    None of them is opened, unless their folder is gone: then it is looked for where the commands
    are typed and beside the folder of the runs, by hashes of some pictures.

    Raises:
        CatdogError: The list of them is missing or damaged.
    """
    data = run.manifest["data"]
    images = from_csv(
        read_split(run), Path(data["root"]), run.classes, drawn=data["drawn"], file=run.path / SPLIT
    )
    near = (Path.cwd(), run.path.absolute().parent.parent)
    names = dict.fromkeys((images.root.name, HERE))
    fetched = (mirror.path / images.root.name for mirror in mirrors(cache_folder() / MIRRORS))
    places = chain((base / name for base in near for name in names), fetched)
    return rerooted(images, moved_root(images, places))


def data_root(run: Run) -> Path:
    """Return the folder of a run's pictures: where it was, or where it is found now."""
    recorded = Path(run.manifest["data"]["root"])
    if not is_folder(recorded):
        with contextlib.suppress(CatdogError):  # without its list, nothing tells them from others
            return own_images(run).root
    return recorded


_MOVED = "moved_to"
"""A key that no description of a run can have: which folder a user named instead of the run's."""


def with_data(run: Run, folder: Path) -> Run:
    """Return a run as if its pictures had been in another folder, where they are now.

    Args:
        run: The run.
        folder: The folder; its pictures' names within it are as they were.
    """
    data = {**run.manifest["data"], "root": str(folder.absolute()), _MOVED: str(folder)}
    return replace(run, manifest={**run.manifest, "data": data})


def named_data(run: Run) -> str | None:
    """Return the folder that ``with_data`` was given, as it was typed."""
    found: str | None = run.manifest["data"].get(_MOVED)
    return found


def extracted_of(run: Run) -> dict[str, str] | None:
    """Return where the features are that took the place of a run's pictures; None if none did.

    Returns:
        ``place``, their folder or address, and of a training also ``source`` and ``plan``.
    """
    found: dict[str, str] | None = (run.manifest.get("features") or {}).get("extracted")
    return found


def with_features(run: Run, place: str) -> Run:
    """Return a run as if its pictures' features had been taken from what a batch wrote.

    Args:
        run: The run.
        place: The batch's folder or address.
    """
    features = {**(run.manifest.get("features") or {}), "extracted": {"place": place}}
    return replace(run, manifest={**run.manifest, "features": features})


def read_split(run: Run) -> str:
    """Return the CSV of which picture was in which split.

    Raises:
        CatdogError: The file is missing or changed.
    """
    hint = f"Put the run's own {SPLIT} back, or {run.train_again[0].lower()}{run.train_again[1:]}"
    return run.read(SPLIT, hint).decode("utf-8", "surrogateescape")
