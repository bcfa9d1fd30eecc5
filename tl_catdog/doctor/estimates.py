"""What the usual commands take here with the pictures at hand: what was measured, times counts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tl_catdog.config import TrainConfig
from tl_catdog.data.array_store import MEMORY_LIMIT
from tl_catdog.data.folders import SPLITS, TEST, TRAIN, UNSPLIT, VALIDATION, ImageFolder
from tl_catdog.defaults import HELD_OUT
from tl_catdog.doctor.dry_run import DryRun
from tl_catdog.features.views import views_of
from tl_catdog.models.layout import POOLING
from tl_catdog.training.stages import LINEAR, stages_of
from tl_catdog.wording import count

BASELINE = TrainConfig(arch="baseline")
MOBILENET = TrainConfig(arch="mobilenet")
TUNED = TrainConfig(arch="mobilenet", finetune=True)

ASSUMED = 2000
"""Pictures to estimate for where there are none."""

SPREAD, MEMORY_SPREAD = (0.75, 1.35), (0.7, 1.1)
"""The ends of an estimate, as parts of what was computed: the machine's other work, its heat, and
pictures unlike the sample make that much. Memory was measured in a process that trained twice."""

AN_IMAGE = 1000
"""Bytes of memory for a picture's path, name and hash."""

STORED = 1.05
"""Bytes that the feature cache takes for a byte of features."""

FIRST_TIME, CACHED = "first time", "features cached"


@dataclass(frozen=True)
class Estimate:
    """What a command takes here: seconds and bytes of memory from, to; bytes on the disk."""

    command: str
    case: str
    seconds: tuple[float, float]
    memory: tuple[float, float]
    disk: float

    def to_json(self) -> dict[str, Any]:
        """Return the estimate for ``--json``."""
        return asdict(self)


def counts_of(folder: ImageFolder | None) -> dict[str, int]:
    """Return how many pictures each split has, as ``train`` would split a folder."""
    if folder is None:
        sizes = {UNSPLIT: ASSUMED}
    else:
        sizes = {split: len(images) for split, images in folder.splits.items()}
    if VALIDATION not in sizes:
        total = sizes.get(UNSPLIT, sizes.get(TRAIN, 0))
        sizes[VALIDATION] = round(HELD_OUT * total)
        sizes[TRAIN] = total - sizes[VALIDATION]
    return {split: sizes.get(split, 0) for split in SPLITS}


def counts_sentence(counts: Mapping[str, int]) -> str:
    """Return for people how many pictures there are for what."""
    uses = {TRAIN: "pictures to train on", VALIDATION: "to validate on", TEST: "to test on"}
    return ", ".join(f"{count(counts[name])} {use}" for name, use in uses.items() if counts[name])


def estimates(
    counts: Mapping[str, int],
    cost: Mapping[str, float],
    memory: float,
    runs: Mapping[str, DryRun],
) -> tuple[Estimate, ...]:
    """Return what the usual commands take.

    Args:
        counts: Split → pictures.
        cost: Seconds to ``start`` Python, to ``hash`` a picture, to ``load`` a classifier, to
            ``predict`` a picture with it, and to start ``TensorFlow``.
        memory: Bytes of memory without TensorFlow.
        runs: The dry run of each architecture, fine-tuning included.
    """
    known = (counts, cost, runs)
    predicting = cost["start"] + cost["load"] + cost["predict"] * sum(counts.values())
    return (
        _training("mobilenet", FIRST_TIME, MOBILENET, *known),
        _training("mobilenet", CACHED, MOBILENET, *known),
        _training("mobilenet --finetune", FIRST_TIME, TUNED, *known),
        _training("baseline", "", BASELINE, *known),
        _estimate("tl-catdog predict DIR", "", predicting, memory),
    )


def _training(
    words: str,
    case: str,
    settings: TrainConfig,
    counts: Mapping[str, int],
    cost: Mapping[str, float],
    runs: Mapping[str, DryRun],
) -> Estimate:
    config = settings.resolved(max(1, counts[TRAIN]))
    run, stages = runs[config.arch], stages_of(config)
    layers = {stage.feature_layer for stage in stages}
    views = 1 if None in layers else views_of(config, counts[TRAIN]).count
    head_only, answered = layers == {POOLING}, counts[VALIDATION] + counts[TEST]
    # A head alone predicts from features too, so those of test pictures are computed ahead.
    read = {TRAIN: counts[TRAIN], VALIDATION: answered if head_only else counts[VALIDATION]}
    work = Counter({"rest": 1, "predict": 0 if head_only else answered})
    for split, number in read.items() if case != CACHED else ():
        # A dry run takes mirror images of its training pictures, which large sets go without.
        plain = views == 1 and None not in layers
        unit = f"read {VALIDATION if plain else split}"
        in_integers = f"head {unit}"
        work[in_integers if head_only and in_integers in run.cost else unit] += number
    for stage in stages:
        work[f"{stage.name} start"] = 1
        if stage.name == LINEAR:
            continue
        work[f"{stage.name} step"] = stage.epochs * math.ceil(counts[TRAIN] / config.batch_size)
        work[f"{stage.name} validation"] = stage.epochs * counts[VALIDATION]
    seconds = cost["start"] + cost["load"] + cost["TensorFlow"]
    seconds += cost["hash"] * sum(counts.values())
    seconds += sum(run.cost[unit] * number for unit, number in work.items())
    rows = {TRAIN: views * read[TRAIN], VALIDATION: read[VALIDATION]}
    sizes = {place: size * rows[place[1]] for place, size in run.row_bytes.items()}
    sizes = {place: size for place, size in sizes.items() if place[0] in layers}
    waiting = sum(size for size in sizes.values() if size > MEMORY_LIMIT)
    held = sum(sizes.values()) - waiting + AN_IMAGE * sum(counts.values())
    cached = STORED * sum(size for (layer, _), size in sizes.items() if layer is not None)
    disk = waiting + min(cached, 1e9 * config.cache_size)
    return _estimate(f"tl-catdog train --arch {words}", case, seconds, run.memory, held, disk)


def _estimate(
    command: str, case: str, seconds: float, memory: float, held: float = 0.0, disk: float = 0.0
) -> Estimate:
    """Return the ranges around what was computed; ``held`` grows with the pictures."""
    (low, high), (least, most) = SPREAD, MEMORY_SPREAD
    times, sizes = (low * seconds, high * seconds), (least * memory + held, most * memory + held)
    return Estimate(command, case, times, sizes, disk)
