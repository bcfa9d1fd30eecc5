"""A search from pictures to settings, with the figure that it is worth; start reading here."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tl_catdog.architectures import BASELINE
from tl_catdog.config import TrainConfig
from tl_catdog.data.examples import ImageSet
from tl_catdog.errors import UsageError
from tl_catdog.tuning.honest import (
    NESTED,
    TEST,
    Decision,
    Outer,
    decide,
    nested,
    on_test,
    optimism_of,
)
from tl_catdog.tuning.inputs import Prepared, Tell, prepare
from tl_catdog.tuning.problem import FOLDS, Backbone
from tl_catdog.tuning.recipe import write_recipe
from tl_catdog.tuning.results import Progress, Tuned
from tl_catdog.tuning.storage import Storage, kept_trials
from tl_catdog.tuning.study import Trial, best_of, check_kept, require_optuna
from tl_catdog.tuning.study import search as run_search
from tl_catdog.tuning.trials import Judge

MAIN = "search"
"""The name of the search on all pictures; the others are called after their outer fold."""


Watch = Callable[[Progress], None]


def tune(
    config: TrainConfig,
    images: ImageSet,
    backbones: Sequence[Backbone],
    *,
    trials: int,
    out: Path,
    minutes: float | None = None,
    force: bool = False,
    tell: Tell = lambda *_: None,
    watch: Watch = lambda _: None,
) -> Tuned:
    """Search for settings, judge the search, and leave a TOML file.

    The trials are kept beside that file, and the same call goes on where the last one was stopped.
    It gives the same to the bit, however often it was stopped, unless ``minutes`` cut it.

    Args:
        config: The settings that aren't searched.
        images: The pictures, split as a training would split them.
        backbones: Architectures with picture sizes to search; the first one is the default.
        trials: How many trials, 1 or more.
        out: The TOML file.
        minutes: No trial is begun after so many, but the first of each search.
        force: Whether to begin anew.
        tell: Told of pictures.
        watch: Told of each trial.

    Raises:
        UsageError: Optuna isn't there, the settings aren't those of a frozen backbone, or the
            file of trials is none or that of another search.
        CatdogError: It can't be done with these pictures.
        OSError: The files can't be written.
        KeyboardInterrupt: It was stopped before the first trial was through; later on, the best so
            far is kept.
    """
    require_optuna()
    check_settings(config, backbones)
    deadline = math.inf if minutes is None else time.monotonic() + 60 * minutes
    prepared = prepare(config, images, backbones, tell)
    storage = Storage.open(trials_path(out), prepared.asked, force=force)
    for name, known in storage.searches.items():
        if not check_kept(known, prepared.space, FOLDS):
            raise UsageError(
                f"expected trials of this search in {storage.path}, found others in {name!r}.",
                "To begin anew add --force, or name another file: --out FILE",
            )
    work = _Work(prepared, storage, trials, deadline, watch)
    return work.run(out)


def trials_path(out: Path) -> Path:
    """Return where the trials are kept of a search that leaves a TOML file.

    >>> trials_path(Path("found/tune.toml")).as_posix()
    'found/tune.trials.sqlite'
    """
    return out.with_name(f"{out.stem}.trials.sqlite")


def check_settings(config: TrainConfig, backbones: Sequence[Backbone]) -> None:
    """Make sure that what is searched is a head on a frozen backbone.

    Raises:
        UsageError: It isn't.
    """
    if any(arch == BASELINE for arch, _ in backbones):
        raise UsageError(
            "expected pretrained backbones, whose features are computed once, found --arch "
            "baseline, which would be trained for minutes at each trial.",
            "Type: tl-catdog tune --arch mobilenet",
        )
    if config.finetune is not False or config.from_run is not None:  # None: where it pays
        found = "from_run" if config.from_run is not None else "finetune"
        raise UsageError(
            f"expected settings of a frozen backbone's head, found {found}.",
            "Leave it out here, and add it to the training that follows",
        )


class _Work:
    """One call of ``tune``."""

    def __init__(
        self, prepared: Prepared, storage: Storage, trials: int, deadline: float, watch: Watch
    ) -> None:
        self.prepared, self.storage, self.trials = prepared, storage, trials
        self.deadline, self.watch = deadline, watch
        self.judge = Judge(prepared.problem, prepared.space)
        self.folds = 0 if len(prepared.test) else FOLDS
        self.interrupted = False

    def run(self, out: Path) -> Tuned:
        done = self._main_search()
        decision = decide(self.judge, done)
        outer = None if self.interrupted and self.folds else self._outer(decision, len(done))
        prepared, problem = self.prepared, self.prepared.problem
        settings = prepared.space.settings(
            problem.base, decision.point, len(prepared.training), problem.classes
        )
        found = Tuned(
            settings=settings,
            accuracy=None if outer is None else outer.accuracy(problem),
            judged=NESTED if self.folds else TEST,
            inner_accuracy=decision.kept.accuracy,
            optimism=None if outer is None else optimism_of(problem, decision, outer),
            decision=decision,
            trials=len(done),
            config=out,
            interrupted=self.interrupted,
            left_out=prepared.left_out,
            skipped=prepared.skipped,
        )
        write_recipe(
            out, settings, (f"Found by tl-catdog tune in {len(done)} trials.", *found.sentences())
        )
        return found

    def _main_search(self) -> list[Trial]:
        share = 1 + self.folds
        now = time.monotonic()
        until = now + (self.deadline - now) / share
        try:
            return self._search(self.judge, MAIN, 0, self.trials, until)
        except KeyboardInterrupt:
            self.interrupted = True
            done = list(kept_trials(self.storage, MAIN))[: self.trials]
            if not done:
                raise
            return done

    def _outer(self, decision: Decision, trials: int) -> Outer | None:
        prepared = self.prepared
        if not self.folds:
            return on_test(self.judge, decision, prepared.training, prepared.test)

        def find(judge: Judge, name: str, number: int) -> list[Trial]:
            now = time.monotonic()
            until = now + (self.deadline - now) / (self.folds - number + 1)
            return self._search(judge, name, number, trials, until)

        try:
            return nested(prepared.problem, prepared.space, find)
        except KeyboardInterrupt:
            self.interrupted = True
            return None

    def _search(self, judge: Judge, name: str, fold: int, trials: int, until: float) -> list[Trial]:
        known = list(kept_trials(self.storage, name))[:trials]
        through = list(known)

        def record(trial: Trial) -> None:
            self.storage.record(name, trial)
            through.append(trial)
            best = best_of(through) or trial
            self.watch(
                Progress(
                    fold,
                    self.folds,
                    trial,
                    trials,
                    best,
                    through[0].loss - best.loss,
                    self._left(fold, trials, through, until),
                )
            )

        return run_search(judge, trials, known, name=name, until=until, record=record)

    def _left(self, fold: int, trials: int, through: Sequence[Trial], until: float) -> float:
        """Return the seconds that are left: as the trials took that were made, or less by limit."""
        each = sum(trial.seconds for trial in through) / len(through)
        now = time.monotonic()
        here = min((trials - len(through)) * each, max(until - now, 0.0))
        later = (self.folds - fold) * trials * each  # a fifth fewer pictures: no longer than that
        return min(here + later, max(self.deadline - now, 0.0))
