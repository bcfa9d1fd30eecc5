"""A run's answers from features that a batch extracted: its head computes, no picture is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tl_catdog.architectures import BASELINE
from tl_catdog.data.batches import Skipped
from tl_catdog.data.packed import Example, taken
from tl_catdog.data.parallel import Progress, chunks
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.extracted import Found, in_parts
from tl_catdog.features.extracted_plan import Extracted, hold, require_mirror
from tl_catdog.features.linear_probe import backbone_of
from tl_catdog.models.build import build
from tl_catdog.models.engine import Forward
from tl_catdog.models.layout import POOLING
from tl_catdog.prediction.networks import head_of_run
from tl_catdog.prediction.predictor import TOGETHER, Predictor, SplitResult, to_predictions
from tl_catdog.runs.folder import Run

SAME = 1e-4
"""By how much a run's features of a picture may differ from its frozen backbone's, times the
greatest there is: a hundred times what rounding does, and far less than fine-tuning."""


def hold_to_run(batch: Extracted, run: Run, predictor: Predictor) -> None:
    """Make sure that features are those that go into a run's head.

    What its description says is held to what the batch says, then its network is tried: it has to
    make of a picture what the frozen backbone makes of it. A fine-tuned one doesn't.

    Raises:
        UsageError: They are others; the message says what differs first.
        CatdogError: The backbone's weights can't be loaded.
    """
    if run.config["arch"] == BASELINE:
        raise _other(run, "found that its network was trained as a whole", batch)
    config = replace(backbone_of(run), features=None)
    backbone = frozen_backbone(config, (POOLING,), lambda: build(config, len(run.classes)))
    try:
        hold(batch, backbone)
    except UsageError as error:
        error.hint = (
            f"Extract what it takes: tl-catdog batch features SOURCE --out OTHER --arch "
            f"{config.arch} --image-size {config.image_size} --compute {config.compute}; or name "
            f"the pictures: tl-catdog evaluate {run.typed} --data DIR"
        )
        raise
    size = predictor.image_size
    noise = np.random.default_rng(0).integers(0, 256, (1, size, size, 3)).astype(np.float32)
    outputs, (frozen,) = predictor.forward(noise), backbone.load()(noise)
    if len(outputs) < 2:
        raise _other(run, "found an older network, which doesn't give its features", batch)
    if outputs[1].shape != frozen.shape or not (
        np.abs(outputs[1] - frozen).max() <= SAME * np.abs(frozen).max()
    ):
        raise _other(run, "found that its backbone was fine-tuned, so makes others", batch)


def _other(run: Run, found: str, batch: Extracted) -> UsageError:
    return UsageError(
        f"expected a run whose frozen backbone gives features such as {batch.place} has, {found}: "
        f"{run.name}.",
        f"Name the pictures: tl-catdog evaluate {run.typed} --data DIR",
    )


def predict_extracted(
    run: Run,
    predictor: Predictor,
    batch: Extracted,
    examples: Sequence[Example],
    progress: Progress | None = None,
) -> SplitResult:
    """Predict labelled pictures by their features.

    Where the batch's engine is the one here, the figures are those of ``predict_examples`` on the
    pictures, to the bit: the head's part of the run's own graph computes, picture by picture.
    Memory is that of one part, and of the answers.

    Args:
        run: Whose head answers.
        predictor: The same run's; the views that it averages over have to be in the batch.
        batch: The features.
        examples: The pictures, of the run's classes.
        progress: Called with (done, total), numbers of pictures.

    Raises:
        UsageError: The features are others than the run's backbone gives, or lack mirror images.
        CatdogError: None of them could be read; the batch is damaged, or lacks one.
    """
    if len(predictor.views) > 1:
        require_mirror(batch, "--tta")
    hold_to_run(batch, run, predictor)
    said = _Said(predictor, head_of_run(run), len(examples))
    done = 0
    for part in in_parts(batch, examples, predictor.views):
        for place, found in part:
            said.add(place, found)
        done += len(part)
        if progress is not None and part:
            progress(done, len(examples))
    said.finish()
    good = np.flatnonzero(said.there)
    skipped = tuple(
        Skipped(examples[place].path, examples[place].split, said.errors[place])
        for place in sorted(said.errors)
    )
    if not len(good):
        raise CatdogError(
            f"expected pictures that could be read, found none among {len(examples)} in "
            f"{batch.place}; for one, {skipped[0].path}: {skipped[0].reason}.",
            "Name another batch: --features DEST",
        )
    kept = taken(examples, good)
    answers = to_predictions(predictor.classes, kept, said.probabilities[good])
    if predictor.feature_bank is not None:
        answers = replace(answers, novelty=said.novelty[good])
    return SplitResult(answers, skipped)


class _Said:
    """What a run says of pictures, as their features come.

    Args:
        predictor: The run's.
        head: Its head alone.
        count: N, how many pictures there are.

    Attributes:
        probabilities: (N, C).
        novelty: (N,).
        there: Which pictures there is an answer for, (N,).
        errors: Why there is none, by the pictures' places.
    """

    def __init__(self, predictor: Predictor, head: Forward, count: int) -> None:
        self.probabilities = np.zeros((count, len(predictor.classes)))
        self.novelty = np.zeros(count)
        self.there = np.zeros(count, np.bool_)
        self.errors: dict[int, str] = {}
        self._predictor, self._head = predictor, head
        self._waiting: list[tuple[int, Found]] = []

    def add(self, place: int, found: Found) -> None:
        """Take the features of the picture at a place, (V, F), or why it has none."""
        self._waiting.append((place, found))
        # As many at once as where there are pictures: the last bits of novelties hang on it.
        if len(self._waiting) == TOGETHER:
            self.finish()

    def finish(self) -> None:
        """Answer for those that wait."""
        self.errors |= {place: found for place, found in self._waiting if isinstance(found, str)}
        good = [(place, found) for place, found in self._waiting if not isinstance(found, str)]
        self._waiting = []
        rows = [row for _, row in good]
        outputs: list[npt.NDArray[np.float32]] = []
        for some in chunks(rows, self._head.batch):
            outputs += np.split(self._head(np.concatenate(some))[0], len(some))
        answers = self._predictor.answers_of(list(zip(outputs, rows, strict=True)))
        for (place, _), answer in zip(good, answers, strict=True):
            self.there[place] = True
            self.probabilities[place] = list((answer.probabilities or {}).values())
            self.novelty[place] = answer.novelty or 0.0
