"""The search itself: Optuna proposes a point, folds judge it, one after the other.

Nothing depends on what happened in between: each trial's random numbers come from the seed and its
number, so a search that was stopped goes on as if it hadn't been, to the bit.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tl_catdog.errors import UsageError
from tl_catdog.tuning.space import BACKBONE, Space
from tl_catdog.tuning.trials import Judge

if TYPE_CHECKING:
    import optuna

STARTUP = 8
"""Trials at random before the sampler learns from them."""

FEWEST = 4
"""Trials that have to have come as far before one is given up by their median."""


@dataclass(frozen=True)
class Trial:
    """One trial of a search.

    Attributes:
        number: From 0, which is what a training does by itself.
        point: The values that were tried.
        losses: The mean log loss of each fold that was looked at.
        pruned: Whether it was given up before the last fold.
        seconds: What it took.
    """

    number: int
    point: dict[str, Any]
    losses: tuple[float, ...]
    pruned: bool
    seconds: float

    @property
    def loss(self) -> float:
        """The mean over its folds."""
        return float(np.mean(self.losses))


def best_of(trials: Iterable[Trial]) -> Trial | None:
    """Return the trial of the least loss among those that saw all folds; the first of equals."""
    whole = [trial for trial in trials if not trial.pruned]
    return min(whole, key=lambda trial: trial.loss, default=None)


def require_optuna() -> None:
    """Make sure that Optuna can be imported.

    Raises:
        UsageError: It isn't installed.
    """
    import importlib.util

    if importlib.util.find_spec("optuna") is None:
        raise UsageError(
            "expected the package optuna, found it isn't installed.",
            "Type: pip install 'tl-catdog[tune]'",
        )


def search(
    judge: Judge,
    trials: int,
    kept: Sequence[Trial] = (),
    *,
    name: str,
    until: float = math.inf,
    record: Callable[[Trial], None] = lambda _: None,
) -> list[Trial]:
    """Try points, beginning with what a training does by itself, on each backbone.

    Args:
        judge: Says what a point is worth.
        trials: How many in all, 1 or more.
        kept: Those of an earlier process, which aren't made again.
        name: The search's own: searches of different names draw different numbers.
        until: When no other trial is begun, of ``time.monotonic``; the first one is made anyway.
        record: Called with each trial when it is through.

    Returns:
        All trials; those that were kept come first.

    Raises:
        CatdogError: A class has one group of pictures only.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seed = judge.problem.seed
    study = optuna.create_study(direction="minimize", pruner=_pruner())
    distributions = judge.space.distributions()
    done = list(kept[:trials])
    for trial in done:
        study.add_trial(_frozen(trial, distributions))
    while len(done) < trials and (not done or time.monotonic() < until):
        number = len(done)
        study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=STARTUP, seed=_stream(seed, name, number)
        )
        if number < len(judge.space.backbones):
            study.enqueue_trial(_first(judge, number))
        began = time.monotonic()
        asked = study.ask()
        point = judge.space.suggest(asked)
        losses: list[float] = []
        pruned = False
        # What a training does by itself isn't quite a point of the space.
        for fold, loss in enumerate(judge.losses(point if number else None)):
            losses.append(loss)
            asked.report(float(np.mean(losses)), fold)
            if number and fold + 1 < len(judge.problem.folds) and asked.should_prune():
                pruned = True
                break
        if pruned:
            study.tell(asked, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(asked, float(np.mean(losses)))
        trial = Trial(number, point, tuple(losses), pruned, time.monotonic() - began)
        done.append(trial)
        record(trial)
    return done


def _first(judge: Judge, number: int) -> dict[str, Any]:
    """Return the default's point on one of the backbones: each gets the same chance to show."""
    point = judge.space.default(judge.default_strength(), judge.problem.base)
    return point | ({BACKBONE: number} if BACKBONE in point else {})


def check_kept(trials: Sequence[Trial], space: Space, folds: int) -> bool:
    """Return whether trials out of a file can be those of a search of a space."""
    return all(
        trial.number == place
        and space.holds(trial.point)
        and 1 <= len(trial.losses) <= folds
        and trial.pruned == (len(trial.losses) < folds)
        and not (trial.pruned and not place)
        and all(math.isfinite(loss) and loss >= 0 for loss in trial.losses)
        for place, trial in enumerate(trials)
    )


def _pruner() -> optuna.pruners.BasePruner:
    """Return a pruner by the mean over the folds so far.

    A trial is given up if that is above the median of what earlier trials had after as many folds.
    Optuna's own compares a trial's best step: with an easy first fold, none would be given up.
    """
    import optuna

    class FoldPruner(optuna.pruners.BasePruner):
        def prune(self, study: optuna.study.Study, trial: optuna.trial.FrozenTrial) -> bool:
            step = trial.last_step
            if step is None:
                return False
            others = [
                other.intermediate_values[step]
                for other in study.get_trials(deepcopy=False)
                if other.number < trial.number and step in other.intermediate_values
            ]
            return len(others) >= FEWEST and bool(
                trial.intermediate_values[step] > float(np.median(others))
            )

    return FoldPruner()


def _frozen(
    trial: Trial, distributions: dict[str, optuna.distributions.BaseDistribution]
) -> optuna.trial.FrozenTrial:
    """Return a trial as Optuna has it."""
    import optuna

    states = optuna.trial.TrialState
    means = [float(np.mean(trial.losses[: fold + 1])) for fold in range(len(trial.losses))]
    return optuna.trial.create_trial(
        state=states.PRUNED if trial.pruned else states.COMPLETE,
        value=None if trial.pruned else means[-1],
        params=dict(trial.point),
        distributions=distributions,
        intermediate_values=dict(enumerate(means)),
    )


def _stream(seed: int, name: str, number: int) -> int:
    """Return the seed of one trial's random numbers."""
    digest = hashlib.sha256(f"{seed}|{name}|{number}".encode()).digest()
    return int.from_bytes(digest[:4], "little")
