"""A head of two parts: what is chosen, and that the network says what was reckoned."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.support.backbones import MOBILENET
from tests.training.test_linear_start import CLASSES, blobs, labels_of
from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.data.batches import Samples
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.defaults import FEW
from tl_catdog.models.head import empty_linear
from tl_catdog.models.layout import POOLING
from tl_catdog.models.pretrained import build_pretrained, part_above
from tl_catdog.prediction.calibration import fit_temperature
from tl_catdog.prediction.predictor import to_probabilities
from tl_catdog.training.callbacks import BestWeights
from tl_catdog.training.head_stages import choose_head, fit_linear
from tl_catdog.training.inputs import Inputs
from tl_catdog.training.linear_start import LinearStart
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.stages import COMPLETED, FROZEN, StageResult, stages_of


@dataclass
class Heard(Observer):
    stages: list[tuple[str, int, int, int]] = field(default_factory=list)
    epochs: list[EpochResult] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)

    def stage_begins(self, stage: str, epochs: int, steps: int, trainable_params: int) -> None:
        self.stages.append((stage, epochs, steps, trainable_params))

    def epoch_ends(self, result: EpochResult) -> None:
        self.epochs.append(result)

    def stage_ends(self, stage: str, reason: str) -> None:
        self.ended.append((stage, reason))


def padded(samples: Samples) -> Samples:
    """Return the samples with zeros to the width of the backbone's features."""
    store = type(samples.rows)(len(samples.examples), (MOBILENET.channels,), np.float32)
    for position in range(len(samples.examples)):
        row = np.zeros(MOBILENET.channels, np.float32)
        row[:20] = samples.rows.read(np.array([position]))[0]
        store.write(position, row)
    return Samples(samples.examples, (), store)


def inputs_of(classes: tuple[str, ...], *, few: bool, held_out: bool = True) -> Inputs:
    config = TrainConfig(image_size=32).resolved(90, len(classes))
    training, validation = (
        padded(blobs(dict.fromkeys(classes, n), seed, spread=2.0))
        for n, seed in ((FEW - 1 if few else FEW, 0), (60, 1))
    )
    validation.examples = [replace(item, split=VALIDATION) for item in validation.examples]
    examples = (*training.examples, *(validation.examples if held_out else ()))
    images = ImageSet(Path(), "made up", classes, examples)
    inputs = Inputs(config, images, stages_of(config, few=images.few))
    inputs.add(POOLING, TRAIN, training)
    if held_out:
        inputs.add(POOLING, VALIDATION, validation)
    return inputs


def network(classes: int) -> keras.Model:
    runtime.make_deterministic(0)
    model = build_pretrained("mobilenet", image_size=32, class_count=classes, backbone_weights=None)
    empty_linear(model)
    return model


def said(model: keras.Model, samples: Samples) -> np.ndarray:
    positions = np.arange(len(samples.examples))
    features = samples.gather(positions, 0 * positions)
    return to_probabilities(part_above(model, POOLING)(features).numpy())


def fitted(
    inputs: Inputs, model: keras.Model, heard: Observer | None = None
) -> tuple[LinearStart, StageResult, BestWeights, list[EpochResult]]:
    best, kept = BestWeights(), list[EpochResult]()
    linear, result = fit_linear(
        model, inputs.config, inputs, best, heard or Observer(), kept.append
    )
    return linear, result, best, kept


@pytest.mark.parametrize("classes", [CLASSES[:2], CLASSES])
def test_a_linear_head_says_what_the_linear_model_says(classes: tuple[str, ...]) -> None:
    inputs, model = inputs_of(classes, few=False), network(len(classes))
    linear, result, best, kept = fitted(inputs, model, heard := Heard())
    held_out = inputs.samples(POOLING, VALIDATION)
    np.testing.assert_allclose(said(model, held_out), linear.of(held_out), atol=1e-4)
    right = (linear.of(held_out).argmax(axis=1) == labels_of(held_out)).mean()
    assert result.val_accuracy == best.accuracy == kept[0].val_accuracy == right > 0.5
    units = 1 if len(classes) == 2 else 3
    assert heard.stages == [("linear", 1, 1, (MOBILENET.channels + 1) * units)]
    assert heard.epochs == kept
    assert heard.ended == [("linear", COMPLETED)]
    assert best.weights


def test_few_pictures_are_judged_by_validation_pictures_where_there_are_any() -> None:
    inputs = inputs_of(CLASSES, few=True)
    linear, result, _, _ = fitted(inputs, network(3))
    assert len(linear.probabilities) == len(inputs.samples(POOLING, TRAIN).examples)
    held_out = inputs.samples(POOLING, VALIDATION)
    assert result.val_accuracy == (linear.of(held_out).argmax(1) == labels_of(held_out)).mean()


def test_few_pictures_without_others_are_judged_out_of_fold() -> None:
    inputs = inputs_of(CLASSES, few=True, held_out=False)
    linear, result, _, _ = fitted(inputs, network(3))
    truth = labels_of(inputs.samples(POOLING, TRAIN))
    assert result.val_accuracy == (linear.probabilities.argmax(axis=1) == truth).mean()
    assert result.val_accuracy < linear.training[1]


def trained(
    model: keras.Model, inputs: Inputs, epochs: int, *, mistaken: bool = False
) -> StageResult:
    head = part_above(model, POOLING)
    loss = "binary_crossentropy" if model.output_shape[-1] == 1 else "categorical_crossentropy"
    head.compile(keras.optimizers.Adam(1e-3), loss)
    samples = inputs.samples(POOLING, TRAIN)
    positions = np.arange(len(samples.examples))
    wanted: Any = labels_of(samples)
    if mistaken:  # half of the pictures of one class are called another
        wanted = np.where((wanted == 2) & (positions % 2 == 0), 1, wanted)
    wanted = wanted[:, None] if model.output_shape[-1] == 1 else np.eye(3)[wanted]
    if epochs:
        head.fit(samples.gather(positions, 0 * positions), wanted, epochs=epochs, verbose=0)
    return StageResult(FROZEN, COMPLETED, epochs, epochs, 0.5, 0.7, 1e-3, 1.0, 100, ())


@pytest.mark.parametrize("classes", [CLASSES[:2], CLASSES])
def test_a_head_of_both_has_the_mean_of_their_logits(
    classes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, model = inputs_of(classes, few=False), network(len(classes))
    start = model.get_weights()
    linear, _, best, _ = fitted(inputs, model)
    model.set_weights(start)
    stage = trained(model, inputs, 30)
    held_out = inputs.samples(POOLING, VALIDATION)
    units = said(model, held_out)
    temperature = fit_temperature(units, labels_of(held_out)).temperature
    share, result = choose_head(model, linear, inputs, stage, best)
    assert share == 0.5
    powers = np.sqrt(linear.of(held_out) * units ** (1 / temperature))
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(said(model, held_out), expected, atol=1e-4)
    assert (result.best_epoch, best.epoch) == (30, 30)
    assert result.val_accuracy == (expected.argmax(axis=1) == labels_of(held_out)).mean()
    assert all(np.array_equal(a, b) for a, b in zip(best.weights, model.get_weights(), strict=True))


def test_units_that_learned_mistakes_are_left_out() -> None:
    inputs, model = inputs_of(CLASSES, few=False), network(3)
    start = model.get_weights()
    linear, _, best, _ = fitted(inputs, model)
    model.set_weights(start)
    stage = trained(model, inputs, 30, mistaken=True)
    share, result = choose_head(model, linear, inputs, stage, best)
    held_out = inputs.samples(POOLING, VALIDATION)
    assert (share, result.best_epoch, best.epoch) == (1.0, 0, 0)
    np.testing.assert_allclose(said(model, held_out), linear.of(held_out), atol=1e-4)
