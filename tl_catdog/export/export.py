"""Exporting a run: written aside, run in its own runtime, published only if it says the same."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.images import Pixels, try_decode
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError, ImageError, UsageError
from tl_catdog.export.formats import ENCODED, Format, saved_signature
from tl_catdog.export.metadata import write_beside
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import Run
from tl_catdog.statistics import Estimate, proportion

LIMIT = 400
"""So many pictures are compared at most."""

CALIBRATING = 200
"""So many training pictures set the ranges of whole numbers."""

TOLERANCE = 1e-4
"""By so much the probabilities of a format in single precision may differ."""

AGREEMENT = 0.995
"""The part of the decisions that must be the same in a format of whole numbers."""

WORST = 5


@dataclass(frozen=True)
class Worst:
    """A picture on which an export and its run differ: the probabilities of the run's label."""

    path: Path
    label: str
    run: float
    export: float

    def __str__(self) -> str:
        return f"{self.path}: {self.label} {self.run:.6f} in the run, {self.export:.6f} exported"


@dataclass(frozen=True)
class Exported:
    """What came of one format.

    Attributes:
        format: Its name.
        path: Its folder; None if it wasn't published.
        bytes: Of what is loaded.
        runtime: What it was run in.
        n: How many pictures were compared.
        same: The part of them with the same decision.
        apart: The greatest difference of a probability.
        ms: Median time for one picture, decoding not included.
        accuracy: The part that is right; None where the pictures have other labels.
        worst: The pictures on which it differs most, where it wasn't published.
        encoded_same: The part of the encoded files with the same decision; None for formats that
            don't take them.
        compared_on: Which pictures.
        calibrated_on: Which pictures set the ranges of whole numbers; None for other formats.
    """

    format: str
    path: Path | None
    bytes: int
    runtime: str
    n: int
    same: float
    max_abs_diff: float
    ms: float
    accuracy: Estimate | None
    worst: tuple[Worst, ...]
    encoded_same: float | None = None
    compared_on: str = ""
    calibrated_on: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as ``export --json`` prints it."""
        return {
            "format": self.format,
            "path": self.path and str(self.path),
            "bytes": self.bytes,
            "runtime": self.runtime,
            "n": self.n,
            "compared_on": self.compared_on,
            "calibrated_on": self.calibrated_on,
            "same_decisions": self.same,
            "greatest_difference": self.max_abs_diff,
            "ms": self.ms,
            "accuracy": self.accuracy and self.accuracy.to_json(),
            "encoded_same_decisions": self.encoded_same,
            "worst": [str(item) for item in self.worst],
        }


@dataclass(frozen=True)
class ParityReference:
    """Pictures that can be read, what the run says of them, (N, C), and where they are from."""

    examples: tuple[Example, ...]
    said: npt.NDArray[np.float64]
    source: str


def parity_reference(
    run: Run, images: ImageSet, progress: Progress | None = None
) -> ParityReference:
    """Ask the run about pictures that exports shall agree on: test, validation, or all there are.

    Raises:
        CatdogError: None can be read, or the network can't.
    """
    names = [name for name in (TEST, VALIDATION) if name in images.splits]
    examples = _some(images.split(names[0]) if names else images.examples, LIMIT)
    predictor = Predictor.load(run)
    kept, rows = [], []
    answers = predictor.answers(example.path for example in examples)
    for done, (example, answer) in enumerate(zip(examples, answers, strict=True), 1):
        if answer.probabilities is not None:
            kept.append(example)
            rows.append(list(answer.probabilities.values()))
        if progress:
            progress(done, len(examples))
    if not kept:
        raise CatdogError(
            f"expected pictures to compare an export on, found none that can be read in "
            f"{images.root}.",
            "Name a folder of pictures: --data DIR",
        )
    return ParityReference(
        tuple(kept), np.array(rows), _source(images, names[0] if names else None)
    )


def export(
    run: Run,
    kind: Format,
    out: Path,
    images: ImageSet,
    yardstick: ParityReference,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Export a run in one format, if the result agrees with it.

    Args:
        run: The run.
        kind: The format.
        out: The folder that gets a folder of the format's name.
        images: Training pictures, for formats that are calibrated on some.
        yardstick: What to agree on.
        force: Whether to replace what is there.
        progress: Hears how many pictures of how many have been compared.

    Returns:
        What came of it; ``path`` is None and ``worst`` says why if it doesn't agree.

    Raises:
        UsageError: The place is taken or can't be written to; a package is missing.
        CatdogError: The network can't be read or converted.
    """
    target = out / kind.name
    check_free(target, force=force)
    seen: list[Pixels] = []
    calibrated_on = None
    if kind.needs_calibration:
        split = TRAIN if TRAIN in images.splits else images.splits[0]
        seen, calibrated_on = _calibration(run, images, split), _source(images, split)
    try:
        out.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{kind.name}.", dir=out))
    except OSError as error:
        raise UsageError(
            f"expected a folder that can be written to, found {out} ({error.strerror}).",
            "Type: --out FOLDER",
        ) from error
    try:
        folder = scratch / kind.name
        folder.mkdir()
        model = kind.write(run, folder, seen)
        size = _bytes(folder)
        found = _compare(run, kind, folder / model, yardstick, progress)
        found = replace(found, calibrated_on=calibrated_on)
        if found.worst:
            return found
        row = found.to_json()
        del row["path"], row["bytes"], row["worst"]
        write_beside(run, folder, kind, model, row)
        check_free(target, force=force)  # another export may have come first
        _publish(folder, target, scratch / "old")
        return replace(found, path=target, bytes=size)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _publish(folder: Path, target: Path, old: Path) -> None:
    """Put a folder in its place; what was there comes back if that is interrupted."""
    if target.exists():
        target.rename(old)
    try:
        folder.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise


def _source(images: ImageSet, split: str | None) -> str:
    """Say which pictures these are."""
    return images.name if split is None else f"{images.name}, {split}"


def check_free(target: Path, *, force: bool) -> None:
    """Make sure that an export may go there.

    Raises:
        UsageError: Something is there, and it isn't to be replaced.
    """
    if target.exists() and not force:
        raise UsageError(
            f"expected a new folder, found that {target} is there.", "Type: --force or --out DIR"
        )


def _some(examples: Sequence[Example], limit: int) -> tuple[Example, ...]:
    """Return so many pictures at most, spread evenly: they stand by classes."""
    places = np.unique(np.linspace(0, len(examples) - 1, min(limit, len(examples))).astype(int))
    return tuple(examples[int(place)] for place in places)


def _calibration(run: Run, images: ImageSet, split: str) -> list[Pixels]:
    examples = _some(images.split(split), CALIBRATING)
    decoded = [try_decode(example.path, run.image_size) for example in examples]
    found = [pixels for pixels in decoded if not isinstance(pixels, ImageError)]
    if not found:
        raise CatdogError(
            f"expected training pictures to calibrate on, found none in {images.root}.",
            "Name a folder of pictures: --data DIR",
        )
    # Ranges start and end where pictures do, so that 0 to 255 stay what they are.
    extremes = [np.zeros_like(found[0]), np.full_like(found[0], 255)]
    return [*found, *extremes]


def _compare(
    run: Run, kind: Format, path: Path, yardstick: ParityReference, progress: Progress | None
) -> Exported:
    answer, name = kind.open(path)
    rows, times = [], []
    for done, pixels in enumerate(_pixels(run, yardstick), 1):
        began = time.perf_counter()
        rows.append(answer(pixels[None])[0])
        times.append(time.perf_counter() - began)
        if progress:
            progress(done, len(yardstick.examples))
    given, said = np.array(rows), yardstick.said
    same = given.argmax(axis=1) == said.argmax(axis=1)
    max_abs_diff = np.abs(given - said).max(axis=1)
    agrees = (
        float(max_abs_diff.max()) <= TOLERANCE if kind.exact else float(same.mean()) >= AGREEMENT
    )
    return Exported(
        format=kind.name,
        path=None,
        bytes=0,
        runtime=name,
        n=len(said),
        same=float(same.mean()),
        max_abs_diff=float(max_abs_diff.max()),
        ms=1000 * float(np.median(times)),
        accuracy=_accuracy(run, yardstick, given),
        worst=() if agrees else _worst(run, yardstick, given, same),
        compared_on=yardstick.source,
        encoded_same=_encoded(path, yardstick) if kind.name == "savedmodel" else None,
    )


def _pixels(run: Run, yardstick: ParityReference) -> Iterator[Pixels]:
    for example in yardstick.examples:
        pixels = try_decode(example.path, run.image_size)
        if isinstance(pixels, ImageError):
            raise CatdogError(
                f"expected the pictures to stay as they are, found {example.path} changed.",
                "Type the command again",
            )
        yield pixels


def _accuracy(run: Run, yardstick: ParityReference, given: npt.NDArray[Any]) -> Estimate | None:
    labels = [example.label for example in yardstick.examples]
    if not set(labels) <= set(run.classes):
        return None
    right = [run.classes[i] == label for i, label in zip(given.argmax(1), labels, strict=True)]
    return proportion(sum(right), len(right))


def _worst(
    run: Run, yardstick: ParityReference, given: npt.NDArray[Any], same: npt.NDArray[np.bool_]
) -> tuple[Worst, ...]:
    """Return the pictures that differ most, those with another decision first."""
    said = yardstick.said
    order = np.lexsort([-np.abs(given - said).max(axis=1), same])[:WORST]
    return tuple(
        Worst(
            yardstick.examples[place].path,
            run.classes[int(said[place].argmax())],
            float(said[place].max()),
            float(given[place, said[place].argmax()]),
        )
        for place in order.tolist()
    )


def _encoded(path: Path, yardstick: ParityReference) -> float:
    """Return the part of the files that get the same decision when TensorFlow decodes them."""
    call = saved_signature(path, ENCODED)
    import tensorflow as tf

    same = []
    for example, said in zip(yardstick.examples, yardstick.said, strict=True):
        try:
            row = call(**{ENCODED: tf.constant([example.path.read_bytes()])})[0]
        except tf.errors.InvalidArgumentError:  # a format that TensorFlow doesn't read
            same.append(False)
        else:
            same.append(int(row.argmax()) == int(said.argmax()))
    return float(np.mean(same))


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
