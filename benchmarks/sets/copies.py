"""Near-copies, planted and looked for with ``data check``, and kept together by ``data split``."""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

from sets.pictures import Picture, link
from sets.work import Found, Work, attempt, command
from tl_catdog.data.folders import TRAIN, VALIDATION

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.support.copies import CHANGES, near_copy

COPIES = ("leak", "label-conflict", "duplicate")
"""Kinds of findings that say of pictures that they are copies."""


def look(work: Work) -> Found:
    """Check the set as it is, then with planted copies; split that, and check the split."""
    found: Found = {}
    attempt(found, "check", lambda: tally(work.set.root))
    attempt(found, "planted", lambda: plant(work))
    attempt(found, "split", lambda: split(work))
    return found


def check(folder: Path) -> Found:
    """Return what ``data check`` finds; outliers are another matter."""
    return command("data", "check", folder, "--no-outliers", "--fail-on", "none")


def tally(folder: Path) -> Found:
    """Return how many findings of each kind there are, and how many pictures there are."""
    said = check(folder)
    kinds = Counter(item["kind"] for item in said["findings"])
    return {"n": said["pictures"], **dict(sorted(kinds.items()))}


def plant(work: Work) -> Found:
    """Change some training pictures in every way, put them into validation, and look for them.

    Every second one goes to another class as well. ``found`` counts copies that are named together
    with their originals; ``strangers`` the pictures that are named with a copy but, without it,
    have nothing to do with its original.
    """
    rng = random.Random(work.seed)
    training = list(work.set.splits[TRAIN])
    chosen = rng.sample(range(len(training)), min(work.sizes.copies, len(training)))
    scratch = work.folder / "copies"
    scratch.mkdir()
    planted, changes = [], list(CHANGES)
    for number, position in enumerate(chosen):
        original = training[position]
        change = changes[number % len(changes)]
        path = scratch / f"copy-{number:03}.jpg"
        path.write_bytes(near_copy(original.path.read_bytes(), change, number))
        others = [label for label in work.set.classes if label != original.label]
        # Half of the copies made in each way.
        moved = number // len(changes) % 2
        planted.append(Picture(path, rng.choice(others) if moved else original.label))
    splits = dict(work.set.splits)
    first = len(splits[VALIDATION])
    splits[VALIDATION] = [*splits[VALIDATION], *planted]
    before = groups(link(work.set.splits, work.folder / "plain"))
    after = groups(link(splits, work.folder / "planted"))
    copies = {place(VALIDATION, first + number) for number in range(len(planted))}
    missed: Counter[str] = Counter()
    strangers: set[tuple[int, str]] = set()
    for number, position in enumerate(chosen):
        mine, copy = place(TRAIN, position), place(VALIDATION, first + number)
        named = after.get(copy, set())
        if mine not in named:
            missed[changes[number % len(changes)]] += 1
        strangers |= {
            (number, other) for other in named - copies - before.get(mine, set()) - {mine}
        }
    return {
        "planted": len(chosen),
        "found": len(chosen) - sum(missed.values()),
        "missed": dict(missed),
        "strangers": len(strangers),
    }


def place(split: str, position: int) -> str:
    """Return what tells a picture in a folder of links."""
    return f"{split} {position:06}"


def groups(folder: Path) -> dict[str, set[str]]:
    """Return for each picture that has copies which pictures it is named together with."""
    found: dict[str, set[str]] = {}
    for item in check(folder)["findings"]:
        if item["kind"] in COPIES:
            members = {
                place(path.split("/")[0], int(path.rsplit("/", 1)[-1].partition("-")[0]))
                for path in item["paths"]
            }
            for member in members:
                found.setdefault(member, set()).update(members)
    return found


def split(work: Work) -> Found:
    """Split the set with its planted copies anew and count what leaks between the splits."""
    target = work.folder / "split"
    words = ("--again", "--folders", target, "--seed", work.seed)
    command("data", "split", work.folder / "planted", *words)
    return {key: value for key, value in tally(target).items() if key in ("n", *COPIES)}
