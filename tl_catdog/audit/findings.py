"""What can be wrong with a picture set, and the words for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tl_catdog.data.folders import TEST, TRAIN, VALIDATION

UNREADABLE, NOT_AN_IMAGE, CORRUPT, TRUNCATED, HUGE = (
    "unreadable",
    "not-a-picture",
    "corrupt",
    "truncated",
    "huge",
)
LEAK, CONFLICT, DUPLICATE = "leak", "label-conflict", "duplicate"
LAYOUT, IMBALANCE, OUTLIER, ALIKE = "layout", "imbalance", "outlier", "alike"
DARK, BRIGHT, BLANK, BLURRED = "dark", "bright", "blank", "blurred"
TINY, ANIMATED, EXTENSION = "tiny", "animated", "wrong-extension"
LEFT_OUT, UNDERSTOOD = "left-out", "understood"

KINDS = {
    LAYOUT: "the folder isn't a set that can be trained on",
    UNREADABLE: "the file can't be opened",
    NOT_AN_IMAGE: "no picture in it, whatever its name says",
    CORRUPT: "its data is damaged",
    TRUNCATED: "cut short: the bottom is missing or grey",
    HUGE: "more pixels than are decoded: a bomb, or a mistake",
    LEAK: "the same picture in two splits: figures on it flatter",
    CONFLICT: "the same picture in two classes",
    DUPLICATE: "the same picture more than once",
    ALIKE: "all look so alike that near-copies can't be told for sure",
    IMBALANCE: "one class has many times as many pictures as another",
    DARK: "nearly black",
    BRIGHT: "nearly white",
    BLANK: "nearly one colour",
    BLURRED: "blurred, or without any contrast",
    TINY: "smaller than a network can use",
    ANIMATED: "only its first frame is used",
    EXTENSION: "its name says another format than its bytes",
    LEFT_OUT: "left out: no pictures of a class, by their names",
    UNDERSTOOD: "how the folders' names were understood",
    OUTLIER: "unlike all the others",
}
"""Each kind of finding, in the order in which they are shown."""

SERIOUS = (LAYOUT, UNREADABLE, NOT_AN_IMAGE, CORRUPT, TRUNCATED, HUGE, LEAK, CONFLICT)
"""What makes figures wrong or loses pictures; the rest is worth a look."""

KEPT_IN = (TEST, VALIDATION, TRAIN)
"""Of a picture in several splits, those in the first of these that has it stay."""

SINGLE = (UNREADABLE, NOT_AN_IMAGE, CORRUPT, TRUNCATED, HUGE)
"""What keeps a picture from being used at all."""


@dataclass(frozen=True)
class Finding:
    """Something found.

    Attributes:
        kind: One of ``KINDS``.
        paths: The pictures it is about, below the folder that was checked.
        detail: What exactly, in a few words.
    """

    kind: str
    paths: tuple[str, ...]
    detail: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as ``--json`` prints it."""
        return {"kind": self.kind, "paths": list(self.paths), "detail": self.detail}


def ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings in the order of ``KINDS``, then of their pictures."""
    order = list(KINDS)
    return tuple(sorted(found, key=lambda item: (order.index(item.kind), item.paths)))


@dataclass(frozen=True)
class SeenInTraining:
    """How many of a split's pictures the training sees a copy of.

    Attributes:
        images: So many of them.
        of: How many the split has.
    """

    images: int
    of: int

    @property
    def points(self) -> float:
        """By how many percentage points accuracy on the split may be too high, at most."""
        return 100.0 * self.images / self.of


@dataclass(frozen=True)
class Audit:
    """All that a check found.

    Attributes:
        root: The folder.
        images: How many pictures were checked.
        seconds: How long it took.
        counts: Pictures by split and class.
        findings: In the order of ``KINDS``.
        seen_in_training: For each split that leaked, how many of its pictures ``train`` has.
    """

    root: str
    images: int
    seconds: float
    counts: dict[str, dict[str, int]]
    findings: tuple[Finding, ...]
    seen_in_training: dict[str, SeenInTraining]

    def tally(self) -> dict[str, int]:
        """Return how many findings there are of each kind that there is."""
        return dict(Counter(finding.kind for finding in self.findings))

    def of(self, kind: str) -> tuple[Finding, ...]:
        """Return the findings of a kind."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def to_json(self) -> dict[str, Any]:
        """Return the audit as ``--json`` prints it."""
        return {
            "root": self.root,
            "pictures": self.images,
            "seconds": round(self.seconds, 3),
            "counts": self.counts,
            "seen_in_training": {
                split: {"pictures": seen.images, "of": seen.of, "points": round(seen.points, 2)}
                for split, seen in self.seen_in_training.items()
            },
            "findings": [finding.to_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, said: Any) -> Audit:
        """Return the audit that ``to_json`` gave; how long it took needn't be there.

        Raises:
            ValueError: It is none.

        >>> audit = Audit("cats", 2, 0.0, {}, (Finding(DARK, ("1.jpg",), "so"),), {})
        >>> Audit.from_json(audit.to_json()) == audit
        True
        """
        try:
            found = tuple(
                Finding(item["kind"], tuple(item["paths"]), item["detail"])
                for item in said["findings"]
            )
            seen = {
                split: SeenInTraining(item["pictures"], item["of"])
                for split, item in said["seen_in_training"].items()
            }
            audit = cls(said["root"], said["pictures"], 0.0, said["counts"], found, seen)
            counted = [number for some in audit.counts.values() for number in some.values()]
            counted += [audit.images, *(n for one in seen.values() for n in (one.images, one.of))]
            texts = [audit.root, *seen, *(item.detail for item in found)]
            texts += [path for item in found for path in item.paths]
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no audit: {error!r}") from None
        whole = all(isinstance(text, str) for text in texts)
        whole &= all(type(number) is int and number >= 0 for number in counted)
        if (
            not whole
            or any(item.kind not in KINDS for item in found)
            or any(one.of < 1 for one in seen.values())
        ):
            raise ValueError("no audit: other kinds of values")
        return audit
