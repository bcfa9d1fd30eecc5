"""The ONE path from picture files to probabilities; training, evaluation and users share it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.batches import Skipped, class_indices
from tl_catdog.data.examples import Example
from tl_catdog.data.images import ImageSource, path_of
from tl_catdog.data.packed import values
from tl_catdog.data.parallel import Progress, chunks
from tl_catdog.errors import CatdogError, ImageError, listing
from tl_catdog.models.engine import Forward, Outputs
from tl_catdog.models.forward import MIRROR, PLAIN, forward_files
from tl_catdog.prediction.calibration import at_temperature
from tl_catdog.prediction.head_only import feature_bank_of
from tl_catdog.prediction.networks import check_answers, forward_of_run
from tl_catdog.prediction.novelty import FeatureBank, chosen
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.runs.folder import Run

TOGETHER = 32  # pictures whose outputs become answers at once


@dataclass(frozen=True)
class Answer:
    """A network's answer about one picture, or why there is none.

    Attributes:
        path: The picture's file; None of one that was given otherwise.
        label: The most probable class.
        probabilities: Class → calibrated probability, summing to one.
        error: Why there is no answer; label and probabilities are None then.
        novelty: Its distance to the run's feature bank, 0 to 2; None if the run has none.
        features: What goes into the network's head, (F,); None if the run's network is an older
            one that doesn't give them.
    """

    path: Path | None
    label: str | None
    probabilities: dict[str, float] | None
    error: str | None
    novelty: float | None = None
    features: npt.NDArray[np.float32] | None = None


def to_probabilities(outputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Turn a network's outputs into probabilities of the classes.

    Args:
        outputs: (N, 1), the probability of the second of two classes; or (N, C), of each class.

    Returns:
        (N, C ≥ 2), each row summing to one. Older networks give sigmoids, each class against all
        others: they are divided by their sum.
    """
    values = outputs.astype(np.float64)
    if values.shape[1] == 1:
        return np.hstack([1.0 - values, values])
    # All zero would be 0/0; a tiny addition makes that the even guess that it is.
    values = values + 1e-12
    return np.asarray(values / values.sum(axis=1, keepdims=True))


class Predictor:
    """A trained network with its classes and picture size.

    Args:
        forward: From RGB in [0, 255], (B, S, S, 3), to sigmoid outputs, (B, 1) or (B, C), and to
            the features that go into the head, (B, F); older networks don't give these.
        classes: Class names in the order of the outputs.
        image_size: S, in pixels.
        temperature: See ``calibration``.
        feature_bank: What unfamiliar pictures are told by; see ``novelty``.
        mirror: Whether to average over a picture and its mirror image.
    """

    def __init__(
        self,
        forward: Forward,
        classes: Sequence[str],
        image_size: int,
        *,
        temperature: float = 1.0,
        feature_bank: FeatureBank | None = None,
        mirror: bool = False,
    ) -> None:
        self.forward = forward
        self.classes = tuple(classes)
        self.image_size = image_size
        self.temperature = temperature
        self.feature_bank = feature_bank
        self.views = (PLAIN, MIRROR) if mirror else (PLAIN,)

    @classmethod
    def load(cls, run: Run, *, mirror: bool = False) -> Predictor:
        """Load a run's network: its ONNX graph if that can be run here, else with TensorFlow.

        Raises:
            CatdogError: The network's file is missing, changed or unreadable.
        """
        forward, feature_bank = forward_of_run(run), feature_bank_of(run)
        check_answers(run, forward, feature_bank)
        return cls(
            forward,
            run.classes,
            run.image_size,
            temperature=run.temperature,
            feature_bank=feature_bank,
            mirror=mirror,
        )

    def answers(self, image_sources: Iterable[ImageSource]) -> Iterator[Answer]:
        """Answer for each picture, in order; a bad one gets an error, the others their answers."""
        jobs = ((source, self.views) for source in image_sources)
        found = forward_files(self.forward, jobs, self.image_size)
        for some in chunks(found, TOGETHER):
            good = [outputs for _, outputs in some if not isinstance(outputs, ImageError)]
            answers = iter(self.answers_of(good))
            for source, outputs in some:
                path = path_of(source)
                if isinstance(outputs, ImageError):
                    yield Answer(path, None, None, outputs.message)
                else:
                    yield replace(next(answers), path=path)

    def probabilities(self, outputs: Outputs) -> npt.NDArray[np.float64]:
        """Turn what the forward pass gives into calibrated probabilities, (B, C)."""
        return at_temperature(to_probabilities(outputs[0]), self.temperature)

    def answers_of(self, outputs: Sequence[Outputs]) -> list[Answer]:
        """Return the answer about each picture: the mean over its views.

        Args:
            outputs: Of each picture what the forward pass gives of its views, each (views, …).
        """
        if not outputs:
            return []
        # What is done to all at once takes the interpreter's lock from the decoders but once.
        stacked = [np.stack(part) for part in zip(*outputs, strict=True)]  # (pictures, views, …)
        views = stacked[0].shape[:2]
        rows = self.probabilities((stacked[0].reshape(-1, stacked[0].shape[-1]),))
        rows = rows.reshape(*views, -1).mean(axis=1)
        features = stacked[1].mean(axis=1) if len(stacked) > 1 else None
        novelty = None
        if features is not None and self.feature_bank is not None:
            novelty = self.feature_bank.distance(features)
        return [
            Answer(
                None,
                self.classes[int(row.argmax())],
                dict(zip(self.classes, row.tolist(), strict=True)),
                None,
                None if novelty is None else float(novelty[index]),
                None if features is None else features[index],
            )
            for index, row in enumerate(rows)
        ]


@dataclass(frozen=True)
class SplitResult:
    """Predictions on labelled pictures, and those that were skipped."""

    predictions: Predictions
    skipped: tuple[Skipped, ...]


def predict_examples(
    predictor: Predictor,
    examples: Sequence[Example],
    progress: Progress | None = None,
    features: ArrayStore | None = None,
    *,
    own: bool = False,
) -> SplitResult:
    """Predict labelled pictures.

    Args:
        predictor: The network.
        examples: The pictures.
        progress: Called with (done, total), numbers of pictures.
        features: Filled with the features that go into the head, in the order of the predictions.
        own: Whether the feature bank was made of these very pictures: none is compared with itself
            then, see ``FeatureBank.distances``.

    Raises:
        CatdogError: None of them can be read, one has changed since it was hashed, or a label is
            none of the network's classes.
    """
    unknown = sorted({example.label for example in examples} - set(predictor.classes))
    if unknown:
        raise CatdogError(
            f"expected pictures of {listing(predictor.classes)}, found {listing(unknown)}.",
            "Name a folder with the classes that the run was trained on: --data DIR",
        )
    feature_bank = predictor.feature_bank
    if own and feature_bank is not None and features is None:
        features = ArrayStore(len(examples), feature_bank.rows.shape[1:], np.float32)
    kept: list[Example] = []
    places: list[int] = []
    rows: list[list[float]] = []
    novelty: list[float] = []
    skipped: list[Skipped] = []
    answers = predictor.answers(example.source for example in examples)
    for done, (example, answer) in enumerate(zip(examples, answers, strict=True), start=1):
        if answer.probabilities is None:
            skipped.append(Skipped(example.path, example.split, answer.error or ""))
        else:
            if features is not None and answer.features is not None:
                features.write(len(kept), answer.features)
            places.append(done - 1)
            kept.append(example)
            rows.append(list(answer.probabilities.values()))
            if answer.novelty is not None:
                novelty.append(answer.novelty)
        if progress is not None:
            progress(done, len(examples))
    if not kept:
        raise CatdogError(
            f"expected readable pictures, found none among {len(examples)}"
            + (f"; for one, {skipped[0].path}: {skipped[0].reason}." if skipped else "."),
            "Add pictures that open in a viewer.",
        )
    probabilities = np.array(rows, dtype=np.float64)
    predictions = to_predictions(predictor.classes, kept, probabilities)
    if own and feature_bank is not None and features is not None:
        found = _own_distances(feature_bank, features, np.array(places), len(examples))
        predictions = replace(predictions, novelty=found)
    elif novelty:
        predictions = replace(predictions, novelty=np.array(novelty))
    return SplitResult(predictions, tuple(skipped))


def _own_distances(
    bank: FeatureBank, features: ArrayStore, places: npt.NDArray[np.int64], total: int
) -> npt.NDArray[np.float64]:
    """Return the novelty of pictures that a feature bank was made of, (N,).

    Args:
        bank: It knows its pictures by their places among those that could be read then.
        features: Of the N pictures that can be read now.
        places: Theirs among all of them, (N,).
        total: How many these are.
    """
    if len(chosen(len(places))) == len(bank.rows):
        return bank.distances(features.read, len(places), own=True)
    if len(chosen(total)) == len(bank.rows):  # some vanished since
        rows = np.zeros(total, dtype=np.int64)
        rows[places] = np.arange(len(places))
        return bank.distances(lambda some: features.read(rows[some]), total, own=True)[places]
    return bank.distances(features.read, len(places), own=False)


def to_predictions(
    classes: tuple[str, ...], examples: Sequence[Example], probabilities: npt.NDArray[np.float64]
) -> Predictions:
    """Return the predictions on labelled pictures.

    Args:
        classes: The C class names.
        examples: The N pictures.
        probabilities: Of each picture's classes, (N, C).
    """
    return Predictions(
        classes,
        values(examples, "digest"),
        values(examples, "name"),
        class_indices(examples, classes),
        probabilities,
    )
