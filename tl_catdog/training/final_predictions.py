"""What a trained network says of the validation and test pictures, calibrated on the former."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.batches import Skipped, evaluation_batches
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TEST, VALIDATION
from tl_catdog.models.engine import Forward
from tl_catdog.models.layout import POOLING
from tl_catdog.prediction.calibration import Calibration, at_temperature, fit_temperature
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.predictor import (
    Predictor,
    predict_examples,
    to_predictions,
    to_probabilities,
)
from tl_catdog.prediction.rejection import FeatureBank, Read
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
    model: Any, forward: Forward, inputs: Inputs | None, images: ImageSet, observer: Observer
) -> SplitPredictions:
    """Predict, fit the temperature, and keep what tells unfamiliar pictures.

    Args:
        model: The trained Keras network.
        forward: The forward pass that the run's users will get.
        inputs: Where a frozen backbone's features are at hand, and the head is all that has to be
            computed; None after fine-tuning.
        images: Labelled pictures with the split ``validation``.
        observer: Called as pictures are predicted.
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
    seen, read = raw[VALIDATION]
    calibration = fit_temperature(seen.probabilities, seen.labels)
    feature_bank = FeatureBank.of(read, len(seen))
    predictions = {
        split: replace(
            found,
            probabilities=at_temperature(found.probabilities, calibration.temperature),
            novelty=feature_bank.distances(read, len(found), own=split == VALIDATION),
        )
        for split, (found, read) in raw.items()
    }
    return SplitPredictions(predictions, tuple(skipped), calibration, feature_bank)


def _of_features(
    model: Any, inputs: Inputs, split: str, classes: tuple[str, ...]
) -> tuple[Predictions, Read]:
    from tl_catdog.models.mobilenet import part_above

    samples = inputs.samples(POOLING, split)
    head = part_above(model, POOLING)
    batches = evaluation_batches(samples, classes, batch_size=256)
    outputs = np.concatenate([head(features, training=False) for features, _ in batches])
    found = to_predictions(classes, samples.examples, to_probabilities(outputs))
    return found, lambda positions: samples.gather(positions, np.zeros_like(positions))


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
