"""What to ask next: typical pictures first, then uncertain ones, every fifth at random."""

import time

import numpy as np
import pytest

from tl_catdog.teach import choice
from tl_catdog.teach.choice import Reason, next_questions


def blobs(sizes: tuple[int, ...], spread: float = 0.05, seed: int = 0) -> choice.Features:
    rng = np.random.default_rng(seed)
    centres = np.eye(len(sizes), 16)
    rows = [c + rng.normal(0, spread, (n, 16)) for c, n in zip(centres, sizes, strict=True)]
    return np.concatenate(rows).astype(np.float32)


def unlabelled(n: int) -> np.ndarray:
    return np.full(n, -1, dtype=np.int64)


def halves(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of enough pictures for a head, the first ones, and its probabilities."""
    labels = unlabelled(n)
    labels[:20] = np.arange(20) % 2
    first = np.linspace(0.01, 0.99, n)
    return labels, np.stack([first, 1 - first], axis=1)


def test_without_labels_each_cluster_is_asked_for_once_however_small() -> None:
    rows = choice.unit_rows(blobs((100, 50, 20, 5)))
    found = next_questions(rows, unlabelled(175), None, 4, asked=0, check_every=0)
    kinds = np.searchsorted([100, 150, 170], [q.position for q in found], side="right")
    assert sorted(kinds.tolist()) == [0, 1, 2, 3]
    assert {q.reason for q in found} == {Reason.TYPICAL}


def test_a_cluster_with_a_labelled_picture_waits() -> None:
    rows = choice.unit_rows(blobs((100, 50)))
    labels = unlabelled(150)
    labels[3] = 0
    (found,) = next_questions(rows, labels, None, 1, asked=0, check_every=0)
    assert found.position >= 100


def test_the_typical_one_is_no_outlier() -> None:
    rows = blobs((60,))
    rows[7] += 3
    (found,) = choice.typical(rows, np.empty(0, np.int64), np.arange(60), 1)
    assert found != 7


def test_then_the_most_uncertain_one_comes_first() -> None:
    rows = choice.unit_rows(blobs((50, 51)))
    labels, chances = halves(101)
    found = next_questions(rows, labels, chances, 3, asked=20, check_every=0)
    assert found[0].position == 50  # at a half
    assert {q.reason for q in found} == {Reason.UNCERTAIN}
    assert all(46 <= q.position <= 54 for q in found)


def test_of_uncertain_pictures_no_two_copies_are_asked() -> None:
    rows = blobs((100,), spread=0.5)
    _, chances = halves(100)
    order = np.argsort(choice.margins(chances), kind="stable")
    rows[order[:3]] = rows[order[0]]
    found = choice.uncertain_and_diverse(rows, chances, np.arange(100), 2)
    assert found[1] == order[3]  # the only one of the four candidates that is no copy


@pytest.mark.parametrize("asked", [0, 3, 7])
def test_every_fifth_question_is_drawn_at_random_whatever_the_batches(asked: int) -> None:
    rows = choice.unit_rows(blobs((200, 200)))
    labels, chances = halves(400)
    found = next_questions(rows, labels, chances, 10, asked=asked)
    assert [q.reason is Reason.CHECK for q in found] == [(asked + i) % 5 == 4 for i in range(10)]


def test_the_random_ones_are_a_fair_sample_of_all_that_are_left() -> None:
    """Also of the uncertain ones that the choice would have taken in the same batch."""
    rows = choice.unit_rows(blobs((50, 50)))
    labels, chances = halves(100)
    drawn = [
        next_questions(rows, labels, chances, 5, asked=20, seed=seed)[4].position
        for seed in range(4000)
    ]
    counts = np.bincount(drawn, minlength=100)[20:]
    assert (np.bincount(drawn, minlength=100)[:20] == 0).all()
    assert counts.min() > 20  # 50 are expected, 7 their standard deviation
    assert counts.max() < 90


def test_nothing_is_asked_twice_and_what_is_left_runs_out() -> None:
    rows = choice.unit_rows(blobs((15, 15)))
    labels = unlabelled(30)
    seen: list[int] = []
    while found := next_questions(rows, labels, None, 7, asked=len(seen)):
        seen += [q.position for q in found]
        labels[[q.position for q in found]] = 0
    assert sorted(seen) == list(range(30))


def test_copies_alone_are_no_obstacle() -> None:
    rows = np.ones((40, 8), dtype=np.float32)
    found = next_questions(rows, unlabelled(40), None, 10, asked=0)
    assert len({q.position for q in found}) == 10


def test_the_seed_alone_decides() -> None:
    rows = choice.unit_rows(blobs((80, 80), spread=0.5))
    labels, chances = halves(160)
    for known, said in ((unlabelled(160), None), (labels, chances)):
        one, two, other = (
            next_questions(rows, known, said, 10, asked=20, seed=seed) for seed in (0, 0, 1)
        )
        assert one == two
        assert one != other


def test_it_is_ready_for_a_key_press_with_three_thousand_pictures() -> None:
    rows = np.random.default_rng(0).normal(size=(3000, 1280)).astype(np.float32)
    labels, chances = halves(3000)
    start = time.process_time()
    next_questions(rows, labels, chances, 5, asked=100)
    assert time.process_time() - start < 0.4
