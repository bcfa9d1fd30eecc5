"""From a picture set to a run folder: decode, build, train each stage, predict, save."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.data.digest import file_digest
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.pipeline import (
    DecodedPictures,
    Skipped,
    evaluation_batches,
    training_batches,
    usable,
)
from tl_catdog.data.sets import PictureSet, to_csv
from tl_catdog.errors import CatdogError
from tl_catdog.evaluation.metrics import Evaluation, evaluate
from tl_catdog.evaluation.predictor import Predictor, predict_examples
from tl_catdog.runs import MODEL, Run, RunWriter
from tl_catdog.training.manifest import describe, git_commit, machine, versions
from tl_catdog.training.observer import Observer


@dataclass(frozen=True)
class TrainingResult:
    """A finished run with its figures on each split but ``train``."""

    run: Run
    evaluations: Mapping[str, Evaluation]
    skipped: tuple[Skipped, ...]
    interrupted: bool


def train(
    config: TrainConfig, pictures: PictureSet, writer: RunWriter, observer: Observer | None = None
) -> TrainingResult:
    """Train a network and publish its run.

    The same settings, pictures and seed give the same weights, bit for bit, on the same machine.

    Args:
        config: The settings; what they leave open is filled with the architecture's defaults.
        pictures: Labelled pictures with the splits ``train`` and ``validation``.
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
    runtime.make_deterministic(config.seed)
    from tl_catdog.data.augment import Augmenter, decode_size
    from tl_catdog.training import stages as staging

    assert config.image_size is not None
    size = config.image_size
    larger = decode_size(str(config.augment), size)
    decoded = {
        TRAIN: _decode(pictures, TRAIN, larger, config, observer),
        VALIDATION: _decode(pictures, VALIDATION, size, config, observer),
    }
    if config.strict and TEST in pictures.splits:
        # Before the training rather than after it.
        del _decode(pictures, TEST, size, config, observer).pixels
    skipped = [item for split in decoded.values() for item in split.skipped]
    decode_seconds = time.perf_counter() - began
    writer.write_config(asdict(config))
    writer.write_split(to_csv(pictures))

    model = build(config, len(pictures.classes))
    best = staging.Best()
    results: list[staging.StageResult] = []
    steps = math.ceil(len(decoded[TRAIN].examples) / config.batch_size)
    validation = evaluation_batches(decoded[VALIDATION], pictures.classes, batch_size=32)
    for number, stage in enumerate(staging.stages_of(config)):
        # Each stage has a stream of its own, whatever length the one before turned out to have.
        stream = 1000 * config.seed + number
        result = staging.run_stage(
            model,
            config,
            stage,
            training=training_batches(
                decoded[TRAIN],
                pictures.classes,
                batch_size=config.batch_size,
                seed=stream,
                augment=Augmenter(str(config.augment), size, stream),
                class_weights=config.class_weights,
            ),
            steps=steps,
            validation=validation,
            best=best,
            observer=observer,
            record=lambda epoch: writer.append_metrics(epoch.to_json()),
            tensorboard=writer.path / "tensorboard" if config.tensorboard else None,
        )
        results.append(result)
        if result.reason == staging.INTERRUPTED:
            break
    train_seconds = time.perf_counter() - began
    del decoded

    _save_for_inference(model, config, len(pictures.classes), writer)
    predictor = Predictor(model, pictures.classes, size)
    evaluations: dict[str, Evaluation] = {}
    ms_per_image: float | None = None
    for split in (VALIDATION, TEST):
        if split not in pictures.splits:
            continue
        examples = pictures.split(split)
        predicted = predict_examples(predictor, examples, partial(observer.predicting, split))
        writer.write_predictions(split, predicted.predictions.to_csv())
        evaluations[split] = evaluate(predicted.predictions)
        ms_per_image = ms_per_image or predicted.ms_per_image
        if split == TEST:
            skipped.extend(predicted.skipped)
    interrupted = any(result.reason == staging.INTERRUPTED for result in results)
    model_file = writer.path / MODEL
    manifest = {
        "name": writer.target.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "interrupted": interrupted,
        "seed": config.seed,
        "versions": versions(),
        "machine": machine(),
        "git_commit": git_commit(),
        "data": describe(pictures),
        "stages": [asdict(result) for result in results],
        "timings": {
            "decode_seconds": decode_seconds,
            "train_seconds": train_seconds,
            "total_seconds": time.perf_counter() - began,
        },
        "skipped": [
            {"path": str(item.path), "split": item.split, "reason": item.reason} for item in skipped
        ],
        "model": {
            "sha256": file_digest(model_file),
            "bytes": model_file.stat().st_size,
            "params": model.count_params(),
            "trainable_params": max(result.trainable_params for result in results),
            "ms_per_image": ms_per_image,
        },
        "evaluations": {split: item.to_json() for split, item in evaluations.items()},
    }
    run = writer.publish(manifest)
    return TrainingResult(run, evaluations, tuple(skipped), interrupted)


def build(config: TrainConfig, class_count: int, *, pretrained: bool = True) -> Any:
    """Build the network that resolved settings ask for, its backbone's weights loaded or not.

    Raises:
        CatdogError: The backbone's weights can't be loaded.
    """
    runtime.start()
    from tl_catdog.models.baseline import build_baseline
    from tl_catdog.models.mobilenet import build_mobilenet

    assert config.image_size is not None
    shared: dict[str, Any] = {
        "image_size": config.image_size,
        "class_count": class_count,
        "dense_units": config.dense_units,
        "dropout": config.dropout,
    }
    if config.arch == "baseline":
        return build_baseline(**shared)
    return build_mobilenet(
        **shared, backbone_weights=config.backbone_weights if pretrained else None
    )


def _decode(
    pictures: PictureSet, split: str, size: int, config: TrainConfig, observer: Observer
) -> DecodedPictures:
    decoded = DecodedPictures(
        pictures.split(split),
        size,
        cache=config.cache,
        progress=partial(observer.decoding, split),
    )
    _refuse_if_strict(decoded.skipped, config)
    usable(decoded, pictures.classes, f"the {split} pictures of {pictures.root}")
    return decoded


def _refuse_if_strict(skipped: Sequence[Skipped], config: TrainConfig) -> None:
    if config.strict and skipped:
        first = skipped[0]
        more = f" and {len(skipped) - 1} more" if len(skipped) > 1 else ""
        raise CatdogError(
            f"expected every picture to be readable (--strict), found {first.path}{more}: "
            f"{first.reason}.",
            "Remove it, or train without --strict to skip it.",
        )


def _save_for_inference(
    model: Any, config: TrainConfig, class_count: int, writer: RunWriter
) -> None:
    """Save the weights in a fresh network: without the optimiser, a third of the size."""
    fresh = build(config, class_count, pretrained=False)
    fresh.set_weights(model.get_weights())
    fresh.save(writer.path / MODEL)
