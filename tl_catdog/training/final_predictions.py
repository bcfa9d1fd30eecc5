"""What a trained network says of the validation and test pictures, calibrated on the former."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.batches import Samples, Skipped, evaluation_batches
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.images import ImageSource
from tl_catdog.errors import ImageError
from tl_catdog.models.engine import Forward
from tl_catdog.models.forward import PLAIN, forward_files
from tl_catdog.models.layout import POOLING
from tl_catdog.prediction.calibration import (
    Calibration,
    at_temperature,
    fit_temperature,
    uncalibrated,
)
from tl_catdog.prediction.novelty import CLOSEST, FeatureBank, Read, chosen
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.predictor import (
    Predictor,
    predict_examples,
    to_predictions,
    to_probabilities,
)
from tl_catdog.prediction.strangers import stranger_pictures
from tl_catdog.training.inputs import Inputs
from tl_catdog.training.observer import Observer


@dataclass(frozen=True)
class SplitPredictions:
    """Calibrated predictions of each split but ``train``, and what later ones need."""

    predictions: dict[str, Predictions]
    skipped: tuple[Skipped, ...]
    calibration: Calibration
    feature_bank: FeatureBank


def predict_splits(
    model: Any,
    forward: Forward,
    inputs: Inputs | None,
    images: ImageSet,
    observer: Observer,
    out_of_fold: npt.NDArray[np.float64] | None = None,
    *,
    general: bool = False,
) -> SplitPredictions:
    """Predict, fit the temperature, and keep what tells unfamiliar pictures.

    Args:
        model: The trained Keras network.
        forward: The forward pass that the run's users will get.
        inputs: Where a frozen backbone's features are at hand, and the head is all that has to be
            computed; None after fine-tuning.
        images: Labelled pictures.
        observer: Called as pictures are predicted.
        out_of_fold: What such a network says of training pictures that it wasn't trained on,
            (N, C), in the order of ``inputs``, calibrated: they serve beside validation pictures to
            fit the temperature, and in their place where there are none.
        general: Whether the features are those of the packaged backbone, as it is: of these it is
            known how near pictures of a kind are.
    """
    raw: dict[str, tuple[Predictions, Read]] = {}
    skipped: list[Skipped] = []
    for split in (VALIDATION, TEST):
        if split not in images.splits:
            continue
        if inputs is not None and inputs.holds(POOLING, split):
            raw[split] = _of_features(model, inputs, split, images.classes)
        else:
            found, read, unreadable = _of_images(model, forward, images, split, observer)
            raw[split] = found, read
            skipped.extend(unreadable)
    beside: list[Predictions] = []
    calibrated = False
    if out_of_fold is not None and inputs is not None:
        samples = inputs.samples(POOLING, TRAIN)
        own = to_predictions(images.classes, samples.examples, out_of_fold)
        calibrated = VALIDATION not in raw
        if calibrated:
            raw = {VALIDATION: (own, _reader(samples)), **raw}
        else:
            beside = [own]
    seen, read = raw[VALIDATION]
    calibration = (
        uncalibrated(seen.probabilities, seen.labels)
        if calibrated
        else fit_temperature(
            np.concatenate([item.probabilities for item in (seen, *beside)]),
            np.concatenate([item.labels for item in (seen, *beside)]),
        )
    )
    feature_bank = _feature_bank(forward, inputs, images, model.input_shape[1], general=general)
    predictions = {
        split: replace(
            found,
            probabilities=at_temperature(found.probabilities, calibration.temperature),
            novelty=feature_bank.distances(
                read, len(found), own=split == VALIDATION and calibrated
            ),
        )
        for split, (found, read) in raw.items()
    }
    return SplitPredictions(predictions, tuple(skipped), calibration, feature_bank)


def _feature_bank(
    forward: Forward, inputs: Inputs | None, images: ImageSet, size: int, *, general: bool
) -> FeatureBank:
    """Return what tells unfamiliar pictures: the training pictures' features, and strangers'."""
    if inputs is not None and inputs.holds(POOLING, TRAIN):
        samples = inputs.samples(POOLING, TRAIN)
        read, n = _reader(samples), len(samples.examples)
    else:
        examples = images.split(TRAIN)
        some = [examples[position].source for position in chosen(len(examples))]
        known = _features(forward, some, size)
        read, n = known.__getitem__, len(known)
    strangers = _features(forward, stranger_pictures(size), size)
    return FeatureBank.of(read, n, strangers, closest=CLOSEST if general else 0.0)


def _features(
    forward: Forward, sources: Iterable[ImageSource], size: int
) -> npt.NDArray[np.float32]:
    """Return what goes into the head, (N, F), of the pictures that can be read."""
    jobs = ((source, (PLAIN,)) for source in sources)
    found = forward_files(forward, jobs, size)
    return np.concatenate([out[1] for _, out in found if not isinstance(out, ImageError)])


def _of_features(
    model: Any, inputs: Inputs, split: str, classes: tuple[str, ...]
) -> tuple[Predictions, Read]:
    from tl_catdog.models.pretrained import part_above

    samples = inputs.samples(POOLING, split)
    head = part_above(model, POOLING)
    batches = evaluation_batches(samples, classes, batch_size=256)
    outputs = np.concatenate([head(features, training=False) for features, _ in batches])
    found = to_predictions(classes, samples.examples, to_probabilities(outputs))
    return found, _reader(samples)


def _reader(samples: Samples) -> Read:
    """Return what gives the features of the plain views of pictures."""
    return lambda positions: samples.gather(positions, np.zeros_like(positions))


def _of_images(
    model: Any, forward: Forward, images: ImageSet, split: str, observer: Observer
) -> tuple[Predictions, Read, tuple[Skipped, ...]]:
    from tl_catdog.models.head import features_of

    examples = images.split(split)
    size, width = model.input_shape[1], features_of(model).shape[-1]
    features = ArrayStore(len(examples), (width,), np.float32)
    predictor = Predictor(forward, images.classes, size)
    progress = partial(observer.predicting, split)
    found = predict_examples(predictor, examples, progress, features)
    return found.predictions, features.read, found.skipped
