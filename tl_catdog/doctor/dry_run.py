"""A short real training on a sample of the pictures: does it work, and what does each part take?

It goes through the functions that ``tl-catdog train`` and ``tl-catdog predict`` go through.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tl_catdog import runtime
from tl_catdog.config import INT8, ResolvedConfig
from tl_catdog.data.batches import Samples
from tl_catdog.data.digest import file_digests
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TRAIN, VALIDATION, ImageFolder, images_below
from tl_catdog.doctor.check import FAILED, OK, WARNING, Check, reason
from tl_catdog.doctor.stopwatch import Stopwatch
from tl_catdog.drawings import draw_set
from tl_catdog.errors import CatdogError
from tl_catdog.models.engine import KerasForward, OnnxForward, onnx_works
from tl_catdog.models.precision import precision_of
from tl_catdog.models.weights import weights_of
from tl_catdog.runs.writer import RunWriter
from tl_catdog.training.final_predictions import predict_splits
from tl_catdog.training.inputs import Inputs, prepare_inputs
from tl_catdog.training.stages import FINETUNE, FROZEN, INTERRUPTED, LINEAR, SCRATCH, stages_of

TRAINED, VALIDATED = 40, 24
"""Pictures of a sample."""

DRAWN, DRAWN_SIZE = 8, 400
"""Fewer, where there are no pictures: to draw one takes longer than to decode it."""

CLASSES = ("cat", "dog")
CLOSE = 1e-4
"""How far the probabilities of ONNX Runtime and of Keras may be apart."""

REINSTALL = "Type: pip install --upgrade --force-reinstall tl-catdog"


class Amount(NamedTuple):
    """Pictures of an epoch, for which the sample is taken over and over; and epochs, 2 or more."""

    train: int
    validation: int
    epochs: int = 3


WORK = {
    FROZEN: Amount(1024, 1024),
    SCRATCH: Amount(256, 128),
    FINETUNE: Amount(96, 64),
}
"""Enough of each stage to time it, and little enough for a few seconds."""


def sample_paths(folder: ImageFolder | None, scratch: Path) -> list[Path]:
    """Return some pictures from all over a folder; without one, some are drawn into ``scratch``."""
    if folder is None:
        draw_set(scratch / "set", counts={TRAIN: DRAWN // 2}, size=DRAWN_SIZE, workers=1)
        return list(images_below(scratch / "set"))
    paths = [image.path for images in folder.splits.values() for image in images]
    return paths[:: math.ceil(len(paths) / (TRAINED + VALIDATED))]


def sample_set(paths: Sequence[Path]) -> ImageSet:
    """Return these pictures, over and over, half of them as cats whatever they show."""
    splits = [TRAIN] * TRAINED + [VALIDATION] * VALIDATED
    digests = dict(zip(paths, file_digests(paths), strict=True))
    taken = zip(cycle(paths), cycle(CLASSES), splits, strict=False)
    examples = (
        Example(path, path.name, label, split, digests[path]) for path, label, split in taken
    )
    return ImageSet(Path(), "sample", CLASSES, tuple(examples))


@dataclass(frozen=True)
class DryRun:
    """What a dry run found.

    Attributes:
        arch: The architecture.
        cost: Seconds of each unit of work, see ``Stopwatch.costs``, and to ``predict`` a picture.
        row_bytes: (feature layer, split) → bytes of one view's features, or of a decoded picture.
        memory: The most bytes of memory.
        difference: The largest difference of ONNX Runtime's probabilities from those of Keras;
            None where it doesn't work.
    """

    arch: str
    cost: Mapping[str, float]
    row_bytes: Mapping[tuple[str | None, str], int] = field(default_factory=dict)
    memory: float = 0.0
    difference: float | None = None

    def check(self) -> Check:
        """Return the line of the check-up."""
        name = f"dry run {self.arch}"
        steps = [1000 * cost for unit, cost in self.cost.items() if unit.endswith(" step")]
        detail = f"trained: {' + '.join(f'{step:.0f}' for step in steps)} ms a step"
        if self.difference is None:
            slow = f"{detail}; without ONNX Runtime, predictions take longer"
            return Check(name, WARNING, slow, "Type: pip install --upgrade onnx onnxruntime")
        detail += f", ONNX {self.difference:.0e} from Keras"
        if self.difference > CLOSE:
            hint = "Type: pip install --upgrade --force-reinstall onnx onnxruntime tensorflow"
            return Check(name, FAILED, f"{detail}, more than {CLOSE:.0e}", hint)
        return Check(name, OK, detail)


def dry_run(
    config: ResolvedConfig, images: ImageSet, scratch: Path, work: Mapping[str, Amount] = WORK
) -> DryRun:
    """Train each stage for some short epochs, predict, and compare ONNX Runtime with Keras.

    Args:
        config: Names the architecture, the size of its pictures, and whether to fine-tune.
        images: A sample, with the splits ``train`` and ``validation``.
        scratch: A folder to write to.
        work: How much of each stage to train.

    Raises:
        CatdogError: A part of it failed; the message says which.
        KeyboardInterrupt: It was interrupted.
    """
    watch = Stopwatch()
    config = replace(config, cache_size=0.0)  # the feature cache is for the user's own trainings
    with _naming_what_fails(watch):
        runtime.make_deterministic(config.seed)
        inputs = prepare_inputs(config, images, stages_of(config), watch)
        from tl_catdog.training.fit import fit_stages

        with RunWriter(scratch, config.arch) as writer:
            fitted = fit_stages(config, _shortened(inputs, work), writer, watch)
        model = fitted.model
        if any(result.reason == INTERRUPTED for result in fitted.results):
            raise KeyboardInterrupt  # a training goes on with what it has; here nobody wants it
        watch.doing = "predicting"
        from tl_catdog.models.graph import inference_graph
        from tl_catdog.models.head import with_features

        keras, onnx = KerasForward(with_features(model)), None
        if onnx_works():
            graph = inference_graph(config.arch, weights_of(model), config.image_size)
            onnx = OnnxForward(graph)
        cost = watch.costs({stage: amount.validation for stage, amount in work.items()})
        for _ in range(2):  # the first time pays for starting up
            began = time.perf_counter()
            predict_splits(model, onnx or keras, None, images, watch)
        cost["predict"] = (time.perf_counter() - began) / len(images.split(VALIDATION))
        watch.doing = "comparing ONNX Runtime with Keras"
        shape = (8, config.image_size, config.image_size, 3)
        noise = np.random.default_rng(config.seed).integers(0, 256, shape)
        difference = float(np.abs(onnx(noise)[0] - keras(noise)[0]).max()) if onnx else None
        watch.doing = "reading pictures for a head alone"
        cost |= _in_integers(config, images)
    row_bytes = {
        place: math.prod(samples.rows.shape[1:]) * samples.rows.dtype.itemsize
        for place, samples in inputs.table.items()
    }
    return DryRun(config.arch, cost, row_bytes, watch.memory, difference)


def _in_integers(config: ResolvedConfig, images: ImageSet) -> dict[str, float]:
    """Return what a picture takes where a head alone is trained, if its features are in int8."""
    alone = replace(config, finetune=False)
    if precision_of(alone) != INT8:
        return {}
    watch = Stopwatch()
    prepare_inputs(alone, images, stages_of(alone), watch)
    return {
        f"head {unit}": seconds
        for unit, seconds in watch.costs({}).items()
        if unit.startswith("read ")
    }


@contextlib.contextmanager
def _naming_what_fails(watch: Stopwatch) -> Iterator[None]:
    try:
        yield
    except CatdogError as error:
        raise CatdogError(f"{watch.doing}: {error.message}", error.hint) from error
    except Exception as error:
        raise CatdogError(f"{watch.doing} failed: {reason(error)}", REINSTALL) from error


def _shortened(inputs: Inputs, work: Mapping[str, Amount]) -> Inputs:
    """Return the inputs with as many epochs and pictures as they are to take."""
    trained = [stage for stage in inputs.stages if stage.name != LINEAR]
    short = {stage.name: replace(stage, epochs=work[stage.name].epochs) for stage in trained}
    stages = tuple(short.get(stage.name, stage) for stage in inputs.stages)
    table = {}
    for stage in trained:
        for split in (TRAIN, VALIDATION):
            samples = inputs.samples(stage.feature_layer, split)
            number = getattr(work[stage.name], split)
            chosen = np.arange(number) % len(samples.examples)
            examples = [samples.examples[index] for index in chosen]
            positions = samples.positions[chosen].tolist()
            table[stage.feature_layer, split] = Samples(
                examples, (), samples.rows, samples.views, positions
            )
    return replace(inputs, stages=stages, table=table)
