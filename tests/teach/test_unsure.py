"""Teaching says "unsure" by a run's promise, made of pictures that heads didn't see."""

from __future__ import annotations

import numpy as np
import pytest

from tl_catdog.teach.heads import Store
from tl_catdog.teach.unsure import Familiar, policy, promise

RNG = np.random.default_rng(5)


def worlds(count: int, wrong_below: float) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, and answers of which those less probable than a value are wrong."""
    sure = np.linspace(0.5, 0.999, count)
    labels = RNG.integers(0, 2, count)
    said = np.where(sure >= wrong_below, labels, 1 - labels)
    chances = np.zeros((count, 2))
    chances[np.arange(count), said] = sure
    chances[np.arange(count), 1 - said] = 1 - sure
    return labels, chances


def chosen(count: int, groups: list[str] | None = None, **other: np.ndarray) -> object:
    labels, chances = worlds(count, 0.7)
    check = other.get("check", np.ones(count, bool))
    names = groups or [str(place) for place in range(count)]
    return policy(("a", "b"), labels, chances, check, names, np.full(count, 0.42))


def test_answers_that_were_wrong_out_of_fold_are_withheld() -> None:
    labels, chances = worlds(1500, 0.7)
    names = [str(place) for place in range(1500)]
    found = policy(("a", "b"), labels, chances, np.ones(1500, bool), names, np.full(1500, 0.42))
    assert found is not None
    assert found.precision == 0.995
    assert 0.65 < found.confidence < 0.75
    assert found.doubt(0.6, 0.42) == "too doubtful"
    assert found.doubt(0.9, 0.42) is None
    assert found.doubt(0.9, 0.9) == "unlike the pictures it knows"
    assert "out-of-fold" in found.sentence()


@pytest.mark.parametrize("count", [0, 1, 9])
def test_so_few_pictures_tell_nothing(count: int) -> None:
    assert chosen(count) is None


def test_frames_of_a_burst_are_one_proof() -> None:
    assert chosen(300, ["burst"] * 300) is None
    few = chosen(300, [str(place // 20) for place in range(300)])
    assert few is not None
    assert few.validation.n == 15  # type: ignore[attr-defined]


def test_only_pictures_that_stand_for_new_ones_count() -> None:
    check = np.zeros(300, bool)
    check[:5] = True
    assert chosen(300, check=check) is None


def test_what_is_promised_is_said_to_people_who_only_try_it() -> None:
    few = chosen(12)
    assert few is not None
    assert "can't be promised: too few judged, 12 pictures" in promise(few)  # type: ignore[arg-type]
    many = promise(chosen(300))  # type: ignore[arg-type]
    assert "is below 75.0 %" in many
    assert "of its answers are right, with 95 % certainty" in many
    assert "unlike" in many
    assert "out-of-fold" not in many
    assert "Nothing can be promised yet" in promise(None)


def test_pictures_are_compared_with_all_others_and_new_ones_with_those() -> None:
    store = Store()
    rows = RNG.normal(size=(40, 8)).astype(np.float32)
    rows[:, 0] += 20
    rows[39] = -rows[39]
    digests = [f"{place:02}" for place in range(40)]
    store.add(digests, rows)
    store.settle()
    asked: list[int] = []

    def strangers() -> np.ndarray:
        asked.append(1)
        return np.zeros((0, 8), np.float32)

    familiar = Familiar(strangers)
    known = familiar.novelty(store, digests[:38])
    assert known.max() < 0.5
    more = familiar.novelty(store, digests[:40])
    assert more[39] > 1.5  # what is unlike all
    assert np.array_equal(more[:38], known)
    assert len(asked) == 1  # so few more, and nothing is compared again
    assert len(familiar.novelty(store, digests[:10])) == 10
    assert len(asked) == 2
