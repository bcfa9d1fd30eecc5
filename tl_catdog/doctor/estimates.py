"""What the usual commands take here with the pictures at hand: time, memory, disk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tl_catdog.config import TrainConfig
from tl_catdog.data.array_store import MEMORY_LIMIT
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION, ImageFolder
from tl_catdog.doctor.dry_run import DryRun, StageCost
from tl_catdog.doctor.rates import Rates
from tl_catdog.features.views import views_of
from tl_catdog.models.layout import POOLING, shape_at
from tl_catdog.training.stages import stages_of

BASELINE = TrainConfig(arch="baseline").resolved()
MOBILENET = TrainConfig(arch="mobilenet").resolved()
TUNED = TrainConfig(arch="mobilenet", finetune=True).resolved()

ASSUMED = 2000
"""Pictures to estimate for where there are none."""

SPREAD = (0.75, 1.35)
"""The ends of an estimate, as parts of what was computed: the machine's other work, its heat, and
pictures unlike the sample make that much."""

STEPS = ((15, 1), (60, 5), (180, 10), (3600, 60), (math.inf, 600))
"""What an estimate's ends are rounded to below so many seconds."""

MEMORY_SPREAD = (0.75, 1.15)
"""As ``SPREAD``, for the memory of this process, which has trained both architectures."""

BESIDES = 2.0
"""Seconds to start Python, look through the folder, and save and judge the run."""

OVERSIZE = 3 / 2
"""How much larger the baseline's training pictures are decoded, as in ``data.augment``; a number of
its own, because that module imports TensorFlow."""

AN_IMAGE = 1000
"""Bytes of memory for a picture's path, name and hash."""

A_VECTOR = 5400
"""Bytes of the feature cache for a picture's view: 1,280 numbers with their key."""


@dataclass(frozen=True)
class Counts:
    """How many pictures each split has."""

    train: int
    validation: int
    test: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.train + self.validation + self.test

    @classmethod
    def of(cls, folder: ImageFolder) -> Counts:
        """Count a folder's pictures as ``train`` would split them."""
        sizes = {split: len(images) for split, images in folder.splits.items()}
        test = sizes.get(TEST, 0)
        if VALIDATION in sizes:
            return cls(sizes[TRAIN], sizes[VALIDATION], test)
        parts = cls.split(sizes.get(UNSPLIT, sizes.get(TRAIN, 0)))
        return cls(parts.train, parts.validation, test)

    @classmethod
    def split(cls, total: int) -> Counts:
        """Split so many pictures as ``train`` splits a folder that isn't split."""
        validation = round(MOBILENET.validation_fraction * total)
        return cls(total - validation, validation)


@dataclass(frozen=True)
class Costs:
    """What was measured: all that estimates are made from.

    Attributes:
        rates: Of single pictures.
        start: Seconds to start TensorFlow.
        runs: The dry run of each architecture, fine-tuning included.
        light: Bytes of memory without TensorFlow.
        heavy: Bytes of memory with it and the networks.
    """

    rates: Rates
    start: float
    runs: Mapping[str, DryRun]
    light: float
    heavy: float

    def stage(self, arch: str, name: str) -> StageCost:
        """Return what a stage of training takes."""
        return self.runs[arch].stages[name]


@dataclass(frozen=True)
class Estimate:
    """What a command takes here.

    Attributes:
        command: What to type.
        case: In which case; "" is always.
        seconds: From, to; rounded.
        memory: Bytes from, to.
        disk: Bytes of the feature cache, and of numbers that wait on the disk meanwhile.
    """

    command: str
    case: str
    seconds: tuple[float, float]
    memory: tuple[float, float]
    disk: float

    def to_json(self) -> dict[str, Any]:
        """Return the estimate for ``--json``."""
        return asdict(self)


def decode_sizes() -> tuple[int, ...]:
    """Return the sizes that pictures are decoded to by default, in pixels."""
    return (_size(MOBILENET), _size(BASELINE), _oversize(BASELINE))


def estimates(counts: Counts, costs: Costs) -> tuple[Estimate, ...]:
    """Predict what the usual commands take with so many pictures.

    Args:
        counts: How many pictures.
        costs: What was measured here.
    """
    train = "tl-catdog train --arch"
    predicting = BESIDES + _seen(costs.rates, counts.total)
    return (
        _training(f"{train} mobilenet", MOBILENET, counts, costs),
        _training(f"{train} mobilenet", MOBILENET, counts, costs, known=True),
        _training(f"{train} mobilenet --finetune", TUNED, counts, costs),
        _training(f"{train} baseline", BASELINE, counts, costs),
        Estimate(
            "tl-catdog predict DIR",
            "",
            rounded(predicting),
            _around(costs.light),
            0.0,
        ),
    )


def _training(
    command: str, config: TrainConfig, counts: Counts, costs: Costs, *, known: bool = False
) -> Estimate:
    """Estimate a training; ``known``: with all features in the cache."""
    rates, views = costs.rates, views_of(config, counts.train).count
    judged = counts.validation + counts.test
    seconds = BESIDES + counts.total / rates.digest + costs.start + costs.runs[config.arch].build
    cache = 0.0
    if config.arch == "baseline":
        seconds += counts.train / rates.decode[_oversize(config)]
        seconds += (judged + counts.validation) / rates.decode[_size(config)]
    else:
        ahead = counts.validation if config.finetune else judged
        cache = A_VECTOR * (views * counts.train + ahead)
        seconds += 0 if known else _seen(rates, counts.train, views) + _seen(rates, ahead)
        seconds += _seen(rates, judged) if config.finetune else 0
    for stage in stages_of(config):
        steps = math.ceil(counts.train / config.batch_size)
        cost = costs.stage(config.arch, stage.name)
        seconds += cost.seconds(stage.epochs, steps, counts.validation)
    rows = _rows(config, counts, views)
    cache += sum(size for feature_layer, size in rows if feature_layer not in (None, POOLING))
    held = sum(size for _, size in rows if size <= MEMORY_LIMIT) + AN_IMAGE * counts.total
    return Estimate(
        command,
        "" if config.arch == "baseline" else "features cached" if known else "first time",
        rounded(seconds),
        _around(costs.heavy, held),
        sum(size for _, size in rows if size > MEMORY_LIMIT) + min(cache, 1e9 * config.cache_size),
    )


def _rows(config: TrainConfig, counts: Counts, views: int) -> list[tuple[str | None, float]]:
    """Return the bytes of each array that a training keeps, with the cut that it belongs to."""
    if config.arch == "baseline":
        sides = ((counts.train, _oversize(config)), (counts.validation, _size(config)))
        return [(None, 3.0 * number * side**2) for number, side in sides]
    feature_layers = [
        stage.feature_layer for stage in stages_of(config) if stage.feature_layer is not None
    ]
    tested = 0 if config.finetune else counts.test
    return [
        (
            feature_layer,
            float(
                number
                * math.prod(shape_at(feature_layer, _size(config)))
                * (4 if feature_layer == POOLING else 2)
            ),
        )
        for feature_layer in feature_layers
        for number in (views * counts.train, counts.validation, tested)
    ]


def _around(memory: float, held: float = 0.0) -> tuple[float, float]:
    low, high = (part * memory + held for part in MEMORY_SPREAD)
    return (low, high)


def _seen(rates: Rates, images: int, views: int = 1) -> float:
    """Return the seconds to decode pictures and send their views through the backbone."""
    return images * (1 / rates.decode[_size(MOBILENET)] + views / rates.forward)


def _size(config: TrainConfig) -> int:
    assert config.image_size is not None
    return config.image_size


def _oversize(config: TrainConfig) -> int:
    return round(OVERSIZE * _size(config))


def rounded(seconds: float) -> tuple[float, float]:
    """Return the range around some seconds, its ends rounded outwards to what can be promised."""
    low, high = (part * seconds for part in SPREAD)
    step = next(s for most, s in STEPS if high < most)
    return (math.floor(low / step) * step, math.ceil(high / step) * step)
