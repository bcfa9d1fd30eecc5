"""What users said that no file shows: skipped, kept as it is, labelled in answer to a question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tl_catdog.data.folder_names import class_name
from tl_catdog.teach.steps import ANSWER, FOLDER, KEEP, SKIP, Step

SET = "yes"  # the value of a skip and an answer; empty is none


@dataclass
class Marks:
    """Marks by pictures' hashes; those of copies are the same.

    Attributes:
        skipped: Pictures of which the user didn't want to say anything.
        kept: The class that the user said is right.
        answered: Pictures that had no class and got one here.
    """

    skipped: set[str] = field(default_factory=set)
    kept: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def take(self, steps: Iterable[Step]) -> None:
        """Take what steps say, in the journal's order."""
        for step in steps:
            if step.kind == SKIP:
                (self.skipped.add if step.target else self.skipped.discard)(step.sha256)
            elif step.kind == KEEP:
                self.kept[step.sha256] = step.target
            elif step.kind == ANSWER:
                (self.answered.add if step.target else self.answered.discard)(step.sha256)
            elif step.kind == FOLDER:
                old, new = class_name(step.source), class_name(step.target)
                for sha256, label in self.kept.items():
                    if label == old:
                        self.kept[sha256] = new

    def value(self, kind: str, sha256: str) -> str:
        """Return a mark's value as steps say it."""
        if kind == SKIP:
            return SET if sha256 in self.skipped else ""
        if kind == ANSWER:
            return SET if sha256 in self.answered else ""
        return self.kept.get(sha256, "")
