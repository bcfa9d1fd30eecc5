"""Checking a picture set: every file, then what the files have to do with each other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from tl_catdog.audit import findings
from tl_catdog.audit.appearance import Appearance, unusual
from tl_catdog.audit.findings import KEPT_IN, Audit, Finding, SeenInTraining, ordered
from tl_catdog.audit.inspection import Inspection, inspect_all
from tl_catdog.audit.near_duplicates import SAME, group_copies
from tl_catdog.audit.stars import Star, stars
from tl_catdog.audit.thumbnails import Readable, Thumbnails
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example
from tl_catdog.data.folders import TRAIN, UNSPLIT, images_below
from tl_catdog.data.labelling import AS_IT_IS, Labelling, labelled
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import UsageError

IMBALANCED = 3.0
"""One class has so many times as many pictures as another: that is a finding."""

Steps = Callable[[str], AbstractContextManager[Progress]]
"""Called with the name of a step; gives what is called with the step's (done, total)."""


def check(
    root: Path, steps: Steps, how: Labelling = AS_IT_IS, *, compare: bool = True
) -> tuple[Audit, tuple[Example, ...]]:
    """Find what is wrong with the pictures of a folder, without any network.

    Memory doesn't grow with the pictures but for what is found, their names and their hashes.

    Args:
        root: The folder; one that is no set is searched for pictures, and that is a finding.
        steps: Called with the name of each step; see ``Steps``.
        how: Where the classes come from.
        compare: Whether copies are looked for, which takes most of the time.

    Returns:
        What was found, and the pictures that can be used.

    Raises:
        UsageError: There is no such folder, or no picture in it.
    """
    began = time.perf_counter()
    entries, found = _listed(root, how)
    looked = Looked(len(entries))
    with steps("looking at pictures") as progress:
        for position, result in enumerate(inspect_all([entry.path for entry in entries])):
            looked.add(entries[position].name, result)
            progress(position + 1, len(entries))
    files = [entry.path for entry in entries]
    return judged(root, entries, looked, found, files, steps, began, compare=compare)


class Looked:
    """What is kept of pictures that were looked at, for ``judged``.

    Args:
        count: How many there are.
    """

    def __init__(self, count: int) -> None:
        self.thumbnails = Thumbnails(count)
        self.digests: list[str] = []
        self.appearances: list[Appearance | None] = []
        self.usable: list[int] = []
        self.found: list[Finding] = []

    def add(self, name: str, result: Inspection) -> None:
        """Take what was seen of the next picture."""
        position = len(self.digests)
        self.digests.append(result.digest)
        self.appearances.append(result.appearance)
        self.found.extend(Finding(kind, (name,), detail) for kind, detail in result.remarks)
        self.thumbnails.write(position, result.thumbnail, result.side)
        if result.thumbnail is not None:
            self.usable.append(position)


def judged(
    root: Path | str,
    entries: Sequence[Example],
    looked: Looked,
    found: Sequence[Finding],
    files: Sequence[Path | Readable],
    steps: Steps,
    began: float,
    *,
    compare: bool = True,
) -> tuple[Audit, tuple[Example, ...]]:
    """Find what is wrong with pictures that were looked at.

    Args:
        root: Where they are.
        entries: The pictures, whose digests aren't known yet.
        looked: What was seen of them.
        found: What was noticed before.
        files: The pictures' files, for another look at those that may be copies.
        steps: See ``Steps``.
        began: When it began, by ``time.perf_counter``.
        compare: See ``check``.

    Returns:
        See ``check``.
    """
    every = [*found, *looked.found]
    every.extend(
        Finding(kind, (entries[position].name,), detail)
        for position, kind, detail in unusual(looked.appearances)
    )
    entries = [
        replace(entry, digest=digest) for entry, digest in zip(entries, looked.digests, strict=True)
    ]
    if compare:
        with steps("comparing pictures") as progress:
            every.extend(_copies(entries, looked, files, progress))
    every.extend(_imbalance(entries))
    audit = Audit(
        root=str(root),
        images=len(entries),
        seconds=time.perf_counter() - began,
        counts=_counts(entries),
        findings=ordered(every),
        seen_in_training=_seen_in_training(entries, every),
    )
    return audit, tuple(entries[position] for position in looked.usable)


def _listed(root: Path, how: Labelling) -> tuple[list[Example], list[Finding]]:
    """Return the pictures of a folder by their names, and what is odd about the folder."""
    try:
        read = labelled(root, how)
    except UsageError as error:
        left_out = Counter[str]()
        paths = list(images_below(root.absolute(), left_out)) if root.is_dir() else []
        if not paths:
            raise
        base = root.absolute()
        entries = [
            Example(path, path.relative_to(base).as_posix(), "", "", UNREADABLE) for path in paths
        ]
        layout = Finding(findings.LAYOUT, (), f"{error.message} {error.hint}")
        return entries, [layout, *_left_out(left_out)]
    folder = read.folder
    notes = (*folder.notes, *read.notes)
    found = [Finding(findings.UNDERSTOOD, (), note) for note in notes]
    found += _left_out(folder.ignored)
    listed = [
        Example(item.path, item.name, item.label, "" if split == UNSPLIT else split, UNREADABLE)
        for split, members in folder.splits.items()
        for item in members
    ]
    return listed, found


def _left_out(counted: Mapping[str, int]) -> list[Finding]:
    return [
        Finding(findings.LEFT_OUT, (), f"{count} × {what}")
        for what, count in sorted(counted.items())
    ]


def _counts(entries: Sequence[Example]) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {}
    for entry in entries:
        of_split = counted.setdefault(entry.split or UNSPLIT, {})
        of_split[entry.label] = of_split.get(entry.label, 0) + 1
    return counted


def _copies(
    entries: Sequence[Example],
    looked: Looked,
    files: Sequence[Path | Readable],
    progress: Progress,
) -> list[Finding]:
    """Return the findings about copies and near-copies."""
    # Damaged files have digests, too, but nothing that could be compared.
    comparable = set(looked.usable)
    digests = [
        entry.digest if position in comparable else UNREADABLE
        for position, entry in enumerate(entries)
    ]
    _, near = group_copies(digests, looked.thumbnails, files, progress)
    found = [
        finding
        for star in stars(digests, near.copies, [_rank(entry) for entry in entries])
        for finding in _findings_about([entries[position] for position in star.members], star)
    ]
    if near.threshold > SAME:
        detail = f"only likeness from {near.threshold} on is taken for a copy, not from {SAME}"
        found.append(Finding(findings.ALIKE, (), detail))
    return found


def _rank(entry: Example) -> tuple[int, str]:
    """Return what to sort by so that of several copies the one that should stay comes first."""
    order = (*KEPT_IN, entry.split)
    return order.index(entry.split), entry.name


def _findings_about(members: Sequence[Example], star: Star) -> list[Finding]:
    """Return what it means that these pictures are copies: leak, conflict or duplicate."""
    if star.score is None:
        likeness = "identical"
    else:
        likeness = f"near-copies{', mirrored' if star.mirrored else ''}, {star.score:.2f}"
    paths = tuple(member.name for member in members)
    splits = sorted({member.split for member in members})
    labels = sorted({member.label for member in members})
    found = []
    if len(splits) > 1:
        found.append(Finding(findings.LEAK, paths, f"{likeness}, in {' and '.join(splits)}"))
    if len(labels) > 1:
        found.append(Finding(findings.CONFLICT, paths, f"{likeness}, as {' and '.join(labels)}"))
    return found or [Finding(findings.DUPLICATE, paths, likeness)]


def _seen_in_training(
    entries: Sequence[Example], found: Sequence[Finding]
) -> dict[str, SeenInTraining]:
    """Return for each split how many of its pictures the training sees a copy of."""
    by_name = {entry.name: entry for entry in entries}
    total = Counter(entry.split for entry in entries)
    seen: set[Example] = set()
    for leak in (finding for finding in found if finding.kind == findings.LEAK):
        members = [by_name[path] for path in leak.paths]
        if any(member.split == TRAIN for member in members):
            seen.update(member for member in members if member.split != TRAIN)
    count = Counter(entry.split for entry in seen)
    return {split: SeenInTraining(count[split], total[split]) for split in sorted(count)}


def _imbalance(entries: Sequence[Example]) -> list[Finding]:
    found = []
    for split, counts in _counts(entries).items():
        if split not in (UNSPLIT, TRAIN) or len(counts) < 2:
            continue
        least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
        if counts[most] >= IMBALANCED * counts[least]:
            detail = (
                f"{counts[most]} of {most}, {counts[least]} of {least}: "
                "train with --class-weights balanced"
            )
            found.append(Finding(findings.IMBALANCE, (), detail))
    return found
