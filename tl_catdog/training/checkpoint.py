"""Where a training stands at an epoch's end: one file, from which it goes on to the same bit."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.npz import arrays_in
from tl_catdog.data.reading import read_file
from tl_catdog.files import atomic_path
from tl_catdog.training.callbacks import BestWeights, StageProgress
from tl_catdog.training.stages import StageResult

FORMAT = 1
HEADER = "header"
MOST_TEXT = 2**28
"""Bytes of the header at most: a hundred thousand epochs take a tenth of it."""

Arrays = list[npt.NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands.

    Attributes:
        stage: The stage's number, from 0.
        progress: How far that is.
        seconds: What its epochs took.
        results: Of the stages before it.
        linear_share: Of the head, as those left it, 0..1.
        rows: The lines of ``metrics.jsonl``.
        best: The best weights of the whole training.
        found: Those of this stage, where they are kept apart.
        variables: Of the part that the stage trains: weights, running means, seed generators.
        optimizer: Its iterations, slots and running means.
        resumed: How often the training went on after it had ended.
        devices: How many of them shared the stage's steps; several numbers, in order, where it
            went on on others.
    """

    stage: int
    progress: StageProgress
    seconds: float
    results: tuple[StageResult, ...]
    linear_share: float
    rows: tuple[Mapping[str, Any], ...]
    best: BestWeights
    found: BestWeights | None
    variables: Arrays
    optimizer: Arrays
    resumed: int = 0
    devices: tuple[int, ...] = (1,)


class CheckpointFile:
    """The file that a training writes at each epoch's end.

    Weights that are as they were when the network was built, such as those of a frozen backbone,
    aren't written: they are the same whenever it is built again.

    Args:
        path: The file.
        built: The whole network's weights as it was built, in the order of ``get_weights``.
    """

    def __init__(self, path: Path, built: Sequence[npt.NDArray[Any]]) -> None:
        self.path = path
        self._built = list(built)

    def write(self, checkpoint: Checkpoint) -> None:
        """Write it aside, sync and rename it.

        Raises:
            OSError: It can't be written.
        """
        header: dict[str, Any] = {
            "format": FORMAT,
            "stage": checkpoint.stage,
            "progress": asdict(checkpoint.progress),
            "seconds": checkpoint.seconds,
            "results": [asdict(result) for result in checkpoint.results],
            "linear_share": checkpoint.linear_share,
            "rows": list(checkpoint.rows),
            "best": _figures(checkpoint.best),
            "found": None if checkpoint.found is None else _figures(checkpoint.found),
            "variables": len(checkpoint.variables),
            "optimizer": len(checkpoint.optimizer),
            "resumed": checkpoint.resumed,
            "devices": checkpoint.devices,
        }
        arrays = {HEADER: np.frombuffer(json.dumps(header).encode(), np.uint8)}
        for kind in ("variables", "optimizer"):
            arrays |= {f"{kind}/{n}": one for n, one in enumerate(getattr(checkpoint, kind))}
        for kind, best in (("best", checkpoint.best), ("found", checkpoint.found)):
            weights = best.weights if best is not None else []
            for number, (one, built) in enumerate(zip(weights, self._built, strict=False)):
                if not np.array_equal(one, built):
                    arrays[f"{kind}/{number}"] = one
        archive = io.BytesIO()
        np.savez(archive, allow_pickle=False, **arrays)
        content = archive.getbuffer()
        with atomic_path(self.path) as temporary, temporary.open("wb") as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)

    def read(self) -> Checkpoint | None:
        """Return what was written last; None where nothing was, or nothing that can be used."""
        try:
            most = self._most()
            return self._checked(arrays_in(_checked_content(self.path, most), most))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _most(self) -> int:
        """Return how many bytes a file may have: weights twice, and three slots of each."""
        return MOST_TEXT + 8 * sum(one.nbytes for one in self._built)

    def _checked(self, arrays: Mapping[str, npt.NDArray[Any]]) -> Checkpoint:
        header = json.loads(arrays[HEADER].tobytes())
        if header["format"] != FORMAT:
            raise ValueError
        counts = {kind: int(header[kind]) for kind in ("variables", "optimizer")}
        lists = {
            kind: [arrays[f"{kind}/{number}"] for number in range(count)]
            for kind, count in counts.items()
        }
        results = [
            StageResult(
                **{
                    **row,
                    "trainable_layers": tuple(row["trainable_layers"]),
                    "devices": _counts(row),
                }
            )
            for row in header["results"]
        ]
        return Checkpoint(
            stage=int(header["stage"]),
            progress=StageProgress(**header["progress"]),
            seconds=float(header["seconds"]),
            results=tuple(results),
            linear_share=float(header["linear_share"]),
            rows=tuple(header["rows"]),
            best=self._best(header["best"], "best", arrays),
            found=self._best(header["found"], "found", arrays) if header["found"] else None,
            variables=lists["variables"],
            optimizer=lists["optimizer"],
            resumed=int(header["resumed"]),
            devices=_counts(header),
        )

    def _best(
        self, figures: Mapping[str, Any], kind: str, arrays: Mapping[str, npt.NDArray[Any]]
    ) -> BestWeights:
        best = BestWeights(**{name: figures[name] for name in FIGURES})
        if figures["weights"]:
            best.weights = [
                _fitting(arrays[name], built) if (name := f"{kind}/{n}") in arrays else built
                for n, built in enumerate(self._built)
            ]
        return best


def _counts(values: Mapping[str, Any]) -> tuple[int, ...]:
    """Return how many devices there were; what earlier versions wrote doesn't say: one.

    Raises:
        ValueError: There were none.
    """
    counts = tuple(int(count) for count in values.get("devices", (1,)))
    if not counts:
        raise ValueError
    return counts


FIGURES = ("latest", "accuracy", "loss", "epoch")


def _figures(best: BestWeights) -> dict[str, Any]:
    return {**{name: getattr(best, name) for name in FIGURES}, "weights": bool(best.weights)}


def _fitting(array: npt.NDArray[Any], like: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array that has another's shape and kind.

    Raises:
        ValueError: It hasn't.
    """
    if array.shape != like.shape or array.dtype != like.dtype:
        raise ValueError(f"expected {like.dtype} {like.shape}, found {array.dtype} {array.shape}")
    return array


def _checked_content(path: Path, most: int) -> bytes:
    """Return a checkpoint's arrays as a zip file, as they were written.

    Raises:
        OSError: The file can't be read, is none, or is larger than that.
        ValueError: It is damaged.
    """
    whole = read_file(path, most)
    size = hashlib.sha256().digest_size
    content = whole[size:]
    if hashlib.sha256(content).digest() != whole[:size]:
        raise ValueError("damaged")
    return content


def restore(variables: Sequence[Any], values: Arrays) -> None:
    """Give Keras variables their values.

    Raises:
        ValueError: They are others, or of other shapes.
    """
    checked = [
        _fitting(value, np.asarray(variable))
        for variable, value in zip(variables, values, strict=True)
    ]
    for variable, value in zip(variables, checked, strict=True):
        variable.assign(value)


def values_of(variables: Sequence[Any]) -> Arrays:
    """Return the values of Keras variables."""
    return [np.asarray(variable) for variable in variables]
