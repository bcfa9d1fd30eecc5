"""What the files of a run say besides its description: pictures, epochs; each is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tl_catdog.data.examples import ImageSet
from tl_catdog.data.split_file import from_csv
from tl_catdog.runs.description import wrong
from tl_catdog.runs.folder import METRICS, SPLIT, Run
from tl_catdog.runs.rules import Rule, WrongValueError, from_json, matching, real, record, whole

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
    """Return the pictures that a run was trained and evaluated on; none of them is opened.

    Raises:
        CatdogError: The list of them is missing or damaged.
    """
    data = run.manifest["data"]
    return from_csv(
        read_split(run), Path(data["root"]), run.classes, drawn=data["drawn"], file=run.path / SPLIT
    )


def read_split(run: Run) -> str:
    """Return the CSV of which picture was in which split.

    Raises:
        CatdogError: The file is missing or changed.
    """
    hint = f"Put the run's own {SPLIT} back, or {run.train_again[0].lower()}{run.train_again[1:]}"
    return run.read(SPLIT, hint).decode("utf-8", "surrogateescape")
