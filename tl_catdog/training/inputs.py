"""What each stage is trained on: decoded pictures, or what a frozen part made of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.data.batches import Samples, Skipped, decode_all, usable
from tl_catdog.data.examples import Example, PictureSet
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.images import attempt
from tl_catdog.data.parallel import in_order
from tl_catdog.errors import CatdogError, PictureError
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.cache import open_store
from tl_catdog.features.extraction import extract
from tl_catdog.features.views import Views, views_of
from tl_catdog.models.layout import POOLING
from tl_catdog.training.observer import Observer
from tl_catdog.training.stages import Stage


@dataclass
class Inputs:
    """The samples of each cut and split; the cut None stands for the pictures themselves."""

    config: TrainConfig
    table: dict[tuple[str | None, str], Samples] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)

    def holds(self, cut: str | None, split: str) -> bool:
        """Return whether there are samples of a split at a cut."""
        return (cut, split) in self.table

    def samples(self, cut: str | None, split: str) -> Samples:
        """Return the samples of a split at a cut."""
        return self.table[cut, split]

    def augmenter(self, cut: str | None, seed: int) -> Any:
        """Return what varies training pictures anew in every epoch, or None above a cut."""
        if cut is not None:
            return None
        from tl_catdog.data.augment import Augmenter

        assert self.config.image_size is not None
        return Augmenter(str(self.config.augment), self.config.image_size, seed)

    def to_json(self) -> Mapping[str, Any] | None:
        """Return what a manifest says of features: engine, views, how many were known, seconds."""
        return self.summary or None

    def add(self, cut: str | None, split: str, samples: Samples, where: PictureSet) -> None:
        """Take the samples of a split.

        Raises:
            CatdogError: Pictures can't be read and ``strict`` is set, or a class has none left.
        """
        refuse_if_strict(samples.skipped, self.config)
        usable(samples, where.classes, f"the {split} pictures of {where.root}")
        self.table[cut, split] = samples
        self.skipped.extend(item for item in samples.skipped if item not in self.skipped)


def prepare_inputs(
    config: TrainConfig,
    pictures: PictureSet,
    stages: Sequence[Stage],
    whole: Callable[[], Any],
    observer: Observer,
) -> Inputs:
    """Decode pictures and compute features for all stages.

    Args:
        config: Resolved settings.
        pictures: Labelled pictures with the splits ``train`` and ``validation``.
        stages: What will be trained.
        whole: Makes the Keras network.
        observer: Hears of the progress.

    Raises:
        CatdogError: Pictures can't be read and ``strict`` is set, or a class has none left; the
            backbone's weights can't be loaded; there is no room on the disk.
    """
    inputs = Inputs(config)
    cuts = [stage.cut for stage in stages if stage.cut is not None]
    if cuts:
        _extract_all(inputs, cuts, pictures, whole, observer)
    if any(stage.cut is None for stage in stages):
        _decode_all(inputs, pictures, observer)
    if config.strict and TEST in pictures.splits and not inputs.holds(POOLING, TEST):
        # Before the training rather than after it.
        refuse_if_strict(_unreadable(pictures.split(TEST)), config)
    return inputs


def _extract_all(
    inputs: Inputs,
    cuts: Sequence[str],
    pictures: PictureSet,
    whole: Callable[[], Any],
    observer: Observer,
) -> None:
    config = inputs.config
    began = time.perf_counter()
    views = views_of(config, len(pictures.split(TRAIN)))
    backbone = frozen_backbone(config, cuts, whole)
    known = 0
    with open_store(config) as store:
        for split in (TRAIN, VALIDATION, TEST):
            # A fine-tuned network has another look at the test pictures, as a whole.
            if split not in pictures.splits or (split == TEST and config.finetune):
                continue
            features = extract(
                backbone,
                pictures.split(split),
                views if split == TRAIN else Views(),
                store=store,
                progress=partial(observer.extracting, split),
            )
            known += features.known
            for cut, samples in features.at.items():
                inputs.add(cut, split, samples, pictures)
    inputs.summary = {
        "engine": backbone.engine,
        "cuts": list(cuts),
        "views": views.count,
        "pictures_from_cache": known,
        "seconds": time.perf_counter() - began,
    }


def _decode_all(inputs: Inputs, pictures: PictureSet, observer: Observer) -> None:
    runtime.start()
    from tl_catdog.data.augment import decode_size

    config = inputs.config
    assert config.image_size is not None
    larger = decode_size(str(config.augment), config.image_size)
    for split, size in ((TRAIN, larger), (VALIDATION, config.image_size)):
        progress = partial(observer.decoding, split)
        samples = decode_all(pictures.split(split), size, cache=config.cache, progress=progress)
        inputs.add(None, split, samples, pictures)


def _unreadable(examples: Sequence[Example]) -> list[Skipped]:
    results = in_order(lambda example: attempt(example.path, 32), examples)
    return [
        Skipped(example.path, example.split, result.message)
        for example, result in zip(examples, results, strict=True)
        if isinstance(result, PictureError)
    ]


def refuse_if_strict(skipped: Sequence[Skipped], config: TrainConfig) -> None:
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
