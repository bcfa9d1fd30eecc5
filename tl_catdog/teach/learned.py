"""What was learned of a folder, as it is told: with the version of what it was learned of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.errors import listing
from tl_catdog.prediction.novelty import FeatureBank
from tl_catdog.prediction.rejection import Policy
from tl_catdog.statistics import Estimate
from tl_catdog.teach.choice import Reason
from tl_catdog.teach.estimate import Accuracy
from tl_catdog.teach.heads import Head
from tl_catdog.teach.items import pictures
from tl_catdog.teach.unsure import promise
from tl_catdog.wording import points_estimate

ENOUGH = 0.01  # by less than this twice as many labels gain, almost surely: no more are needed
GUESSES = 3  # classes that are told of a picture, likeliest first


@dataclass(frozen=True)
class Learning:
    """What the learner is doing.

    Attributes:
        phase: ``idle``, ``looking`` (features of pictures are computed) or ``learning``.
        done: Of how many pictures there are features.
        total: Of how many there will be.
    """

    phase: str = "idle"
    done: int = 0
    total: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return what the page is told, with a sentence."""
        words = {
            "looking": f"Looking at pictures: {self.done:,} of {self.total:,}",
            "learning": "Learning",
        }
        found = {"phase": self.phase, "done": self.done, "total": self.total}
        return {**found, "words": words.get(self.phase, "")}


@dataclass(frozen=True)
class ClassLearned:
    """A class, and how well it is told.

    Attributes:
        name: The class.
        labelled: How many pictures it has.
        accuracy: Of its pictures in the sample that is judged by, which part is told right; None of
            fewer than ten.
        checked: How many of its pictures (or groups of them) are in that sample.
        taken_for: The class that most of its wrong ones are taken for, or None.
    """

    name: str
    labelled: int
    accuracy: Estimate | None
    checked: int
    taken_for: str | None

    def to_json(self) -> dict[str, Any]:
        """Return what the page is told."""
        return {
            "name": self.name,
            "labelled": self.labelled,
            "accuracy": None if self.accuracy is None else self.accuracy.to_json(),
            "checked": self.checked,
            "taken_for": self.taken_for,
        }


@dataclass(frozen=True)
class Doubt:
    """A label that is probably wrong: id of the picture, the class it seems, the chance, 0..1."""

    id: str
    label: str
    seems: str
    wrong: float


@dataclass(frozen=True)
class Asked:
    """A picture to ask for, and why it."""

    id: str
    reason: Reason


@dataclass(frozen=True)
class Learned:
    """What was learned.

    Attributes:
        version: Of the pictures and labels that the head and the guesses are of.
        judged: The same of all figures; older while they are being computed.
        classes: All classes.
        labelled: How many pictures have a class.
        unlabelled: How many have none.
        head: What was learned; None while fewer than two classes have pictures.
        accuracy: On new pictures; None of too few.
        basis: What it was measured on: ``check`` (drawn by lot from all), ``given`` (those that
            came with their class, while too few are drawn by lot), or nothing.
        checked: How many pictures (or groups of them) it was measured on, or would be.
        waiting: How many labelled pictures are left out of all figures until they were compared
            with the others: one of them could be a copy of what is judged.
        gain: By how much accuracy should rise with twice as many labels; None where it can't be
            told, or where that wasn't asked yet.
        questions: What to ask next, the most telling first.
        doubts: Labels to doubt, the most doubtful first.
        far: Pictures unlike all others, the farthest first.
        broken: Why pictures can't be read, by their id.
        ids: Of the N pictures that there are guesses of.
        chances: Of the head's classes, (N, C); of labelled pictures from heads that saw neither
            them nor their copies or burst.
        names: All classes, the columns of ``chances``.
        policy: When an answer is given; None where too few pictures can tell.
        bank: What tells how unlike the labelled pictures another is; None as above.
    """

    version: int
    judged: int
    classes: tuple[ClassLearned, ...]
    labelled: int
    unlabelled: int
    head: Head | None = None
    accuracy: Accuracy | None = None
    basis: str = ""
    checked: int = 0
    waiting: int = 0
    gain: Estimate | None = None
    questions: tuple[Asked, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    far: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)
    chances: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    names: tuple[str, ...] = ()
    policy: Policy | None = None
    bank: FeatureBank | None = None

    def guesses(self, id: str, most: int = GUESSES) -> tuple[tuple[str, float], ...]:
        """Return the likeliest classes of a picture with their probabilities, or nothing."""
        place = self.ids.get(id)
        if place is None or not len(self.chances[place]) or self.chances[place].max() <= 0:
            return ()
        order = np.argsort(-self.chances[place], kind="stable")[:most]
        return tuple((self.names[i], float(self.chances[place, i])) for i in order.tolist())

    def words(self) -> tuple[str, ...]:
        """Return what is to be said of how far it is, in sentences."""
        return sentences(self)

    def to_json(self) -> dict[str, Any]:
        """Return what the page is told; guesses of pictures are told with these."""
        found = self.accuracy
        return {
            "version": self.version,
            "judged": self.judged,
            "classes": [item.to_json() for item in self.classes],
            "labelled": self.labelled,
            "unlabelled": self.unlabelled,
            "learned": self.head is not None,
            "accuracy": None if found is None else found.estimate.to_json(),
            "more": None if found is None else found.more_for_narrow,
            "basis": self.basis,
            "checked": self.checked,
            "gain": None if self.gain is None else self.gain.to_json(),
            "unsure": None if self.head is None else promise(self.policy),
            "doubts": len(self.doubts),
            "far": len(self.far),
            "broken": len(self.broken),
            "words": list(self.words()),
        }


def rounded_up(number: int) -> int:
    """Return a number with two digits, the rest zeros, that isn't less.

    >>> rounded_up(7), rounded_up(99), rounded_up(768), rounded_up(1525)
    (7, 99, 770, 1600)
    """
    step: int = 10 ** max(0, len(str(number)) - 2)
    return -(-number // step) * step


def sentences(found: Learned) -> tuple[str, ...]:
    """Say how far teaching is, what it needs next, and what would narrow the figure."""
    from tl_catdog.teach.choice import CHECK_EVERY
    from tl_catdog.teach.estimate import HALF_WIDTH, LEAST

    filled = [item for item in found.classes if item.labelled]
    if len(found.classes) < 2:
        return ("Name two classes or more: what should be told apart?",)
    if len(filled) < 2:
        lacking = next(item.name for item in found.classes if not item.labelled)
        return (f"Show it a first picture of {lacking}: with two classes it begins to learn.",)
    said = []
    few = [item.name for item in found.classes if item.labelled < 5]
    if few:
        said.append(f"Fewer than five pictures: {listing(few, 3)}.")
    if found.judged < 0:  # nothing was judged yet
        return tuple(said)
    if found.waiting:
        said.append(
            f"Copies of {pictures(found.waiting, 'labelled ')} are still being looked for: figures "
            "leave these out until then."
        )
    if found.accuracy is None and not found.waiting:
        need = LEAST - found.checked
        if found.unlabelled:
            said.append(
                f"No figure yet: it needs {pictures(need, 'more ')} drawn by lot. Every "
                f"{CHECK_EVERY}th question is."
            )
        elif need > 0:
            said.append(f"No figure yet: it needs {pictures(need, 'more ')}, copies not counted.")
    if found.accuracy is None:
        return tuple(said)
    if found.basis == "given":
        said.append("Measured on the pictures that came with their class; new ones may differ.")
    elif found.unlabelled:
        said.append("Measured on pictures drawn by lot, by heads that saw none of them.")
    else:
        said.append("Measured on all pictures, each by a head that saw neither it nor its copies.")
    unchecked = [item.name for item in filled if not item.checked]
    if unchecked:
        said.append(f"The figure rests on no picture of {listing(unchecked, 3)}.")
    further = found.accuracy.more_for_narrow
    points = round(100 * HALF_WIDTH)
    if further:
        kind = "drawn by lot" if found.unlabelled >= further else "like those it will be shown"
        more = pictures(rounded_up(further), "more ")
        said.append(f"Within about ± {points} points with {more} {kind}.")
    if found.gain is not None:
        gain, ends = found.gain.value, found.gain.interval
        told = points_estimate(gain, ends.low, ends.high)
        enough = ": enough" if ends.high < ENOUGH else ""
        said.append(f"Twice as many labels should gain about {told}{enough}.")
    return tuple(said)
