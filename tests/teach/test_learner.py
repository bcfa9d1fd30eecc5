"""The learner follows a folder: what it tells is of the newest labels, and honest."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tl_catdog.teach.items import Item, Snapshot
from tl_catdog.teach.learned import Learned
from tl_catdog.teach.learner import Learner
from tl_catdog.teach.looking import Looked, Looker

WIDTH = 16


def item(number: int, label: str | None, **more: object) -> Item:
    sha = f"{number:064x}"
    values: dict[str, object] = {"group": sha, "given": False, **more}
    return Item(f"p{number}", sha, Path(f"{number}.jpg"), f"{number}.jpg", label, **values)  # type: ignore[arg-type]


class Folder:
    """What ``State`` tells, without a disk."""

    def __init__(self, items: Sequence[Item], classes: tuple[str, ...] = ("cat", "dog")) -> None:
        self.now = Snapshot(1, Path(), classes, tuple(items), 0)
        self.changed = threading.Condition()

    def snapshot(self) -> Snapshot:
        return self.now

    def wait(self, since: int, seconds: float) -> int:
        with self.changed:
            self.changed.wait_for(lambda: self.now.version > since, min(seconds, 0.05))
        return self.now.version

    def put(self, items: Sequence[Item]) -> int:
        with self.changed:
            self.now = replace(self.now, version=self.now.version + 1, items=tuple(items))
            self.changed.notify_all()
        return self.now.version


class Clouds(Looker):
    """Gives each picture a point near that of its number's parity; none of those named broken."""

    def __init__(self, broken: Sequence[int] = (), gone: Sequence[int] = ()) -> None:
        self.broken, self.gone, self.looks = set(broken), set(gone), 0

    def __enter__(self) -> Clouds:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def strangers(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.zeros((0, WIDTH), np.float32)

    def look(self, pictures: Sequence[Item]) -> Looked:
        self.looks += 1
        numbers = [int(picture.sha256, 16) for picture in pictures]
        there = [n for n in numbers if n not in self.broken | self.gone]
        rows = []
        for number in there:
            row = np.random.default_rng(number).normal(size=WIDTH)
            row[number % 2] += 5
            rows.append(row + 3)
        features = np.asarray(rows, dtype=np.float32).reshape(-1, WIDTH)
        broken = {f"{n:064x}": "expected a picture" for n in numbers if n in self.broken}
        return Looked(tuple(f"{n:064x}" for n in there), features, broken)


def until(learner: Learner, version: int) -> Learned:
    end, told = time.monotonic() + 30, 0
    while time.monotonic() < end:
        found = learner.latest()
        if learner.failure:
            pytest.fail(learner.failure)
        if found is not None and found.judged >= version and learner.status().phase == "idle":
            return found
        told = learner.wait(told, 1.0)
    pytest.fail("nothing was learned")


def truth(number: int) -> str:
    return ("cat", "dog")[number % 2]


def test_labels_are_learned_judged_and_asked_for() -> None:
    folder = Folder([item(n, truth(n) if n < 60 else None) for n in range(100)])
    learner = Learner(folder, looker=Clouds())
    learner.start()
    try:
        found = until(learner, 1)
        assert found.head is not None
        assert found.head.classes == ("cat", "dog")
        assert {q.id for q in found.questions} <= {f"p{n}" for n in range(60, 100)}
        name, chance = found.guesses("p70")[0]
        assert (name, chance > 0.9) == ("cat", True)
        version = folder.put([item(n, truth(n)) for n in range(100)])
        found = until(learner, version)
        assert found.version == found.judged == version
        assert found.accuracy is not None
        assert found.accuracy.estimate.value > 0.9
        assert found.accuracy.estimate.n == 100
        assert found.questions == ()
        told = found.to_json()
        assert told["basis"] == "check"
        assert "on all pictures" in told["words"][0]
    finally:
        learner.close()


def test_labels_without_sense_are_no_better_than_chance() -> None:
    luck = np.random.default_rng(0).integers(0, 2, 200)
    items = [item(2 * n, ("cat", "dog")[luck[n]]) for n in range(200)]
    folder = Folder(items)
    learner = Learner(folder, looker=Clouds())
    learner.start()
    try:
        found = until(learner, 1)
        assert found.accuracy is not None
        assert 0.35 < found.accuracy.estimate.value < 0.65
        sure = [found.guesses(f"p{2 * n}")[0][0] == items[n].label for n in range(200)]
        assert np.mean(sure) < 0.65  # a head that had seen them would know them again
    finally:
        learner.close()


@pytest.mark.parametrize("labels", [[], ["cat"], ["cat", "cat", "cat"], ["cat", "dog"]])
def test_few_pictures_are_answered_with_words(labels: list[str]) -> None:
    items = [item(2 * n + (label == "dog"), label) for n, label in enumerate(labels)]
    folder = Folder(items)
    learner = Learner(folder, looker=Clouds())
    learner.start()
    try:
        found = until(learner, 1)
        assert found.accuracy is None
        assert found.words()
        assert (found.head is not None) == ("dog" in labels)
    finally:
        learner.close()


def test_a_burst_counts_once_and_its_frames_are_never_parted() -> None:
    burst = [item(2 * n, "cat", group="burst") for n in range(40)]
    rest = [item(1000 + n, truth(n)) for n in range(40)]
    learner = Learner(Folder([*burst, *rest]), looker=Clouds())
    learner.start()
    try:
        found = until(learner, 1)
        assert found.accuracy is not None
        assert found.accuracy.estimate.n == 41
    finally:
        learner.close()


def test_wrong_labels_are_doubted_unless_they_are_kept() -> None:
    items = [item(n, truth(n)) for n in range(100)]
    items[10], items[20] = replace(items[10], label="dog"), replace(items[20], label="dog")
    folder = Folder(items)
    learner = Learner(folder, looker=Clouds())
    learner.start()
    try:
        found = until(learner, 1)
        assert {doubt.id for doubt in found.doubts} == {"p10", "p20"}
        assert found.doubts[0].seems == "cat"
        items[10] = replace(items[10], kept=True)
        found = until(learner, folder.put(items))
        assert {doubt.id for doubt in found.doubts} == {"p20"}
    finally:
        learner.close()


def test_pictures_that_cannot_be_read_are_told_and_never_asked_for() -> None:
    items = [item(n, truth(n) if n < 30 else None) for n in range(40)]
    looker = Clouds(broken=[35], gone=[36])
    learner = Learner(Folder(items), looker=looker)
    learner.start()
    try:
        found = until(learner, 1)
        assert dict(found.broken) == {"p35": "expected a picture"}
        asked = {question.id for question in found.questions}
        assert asked
        assert not asked & {"p35", "p36"}
        looks = looker.looks
        time.sleep(0.3)
        assert looker.looks == looks  # what is gone isn't looked for again and again
    finally:
        learner.close()


def test_given_pictures_are_judged_by_while_too_few_are_drawn_by_lot() -> None:
    given = [item(n, truth(n), given=True) for n in range(60)]
    fresh = [item(n, None) for n in range(1000, 1100)]
    learner = Learner(Folder([*given, *fresh]), looker=Clouds())
    learner.start()
    try:
        found = until(learner, 1)
        assert found.accuracy is not None
        assert (found.basis, found.accuracy.estimate.n) == ("given", 60)
    finally:
        learner.close()


def test_what_goes_wrong_is_told_and_tried_again_when_the_folder_changes() -> None:
    class Broken(Clouds):
        def look(self, pictures: Sequence[Item]) -> Looked:
            if len(pictures) == 1:
                raise RuntimeError("no\nroom")
            return super().look(pictures)

    folder = Folder([item(1, "cat")])
    learner = Learner(folder, looker=Broken())
    learner.start()
    try:
        learner.wait(0, 30)
        assert learner.failure == "RuntimeError: no room"
        version = folder.put([item(1, "cat"), item(2, "dog")])
        end = time.monotonic() + 30
        while learner.failure is not None and time.monotonic() < end:
            time.sleep(0.02)
        assert until(learner, version).head is not None
    finally:
        learner.close()
