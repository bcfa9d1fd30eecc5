"""What each stage is trained on: decoded pictures, or the features of a frozen part."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tl_catdog import runtime
from tl_catdog.config import ResolvedConfig
from tl_catdog.data.batches import Samples, Skipped, decode_all, require_every_class
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.images import try_decode
from tl_catdog.data.parallel import map_threaded
from tl_catdog.errors import CatdogError, ImageError
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.extracted import features_of
from tl_catdog.features.extracted_plan import open_extracted
from tl_catdog.features.views import Views, views_of
from tl_catdog.models.layout import POOLING
from tl_catdog.training.observer import Observer
from tl_catdog.training.stages import Stage
from tl_catdog.training.start import Start, begin_network


@dataclass
class Inputs:
    """What the stages are trained on: the samples of each feature layer and split.

    Attributes:
        config: The settings.
        images: The pictures that the samples are of.
        stages: What is trained on them.
        start: The weights that the network begins with, where they are another run's.
        table: (feature layer, split) → samples; the layer None stands for the pictures themselves.
        skipped: Pictures that can't be read.
        summary: See ``to_json``.
    """

    config: ResolvedConfig
    images: ImageSet
    stages: tuple[Stage, ...]
    start: Start | None = None
    table: dict[tuple[str | None, str], Samples] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)

    def holds(self, feature_layer: str | None, split: str) -> bool:
        """Return whether there are samples of a split at a feature layer."""
        return (feature_layer, split) in self.table

    def samples(self, feature_layer: str | None, split: str) -> Samples:
        """Return the samples of a split at a feature layer."""
        return self.table[feature_layer, split]

    def augmenter(self, feature_layer: str | None, seed: int) -> Any:
        """Return what varies pictures anew in every epoch; None for features, which don't vary."""
        if feature_layer is not None:
            return None
        from tl_catdog.data.augment import Augmenter

        return Augmenter(self.config.augment, self.config.image_size, seed)

    def to_json(self) -> Mapping[str, Any] | None:
        """Return what a manifest says of features: engine, layers, views, how many were cached."""
        return self.summary or None

    def add(self, feature_layer: str | None, split: str, samples: Samples) -> None:
        """Take the samples of a split.

        Raises:
            CatdogError: Pictures can't be read and ``strict`` is set, or a class has none left.
        """
        refuse_if_strict(samples.skipped, self.config)
        images = self.images
        counts = images.counts()[split]  # a validation split may lack a class from the start
        there = tuple(label for label in images.classes if counts[label])
        require_every_class(samples, there, f"the {split} pictures of {images.root}")
        self.table[feature_layer, split] = samples
        self.skipped = list(dict.fromkeys((*self.skipped, *samples.skipped)))


def prepare_inputs(
    config: ResolvedConfig,
    images: ImageSet,
    stages: tuple[Stage, ...],
    observer: Observer,
    start: Start | None = None,
) -> Inputs:
    """Decode pictures and compute features for all stages.

    Args:
        config: Resolved settings.
        images: Labelled pictures with the splits ``train`` and ``validation``.
        stages: What will be trained.
        observer: Called as pictures are decoded and features extracted.
        start: Another run's weights, if the network begins with them.

    Raises:
        CatdogError: Pictures can't be read and ``strict`` is set, or a class has none left; the
            backbone's weights can't be loaded; there is no room on the disk.
    """
    inputs = Inputs(config, images, stages, start)
    layers = [stage.feature_layer for stage in stages if stage.feature_layer is not None]
    feature_layers = list(dict.fromkeys(layers))
    if feature_layers:
        _extract_all(inputs, feature_layers, observer)
    if any(stage.feature_layer is None for stage in stages):
        _decode_all(inputs, observer)
    if config.strict and TEST in images.splits and not inputs.holds(POOLING, TEST):
        # Before the training rather than after it.
        refuse_if_strict(_unreadable(images.split(TEST)), config)
    return inputs


def _extract_all(inputs: Inputs, feature_layers: Sequence[str], observer: Observer) -> None:
    config, images = inputs.config, inputs.images
    began = time.perf_counter()
    views = views_of(config, len(images.split(TRAIN)))
    start = inputs.start
    backbone = frozen_backbone(
        config,
        feature_layers,
        lambda: begin_network(config, len(images.classes), start),
        None if start is None else start.backbone,
    )
    cached, seen = 0, views.count
    # A fine-tuned network has another look at the test pictures, as a whole.
    splits = (TRAIN, VALIDATION) if config.finetune else (TRAIN, VALIDATION, TEST)
    asked = {
        split: (images.split(split), views if split == TRAIN else Views())
        for split in splits
        if split in images.splits
    }

    def told(split: str, done: int, total: int, known: int) -> None:
        # A batch's are read, not cached.
        observer.extracting(split, done, total, known if config.features is None else 0)

    for split, features in features_of(config, backbone, asked, told):
        cached += features.cached
        for feature_layer, samples in features.samples.items():
            inputs.add(feature_layer, split, samples)
            seen = samples.views if split == TRAIN else seen
    inputs.summary = {
        "engine": backbone.engine,
        "compute": backbone.precision,
        "cuts": list(feature_layers),
        "views": seen,
        "pictures_from_cache": cached,
        "seconds": time.perf_counter() - began,
    }
    if config.features is not None:
        inputs.summary["extracted"] = open_extracted(config.features).to_json()
        inputs.summary["pictures_from_cache"] = 0


def _decode_all(inputs: Inputs, observer: Observer) -> None:
    runtime.start()
    from tl_catdog.data.augment import decode_size

    config, images = inputs.config, inputs.images
    larger = decode_size(config.augment, config.image_size)
    for split, size in ((TRAIN, larger), (VALIDATION, config.image_size)):
        progress = partial(observer.decoding, split)
        samples = decode_all(images.split(split), size, cache=config.cache, progress=progress)
        inputs.add(None, split, samples)


def _unreadable(examples: Sequence[Example]) -> list[Skipped]:
    results = map_threaded(lambda example: try_decode(example.source, 32), examples)
    return [
        Skipped(example.path, example.split, result.message)
        for example, result in zip(examples, results, strict=True)
        if isinstance(result, ImageError)
    ]


def refuse_if_strict(skipped: Sequence[Skipped], config: ResolvedConfig) -> None:
    """Stop at pictures that can't be read, if the settings say so.

    Raises:
        CatdogError: ``strict`` is set and there are some.
    """
    if config.strict and skipped:
        first = skipped[0]
        more = f" and {len(skipped) - 1} more" if len(skipped) > 1 else ""
        raise CatdogError(
            f"expected every picture to be readable (--strict), found {first.path}{more}: "
            f"{first.reason}.",
            "Remove it, or train without --strict to skip it.",
        )
