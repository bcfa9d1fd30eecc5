"""Whether an export says what its run says: both are asked about the same pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.config import INT8
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TEST, VALIDATION
from tl_catdog.data.images import Pixels, try_decode
from tl_catdog.data.parallel import Progress, chunks
from tl_catdog.errors import CatdogError, ImageError
from tl_catdog.export.doubts import Doubts, novelty_agrees, novelty_difference, unsure_same
from tl_catdog.export.formats import Format
from tl_catdog.export.graphs import PROBABILITIES
from tl_catdog.export.plain import PlainResize, plain_resize
from tl_catdog.export.serving import ENCODED, saved_signature
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.prediction.rejection import Policy, policy_of
from tl_catdog.runs.folder import Run
from tl_catdog.statistics import Estimate, proportion

LIMIT = 400
"""Pictures that are compared at most."""

TOLERANCE = 1e-4
"""How much the probabilities of a format in single precision may differ."""

AGREEMENT = 0.995
"""The part of the pictures on which a format of other precision must agree, 0..1."""

INTEGERS, SURE = ("onnx", "onnx-uint8", "triton"), 0.25
"""The formats that hold an int8 network as it is. Others are of another precision: where the run
gives one class little more than another, its features' noise decides, and theirs otherwise, as
often rightly (docs/adr/029, 034). What must be the same are decisions by a lead of so much, and no
probability may differ by more."""

TOGETHER = 16
"""Files that TensorFlow is given at once."""

WORST = 5
"""Pictures that are named where an export doesn't agree."""


@dataclass(frozen=True)
class ParityReference:
    """Pictures that can be read, and what the run says of them.

    Attributes:
        examples: The N pictures.
        said: Their probabilities, (N, C).
        source: Where they are from.
        novelty: Theirs, (N,); None where the run has none.
        policy: When the run withholds an answer; None where it can't say.
        plain: What a plain resize would change; None where that wasn't looked at.
    """

    examples: tuple[Example, ...]
    said: npt.NDArray[np.float64]
    source: str
    novelty: npt.NDArray[np.float64] | None = None
    policy: Policy | None = None
    plain: PlainResize | None = None


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
class Parity:
    """How far an export agrees with its run.

    Attributes:
        runtime: What it was run in.
        n: How many pictures were compared.
        compared_on: Which pictures.
        calibrated_on: Which pictures set the ranges of whole numbers; None for other formats.
        same: The part of the pictures with the same decision, 0..1.
        max_abs_diff: The greatest difference of a probability, 0..1.
        ms: Median time for one picture in milliseconds, decoding not included.
        accuracy: The part that is right; None where the pictures have other labels.
        encoded_same: The part of the encoded files with the same decision; None for formats that
            don't take them.
        worst: The pictures on which it differs most, worst first; empty if it agrees.
        novelty_diff: The greatest difference of a novelty, 0..2; None where it gives none.
        unsure_same: The part of the pictures whose answer both give or both withhold, 0..1; None
            where the run can't be unsure.
    """

    runtime: str
    n: int
    compared_on: str
    calibrated_on: str | None
    same: float
    max_abs_diff: float
    ms: float
    accuracy: Estimate | None
    encoded_same: float | None
    worst: tuple[Worst, ...]
    novelty_diff: float | None = None
    unsure_same: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the figures as an export's metadata and ``export --json`` have them."""
        return {
            "runtime": self.runtime,
            "n": self.n,
            "compared_on": self.compared_on,
            "calibrated_on": self.calibrated_on,
            "same_decisions": self.same,
            "greatest_difference": self.max_abs_diff,
            "ms": self.ms,
            "accuracy": self.accuracy and self.accuracy.to_json(),
            "encoded_same_decisions": self.encoded_same,
            "greatest_novelty_difference": self.novelty_diff,
            "same_unsure": self.unsure_same,
        }


def parity_reference(
    run: Run, images: ImageSet, progress: Progress | None = None
) -> ParityReference:
    """Ask the run about pictures that exports must agree on: test, validation, or all there are.

    Args:
        run: The run.
        images: A set of pictures, of any classes.
        progress: Called with (done, total) pictures.

    Raises:
        CatdogError: None can be read, or the network can't.
    """
    split = next((name for name in (TEST, VALIDATION) if name in images.splits), None)
    examples = spread_evenly(images.examples if split is None else images.split(split), LIMIT)
    predictor = Predictor.load(run)
    kept, rows, novelty = [], [], []
    answers = predictor.answers(example.path for example in examples)
    for done, (example, answer) in enumerate(zip(examples, answers, strict=True), 1):
        if answer.probabilities is not None:
            kept.append(example)
            rows.append(list(answer.probabilities.values()))
            novelty.append(answer.novelty)
        if progress:
            progress(done, len(examples))
    if not kept:
        raise CatdogError(
            f"expected pictures to compare an export on, found none that can be read in "
            f"{images.root}.",
            "Name a folder of pictures: --data DIR",
        )
    said = np.array(rows)
    return ParityReference(
        tuple(kept),
        said,
        source_of(images, split),
        novelty=None if novelty[0] is None else np.array(novelty, np.float64),
        policy=policy_of(run),
        plain=plain_resize(predictor, [example.path for example in kept], said),
    )


def compare(
    run: Run,
    kind: Format,
    path: Path,
    reference: ParityReference,
    *,
    calibrated_on: str | None = None,
    progress: Progress | None = None,
) -> Parity:
    """Run an export in its own runtime, a picture at a time, and compare what it says.

    Args:
        run: The run that was exported.
        kind: The format.
        path: What is to be loaded.
        reference: What the run says.
        calibrated_on: See ``Parity``.
        progress: Called with (done, total) pictures.

    Raises:
        UsageError: The format's runtime isn't installed.
        CatdogError: A picture has changed since the run was asked about it.
    """
    answer, runtime = kind.open(path)
    rows, seconds = [], []
    novel: list[np.float64] = []
    for done, pixels in enumerate(_decoded(run, reference), 1):
        began = time.perf_counter()
        found = answer(pixels[None])
        seconds.append(time.perf_counter() - began)
        chances, *novelty = found if isinstance(found, tuple) else (found,)
        rows.append(chances[0])
        novel.extend(values[0] for values in novelty)
        if progress:
            progress(done, len(reference.examples))
    given, said = np.array(rows), reference.said
    same = given.argmax(axis=1) == said.argmax(axis=1)
    max_abs_diff = float(np.abs(given - said).max())
    other = run.compute == INT8 and kind.name not in INTEGERS
    if other or not kind.exact:
        near = np.abs(given - said).max(axis=1) <= SURE
        agrees = float((near & (same | (lead(said) < SURE))).mean()) >= AGREEMENT
    else:
        agrees = max_abs_diff <= TOLERANCE
    mine = Doubts(said, reference.novelty, reference.policy)
    theirs = replace(mine, chances=given, novelty=np.array(novel) if novel else None)
    agrees = agrees and novelty_agrees(mine, theirs, other=other)
    return Parity(
        runtime=runtime,
        n=len(said),
        compared_on=reference.source,
        calibrated_on=calibrated_on,
        same=float(same.mean()),
        max_abs_diff=max_abs_diff,
        ms=1000 * float(np.median(seconds)),
        accuracy=_accuracy(run, reference, given),
        encoded_same=_encoded_same(path, reference) if kind.name == "savedmodel" else None,
        worst=() if agrees else _worst(run, reference, given, same),
        novelty_diff=novelty_difference(mine, theirs),
        unsure_same=unsure_same(mine, theirs),
    )


def lead(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return by how much the most probable class leads, (N,), 0..1.

    >>> lead(np.array([[0.6, 0.1, 0.3]])).round(3).tolist()
    [0.3]
    """
    ordered = np.sort(probabilities, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])


def spread_evenly(examples: Sequence[Example], limit: int) -> tuple[Example, ...]:
    """Return ``limit`` of the pictures at most, the first and the last among them.

    They stand by classes, so each class gets its part.
    """
    places = np.unique(np.linspace(0, len(examples) - 1, min(limit, len(examples))).astype(int))
    return tuple(examples[int(place)] for place in places)


def source_of(images: ImageSet, split: str | None) -> str:
    """Say which pictures these are."""
    return images.name if split is None else f"{images.name}, {split}"


def _decoded(run: Run, reference: ParityReference) -> Iterator[Pixels]:
    for example in reference.examples:
        pixels = try_decode(example.path, run.image_size)
        if isinstance(pixels, ImageError):
            raise CatdogError(
                f"expected the pictures to stay as they are, found {example.path} changed.",
                "Type the command again",
            )
        yield pixels


def _accuracy(
    run: Run, reference: ParityReference, given: npt.NDArray[np.float64]
) -> Estimate | None:
    labels = [example.label for example in reference.examples]
    if not set(labels) <= set(run.classes):
        return None
    right = [run.classes[i] == label for i, label in zip(given.argmax(1), labels, strict=True)]
    return proportion(sum(right), len(right))


def _worst(
    run: Run,
    reference: ParityReference,
    given: npt.NDArray[np.float64],
    same: npt.NDArray[np.bool_],
) -> tuple[Worst, ...]:
    """Return the pictures that differ most, those with another decision first."""
    said = reference.said
    order = np.lexsort([-np.abs(given - said).max(axis=1), same])[:WORST]
    return tuple(
        Worst(
            reference.examples[place].path,
            run.classes[int(said[place].argmax())],
            float(said[place].max()),
            float(given[place, said[place].argmax()]),
        )
        for place in order.tolist()
    )


def _encoded_same(path: Path, reference: ParityReference) -> float:
    """Return the part of the files that get the same decision when TensorFlow decodes them."""
    call = saved_signature(path, ENCODED)
    import tensorflow as tf

    same: list[bool] = []
    for some in chunks(zip(reference.examples, reference.said, strict=True), TOGETHER):
        files = [example.path.read_bytes() for example, _ in some]
        found = call(**{ENCODED: tf.constant(files)})
        right = found[PROBABILITIES].argmax(axis=1) == [said.argmax() for _, said in some]
        same.extend((right & found["readable"]).tolist())
    return float(np.mean(same))
