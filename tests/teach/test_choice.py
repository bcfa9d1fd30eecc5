"""What to ask next: typical pictures first, then uncertain ones, every fifth by lot."""

import time

import numpy as np
import pytest

from tl_catdog.teach import choice
from tl_catdog.teach.choice import Reason, next_questions

LOTS = choice.lots([str(i) for i in range(3000)])


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
    found = next_questions(rows, unlabelled(175), LOTS[:175], None, 4, asked=0, check_every=0)
    kinds = np.searchsorted([100, 150, 170], [q.position for q in found], side="right")
    assert sorted(kinds.tolist()) == [0, 1, 2, 3]
    assert {q.reason for q in found} == {Reason.TYPICAL}


def test_a_cluster_with_a_labelled_picture_waits() -> None:
    rows = choice.unit_rows(blobs((100, 50)))
    labels = unlabelled(150)
    labels[3] = 0
    (found,) = next_questions(rows, labels, LOTS[:150], None, 1, asked=0, check_every=0)
    assert found.position >= 100


def test_the_typical_one_is_no_outlier() -> None:
    rows = blobs((60,))
    rows[7] += 3
    (found,) = choice.typical(rows, np.empty(0, np.int64), np.arange(60), 1)
    assert found != 7


def test_then_the_most_uncertain_one_comes_first() -> None:
    rows = choice.unit_rows(blobs((50, 51)))
    labels, chances = halves(101)
    found = next_questions(rows, labels, LOTS[:101], chances, 3, asked=20, check_every=0)
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
def test_every_fifth_question_is_drawn_by_lot_whatever_the_batches(asked: int) -> None:
    rows = choice.unit_rows(blobs((200, 200)))
    labels, chances = halves(400)
    found = next_questions(rows, labels, LOTS[:400], chances, 10, asked=asked)
    assert [q.reason is Reason.CHECK for q in found] == [(asked + i) % 5 == 4 for i in range(10)]


@pytest.mark.parametrize("stop", [40, 200])
def test_the_check_sample_is_a_fair_one_of_all_pictures_whatever_was_chosen(stop: int) -> None:
    """Of the 60 most uncertain ones, 20 % of all, it has 20 %, though choice took most of them."""
    rows = choice.unit_rows(blobs((150, 150)))
    hard, sizes = [], []
    for seed in range(60):
        labels, chances = halves(300)
        labels[:] = choice.UNLABELLED
        labels[[0, *range(281, 300)]] = [0] + [1] * 19
        drawn = choice.lots([str(i) for i in range(300)], seed)
        while (labels >= 0).sum() < stop:
            found = next_questions(
                rows, labels, drawn, chances, 5, asked=int((labels >= 0).sum()), seed=seed
            )
            labels[[q.position for q in found]] = 0
        check = choice.check_sample(drawn, labels)
        hard.append(check[120:180].sum())
        sizes.append(check.sum())
    assert np.sum(hard) / np.sum(sizes) == pytest.approx(0.2, abs=0.05)
    assert np.mean(sizes) > (stop - 20) / 5


def test_what_is_left_out_is_never_asked_and_holds_nothing_up() -> None:
    rows = choice.unit_rows(blobs((15, 15)))
    labels, drawn = unlabelled(30), np.arange(30) / 30
    labels[:2] = choice.LEFT_OUT
    found = next_questions(rows, labels, drawn, None, 30, asked=0)
    assert sorted(q.position for q in found) == list(range(2, 30))
    labels[2] = 0
    assert choice.check_sample(drawn, labels).tolist() == [False, False, True] + [False] * 27


def test_lots_are_of_the_content_and_the_seed() -> None:
    one, two = choice.lots(["a", "b", "a"]), choice.lots(["b"])
    assert one[0] == one[2]
    assert one[1] == two[0]
    assert choice.lots(["a"], seed=1)[0] != one[0]
    many = choice.lots([str(i) for i in range(2000)])
    assert 0.47 < many.mean() < 0.53
    assert many.min() >= 0
    assert many.max() < 1


def test_nothing_is_asked_twice_and_what_is_left_runs_out() -> None:
    rows = choice.unit_rows(blobs((15, 15)))
    labels = unlabelled(30)
    seen: list[int] = []
    while found := next_questions(rows, labels, LOTS[:30], None, 7, asked=len(seen)):
        seen += [q.position for q in found]
        labels[[q.position for q in found]] = 0
    assert sorted(seen) == list(range(30))


def test_copies_alone_are_no_obstacle() -> None:
    rows = np.ones((40, 8), dtype=np.float32)
    found = next_questions(rows, unlabelled(40), LOTS[:40], None, 10, asked=0)
    assert len({q.position for q in found}) == 10


def test_the_seed_alone_decides() -> None:
    rows = choice.unit_rows(blobs((80, 80), spread=0.5))
    labels, chances = halves(160)
    for known, said in ((unlabelled(160), None), (labels, chances)):
        one, two, other = (
            next_questions(rows, known, LOTS[:160], said, 10, asked=20, seed=seed)
            for seed in (0, 0, 1)
        )
        assert one == two
        assert one != other


def test_it_is_ready_for_a_key_press_with_three_thousand_pictures() -> None:
    rows = np.random.default_rng(0).normal(size=(3000, 1280)).astype(np.float32)
    labels, chances = halves(3000)
    start = time.process_time()
    next_questions(rows, labels, LOTS, chances, 5, asked=100)
    assert time.process_time() - start < 0.4
