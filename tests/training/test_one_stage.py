"""Stages: what moves, what must not, what is kept, and that it repeats bit for bit."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from tests.conftest import paint_set
from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.data.augment import Augmenter
from tl_catdog.data.batches import Samples, decode_all, evaluation_batches, training_batches
from tl_catdog.data.sets import load_set
from tl_catdog.models.build import build
from tl_catdog.models.pretrained import BACKBONE
from tl_catdog.training import one_stage
from tl_catdog.training.callbacks import BestWeights
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.stages import (
    INTERRUPTED,
    LINEAR,
    STOPPED_EARLY,
    StageResult,
    stages_of,
)

CLASSES = ("ant", "bee")


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Samples]:
    pictures = load_set(paint_set(tmp_path_factory.mktemp("set"), {"train": 12, "validation": 5}))
    return {name: decode_all(pictures.split(name), 32) for name in pictures.splits}


class Journal(Observer):
    """Remembers what it heard, and may stop everything at a step."""

    def __init__(self, interrupt_after_steps: int | None = None) -> None:
        self.epochs: list[EpochResult] = []
        self.ended: list[tuple[str, str]] = []
        self.steps = 0
        self.limit = interrupt_after_steps

    def step_ends(self, step: int, logs: Any) -> None:
        self.steps += 1
        if self.steps == self.limit:
            raise KeyboardInterrupt

    def epoch_ends(self, result: EpochResult) -> None:
        self.epochs.append(result)

    def stage_ends(self, stage: str, reason: str) -> None:
        self.ended.append((stage, reason))


def fit(
    decoded: dict[str, Samples],
    journal: Journal | None = None,
    *,
    model: keras.Model | None = None,
    best: BestWeights | None = None,
    only: str | None = None,
    **settings: Any,
) -> tuple[keras.Model, list[StageResult]]:
    config = TrainConfig(
        **{"image_size": 32, "batch_size": 8, "backbone_weights": "packaged", **settings}
    ).resolved()
    runtime.make_deterministic(config.seed)
    model = model or build(config, 2)
    best = best or BestWeights()
    results = []
    for number, stage in enumerate(stages_of(config)):
        if stage.name == LINEAR or (only and stage.name != only):
            continue
        stage = replace(stage, feature_layer=None)  # the whole network, on pictures
        results.append(
            one_stage.run_stage(
                model,
                config,
                stage,
                training=training_batches(
                    decoded["train"],
                    CLASSES,
                    batch_size=8,
                    seed=config.seed + number,
                    augment=Augmenter("light", 32, config.seed + number),
                ),
                steps=3,
                validation=evaluation_batches(decoded["validation"], CLASSES, batch_size=8),
                best=best,
                observer=journal or Journal(),
                record=lambda _: None,
            )
        )
    return model, results


def numbers(model: keras.Model) -> dict[str, list[np.ndarray]]:
    backbone = model.get_layer(BACKBONE)
    layers = [*backbone.layers, *model.layers[-3:]]
    return {layer.name: layer.get_weights() for layer in layers if layer.weights}


def changed(before: dict[str, list[np.ndarray]], after: dict[str, list[np.ndarray]]) -> set[str]:
    return {
        name
        for name in before
        if any(not np.array_equal(a, b) for a, b in zip(before[name], after[name], strict=True))
    }


HEAD = {"head_dense", "head_output"}


def test_each_stage_moves_its_own_weights_and_no_batchnorm_statistic(
    decoded: dict[str, Samples],
) -> None:
    settings: dict[str, Any] = {
        "arch": "mobilenet",
        "finetune": True,
        "epochs": 1,
        "finetune_epochs": 1,
        "learning_rate": 1e-2,
        "finetune_learning_rate": 1e-2,
        "unfreeze_from": "block_15",
    }
    config = TrainConfig(image_size=32, **settings).resolved()
    model = build(config, 2)
    start = numbers(model)
    # A best that anything beats, so that each stage's own weights are what is left.
    model, _ = fit(decoded, model=model, only="frozen", **settings)
    frozen = numbers(model)
    assert changed(start, frozen) == HEAD
    model, (result,) = fit(decoded, model=model, only="finetune", **settings)
    tuned = numbers(model)
    moved = changed(frozen, tuned)
    assert moved == HEAD | {
        f"block_{n}_{kind}" for n in (15, 16) for kind in ("expand", "depthwise", "project")
    } | {"Conv_1"}
    assert set(result.trainable_layers) == moved
    assert not any("BN" in name or name.startswith("bn_") for name in moved)


def test_without_freezing_batchnorm_itself_its_statistics_would_move(
    decoded: dict[str, Samples],
) -> None:
    """The trap that the test above guards against exists in this version of Keras."""
    inputs = keras.Input((32, 32, 3))
    norm = keras.layers.BatchNormalization()
    inner = keras.Model(inputs, norm(inputs))
    outer_in = keras.Input((32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inner(outer_in))
    model = keras.Model(outer_in, keras.layers.Dense(1, activation="sigmoid")(pooled))
    model.compile("sgd", "binary_crossentropy")
    before = norm.moving_mean.numpy().copy()
    model.fit(np.full((8, 32, 32, 3), 100.0), np.zeros((8, 1)), verbose=0)
    assert not np.array_equal(before, norm.moving_mean.numpy())


@pytest.mark.parametrize("arch", ["baseline", "mobilenet"])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(
    decoded: dict[str, Samples], arch: str
) -> None:
    settings: dict[str, Any] = {"arch": arch, "epochs": 2, "learning_rate": 1e-3}
    if arch == "mobilenet":
        settings |= {"finetune": True, "finetune_epochs": 1, "unfreeze_from": "block_16"}

    def weights(seed: int) -> list[np.ndarray]:
        found: list[np.ndarray] = fit(decoded, seed=seed, **settings)[0].get_weights()
        return found

    first = weights(0)
    assert all(np.array_equal(a, b) for a, b in zip(first, weights(0), strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, weights(1), strict=True))


def test_the_best_epoch_is_left_in_the_model(decoded: dict[str, Samples]) -> None:
    journal = Journal()
    # Such a learning rate makes the epochs differ a lot.
    model, (result,) = fit(
        decoded, journal, arch="baseline", epochs=6, learning_rate=0.02, schedule="constant"
    )
    order = [(epoch.val_accuracy, -epoch.val_loss) for epoch in journal.epochs]
    assert result.best_epoch == order.index(max(order)) + 1
    assert journal.epochs[result.best_epoch - 1].is_best
    again = model.evaluate(
        evaluation_batches(decoded["validation"], CLASSES, batch_size=8),
        verbose=0,
        return_dict=True,
    )
    assert again["loss"] == pytest.approx(max(order)[1] * -1, rel=1e-4)
    assert result.val_accuracy == max(order)[0]


def test_averaged_weights_are_what_is_validated_and_kept(
    decoded: dict[str, Samples],
) -> None:
    journal = Journal()
    model, (result,) = fit(
        decoded, journal, arch="baseline", epochs=4, learning_rate=1e-3, weight_average=0.5
    )
    again = model.evaluate(
        evaluation_batches(decoded["validation"], CLASSES, batch_size=8),
        verbose=0,
        return_dict=True,
    )
    assert again["loss"] == pytest.approx(result.val_loss, rel=1e-4)
    settings: dict[str, Any] = {
        "arch": "baseline",
        "epochs": 4,
        "learning_rate": 1e-3,
        "weight_average": 0.0,
    }
    plain, _ = fit(decoded, Journal(), **settings)
    assert not np.allclose(plain.get_weights()[0], model.get_weights()[0], atol=1e-5)


def test_fine_tuning_that_does_worse_leaves_the_frozen_result(
    decoded: dict[str, Samples],
) -> None:
    best = BestWeights()
    settings: dict[str, Any] = {
        "arch": "mobilenet",
        "finetune": True,
        "epochs": 1,
        "finetune_epochs": 1,
        "finetune_learning_rate": 5.0,
        "unfreeze_from": "block_16",
    }
    model, _ = fit(decoded, best=best, only="frozen", **settings)
    best.loss = -1.0  # nothing that follows can be better
    best.accuracy = 1.0
    kept = model.get_weights()
    model, (result,) = fit(decoded, model=model, best=best, only="finetune", **settings)
    assert result.best_epoch == 0
    assert all(np.array_equal(a, b) for a, b in zip(kept, model.get_weights(), strict=True))


def test_a_stage_stops_early_when_nothing_gets_better(
    decoded: dict[str, Samples],
) -> None:
    best = BestWeights(accuracy=1.0, loss=-1.0, weights=[])
    journal = Journal()
    config: dict[str, Any] = {"arch": "baseline", "epochs": 9, "patience": 2, "learning_rate": 1e-3}
    _, (result,) = fit(decoded, journal, best=best, **config)
    assert result.reason == STOPPED_EARLY
    assert result.epochs == 2
    assert journal.ended == [("scratch", STOPPED_EARLY)]


def test_ctrl_c_keeps_the_best_so_far(decoded: dict[str, Samples]) -> None:
    journal = Journal(interrupt_after_steps=3 * 2 + 2)
    best = BestWeights()
    model, (result,) = fit(
        decoded, journal, best=best, arch="baseline", epochs=5, learning_rate=1e-3
    )
    assert result.reason == INTERRUPTED
    assert result.epochs == 2
    assert all(np.array_equal(a, b) for a, b in zip(best.weights, model.get_weights(), strict=True))


def test_ctrl_c_before_the_first_epoch_has_nothing_to_keep(
    decoded: dict[str, Samples],
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(decoded, Journal(interrupt_after_steps=1), arch="baseline", epochs=5)


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "adamw", "sgd"])
def test_each_optimiser_and_schedule_trains(decoded: dict[str, Samples], optimizer: str) -> None:
    journal = Journal()
    fit(
        decoded,
        journal,
        arch="baseline",
        epochs=2,
        optimizer=optimizer,
        learning_rate=1e-3,
        weight_decay=1e-4,
        label_smoothing=0.1,
        final_learning_rate=0.0,
    )
    first, last = journal.epochs
    assert last.learning_rate == pytest.approx(0, abs=1e-9)  # cosine decay ends at zero
    # The warm-up takes the first of the two epochs, up from a tenth.
    assert first.learning_rate == pytest.approx(1e-3)
    assert np.isfinite([first.loss, last.loss]).all()


def test_a_stage_says_how_many_parameters_it_trains(decoded: dict[str, Samples]) -> None:
    settings: dict[str, Any] = {"arch": "mobilenet", "epochs": 1, "dense_units": 16}
    _, (result,) = fit(decoded, only="frozen", **settings)
    assert result.trainable_params == 1280 * 16 + 16 + 16 * 1 + 1
