"""What heads are worth: each picture judged by a head that saw neither it nor its copies or burst.

Nothing begins at weights that saw what is judged: a fit that ends a little early would remember.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tl_catdog.cores import usable_cores
from tl_catdog.data.parallel import map_threaded
from tl_catdog.features.forecast import JUDGED, Forecast, forecast
from tl_catdog.features.linear_head import SPREAD, STRENGTHS, cautious, usual_temperature
from tl_catdog.prediction.calibration import Calibration, fit_temperature
from tl_catdog.teach.estimate import check_folds
from tl_catdog.teach.heads import COARSE, Floats, Labels, Rows, fit

FOLDS = 5
FIRST = STRENGTHS[2]
"""The C of the first head, and of so few pictures that none can be chosen."""
ENOUGH = 500
"""Checked pictures from which the five heads serve where all are checked: ten do no better."""
TELLING = 40
"""Checked groups from which a forecast is worth its line."""

Parts = list[tuple[Labels, Labels]]


@dataclass(frozen=True)
class Judged:
    """What heads say of labelled pictures that they didn't see.

    Attributes:
        chances: Of the classes, (N, C), from five heads; rows of zeros where none could be trained.
        strength: The C that was chosen by them.
        temperature: What suits their logits.
        said: What the heads that ``estimate.accuracy`` asks for take it for, (N,); of the check
            sample it counts. −1 where none could be trained.
    """

    chances: Floats
    strength: float
    temperature: float
    said: Labels


def grouped_folds(
    labels: Labels, groups: Sequence[str], folds: int = FOLDS, seed: int = 0
) -> Parts:
    """Return the positions each head is trained on, and those that it judges: every picture once.

    Groups stay whole, and each class's groups are dealt out in turn. ``features.folds`` balances
    better, and takes seconds for 10,000 groups.

    Args:
        labels: Class indices, (N,).
        groups: Equal for copies and pictures of one burst, (N,).
        folds: How many heads at most.
        seed: Of the dealing.
    """
    names, first, where = np.unique(np.asarray(groups), return_index=True, return_inverse=True)
    luck = np.random.default_rng(seed).permutation(len(names))
    order = np.lexsort((luck, labels[first]))
    fold = np.empty(len(names), dtype=np.int64)
    fold[order] = np.arange(len(names)) % folds
    of = fold[where]
    parts = [
        (np.flatnonzero(of != number), np.flatnonzero(of == number)) for number in range(folds)
    ]
    return [(some, rest) for some, rest in parts if len(some) and len(rest)]


def judge(
    rows: Rows,
    labels: Labels,
    groups: Sequence[str],
    check: npt.NDArray[np.bool_],
    spread: Floats,
    *,
    classes: int,
    strength: float = FIRST,
    search: bool = True,
) -> Judged:
    """Judge labelled pictures, and choose C by what is said of them.

    Args:
        rows: Of N labelled pictures, (N, F).
        labels: Class indices, (N,), of two classes or more.
        groups: Equal for copies and pictures of one burst, (N,).
        check: Which are of ``choice.check_sample``, (N,).
        spread: The store's.
        classes: C, how many classes there are.
        strength: The C to begin at, one of ``STRENGTHS``.
        search: Whether to look for a better one beside it, and further while that gets better.
    """
    parts = grouped_folds(labels, groups)
    alone = len(parts) < 2 or len(set(groups)) < 2 * FOLDS

    def at(value: float) -> tuple[float, Floats, Calibration]:
        chances = _chances(rows, labels, parts, value, spread, classes)
        found = calibrated(chances, labels, value)
        return cautious(found.log_loss_after, value), chances, found

    tried = {strength: at(strength)}
    if search and not alone:
        place = STRENGTHS.index(strength)
        for step in (-1, 1):
            beside = place + step
            while 0 <= beside < len(STRENGTHS) and STRENGTHS[beside] not in tried:
                tried[STRENGTHS[beside]] = at(STRENGTHS[beside])
                if tried[STRENGTHS[beside]][0] > tried[STRENGTHS[beside - step]][0]:
                    break  # it has one valley
                beside += step
            if min(tried, key=lambda value: tried[value][0]) < strength:
                break  # nor is it on the other side
    best = min(tried, key=lambda value: tried[value][0])
    _, chances, calibration = tried[best]
    if check.all() and len(check) >= ENOUGH:
        checked = chances
    else:
        asked = check_folds(check, groups)
        checked = _chances(rows, labels, asked, best, spread, classes)
    said = np.where(checked.max(axis=1) > 0, checked.argmax(axis=1), -1)
    return Judged(chances, best, calibration.temperature, said)


def calibrated(chances: Floats, labels: Labels, strength: float) -> Calibration:
    """Return the temperature that suits answers, as ``train`` fits it to few pictures."""
    return fit_temperature(chances, labels, usual=usual_temperature(strength), spread=SPREAD)


def gain_of_doubling(
    rows: Rows,
    labels: Labels,
    groups: Sequence[str],
    check: npt.NDArray[np.bool_],
    spread: Floats,
    judged: Judged,
    *,
    classes: int,
    seed: int = 0,
) -> Forecast | None:
    """Return what twice as many labels should do, or None where too few are checked to tell.

    By what the last doubling did: heads that are trained on half of each class, against those that
    were trained on all, on the check sample.
    """
    if len({group for group, of in zip(groups, check, strict=True) if of}) < TELLING:
        return None
    rng, halves = np.random.default_rng(seed), []
    for some, rest in grouped_folds(labels, groups):
        mixed = rng.permutation(some)
        half = [mixed[labels[mixed] == label] for label in range(classes)]
        chosen = np.concatenate([members[: -(-len(members) // 2)] for members in half])
        halves.append((np.sort(chosen), rest))
    before = _chances(rows, labels, halves, judged.strength, spread, classes)
    now = judged.chances.argmax(axis=1) == labels
    less = before.argmax(axis=1) == labels
    count = int(check.sum())
    return forecast(now[check][None], less[check][None], len(labels), max(count, JUDGED))


def _chances(
    rows: Rows,
    labels: Labels,
    parts: Iterable[tuple[Labels, Labels]],
    strength: float,
    spread: Floats,
    classes: int,
) -> Floats:
    """Return what heads say of the pictures that they are to judge, (N, C); else zeros."""
    answers = np.zeros((len(labels), classes))

    def work(part: tuple[Labels, Labels]) -> tuple[Labels, Floats]:
        some, rest = part
        found = fit(rows[some], labels[some], strength, spread, gradient=COARSE)
        return rest, found.chances(rows[rest], classes)

    with threadpool_limits(1):  # a core for each head: several for one wait for each other
        for rest, said in map_threaded(work, parts, ahead=usable_cores()):
            answers[rest] = said
    return answers
