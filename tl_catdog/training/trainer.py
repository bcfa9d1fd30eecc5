"""A training, step by step: prepare, fit the stages, predict the splits, write the run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tl_catdog import runtime
from tl_catdog.architectures import BASELINE
from tl_catdog.config import FLOAT32, INT8, Precision, ResolvedConfig, TrainConfig
from tl_catdog.data.batches import Skipped
from tl_catdog.data.digest import file_digest
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.data.split_file import csv_of
from tl_catdog.defaults import UNITS_PER_CLASS
from tl_catdog.errors import UsageError
from tl_catdog.evaluation.metrics import Metrics, compute_metrics
from tl_catdog.features.extracted_plan import adopting
from tl_catdog.files import naming
from tl_catdog.models.build import build
from tl_catdog.models.engine import Forward, forward_of, onnx_works
from tl_catdog.models.forward import milliseconds
from tl_catdog.models.layout import linear_units, units_for
from tl_catdog.models.precision import precision_of
from tl_catdog.models.weights import PACKAGED
from tl_catdog.runs.description import check_classes
from tl_catdog.runs.folder import (
    FEATURE_BANK,
    HELD_OUT,
    MODEL,
    MOST_OF_NETWORK,
    ONNX,
    OUT_OF_FOLD,
    Run,
)
from tl_catdog.runs.writer import RunWriter
from tl_catdog.training.devices import devices_for, left_alone
from tl_catdog.training.final_predictions import SplitPredictions, predict_splits
from tl_catdog.training.inputs import Inputs, prepare_inputs
from tl_catdog.training.manifest import describe, describe_surroundings
from tl_catdog.training.observer import Observer
from tl_catdog.training.stages import FINETUNE, INTERRUPTED, StageResult, stages_of
from tl_catdog.training.start import Start, adopted, read_start, run_to_start_from

if TYPE_CHECKING:
    from tl_catdog.training.fit import Fitted


@dataclass(frozen=True)
class TrainingResult:
    """A finished run with its metrics on each split but ``train``."""

    run: Run
    evaluations: Mapping[str, Metrics]
    skipped: tuple[Skipped, ...]
    interrupted: bool


def train(
    config: TrainConfig, images: ImageSet, writer: RunWriter, observer: Observer | None = None
) -> TrainingResult:
    """Train a network and publish its run.

    The same settings, pictures and seed give the same weights, bit for bit, on the same machine.

    Args:
        config: The settings; what they leave open is filled with the architecture's defaults.
        images: Labelled pictures with the splits ``train`` and ``validation``.
        writer: Where the run goes.
        observer: Called as the training advances.

    Raises:
        CatdogError: Pictures can't be read and ``strict`` is set, or a class has none left; the
            network can't be built with these settings.
        KeyboardInterrupt: Interrupted before an epoch was through, so nothing is worth keeping.
    """
    run = run_to_start_from(config)
    if run is not None:
        config = adopted(config, run, images.classes)
    config = adopting(config)
    settings = config.resolved(len(images.split(TRAIN)), len(images.classes), few=images.few)
    if settings.arch != BASELINE and not settings.finetune:  # theirs depends on no machine
        settings = replace(settings, compute=precision_of(settings))
    check_classes(images.classes)
    _check_width(settings, len(images.classes))
    observer = observer or Observer()
    stopwatch = _Stopwatch()
    devices = devices_for(settings)
    start = None if run is None else read_start(run, settings)
    inputs = _prepare(settings, images, start, writer, observer, stopwatch)
    remark = left_alone(inputs.stages, devices)
    if remark is not None:
        observer.note(remark)
    trained = _fit_the_stages(settings, inputs, writer, observer, stopwatch, devices)
    try:
        return _finish(settings, inputs, trained, writer, observer, stopwatch)
    except KeyboardInterrupt:
        # What was learned is in hand, and what is left takes seconds: asked to stop, it hurries no
        # more than that. Asked again, it does stop, and its checkpoint is kept.
        observer.note("Stopping when the run is written; what was trained would be lost otherwise.")
        return _finish(settings, inputs, trained, writer, observer, stopwatch)


def _finish(
    config: ResolvedConfig,
    inputs: Inputs,
    trained: _Trained,
    writer: RunWriter,
    observer: Observer,
    stopwatch: _Stopwatch,
) -> TrainingResult:
    """Predict the splits and write the run."""
    predicted = _predict_the_splits(trained, inputs, observer)
    return _write_the_run(config, inputs, trained, predicted, writer, stopwatch)


def _precision(config: ResolvedConfig) -> Precision:
    return INT8 if config.compute == INT8 else FLOAT32  # auto, of what has no other


def _check_width(config: ResolvedConfig, classes: int) -> None:
    """Make sure that the hidden layer has room for a linear model beside its trained units."""
    units = units_for(classes)
    if config.arch != BASELINE and not linear_units(config.dense_units, units):
        raise UsageError(
            f"expected --dense-units of {UNITS_PER_CLASS * units} or more for {classes} classes, "
            f"found {config.dense_units}.",
            f"Leave it out, or type: --dense-units {UNITS_PER_CLASS * units}",
        )


def _describe_head(fitted: Fitted) -> dict[str, Any] | None:
    """Return what a manifest says of a head that may begin at a linear model."""
    if fitted.linear is None:
        return None
    return {"linear_share": fitted.linear_share, "strength": fitted.linear.strength}


class _Stopwatch:
    """Seconds from the beginning to each of some moments, by their names in a manifest."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.perf_counter()

    def lap(self, name: str) -> None:
        self.seconds[name] = time.perf_counter() - self._began


@dataclass(frozen=True)
class _Trained:
    """A trained network.

    Attributes:
        model: For Keras.
        graph: The same for ONNX Runtime; None where that doesn't work here.
        forward: The forward pass that the run's users will get.
        fitted: How it came to be.
    """

    model: Any
    graph: bytes | None
    forward: Forward
    fitted: Fitted

    @property
    def results(self) -> tuple[StageResult, ...]:
        """What each stage did."""
        return self.fitted.results

    @property
    def tuned(self) -> bool:
        """Whether fine-tuning changed the backbone."""
        return any(item.name == FINETUNE and item.best_epoch for item in self.results)


def _prepare(
    config: ResolvedConfig,
    images: ImageSet,
    start: Start | None,
    writer: RunWriter,
    observer: Observer,
    stopwatch: _Stopwatch,
) -> Inputs:
    """Decode the pictures or extract their features, and record settings and split."""
    stages = stages_of(config, few=images.few)
    inputs = prepare_inputs(config, images, stages, observer, start)
    stopwatch.lap("decode_seconds")
    writer.write_config(asdict(config))
    writer.write_split(csv_of(images))
    return inputs


def _fit_the_stages(
    config: ResolvedConfig,
    inputs: Inputs,
    writer: RunWriter,
    observer: Observer,
    stopwatch: _Stopwatch,
    devices: tuple[str, ...],
) -> _Trained:
    """Train the network, stage after stage, and make it what its users will get."""
    # Seeded again, so that nothing depends on what was computed and what was known already. It
    # also starts TensorFlow, quietly, before the next import would.
    runtime.make_deterministic(config.seed)
    from tl_catdog.models.head import with_features
    from tl_catdog.training.fit import fit_stages

    fitted = fit_stages(config, inputs, writer, observer, devices)
    model = fitted.model
    stopwatch.lap("train_seconds")
    if model.compiled:
        # Saved without the optimiser, it is a third of the size.
        fresh = build(config, len(inputs.images.classes), pretrained=False)
        fresh.set_weights(model.get_weights())
        model = fresh
    graph = None
    if onnx_works():
        from tl_catdog.models.keras_graph import graph_of_model

        graph = graph_of_model(config.arch, model, _precision(config))
    forward = forward_of(lambda: graph, lambda: with_features(model))
    return _Trained(model, graph, forward, fitted)


def _predict_the_splits(trained: _Trained, inputs: Inputs, observer: Observer) -> SplitPredictions:
    """Predict the validation and test pictures, on the path that the run's users will take."""
    # Features don't hold what fine-tuning changed.
    features = None if trained.tuned else inputs
    linear = trained.fitted.linear
    out_of_fold = linear.probabilities if linear is not None and inputs.images.few else None
    return predict_splits(
        trained.model,
        trained.forward,
        features,
        inputs.images,
        observer,
        out_of_fold,
        general=inputs.config.arch != BASELINE
        and inputs.config.backbone_weights == PACKAGED
        and not (trained.tuned or (inputs.start is not None and inputs.start.tuned)),
    )


def _write_the_run(
    config: ResolvedConfig,
    inputs: Inputs,
    trained: _Trained,
    predicted: SplitPredictions,
    writer: RunWriter,
    stopwatch: _Stopwatch,
) -> TrainingResult:
    """Write network, predictions and manifest, and give the run its name."""
    path = writer.path / MODEL
    with naming(path):
        trained.model.save(path)
    hashes = {"sha256": file_digest(path, MOST_OF_NETWORK)}
    if trained.graph is not None:
        hashes["onnx_sha256"] = writer.write_bytes(ONNX, trained.graph)
    hashes["feature_bank_sha256"] = writer.write_bytes(
        FEATURE_BANK, predicted.feature_bank.to_bytes()
    )
    metrics = {}
    for split, predictions in predicted.predictions.items():
        writer.write_predictions(split, predictions.csv_of())
        metrics[split] = compute_metrics(predictions)
    skipped = tuple(dict.fromkeys((*inputs.skipped, *predicted.skipped)))
    interrupted = any(result.reason == INTERRUPTED for result in trained.results)
    stopwatch.lap("total_seconds")
    run = writer.published or writer.publish(
        {
            "name": writer.target.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "interrupted": interrupted,
            "from": None if inputs.start is None else inputs.start.to_json(),
            "resumed": trained.fitted.resumed,
            "devices": list(trained.fitted.devices),
            "seed": config.seed,
            **describe_surroundings(),
            "data": describe(inputs.images),
            "features": inputs.to_json(),
            "stages": [asdict(result) for result in trained.results],
            "head": _describe_head(trained.fitted),
            "tuned_share": trained.fitted.tuned_share,
            "validation": HELD_OUT if VALIDATION in inputs.images.splits else OUT_OF_FOLD,
            "timings": stopwatch.seconds,
            "skipped": [
                {"path": str(item.path), "split": item.split, "reason": item.reason}
                for item in skipped
            ],
            "model": {
                **hashes,
                "bytes": path.stat().st_size,
                "params": trained.model.count_params(),
                "trainable_params": max(result.trainable_params for result in trained.results),
                "ms_per_image": milliseconds(trained.forward, config.image_size),
                "engine": trained.forward.engine,
                "compute": _precision(config),
            },
            "calibration": predicted.calibration.to_json(),
            "evaluations": {split: item.to_json() for split, item in metrics.items()},
        }
    )
    return TrainingResult(run, metrics, skipped, interrupted)
