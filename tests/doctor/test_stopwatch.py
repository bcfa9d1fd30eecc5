"""The seconds of each unit of work, by a clock that the test turns."""

from __future__ import annotations

import mmap

import pytest

from tl_catdog.doctor import stopwatch
from tl_catdog.doctor.stopwatch import Stopwatch
from tl_catdog.training.observer import EpochResult


class Clock:
    """Gives the seconds that it was turned to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Stopwatch:
    return Stopwatch(clock)


def epoch(stage: str) -> EpochResult:
    return EpochResult(stage, 1, 3, 0.5, 0.5, 0.5, 0.5, 1e-3, 1.0, False)


def train(watch: Stopwatch, clock: Clock, stage: str, *, steps: int, first: float) -> None:
    """Train three epochs: the first takes so much longer, each step 2 s, the validation 10 s."""
    watch.stage_begins(stage, 3, steps, 1000)
    clock.seconds += first
    for _ in range(3):
        for step in range(steps):
            clock.seconds += 2
            watch.step_ends(step + 1, {})
        clock.seconds += 10
        watch.epoch_ends(epoch(stage))


def test_a_picture_takes_what_lies_between_the_first_and_the_last(
    watch: Stopwatch, clock: Clock
) -> None:
    clock.seconds += 50  # until the first one: no matter of a picture
    for done in (1, 2, 5):
        watch.extracting("train", done, 5, 0)
        watch.decoding("validation", done, 5)
        clock.seconds += 2
    assert watch.costs({}) == {
        "read train": 1.0,  # 4 s for the 4 that came after the first
        "read validation": 1.0,
        "rest": 50 + 2 - 4,  # both splits at once here, so 4 of these seconds count twice
    }


def test_a_stage_has_a_start_steps_and_a_validation(watch: Stopwatch, clock: Clock) -> None:
    train(watch, clock, "frozen", steps=4, first=7)
    train(watch, clock, "finetune", steps=2, first=1)
    assert watch.costs({"frozen": 5, "finetune": 20}) == {
        "frozen start": pytest.approx(7),
        "frozen step": 2.0,
        "frozen validation": 2.0,
        "finetune start": pytest.approx(1),
        "finetune step": 2.0,
        "finetune validation": 0.5,
        "rest": pytest.approx(0),
    }


def test_what_is_neither_a_picture_nor_an_epoch_is_the_rest(watch: Stopwatch, clock: Clock) -> None:
    clock.seconds += 3  # builds a network
    train(watch, clock, "scratch", steps=1, first=0)
    clock.seconds += 4  # writes it
    assert watch.costs({"scratch": 1})["rest"] == pytest.approx(7)


def test_a_single_picture_is_no_failure(watch: Stopwatch) -> None:
    watch.decoding("train", 1, 1)
    assert watch.costs({})["read train"] == 0


def test_it_knows_what_is_going_on(watch: Stopwatch) -> None:
    assert watch.doing == "preparing"
    watch.stage_begins("frozen", 3, 4, 1000)
    assert watch.doing == "training (frozen)"


def test_the_most_memory_is_kept(watch: Stopwatch, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter((5.0, 9.0, 7.0))
    monkeypatch.setattr(stopwatch, "memory_now", lambda: next(seen))
    watch.decoding("train", 1, 2)
    watch.decoding("train", 2, 2)
    watch.step_ends(1, {})
    assert watch.memory == 9.0


def test_memory_is_that_of_this_process() -> None:
    before = stopwatch.memory_now()
    with mmap.mmap(-1, 100_000_000) as held:  # never of what was freed and is still ours
        for place in range(0, len(held), 4096):
            held[place] = 1  # touched, so that it is there
        assert stopwatch.memory_now() - before > 5e7


def test_a_linear_model_has_but_a_start(watch: Stopwatch, clock: Clock) -> None:
    watch.stage_begins("linear", 1, 1, 10)
    clock.seconds += 3
    watch.epoch_ends(epoch("linear"))
    assert watch.costs({}) == {"linear start": 3.0, "rest": 0.0}
