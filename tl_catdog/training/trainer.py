"""From a picture set to a run folder: decode, build, train each stage, predict, save."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.data.batches import Skipped, evaluation_batches, training_batches
from tl_catdog.data.digest import file_digest
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.data.split_file import to_csv
from tl_catdog.evaluation.metrics import Metrics, compute_metrics
from tl_catdog.models.build import build
from tl_catdog.models.engine import Forward, KerasForward, OnnxForward, onnx_works
from tl_catdog.models.forward import milliseconds
from tl_catdog.models.layout import POOLING
from tl_catdog.models.weights import weights_of
from tl_catdog.runs.folder import FEATURE_BANK, MODEL, ONNX, Run
from tl_catdog.runs.writer import RunWriter
from tl_catdog.training.final_predictions import predict_splits
from tl_catdog.training.inputs import prepare_inputs
from tl_catdog.training.manifest import describe, elapsed, git_commit, machine, package_versions
from tl_catdog.training.observer import Observer
from tl_catdog.training.stages import FINETUNE, stages_of


@dataclass(frozen=True)
class TrainingResult:
    """A finished run with its figures on each split but ``train``."""

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
        observer: Hears of the progress.

    Raises:
        CatdogError: Pictures can't be read and ``strict`` is set, or a class has none left; the
            network can't be built with these settings.
        KeyboardInterrupt: Interrupted before an epoch was through, so nothing is worth keeping.
    """
    config = config.resolved()
    observer = observer or Observer()
    began = time.perf_counter()
    assert config.image_size is not None
    stages = stages_of(config)

    def fresh() -> Any:
        return build(config, len(images.classes))

    inputs = prepare_inputs(config, images, stages, fresh, observer)
    prepared = time.perf_counter()
    writer.write_config(asdict(config))
    writer.write_split(to_csv(images))

    # Again, so that nothing depends on what was computed and what was known already.
    runtime.make_deterministic(config.seed)
    from tl_catdog.training import fit as staging

    model = fresh()
    best = staging.BestWeights()
    results: list[staging.StageResult] = []
    for number, stage in enumerate(stages):
        # Each stage has a stream of its own, whatever length the one before turned out to have.
        stream = 1000 * config.seed + number
        training = inputs.samples(stage.feature_layer, TRAIN)
        result = staging.run_stage(
            model,
            config,
            stage,
            training=training_batches(
                training,
                images.classes,
                batch_size=config.batch_size,
                seed=stream,
                augment=inputs.augmenter(stage.feature_layer, stream),
                class_weights=config.class_weights,
            ),
            steps=math.ceil(len(training.examples) / config.batch_size),
            validation=evaluation_batches(
                inputs.samples(stage.feature_layer, VALIDATION),
                images.classes,
                batch_size=256 if stage.feature_layer == POOLING else 32,
            ),
            best=best,
            observer=observer,
            record=lambda epoch: writer.append_metrics({**epoch.to_json(), "elapsed": elapsed()}),
            tensorboard=writer.path / "tensorboard" if config.tensorboard else None,
        )
        results.append(result)
        if result.reason == staging.INTERRUPTED:
            break
    trained = time.perf_counter()

    hashes = _save_for_inference(model, config, len(images.classes), writer)
    skipped = list(inputs.skipped)
    forward = _forward(model, writer)
    # What fine-tuning changed, the features don't know of.
    tuned = any(r.name == FINETUNE and r.best_epoch for r in results)
    verdict = predict_splits(model, forward, None if tuned else inputs, images, observer)
    skipped.extend(item for item in verdict.skipped if item not in skipped)
    hashes["references_sha256"] = writer.write_bytes(FEATURE_BANK, verdict.feature_bank.to_bytes())
    evaluations: dict[str, Metrics] = {}
    for split, predicted in verdict.predictions.items():
        writer.write_predictions(split, predicted.to_csv())
        evaluations[split] = compute_metrics(predicted)
    interrupted = any(result.reason == staging.INTERRUPTED for result in results)
    manifest = {
        "name": writer.target.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "interrupted": interrupted,
        "seed": config.seed,
        "versions": package_versions(),
        "machine": machine(),
        "git_commit": git_commit(),
        "data": describe(images),
        "features": inputs.to_json(),
        "stages": [asdict(result) for result in results],
        "timings": {
            "decode_seconds": prepared - began,
            "train_seconds": trained - began,
            "total_seconds": time.perf_counter() - began,
        },
        "skipped": [
            {"path": str(item.path), "split": item.split, "reason": item.reason} for item in skipped
        ],
        "model": {
            **hashes,
            "bytes": (writer.path / MODEL).stat().st_size,
            "params": model.count_params(),
            "trainable_params": max(result.trainable_params for result in results),
            "ms_per_image": milliseconds(forward, config.image_size),
            "engine": forward.engine,
        },
        "calibration": verdict.calibration.to_json(),
        "evaluations": {split: item.to_json() for split, item in evaluations.items()},
    }
    run = writer.publish(manifest)
    return TrainingResult(run, evaluations, tuple(skipped), interrupted)


def _save_for_inference(
    model: Any, config: TrainConfig, class_count: int, writer: RunWriter
) -> dict[str, str]:
    """Save the network for Keras, and for ONNX Runtime where it works; return their hashes."""
    if model.compiled:
        # Saved without the optimiser, it is a third of the size.
        fresh = build(config, class_count, pretrained=False)
        fresh.set_weights(model.get_weights())
        model = fresh
    model.save(writer.path / MODEL)
    hashes = {"sha256": file_digest(writer.path / MODEL)}
    if onnx_works():
        from tl_catdog.models.graph import inference_graph

        assert config.image_size is not None
        graph = inference_graph(config.arch, weights_of(model), config.image_size)
        hashes["onnx_sha256"] = writer.write_bytes(ONNX, graph)
    return hashes


def _forward(model: Any, writer: RunWriter) -> Forward:
    """Return the forward pass that the run's users will get."""
    graph = writer.path / ONNX
    if graph.exists():
        return OnnxForward(graph.read_bytes())
    from tl_catdog.models.head import with_features

    return KerasForward(with_features(model))
