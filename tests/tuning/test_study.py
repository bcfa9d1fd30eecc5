"""The search: one trial after the other, the same to the bit, also where it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support.searched import problem, space
from tl_catdog.errors import UsageError
from tl_catdog.tuning import study
from tl_catdog.tuning.space import Point, Space
from tl_catdog.tuning.study import Trial, best_of, check_kept, search
from tl_catdog.tuning.trials import Judge


def judge(seed: int = 0) -> Judge:
    found = problem(40, seed=seed)
    return Judge(found, space(found))


def plain(trials: list[Trial]) -> list[Any]:
    return [(trial.number, trial.point, trial.losses, trial.pruned) for trial in trials]


def test_the_first_trial_is_what_a_training_does_by_itself() -> None:
    worth = judge()
    (first,) = search(worth, 1, name="x")
    assert first.losses == tuple(worth.losses(None))
    assert first.point == worth.space.default(worth.default_strength(), worth.problem.base)


def test_every_backbone_has_its_turn_with_the_default_before_anything_else() -> None:
    worth = judge()
    first, second, *_ = search(worth, 3, name="x")
    assert second.point == {**first.point, "backbone": 1}
    assert second.losses == tuple(worth.losses(second.point))[: len(second.losses)]


def test_it_repeats_to_the_bit_and_goes_on_where_it_was_stopped() -> None:
    whole = search(judge(), 14, name="x")
    assert plain(search(judge(), 14, name="x")) == plain(whole)
    for stop in (1, 6, 11):
        kept = search(judge(), stop, name="x")
        assert plain(kept) == plain(whole[:stop])
        recorded: list[Trial] = []
        went_on = search(judge(), 14, kept, name="x", record=recorded.append)
        assert plain(went_on) == plain(whole)
        assert plain(recorded) == plain(whole[stop:])
    assert plain(search(judge(), 14, name="y")) != plain(whole)
    assert plain(search(judge(1), 14, name="x")) != plain(whole)


@dataclass
class Fixed:
    """Says what it is told to of each trial's folds, and counts how many were asked for."""

    problem: Any
    space: Space
    folds: list[list[float]]
    asked: int = -1

    def default_strength(self) -> float:
        return 10.0

    def losses(self, point: Point | None) -> Iterator[float]:
        self.asked += 1
        yield from self.folds[self.asked]


def test_a_trial_is_given_up_at_the_fold_where_it_is_worse_than_most() -> None:
    found = problem(40)
    good, bad, late = [0.5] * 5, [0.9] * 5, [0.1, 0.1, 0.1, 3.0, 3.0]
    fixed: Any = Fixed(found, space(found), [good, good, good, good, bad, late, good, bad])
    trials = search(fixed, 8, name="x")
    assert [len(trial.losses) for trial in trials] == [5, 5, 5, 5, 1, 4, 5, 1]
    assert [trial.pruned for trial in trials] == [False] * 4 + [True, True, False, True]


def test_the_default_is_never_given_up() -> None:
    found = problem(40)
    fixed: Any = Fixed(found, space(found), [[9.0] * 5] + [[0.5] * 5] * 5)
    assert [trial.pruned for trial in search(fixed, 6, name="x")] == [False] * 6


def test_the_best_saw_all_folds_and_is_the_first_of_equals() -> None:
    def trial(number: int, *losses: float) -> Trial:
        return Trial(number, {}, losses, len(losses) < 5, 0.1)

    trials = [trial(0, *[0.5] * 5), trial(1, 0.1), trial(2, *[0.4] * 5), trial(3, *[0.4] * 5)]
    best = best_of(trials)
    assert best is not None
    assert best.number == 2
    assert best_of([trial(0, 0.1)]) is None


def test_time_that_is_up_ends_it_after_the_first_trial() -> None:
    assert len(search(judge(), 9, name="x", until=0.0)) == 1
    kept = search(judge(), 3, name="x")
    assert plain(search(judge(), 9, kept, name="x", until=0.0)) == plain(kept)


def test_trials_out_of_a_file_must_be_those_of_a_search() -> None:
    found = search(judge(), 6, name="x")
    where = judge().space
    assert check_kept(found, where, 5)
    first = found[0]
    for wrong in (
        replace(first, number=1),
        replace(first, point={}),
        replace(first, point=dict(first.point) | {"strength": 99}),
        replace(first, losses=()),
        replace(first, losses=(0.1,) * 6),
        replace(first, losses=(float("nan"),) * 5),
        replace(first, losses=(-1.0,) * 5),
        replace(first, pruned=True),
        replace(first, pruned=True, losses=(0.1,)),
        replace(first, losses=(0.1,)),
    ):
        assert not check_kept([wrong, *found[1:]], where, 5), wrong


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'tl-catdog\[tune\]'"):
        study.require_optuna()
