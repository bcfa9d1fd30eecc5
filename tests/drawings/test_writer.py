"""A drawn set on disk: the same for the same arguments, and whole or not there."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TypedDict

import pytest
from PIL import Image

from tests.support.kills import killed_at
from tl_catdog import drawings as drawn
from tl_catdog.drawings import KINDS, draw, draw_set, writer
from tl_catdog.errors import CatdogError
from tl_catdog.scratch import sweep

SMALL = {"train": 3, "validation": 1, "test": 2}


def tree(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


class Order(TypedDict, total=False):
    counts: Mapping[str, int]
    size: int
    seed: int
    workers: int


def test_a_set_holds_what_was_ordered(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    made = draw_set(
        tmp_path / "deep" / "set",
        counts=SMALL,
        size=40,
        seed=3,
        workers=1,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(done, 12) for done in range(1, 13)]
    assert (made.size, made.seed, dict(made.counts)) == (40, 3, SMALL)
    pictures = sorted(path.relative_to(made.root).as_posix() for path in made.root.rglob("*.jpg"))
    assert pictures == sorted(
        f"{split}/{kind}s/{number:04d}.jpg"
        for split, count in SMALL.items()
        for kind in KINDS
        for number in range(1, count + 1)
    )
    text = (made.root / "boxes.json").read_text("utf-8")
    boxes = json.loads(text)
    assert list(boxes) == pictures
    assert json.loads((made.root / "drawn.json").read_text("utf-8")) == {
        "version": drawn.VERSION,
        "seed": 3,
        "size": 40,
        "counts": SMALL,
    }
    for name in pictures:
        with Image.open(made.root / name) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (40, 40))
        assert len(boxes[name]) == 4
    assert [path.name for path in made.root.parent.iterdir()] == ["set"]


def test_the_bytes_do_not_depend_on_the_workers(tmp_path: Path) -> None:
    backwards = dict(reversed(SMALL.items()))
    calls: list[int] = []
    draw_set(tmp_path / "one", counts=SMALL, size=40, workers=1)
    draw_set(
        tmp_path / "two",
        counts=backwards,
        size=40,
        workers=2,
        progress=lambda done, total: calls.append(done),
    )
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert calls == list(range(1, 13))


def test_other_seeds_give_other_sets(tmp_path: Path) -> None:
    one = draw_set(tmp_path / "one", counts={"train": 2}, size=40, seed=0)
    two = draw_set(tmp_path / "two", counts={"train": 2}, size=40, seed=1)
    first, second = (
        {data for name, data in tree(s.root).items() if name.endswith("jpg")} for s in (one, two)
    )
    assert len(first) == len(second) == 4
    assert not first & second


def test_no_two_pictures_share_a_seed() -> None:
    tasks = [task for seed in (0, 1) for task in writer._tasks(drawn.DEFAULT_COUNTS, seed)]
    assert len({task.seed for task in tasks}) == len(tasks) == 2400


def test_a_second_call_draws_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "set"
    first = draw_set(root, counts=SMALL, size=40, workers=1)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    monkeypatch.setattr(writer, "draw", lambda *_: pytest.fail("drawn again"))
    assert draw_set(root, counts=SMALL, size=40, workers=1) == first
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failure_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def fail_late(kind: str, seed: int, size: int) -> drawn.Drawing:
        if seed == 5:
            raise error
        return draw(kind, seed, size)

    monkeypatch.setattr(writer, "draw", fail_late)
    with pytest.raises(error):
        draw_set(tmp_path / "set", counts=SMALL, size=40, workers=1)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_workers_draw_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_set(tmp_path / "set", counts={"train": 40}, size=40, workers=2, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_worker_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_WORKER", "raise SystemExit('no pencil')")
    with pytest.raises(RuntimeError, match="no pencil"):
        draw_set(tmp_path / "set", counts=SMALL, size=40, workers=2)
    assert list(tmp_path.iterdir()) == []


def test_what_the_system_refuses_in_a_worker_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = (
        "import errno, sys; sys.path[:] = {path!r}; from PIL import Image; import os\n"
        "def save(*_, **__): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        "Image.Image.save = save\n"
        "from {module} import draw_as_ordered; draw_as_ordered()"
    )
    monkeypatch.setattr(writer, "_WORKER", worker)
    with pytest.raises(OSError, match="No space left") as caught:
        draw_set(tmp_path / "set", counts=SMALL, size=40, workers=2)
    assert caught.value.errno == errno.ENOSPC
    assert str(caught.value.filename).endswith("0001.jpg")
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_says_much_does_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "import sys; print('x' * 300_000, file=sys.stderr); "
    monkeypatch.setattr(writer, "_WORKER", said + writer._WORKER)
    draw_set(tmp_path / "set", counts=SMALL, size=40, workers=2)
    assert len(tree(tmp_path / "set")) == 14


def test_a_worker_that_is_killed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_WORKER", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(CatdogError, match="expected enough memory"):
        draw_set(tmp_path / "set", counts=SMALL, size=40, workers=2)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_leaves_nothing_that_the_next_set_does_not_sweep(tmp_path: Path) -> None:
    order = partial(draw_set, tmp_path / "set", counts={"train": 1}, size=40, workers=1)
    assert killed_at(6, order)
    assert [path.name[:11] for path in tmp_path.iterdir()] == [".tl-catdog-"]
    sweep(tmp_path, again=True)
    order()
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_link_to_an_empty_folder_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    draw_set(tmp_path / "link", counts={"test": 1}, size=40)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "drawn.json").is_file()


@pytest.mark.parametrize("mask", [0o077, 0o002])
def test_modes_follow_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        draw_set(tmp_path / "set", counts={"test": 1}, size=40)
    finally:
        os.umask(before)
    for path in (tmp_path / "set", *(tmp_path / "set").rglob("*")):
        wanted = (0o777 if path.is_dir() else 0o666) & ~mask
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_losing_a_race_to_another_set_is_told(tmp_path: Path) -> None:
    root = tmp_path / "set"

    def overtake(done: int, total: int) -> None:
        if done == total:
            draw_set(root, counts={"train": 1}, size=32, workers=1)

    with pytest.raises(FileExistsError, match="has come meanwhile"):
        draw_set(root, counts={"train": 1}, size=40, workers=1, progress=overtake)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_losing_a_race_keeps_the_other_set(tmp_path: Path) -> None:
    root = tmp_path / "set"

    def overtake(done: int, total: int) -> None:
        if done == total:
            draw_set(root, counts={"train": 1}, size=40, workers=1)
            (root / "mark").touch()

    draw_set(root, counts={"train": 1}, size=40, workers=1, progress=overtake)
    assert (root / "mark").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_an_empty_folder_is_filled_and_a_foreign_one_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "set"
    root.mkdir()
    draw_set(root, counts={"test": 1}, size=40)
    before = tree(root)
    with pytest.raises(FileExistsError, match="another folder"):
        draw_set(root, counts={"test": 2}, size=40)
    assert tree(root) == before
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        draw_set(tmp_path / "file", counts={"test": 1}, size=40)


@pytest.mark.parametrize(
    "wrong",
    [
        {"counts": {}},
        {"counts": {"train": 0}},
        {"counts": {"training": 4}},
        {"counts": {"train": 2**23}},
        {"size": 8},
        {"seed": -1},
        {"workers": 0},
    ],
)
def test_wrong_orders_are_refused_before_anything_is_written(tmp_path: Path, wrong: Order) -> None:
    order: Order = {"counts": {"train": 1}}
    order.update(wrong)
    with pytest.raises(ValueError, match=r"counts|size|seed|workers"):
        draw_set(tmp_path / "set", **order)
    assert list(tmp_path.iterdir()) == []


def test_drawing_needs_nothing_heavy() -> None:
    # Every worker process imports this module.
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; import tl_catdog.drawings; "
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_and_seeds_follow_from_the_order_alone() -> None:
    # What is drawn for a name is fixed by the version: change neither without raising it.
    tasks = writer._tasks({"train": 2, "test": 1}, 3)
    assert [(task.name, task.kind, task.seed - 3 * 2**24) for task in tasks] == [
        ("train/cats/0001.jpg", "cat", 0),
        ("train/cats/0002.jpg", "cat", 1),
        ("train/dogs/0001.jpg", "dog", 2),
        ("train/dogs/0002.jpg", "dog", 3),
        ("test/cats/0001.jpg", "cat", 4),
        ("test/dogs/0001.jpg", "dog", 5),
    ]
    assert drawn.VERSION == 1


def test_the_quality_varies_from_70_to_95(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    saved: list[tuple[Path, str, int]] = []

    def save(image: Image.Image, path: Path, kind: str, *, quality: int) -> None:
        saved.append((path, kind, quality))

    drawing = draw("cat", 0, 16)
    monkeypatch.setattr(Image.Image, "save", save)
    monkeypatch.setattr(writer, "draw", lambda *_: drawing)
    for seed in range(300):
        assert writer._draw_one(tmp_path, writer._Task("a.jpg", "cat", seed), 16) == drawing.box
    assert {(path, kind) for path, kind, _ in saved} == {(tmp_path / "a.jpg", "JPEG")}
    qualities = [quality for _, _, quality in saved]
    assert (min(qualities), max(qualities)) == (70, 95)
    assert qualities[:5] == [83, 83, 77, 95, 81]
