"""The ONE path from picture files to probabilities; training, evaluation and users share it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.data.pipeline import Progress, Skipped, class_indices
from tl_catdog.data.sets import Example
from tl_catdog.errors import CatdogError, PictureError, listing
from tl_catdog.evaluation.forward import PLAIN, forward_files
from tl_catdog.evaluation.predictions import Predictions
from tl_catdog.models.engine import Forward, KerasForward, OnnxForward, onnx_runs
from tl_catdog.runs import ONNX, Run


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
        forward: From RGB in [0, 255], (B, S, S, 3), to sigmoid outputs.
        classes: Class names in the order of the outputs.
        image_size: S, in pixels.
    """

    def __init__(self, forward: Forward, classes: Sequence[str], image_size: int) -> None:
        self.forward = forward
        self.classes = tuple(classes)
        self.image_size = image_size

    @classmethod
    def load(cls, run: Run) -> Predictor:
        """Load a run's network: its ONNX graph if that can be run here, else with TensorFlow.

        Raises:
            CatdogError: The network's file is missing, changed or unreadable.
        """
        return cls(_load(run), run.classes, run.image_size)

    def answers(self, paths: Iterable[Path]) -> Iterator[Answer]:
        """Answer for each picture, in order; a bad one gets an error, the others their answers."""
        jobs = ((path, (PLAIN,)) for path in paths)
        for path, found in forward_files(self.forward, jobs, self.image_size):
            if isinstance(found, PictureError):
                yield Answer(path, None, None, found.message)
                continue
            (row,) = to_probabilities(found[0])
            label = self.classes[int(row.argmax())]
            chances = {name: float(p) for name, p in zip(self.classes, row, strict=True)}
            yield Answer(path, label, chances, None)


def _load(run: Run) -> Forward:
    if run.has_graph and onnx_runs():
        graph = run.read_checked(ONNX)
        try:
            return OnnxForward(graph)
        except Exception:  # older than the graph's format: TensorFlow gives the same answers
            pass
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
    return KerasForward(model)


@dataclass(frozen=True)
class SplitResult:
    """Predictions on labelled pictures, and those that were skipped."""

    predictions: Predictions
    skipped: tuple[Skipped, ...]


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
    answers = predictor.answers(example.path for example in examples)
    for done, (example, answer) in enumerate(zip(examples, answers, strict=True), start=1):
        if answer.probabilities is None:
            skipped.append(Skipped(example.path, example.split, answer.error or ""))
        else:
            kept.append(example)
            rows.append(list(answer.probabilities.values()))
        if progress is not None:
            progress(done, len(examples))
    if not kept:
        raise CatdogError(
            f"expected readable pictures, found none among {len(examples)}"
            + (f"; for one, {skipped[0].path}: {skipped[0].reason}." if skipped else "."),
            "Add pictures that open in a viewer.",
        )
    probabilities = np.array(rows, dtype=np.float64)
    return SplitResult(to_predictions(predictor.classes, kept, probabilities), tuple(skipped))


def to_predictions(
    classes: tuple[str, ...], examples: Sequence[Example], probabilities: npt.NDArray[np.float64]
) -> Predictions:
    """Put pictures and their probabilities, (N, C), together."""
    return Predictions(
        classes,
        tuple(example.digest for example in examples),
        tuple(example.name for example in examples),
        class_indices(examples, classes),
        probabilities,
    )
