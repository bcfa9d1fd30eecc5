"""Copies are told around a picture of which all others are copies themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tl_catdog.audit.near_duplicates import Pair
from tl_catdog.audit.stars import Star, stars
from tl_catdog.data.digest import UNREADABLE


def test_copies_of_copies_are_no_group() -> None:
    chain = [Pair(n, n + 1, 0.9, False) for n in range(5)]
    found = stars("abcdef", chain, range(6))
    assert [star.members for star in found] == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]


def test_the_least_rank_is_the_centre_and_comes_first() -> None:
    pairs = [Pair(0, 1, 0.9, False), Pair(0, 2, 0.8, True), Pair(1, 2, 0.7, False)]
    assert stars("abc", pairs, [5, 9, 1]) == [Star((2, 0, 1), 0.7, False)]


def test_identical_pictures_are_copies_of_whatever_one_of_them_is_a_copy_of() -> None:
    found = stars("abcbd", [Pair(1, 2, 0.6, True)], range(5))
    assert found == [Star((1, 2, 3), 0.6, True)]
    assert stars("abab", [], range(4)) == [Star((0, 2), None, False), Star((1, 3), None, False)]


def test_what_can_not_be_read_has_no_copies() -> None:
    assert stars([UNREADABLE, UNREADABLE, "a"], [], range(3)) == []


@given(
    st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=12),
    st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=14),
    st.randoms(use_true_random=False),
)
def test_every_pair_is_told_and_nothing_but_pairs_with_the_centre(
    digests: list[str], ends: set[tuple[int, int]], rng: object
) -> None:
    ranks = list(range(len(digests)))
    rng.shuffle(ranks)  # type: ignore[attr-defined]
    pairs: dict[frozenset[str], Pair] = {}
    for first, second in ends:
        if first < second < len(digests) and digests[first] != digests[second]:
            pair = Pair(first, second, 0.5, False)
            pairs.setdefault(frozenset((digests[first], digests[second])), pair)
    found = stars(digests, list(pairs.values()), ranks)
    told = set()
    for star in found:
        centre, *leaves = star.members
        for leaf in leaves:
            same = digests[centre] == digests[leaf]
            assert same or frozenset((digests[centre], digests[leaf])) in pairs
        told |= {frozenset((a, b)) for a in star.members for b in star.members if a != b}
        assert ranks[centre] == min(ranks[member] for member in star.members)
    for a, one in enumerate(digests):
        for b, another in enumerate(digests[:a]):
            if one == another or frozenset((one, another)) in pairs:
                assert frozenset((a, b)) in told
