"""What heads are worth: each picture judged by a head that saw neither it nor its copies or burst.

Nothing begins at weights that saw what is judged: a fit that ends a little early would remember.
So heads of the lesson before are begun at only where all that they ever saw is trained on again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tl_catdog.cores import usable_cores
from tl_catdog.data.parallel import map_threaded
from tl_catdog.features.forecast import Forecast, forecast
from tl_catdog.features.linear_head import SPREAD, STRENGTHS, cautious, usual_temperature
from tl_catdog.prediction.calibration import Calibration, fit_temperature
from tl_catdog.teach.estimate import check_folds
from tl_catdog.teach.heads import COARSE, Fit, Floats, Labels, Rows, fit

FOLDS = 5
FIRST = STRENGTHS[2]
"""The C of the first head, and of so few pictures that none can be chosen."""
ENOUGH = 500
"""Checked pictures from which the five heads serve where all are checked: ten do no better."""
TELLING = 40
"""Checked groups from which a forecast is worth its line."""
OF_CLASS = 6
"""Labels a class from which there is one: half of fewer is hardly less than all (ADR 045)."""
ALL = 10**6
"""New pictures that a gain is one of: so many that no chance is in it. To be told is whether more
labels are worth it, not what some hundred pictures would show of that."""

Part = tuple[Labels, Labels]
"""The positions that a head is trained on, and those that it judges."""


@dataclass(frozen=True)
class Judged:
    """What heads say of labelled pictures that they didn't see.

    Attributes:
        chances: Of the classes, (N, C), from five heads; rows of zeros where none could be trained.
        strength: Their C.
        temperature: What suits their logits.
        loss: By which values of C are compared: log loss at that temperature, of nearly equal ones
            less for the smaller C.
        fits: The heads, by the parts that they judge.
    """

    chances: Floats
    strength: float
    temperature: float
    loss: float
    fits: tuple[Fit, ...]


@dataclass
class Kept:
    """What is kept of judging from one lesson to the next; of one set of classes and axes.

    Attributes:
        folds: By group, in which of the folds it is.
        heads: The head that judges each fold, and the SHA-256 of all that it, and those that it
            began at, ever saw.
    """

    folds: dict[str, int] = field(default_factory=dict)
    heads: tuple[tuple[Fit, frozenset[str]], ...] = ()


def grouped_folds(
    labels: Labels,
    groups: Sequence[str],
    folds: int = FOLDS,
    seed: int = 0,
    before: dict[str, int] | None = None,
) -> list[Part]:
    """Return the positions each head is trained on, and those that it judges: every picture once.

    Groups stay whole, and each class's groups are dealt out in turn. ``features.folds`` balances
    better, and takes seconds for 10,000 groups.

    Args:
        labels: Class indices, (N,).
        groups: Equal for copies and pictures of one burst, (N,).
        folds: How many heads at most.
        seed: Of the dealing.
        before: Where groups are already, 0..folds − 1; those that are new go where fewest of their
            class are, and are entered.
    """
    names, first, where = np.unique(np.asarray(groups), return_index=True, return_inverse=True)
    luck = np.random.default_rng(seed).permutation(len(names))
    own, known = labels[first], {} if before is None else before
    fold = np.array([known.get(name, -1) for name in names.tolist()], dtype=np.int64)
    order = np.lexsort((luck, own))
    if (fold < 0).all():
        fold[order] = np.arange(len(names)) % folds
    else:
        there = np.zeros((int(own.max()) + 1, folds), dtype=np.int64)
        np.add.at(there, (own[fold >= 0], fold[fold >= 0]), 1)
        for place in order[fold[order] < 0].tolist():
            fold[place] = np.lexsort((there.sum(axis=0), there[own[place]]))[0]
            there[own[place], fold[place]] += 1
    if before is not None:
        before.update(zip(names.tolist(), fold.tolist(), strict=True))
    of = fold[where]
    parts = [
        (np.flatnonzero(of != number), np.flatnonzero(of == number)) for number in range(folds)
    ]
    return [(some, rest) for some, rest in parts if len(some) and len(rest)]


@dataclass(frozen=True)
class Judge:
    """Labelled pictures that heads are to judge.

    Attributes:
        rows: Of N labelled pictures, (N, F).
        labels: Class indices, (N,), of two classes or more.
        groups: Equal for copies and pictures of one burst, (N,).
        check: Which are of ``choice.check_sample``, (N,).
        spread: The store's.
        classes: C, how many classes there are.
        digests: The pictures' SHA-256, N; needed where something is kept.
        kept: Of the lesson before, and for the next one.
    """

    rows: Rows
    labels: Labels
    groups: Sequence[str]
    check: npt.NDArray[np.bool_]
    spread: Floats
    classes: int
    digests: Sequence[str] = ()
    kept: Kept | None = None

    @cached_property
    def parts(self) -> list[Part]:
        """What each of the five heads is trained on, and what it judges."""
        before = None if self.kept is None else self.kept.folds
        return grouped_folds(self.labels, self.groups, before=before)

    @cached_property
    def _trained_on(self) -> list[frozenset[str]]:
        """The SHA-256 of what each of the five is trained on."""
        return [frozenset(self.digests[i] for i in some) for some, _ in self.parts]

    def _before(self) -> tuple[Fit | None, ...]:
        """Return the heads of the lesson before that saw nothing but what is trained on now."""
        if self.kept is None or len(self.kept.heads) != len(self.parts):
            return ()
        pairs = zip(self.kept.heads, self._trained_on, strict=True)
        return tuple(head if saw <= now else None for (head, saw), now in pairs)

    def keep(self, judged: Judged) -> None:
        """Keep heads for the next lesson."""
        if self.kept is not None and len(self.parts) == FOLDS:
            self.kept.heads = tuple(zip(judged.fits, self._trained_on, strict=True))

    def at(self, strength: float, near: Judged | None = None) -> Judged:
        """Judge all pictures.

        Args:
            strength: C, one of ``STRENGTHS``.
            near: What was found with another C, by the same parts: each head begins at that one's.
        """
        starts = self._before() if near is None else near.fits
        fits, chances = self._fitted(self.parts, strength, starts)
        # The frames of a burst are right or wrong together: as so many proofs they would outweigh
        # the temperature that is expected beforehand.
        _, one = np.unique(np.asarray(self.groups), return_index=True)
        found = calibrated(chances[one], self.labels[one], strength)
        loss = cautious(found.log_loss_after, strength)
        return Judged(chances, strength, found.temperature, loss, fits)

    def best(self, judged: Judged, go_on: Callable[[], bool] = lambda: True) -> Judged | None:
        """Look for a better C beside one, and further while that gets better.

        Args:
            judged: What was found with that one.
            go_on: Asked before each; once it says no, nothing is found.
        """
        if len(self.parts) < 2 or len(set(self.groups)) < 2 * FOLDS:
            return judged
        start = STRENGTHS.index(judged.strength)
        tried = {start: judged}
        for step in (-1, 1):
            place = start
            while 0 <= place + step < len(STRENGTHS):
                if not go_on():
                    return None
                place += step
                tried[place] = self.at(STRENGTHS[place], tried[place - step])
                if tried[place].loss > tried[place - step].loss:
                    break  # it has one valley
            if min(tried, key=lambda place: tried[place].loss) < start:
                break  # nor is it on the other side
        return min(tried.values(), key=lambda some: some.loss)

    def said(self, judged: Judged) -> Labels:
        """Return what a picture is taken for, (N,), as ``estimate.accuracy`` asks; −1: by none.

        Of the check sample it counts. Each of its heads begins at that of the five which saw
        neither what it judges nor, so, anything that it may not know.
        """
        chances = judged.chances
        if not self.parts:
            return np.full(len(self.labels), -1)
        if not (self.check.all() and len(self.check) >= ENOUGH):
            within = np.full(len(self.labels), -1)
            for number, (_, rest) in enumerate(self.parts):
                within[rest] = number
            parts = check_folds(self.check, self.groups, within)
            starts = tuple(judged.fits[within[rest[0]]] for _, rest in parts)
            _, chances = self._fitted(parts, judged.strength, starts)
        return np.where(chances.max(axis=1) > 0, chances.argmax(axis=1), -1)

    def gain(self, judged: Judged, judged_by: int = ALL, seed: int = 0) -> Forecast | None:
        """Return what twice as many labels should do, or None where too few can tell.

        By what the last doubling did: heads that are trained on half of each class, against those
        that were trained on all, on the check sample.

        Args:
            judged: What heads say that are trained on all.
            judged_by: How many new pictures the gain is to be one of.
            seed: Of the halves.
        """
        checked = {group for group, of in zip(self.groups, self.check, strict=True) if of}
        few = len(set(self.groups)) < OF_CLASS * len(np.unique(self.labels))
        if few or len(checked) < TELLING:
            return None
        rng, halves = np.random.default_rng(seed), []
        for some, rest in self.parts:
            mixed = rng.permutation(some)
            half = [mixed[self.labels[mixed] == label] for label in range(self.classes)]
            chosen = np.concatenate([members[: -(-len(members) // 2)] for members in half])
            halves.append((np.sort(chosen), rest))
        # They begin at nothing: at weights that saw the other half they would remember it.
        _, before = self._fitted(halves, judged.strength)
        now = judged.chances.argmax(axis=1) == self.labels
        less = before.argmax(axis=1) == self.labels
        there = now[self.check][None], less[self.check][None]
        return forecast(*there, len(self.labels), judged_by)

    def _fitted(
        self, parts: Sequence[Part], strength: float, starts: Sequence[Fit | None] = ()
    ) -> tuple[tuple[Fit, ...], Floats]:
        """Return a head for each part, and what they say of what they judge, (N, C); else zeros."""
        answers = np.zeros((len(self.labels), self.classes))

        def work(number: int) -> Fit:
            some, rest = parts[number]
            start = starts[number] if starts else None
            found = fit(
                self.rows[some], self.labels[some], strength, self.spread, start, gradient=COARSE
            )
            answers[rest] = found.chances(self.rows[rest], self.classes)
            return found

        with threadpool_limits(1):  # a core for each head: several for one wait for each other
            fits = tuple(map_threaded(work, range(len(parts)), ahead=usable_cores()))
        return fits, answers


def calibrated(chances: Floats, labels: Labels, strength: float) -> Calibration:
    """Return the temperature that suits answers, as ``train`` fits it to few pictures."""
    return fit_temperature(chances, labels, usual=usual_temperature(strength), spread=SPREAD)
