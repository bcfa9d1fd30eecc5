"""A small real training of each architecture: does it work here, and what does each part take?

It goes through the functions that ``tl-catdog train`` goes through, on random pictures.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.batches import Samples, evaluation_batches, training_batches
from tl_catdog.data.examples import Example
from tl_catdog.data.folders import TRAIN
from tl_catdog.doctor.check import FAILED, OK, WARNING, Check, reason
from tl_catdog.errors import CatdogError
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.models.build import build
from tl_catdog.models.engine import KerasForward, OnnxForward, onnx_works
from tl_catdog.models.layout import POOLING
from tl_catdog.models.weights import weights_of
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.stages import FINETUNE, FROZEN, SCRATCH, Stage, stages_of

CLOSE = 1e-4
"""How far the probabilities of ONNX Runtime and of Keras may be apart."""

CLASSES = ("cat", "dog")

REINSTALL = "Type: pip install --upgrade --force-reinstall tl-catdog"


@dataclass(frozen=True)
class Amount:
    """How much of a stage is trained: steps of an epoch, and pictures to validate it on."""

    steps: int
    validation: int


WORK = {FROZEN: Amount(32, 1024), SCRATCH: Amount(12, 128), FINETUNE: Amount(4, 64)}
"""Enough of each stage to time it, and little enough for a few seconds."""


@dataclass(frozen=True)
class StageCost:
    """What a stage of training takes here, in seconds.

    Attributes:
        start: Once, before the first step.
        step: For each step.
        check: For each validation picture in each epoch.
    """

    start: float
    step: float
    check: float

    def seconds(self, epochs: int, steps: int, validation: int) -> float:
        """Return what so many epochs of so many steps take."""
        return self.start + epochs * (steps * self.step + validation * self.check)


@dataclass(frozen=True)
class DryRun:
    """What a dry run found.

    Attributes:
        arch: The architecture.
        build: Seconds to build the network and load its weights.
        stages: What each stage of training takes.
        forward: Seconds of one forward pass in ONNX Runtime; None where it doesn't work.
        difference: The largest difference of its probabilities from those of Keras.
    """

    arch: str
    build: float
    stages: Mapping[str, StageCost]
    forward: float | None
    difference: float | None

    def check(self) -> Check:
        """Return the line of the check-up."""
        steps = " + ".join(f"{1000 * cost.step:.0f}" for cost in self.stages.values())
        detail = f"built in {self.build:.1f} s, trained: {steps} ms a step"
        name = f"dry run {self.arch}"
        if self.forward is None or self.difference is None:
            slow = f"{detail}; without ONNX Runtime, predictions take longer"
            return Check(name, WARNING, slow, "Type: pip install --upgrade onnx onnxruntime")
        detail += f", ONNX {self.forward:.2f} s, {self.difference:.0e} from Keras"
        if self.difference > CLOSE:
            hint = "Type: pip install --upgrade --force-reinstall onnx onnxruntime tensorflow"
            return Check(name, FAILED, f"{detail}, more than {CLOSE:.0e}", hint)
        return Check(name, OK, detail)


def dry_run(
    config: TrainConfig, work: Mapping[str, Amount] | None = None, images: int = 8
) -> DryRun:
    """Build a network, train each of its stages for a moment, and compare two forward passes.

    Args:
        config: Names the architecture, the size of its pictures, and whether to fine-tune.
        work: How much of each stage to train.
        images: How many random pictures the forward passes take.

    Raises:
        CatdogError: A part of it failed; the message says which.
    """
    config, work = config.resolved(), work or WORK
    assert config.image_size is not None
    with _during("starting TensorFlow"):
        runtime.make_deterministic(config.seed)
    began = time.perf_counter()
    with _during("building the network"):
        model = build(config, len(CLASSES))
    built = time.perf_counter() - began
    noise = np.random.default_rng(config.seed)
    shape = (images, config.image_size, config.image_size, 3)
    batch = noise.integers(0, 256, shape, dtype=np.uint8)
    stages = stages_of(config)
    with _during("computing features"):
        features = _features(config, model, stages, batch)
    costs = {}
    for stage in stages:
        with _during(f"training ({stage.name})"):
            costs[stage.name] = _train(
                config, model, stage, features.get(stage.feature_layer), work[stage.name]
            )
    with _during("comparing ONNX Runtime with Keras"):
        forward, difference = _compare(config, model, batch)
    return DryRun(config.arch, built, costs, forward, difference)


@contextlib.contextmanager
def _during(what: str) -> Iterator[None]:
    """Name the part that failed."""
    try:
        yield
    except CatdogError as error:
        raise CatdogError(f"{what}: {error.message}", error.hint) from error
    except Exception as error:
        raise CatdogError(f"{what} failed: {reason(error)}", REINSTALL) from error


def _features(
    config: TrainConfig, model: Any, stages: tuple[Stage, ...], images: npt.NDArray[np.uint8]
) -> dict[str | None, npt.NDArray[Any]]:
    """Return what the frozen part of the network makes of the pictures, at each stage's cut."""
    feature_layers = [stage.feature_layer for stage in stages if stage.feature_layer is not None]
    if not feature_layers:
        return {}
    found = frozen_backbone(config, feature_layers, lambda: model).load()(images)
    return dict(zip(feature_layers, found, strict=True))


def _train(
    config: TrainConfig,
    model: Any,
    stage: Stage,
    features: npt.NDArray[Any] | None,
    work: Amount,
) -> StageCost:
    """Train a stage for two short epochs; the first pays for starting up."""
    from tl_catdog.training.fit import BestWeights, run_stage

    began = time.perf_counter()
    clock = _Clock()
    augment = None
    if features is None:
        from tl_catdog.data.augment import Augmenter, decode_size

        assert config.image_size is not None
        recipe = str(config.augment)
        augment = Augmenter(recipe, config.image_size, config.seed)
        training = _noise(config, decode_size(recipe, config.image_size), 4 * config.batch_size)
        validation = _noise(config, config.image_size, work.validation)
    else:
        dtype = np.float32 if stage.feature_layer == POOLING else np.float16
        training = _samples(features, 4 * config.batch_size, dtype)
        validation = _samples(features, work.validation, dtype)
    run_stage(
        model,
        config,
        replace(stage, epochs=2),
        training=training_batches(
            training,
            CLASSES,
            batch_size=config.batch_size,
            seed=config.seed,
            augment=augment,
        ),
        steps=work.steps,
        validation=evaluation_batches(
            validation, CLASSES, batch_size=256 if stage.feature_layer == POOLING else 32
        ),
        best=BestWeights(),
        observer=clock,
        record=lambda epoch: None,
    )
    (first, second), trained = clock.epochs, clock.trained
    return StageCost(
        start=max(0.0, first - began - (second - first)),
        step=(trained - first) / work.steps,
        check=(second - trained) / work.validation,
    )


@dataclass
class _Clock(Observer):
    """Notes when things end."""

    epochs: list[float] = field(default_factory=list)
    trained: float = 0.0

    def step_ends(self, step: int, logs: Mapping[str, float]) -> None:
        """Note the time of the last step so far."""
        self.trained = time.perf_counter()

    def epoch_ends(self, result: EpochResult) -> None:
        """Note the time of an epoch's end."""
        self.epochs.append(time.perf_counter())


def _noise(config: TrainConfig, size: int, count: int) -> Samples:
    noise = np.random.default_rng(config.seed)
    return _samples(noise.integers(0, 256, (count, size, size, 3)), count, np.uint8)


def _samples(numbers: npt.NDArray[Any], count: int, dtype: Any) -> Samples:
    """Return so many samples, over and over those given, of one class and the other in turn."""
    rows = ArrayStore(count, numbers.shape[1:], dtype, "memory")
    for position in range(count):
        rows.write(position, numbers[position % len(numbers)])
    examples = [
        Example(Path(), str(number), CLASSES[number % len(CLASSES)], TRAIN, "")
        for number in range(count)
    ]
    return Samples(examples, (), rows)


def _compare(
    config: TrainConfig, model: Any, images: npt.NDArray[np.uint8]
) -> tuple[float | None, float | None]:
    if not onnx_works():
        return None, None
    from tl_catdog.models.graph import inference_graph

    assert config.image_size is not None
    forward = OnnxForward(inference_graph(config.arch, weights_of(model), config.image_size))
    began = time.perf_counter()
    found = forward(images)[0]
    seconds = time.perf_counter() - began
    expected = KerasForward(model)(images)[0]
    return seconds, float(np.abs(found - expected).max())
