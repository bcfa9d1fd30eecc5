"""The built-in drawn pictures: the same for the same arguments, whole, and without shortcuts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tl_catdog import drawings as drawn
from tl_catdog.drawings import KINDS, draw, draw_set, picture, writer

SMALL = {"train": 3, "validation": 1, "test": 2}


def pixels(drawing: drawn.Drawing) -> np.ndarray:
    return np.asarray(drawing.image, dtype=np.int16)


def tree(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


# --- one picture ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_arguments_give_the_same_picture(kind: str) -> None:
    first, second = draw(kind, 5, 96), draw(kind, 5, 96)
    assert first.image.tobytes() == second.image.tobytes()
    assert (first.kind, first.box) == (second.kind, second.box)
    assert first.image.mode == "RGB"
    assert first.image.size == (96, 96)


def test_other_seeds_and_kinds_give_other_pictures() -> None:
    seen = {draw(kind, seed, 48).image.tobytes() for kind in KINDS for seed in range(12)}
    assert len(seen) == 24


@pytest.mark.parametrize("seed", range(4))
def test_the_composition_does_not_depend_on_the_size(seed: int) -> None:
    small, large = draw("dog", seed, 128), draw("dog", seed, 256)
    assert np.abs(np.array(small.box) * 2 - large.box).max() <= 6
    shrunk = np.asarray(large.image.reduce(8), np.int16)
    assert np.abs(shrunk - np.asarray(small.image.reduce(4), np.int16)).mean() < 6


@pytest.mark.parametrize("size", [16, 17, 130])
def test_odd_and_small_sizes_are_drawn(size: int) -> None:
    drawing = draw("cat", 3, size)
    assert drawing.image.size == (size, size)
    assert drawing.box[2] > drawing.box[0]


@pytest.mark.parametrize(
    ("kind", "seed", "size"),
    [("cow", 0, 64), ("Cat", 0, 64), ("cat", -1, 64), ("cat", 0, 15), ("dog", 0, 2049)],
)
def test_arguments_out_of_range_are_refused(kind: str, seed: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"unknown kind|negative|outside 16\.\.2048"):
        draw(kind, seed, size)


def test_the_box_covers_what_is_seen_of_the_animal() -> None:
    found = []
    for seed in range(40):
        kind = KINDS[seed % 2]
        drawing = draw(kind, seed, 96)
        left, top, right, bottom = drawing.box
        assert 0 <= left < right <= 96
        assert 0 <= top < bottom <= 96
        empty = picture.compose(kind, seed, 96, with_animal=False)
        assert empty.box == (0, 0, 0, 0)
        # More than what the shadow on the ground changes.
        changed = np.abs(pixels(drawing) - pixels(empty)).max(axis=2) > 40
        inside = changed[top:bottom, left:right]
        found.append((inside.sum(), changed.sum(), inside.size))
    inside_, changed_, area = np.array(found).T
    assert (inside_ >= 0.9 * changed_).all()
    assert inside_.sum() > 0.98 * changed_.sum()
    assert inside_.sum() > 0.25 * area.sum()


@pytest.fixture(scope="module")
def crowd() -> list[drawn.Drawing]:
    return [draw(KINDS[seed % 2], seed, 48) for seed in range(500)]


def test_size_and_place_do_not_tell_the_kinds_apart(crowd: list[drawn.Drawing]) -> None:
    boxes = np.array([[d.box for d in crowd if d.kind == kind] for kind in KINDS]) / 48
    wide, tall = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    side = np.sqrt(wide * tall)
    cats, dogs = np.quantile(side, [0.1, 0.5, 0.9], axis=1).T
    assert np.abs(cats - dogs).max() < 0.08
    assert side.std() > 0.05
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    assert np.abs(middle[0].mean(axis=0) - middle[1].mean(axis=0)).max() < 0.06


def test_colours_and_layout_alone_do_not_tell_the_kinds_apart(crowd: list[drawn.Drawing]) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    kinds = [d.kind for d in crowd]
    rows = []
    for d in crowd:
        coarse = np.asarray(d.image.resize((4, 4), Image.Resampling.BOX), np.float64).ravel()
        rows.append([*coarse, *np.asarray(d.image, np.float64).mean(axis=(0, 1))])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    model.fit(rows[:300], kinds[:300])
    assert model.score(rows[300:], kinds[300:]) < 0.70


# --- a set on disk -------------------------------------------------------------------------------


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
def test_wrong_orders_are_refused_before_anything_is_written(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"counts|size|seed|workers"):
        draw_set(tmp_path / "set", **{"counts": {"train": 1}, **wrong})
    assert list(tmp_path.iterdir()) == []


def test_drawing_needs_nothing_heavy() -> None:
    # Every worker process imports this module.
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; import tl_catdog.drawings; "
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
