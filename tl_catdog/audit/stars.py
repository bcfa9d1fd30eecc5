"""Stars: copies told as groups around one picture of which all others are copies themselves.

Copies of copies don't add up: if A is like B, and B like C, A and C may be two pictures. So every
group has a centre, and a picture that is a copy of two centres is in two groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tl_catdog.audit.near_duplicates import Pair
from tl_catdog.data.digest import UNREADABLE


@dataclass(frozen=True)
class Star:
    """Some copies.

    Attributes:
        members: Positions, the centre first.
        score: Of the least alike of them, or None where all are identical.
        mirrored: Whether that one is a mirror image.
    """

    members: tuple[int, ...]
    score: float | None
    mirrored: bool


def stars(digests: Sequence[str], copies: Sequence[Pair], ranks: Sequence[Any]) -> list[Star]:
    """Return groups of copies: every pair of copies is in one, and each is a copy of the centre.

    Args:
        digests: Of all pictures, (N,); ``UNREADABLE`` for those that have no copies.
        copies: Near-copies; of identical pictures any one stands for all.
        ranks: What to sort pictures by, (N,), all different: the least one is a group's centre.

    >>> chain = [Pair(0, 1, 0.9, False), Pair(1, 2, 0.8, False), Pair(2, 3, 0.7, False)]
    >>> [star.members for star in stars("abcd", chain, [2, 1, 0, 3])]
    [(2, 1, 3), (1, 0)]
    """
    same: dict[str, list[int]] = {}
    for position in sorted(range(len(digests)), key=ranks.__getitem__):
        if digests[position] != UNREADABLE:
            same.setdefault(digests[position], []).append(position)
    near: dict[str, dict[str, Pair]] = {}
    for pair in copies:
        one, other = digests[pair.first], digests[pair.second]
        near.setdefault(one, {})[other] = pair
        near.setdefault(other, {})[one] = pair
    found = []
    told, covered = set[frozenset[str]](), set[str]()
    for centre, members in same.items():  # in the order of ranks
        others = [o for o in near.get(centre, {}) if frozenset((centre, o)) not in told]
        if not others and (centre in covered or len(members) == 1):
            continue
        group = {centre, *others}
        covered |= group
        told |= {frozenset((one, two)) for one in group for two in group & near.get(one, {}).keys()}
        weakest = min((near[centre][o] for o in others), key=lambda pair: pair.score, default=None)
        leaves = [*members[1:], *(place for other in others for place in same[other])]
        positions = (members[0], *sorted(leaves, key=ranks.__getitem__))
        score = None if weakest is None else weakest.score
        found.append(Star(positions, score, weakest is not None and weakest.mirrored))
    return found
