"""The ONE path from picture files to probabilities; training, evaluation and users share it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.data.images import attempt
from tl_catdog.data.parallel import in_order
from tl_catdog.data.pipeline import Progress, Skipped, class_indices
from tl_catdog.data.sets import Example
from tl_catdog.errors import CatdogError, PictureError, listing
from tl_catdog.evaluation.predictions import Predictions
from tl_catdog.runs import Run

BATCH = 32


@dataclass(frozen=True)
class Answer:
    """What the network says of one picture, or why it can't.

    Attributes:
        path: The picture.
        label: The most probable class.
        probabilities: Class → probability, summing to one.
        error: Why there is no answer; label and probabilities are None then.
    """

    path: Path
    label: str | None
    probabilities: dict[str, float] | None
    error: str | None


def to_probabilities(outputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Turn sigmoid outputs into probabilities of the classes.

    Args:
        outputs: (N, 1), the probability of the second of two classes; or (N, C), each class
            against all others.

    Returns:
        (N, C ≥ 2), each row summing to one. One-against-all outputs are divided by their sum.
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
        model: A Keras model from RGB in [0, 255], (B, S, S, 3), to sigmoid outputs.
        classes: Class names in the order of the outputs.
        image_size: S, in pixels.
    """

    def __init__(self, model: Any, classes: Sequence[str], image_size: int) -> None:
        import tensorflow as tf

        self.classes = tuple(classes)
        self.image_size = image_size
        signature = [tf.TensorSpec((None, image_size, image_size, 3), tf.float32)]
        self._forward = tf.function(
            lambda pictures: model(pictures, training=False), input_signature=signature
        )

    @classmethod
    def load(cls, run: Run) -> Predictor:
        """Load a run's network.

        Raises:
            CatdogError: The network's file is missing, changed or unreadable.
        """
        run.check_model()
        runtime.start()
        import keras

        try:
            # Safe mode refuses files that would run code of their own.
            model = keras.models.load_model(run.model_path, compile=False, safe_mode=True)
        except Exception as error:
            raise CatdogError(
                f"expected a network that Keras {keras.__version__} loads, found "
                f"{run.model_path}, trained with Keras "
                f"{run.manifest['versions'].get('keras', '?')} ({type(error).__name__}).",
                run.train_again,
            ) from error
        return cls(model, run.classes, run.image_size)

    def forward(self, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the probabilities, (B, C), of decoded pictures, (B, S, S, 3) in 0..255."""
        return to_probabilities(self._forward(pictures.astype(np.float32)).numpy())

    def answers(self, paths: Iterable[Path]) -> Iterator[Answer]:
        """Answer for each picture, in order; a bad one gets an error, the others their answers.

        Decoding runs in threads ahead of the network, so memory doesn't grow with the pictures.
        """
        size = self.image_size
        decoded = in_order(lambda path: (path, attempt(path, size)), paths, ahead=3 * BATCH)
        while batch := list(islice(decoded, BATCH)):
            good = [pixels for _, pixels in batch if not isinstance(pixels, PictureError)]
            found: Iterable[npt.NDArray[np.float64]] = self.forward(np.stack(good)) if good else ()
            rows = iter(found)
            for path, pixels in batch:
                if isinstance(pixels, PictureError):
                    yield Answer(path, None, None, pixels.message)
                    continue
                row = next(rows)
                label = self.classes[int(row.argmax())]
                chances = {name: float(p) for name, p in zip(self.classes, row, strict=True)}
                yield Answer(path, label, chances, None)


@dataclass(frozen=True)
class SplitResult:
    """Predictions on labelled pictures, those that were skipped, and the time it took.

    ``ms_per_image`` is the wall time from file to probability for each picture, in batches, the
    first batch left out because it pays for starting up; None if there is only one batch.
    """

    predictions: Predictions
    skipped: tuple[Skipped, ...]
    ms_per_image: float | None


def predict_examples(
    predictor: Predictor, examples: Sequence[Example], progress: Progress | None = None
) -> SplitResult:
    """Predict labelled pictures.

    Raises:
        CatdogError: None of them can be read, or a label is none of the network's classes.
    """
    unknown = sorted({example.label for example in examples} - set(predictor.classes))
    if unknown:
        raise CatdogError(
            f"expected pictures of {listing(predictor.classes)}, found {listing(unknown)}.",
            "Name a folder with the classes that the run was trained on: --data DIR",
        )
    kept: list[Example] = []
    rows: list[list[float]] = []
    skipped: list[Skipped] = []
    began: float | None = None
    answers = predictor.answers(example.path for example in examples)
    for done, (example, answer) in enumerate(zip(examples, answers, strict=True), start=1):
        if answer.probabilities is None:
            skipped.append(Skipped(example.path, example.split, answer.error or ""))
        else:
            kept.append(example)
            rows.append(list(answer.probabilities.values()))
        if done == BATCH < len(examples):
            began = time.perf_counter()
        if progress is not None:
            progress(done, len(examples))
    seconds = time.perf_counter() - began if began is not None else None
    if not kept:
        raise CatdogError(
            f"expected readable pictures, found none among {len(examples)}"
            + (f"; for one, {skipped[0].path}: {skipped[0].reason}." if skipped else "."),
            "Add pictures that open in a viewer.",
        )
    predictions = Predictions(
        predictor.classes,
        tuple(example.digest for example in kept),
        tuple(example.name for example in kept),
        class_indices(kept, predictor.classes),
        np.array(rows, dtype=np.float64),
    )
    ms_per_image = None if seconds is None else 1000.0 * seconds / (len(examples) - BATCH)
    return SplitResult(predictions, tuple(skipped), ms_per_image)
