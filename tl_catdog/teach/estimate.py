"""The accuracy on new pictures from answers so far, where most of them were chosen, not drawn.

Pictures that active choice asks for are harder than new ones, so that the accuracy on them is that
of something else. Those of ``choice.check_sample`` are a fair sample, but few. ADR 044 has how
often the interval of each estimate holds the accuracy on new pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tl_catdog.statistics import CONFIDENCE, Estimate, proportion, score_interval

HALF_WIDTH = 0.02  # what an interval is to be narrowed to, ± 2 points
LEAST = 10  # checks before a figure is given: of 20 labels, about 4 checks, it held in 0.91
FOLDS = 10  # of the check sample; each head is trained on nine tenths of it and all that was chosen
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Accuracy:
    """What answers so far say of new pictures.

    Attributes:
        estimate: The accuracy on the check sample; its n is how many groups that has.
        more_for_narrow: How many more random pictures narrow the interval to about ± ``HALF_WIDTH``
            (ADR 045); 0 where it is as narrow already. Reckoned with an accuracy of one more right
            and one more wrong: ten that are all right promise too much.
    """

    estimate: Estimate
    more_for_narrow: int


def accuracy(
    right: Right, check: Right, groups: Sequence[str], *, anew: bool = False
) -> Accuracy | None:
    """Return the accuracy on new pictures, or None with fewer than ``LEAST`` groups checked.

    Args:
        right: Whether a head that saw neither it nor its group got it right, (N,). Of the check
            sample alone it matters; ``check_folds`` says which heads to train.
        check: Whether it is of ``choice.check_sample``, (N,).
        groups: Equal for copies and pictures of one burst, (N,): they count as one answer.
        anew: Whether further answers will take the place of these, and not join them.
    """
    known = [group for group, of in zip(groups, check, strict=True) if of]
    if len(set(known)) < LEAST:
        return None
    found = _grouped(right[check], known)
    if more_answers(found.value, found.n) == 0:
        return Accuracy(found, 0)
    likely = (found.value * found.n + 1) / (found.n + 2)
    return Accuracy(found, more_answers(likely, 0 if anew else found.n))


def check_folds(
    check: Right,
    groups: Sequence[str],
    within: npt.NDArray[np.int64] | None = None,
    *,
    folds: int = FOLDS,
    seed: int = 0,
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return the positions that each head is trained on, and those of the check sample it judges.

    What was chosen is always trained on, unless it is of a judged group: a head without it, though
    it is what teaches most, does worse than the head in use (by 3 points on average; this by 1.6).

    Args:
        check: Whether each labelled picture is of the check sample, (N,).
        groups: Equal for copies and pictures of one burst, (N,).
        within: The part of each picture, (N,), groups whole: what a head judges is of one part. So
            a head that saw nothing of that part may be begun at. None for one part.
        folds: How many heads in all; fewer where the check sample has fewer groups.
        seed: Of the shuffling into folds.
    """
    names, first, where = np.unique(np.asarray(groups), return_index=True, return_inverse=True)
    part = np.zeros(len(names), np.int64) if within is None else within[first]
    checked = np.random.default_rng(seed).permutation(np.unique(where[check]))
    fold, each = np.full(len(names), -1), max(1, folds // len(np.unique(part)))
    for number in np.unique(part):
        own = checked[part[checked] == number]
        fold[own] = number * each + np.arange(len(own)) % each
    of = fold[where]
    return [
        (np.flatnonzero(of != number), np.flatnonzero((of == number) & check))
        for number in np.unique(fold[checked])
    ]


def more_answers(part: float, n: int, half: float = HALF_WIDTH) -> int:
    """Return how many more independent answers narrow Wilson's interval to ± half.

    Args:
        part: The accuracy so far, 0..1.
        n: Of how many answers.
        half: Half the width to reach, more than 0.

    >>> more_answers(0.9, 100)
    768
    """
    from scipy import stats

    quantile = float(stats.norm.ppf((1 + CONFIDENCE) / 2))

    def narrow(count: int) -> bool:
        found = score_interval(part, count, quantile)
        return (found.high - found.low) / 2 <= half

    if n > 0 and narrow(n):
        return 0
    low, high = n, max(1, n)
    while not narrow(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if narrow(middle) else (middle, high)
    return high - n


def _grouped(right: Right, groups: Sequence[str]) -> Estimate:
    """Return the mean of the groups' parts that are right, with an interval of as many answers.

    A burst of a hundred pictures counts as much as one picture: each was drawn once. By pictures
    it would outweigh all others, and leave the interval as wide as that of a few (ADR 045). The
    interval is Wilson's, as if all of a group were right or wrong together.
    """
    _, where = np.unique(np.asarray(groups), return_inverse=True)
    sizes = np.bincount(where)
    if (sizes == 1).all():
        return proportion(int(right.sum()), len(right))
    from scipy import stats

    part = float((np.bincount(where, right) / sizes).mean())
    quantile = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    return Estimate(part, score_interval(part, len(sizes), quantile), len(sizes))
