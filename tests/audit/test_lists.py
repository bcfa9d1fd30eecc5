"""Lists: near vectors are found, and the work is bounded, whatever the vectors are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from tl_catdog.audit import lists as module
from tl_catdog.audit.lists import Lists, alike

Floats = npt.NDArray[np.float32]


def unit(values: npt.NDArray[np.float64]) -> Floats:
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


def scattered(count: int, seed: int = 0) -> Floats:
    """Return vectors that vary more in some directions than in others, as those of pictures do."""
    values = np.random.default_rng(seed).normal(size=(count, 64))
    return unit(values * 0.9 ** (np.arange(64) % 32))


def near(vectors: Floats, cosine: float, seed: int = 1) -> Floats:
    """Return for each vector another one of about that cosine."""
    noise = scattered(len(vectors), seed).astype(np.float64)
    return unit(cosine * vectors + np.sqrt(1 - cosine**2) * noise)


def mirrored(vectors: Floats) -> Floats:
    half = vectors.shape[1] // 2
    return np.concatenate([vectors[:, :half], -vectors[:, half:]], axis=1)


def told(lists: Lists, queries: Floats, least: float, most: int = 5) -> list[tuple[int, int]]:
    limits = np.full(len(queries), least, np.float32)
    found: list[tuple[int, int]] = []
    for query, vector, cosine in lists.compared(queries, limits, most):
        assert len(query) == len(vector) == len(cosine)
        found += zip(query.tolist(), vector.tolist(), strict=True)
    return found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of 16 of which 8 are compared: what many pictures have, with few."""
    monkeypatch.setattr(module, "SIZE", 16)
    monkeypatch.setattr(module, "PROBED", 8)


def test_cosines_are_the_better_of_plain_and_mirrored() -> None:
    one, other = scattered(5), scattered(7, seed=1)
    expected = np.maximum(one @ other.T, one @ mirrored(other).T)
    assert alike(one, other) == pytest.approx(expected, abs=1e-5)


def test_few_vectors_are_all_compared() -> None:
    vectors, queries = scattered(700), scattered(40, seed=1)
    rows, others = np.nonzero(alike(queries, vectors) >= 0.3)
    found = told(Lists(vectors), queries, 0.3, most=700)
    assert sorted(found) == sorted(zip(rows.tolist(), others.tolist(), strict=True))


def test_what_is_like_nothing_is_in_no_list_and_finds_nothing(small: None) -> None:
    vectors = scattered(400)
    vectors[::3] = 0
    lists = Lists(vectors)
    assert sorted(lists.members.tolist()) == np.flatnonzero(vectors.any(1)).tolist()
    assert {query for query, _ in told(lists, vectors, 0.99)} == set(lists.members.tolist())
    nothing = Lists(np.zeros((9, 64), np.float32))
    assert told(nothing, scattered(3), -1.0) == []


@pytest.mark.parametrize("turn", [np.asarray, mirrored])
def test_of_many_vectors_the_near_ones_are_found(
    turn: Callable[[Floats], Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of copies, whose cosines are 0.8 and more, as of all, though few lists are looked at."""
    monkeypatch.setattr(module, "SIZE", 64)
    monkeypatch.setattr(module, "PROBED", 16)
    vectors = scattered(4000)
    queries = turn(near(vectors[::10], 0.9))
    found = set(told(Lists(vectors), queries, 0.6))
    missed = [row for row in range(len(queries)) if (row, 10 * row) not in found]
    assert len(missed) <= 0.03 * len(queries)


def compared(vectors: Floats, queries: Floats, monkeypatch: pytest.MonkeyPatch) -> float:
    """Return how many cosines are computed for a query."""
    lists = Lists(vectors)
    count = 0

    def counting(one: Floats, other: Floats) -> Floats:
        nonlocal count
        count += len(one) * len(other)
        return alike(one, other)

    with monkeypatch.context() as context:
        context.setattr(module, "alike", counting)
        told(lists, queries, 0.6)
    return count / len(queries)


def frames(count: int) -> Floats:
    return near(np.repeat(scattered(1), count, axis=0), 0.999)


@pytest.mark.parametrize(
    "made", [scattered, frames, lambda count: np.repeat(scattered(1), count, axis=0)]
)
def test_work_for_a_query_is_bounded_whatever_the_vectors_are(
    made: Callable[[int], Floats], small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames of a film, or the same page again and again: lists are cut, none holds them all."""
    for count in (1000, 4000):
        vectors = made(count)
        lists = Lists(vectors)
        assert sorted(lists.members.tolist()) == list(range(count))
        assert np.diff(lists._ends).max() <= 2 * module.SIZE
        # Groups and centres, and then the lists themselves.
        among = count**0.5 + module.REACHED * 2 * module.UNEVEN * (count / module.SIZE) ** 0.5
        most = among + module.PROBED * 2 * module.SIZE
        assert compared(vectors, vectors[:100], monkeypatch) <= most


def test_of_the_same_vector_no_more_are_told_than_asked_for(small: None) -> None:
    vectors = np.repeat(scattered(1), 2000, axis=0)
    found = told(Lists(vectors), vectors[:50], 0.6, most=6)
    assert len(found) == len(set(found))
    assert max(Counter(query for query, _ in found).values()) <= module.PROBED * 6


def test_the_likeliest_of_a_list_are_told(small: None) -> None:
    vectors = frames(100)
    lists = Lists(vectors)
    found = told(lists, vectors[:20], 0.0, most=3)
    cosines = alike(vectors[:20], vectors)
    for query in range(20):
        for start, end in zip(lists._ends, lists._ends[1:], strict=False):
            members = lists.members[start:end]
            best = members[np.argsort(-cosines[query, members])[:3]]
            assert {other for row, other in found if row == query} & set(members.tolist()) == set(
                best.tolist()
            )


def test_lists_are_the_same_each_time(small: None) -> None:
    vectors = scattered(3000)
    one, other = Lists(vectors), Lists(vectors.copy())
    assert np.array_equal(one.members, other.members)
    assert told(one, vectors[:99], 0.4) == told(other, vectors[:99], 0.4)


def test_queries_in_parts_find_the_same(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = scattered(2000)
    expected = sorted(told(Lists(vectors), vectors, 0.4))
    monkeypatch.setattr(module, "BLOCK", 7)
    assert sorted(told(Lists(vectors), vectors, 0.4)) == expected
