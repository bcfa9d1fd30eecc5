"""One drawn picture: the same for the same arguments, and without shortcuts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tl_catdog import drawings as drawn
from tl_catdog.drawings import KINDS, VERSION, draw, picture
from tl_catdog.drawings.animals import animal
from tl_catdog.drawings.heads import CAT_EYES, DOG_EYES
from tl_catdog.drawings.shapes import Canvas, Colour, Points, Shape


def pixels(drawing: drawn.Drawing) -> NDArray[np.int16]:
    return np.asarray(drawing.image, dtype=np.int16)


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


@pytest.mark.parametrize("seed", range(6))
def test_box_and_mask_are_of_the_same_pixels(seed: int) -> None:
    drawing = draw(KINDS[seed % 2], seed, 64)
    mask = np.asarray(drawing.mask)
    assert drawing.mask.mode == "L"
    assert set(np.unique(mask)) == {0, 255}
    ys, xs = np.nonzero(mask)
    assert drawing.box == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


def test_the_mask_is_neither_wider_nor_narrower_when_smaller() -> None:
    shares = np.array(
        [
            [np.asarray(draw(KINDS[seed % 2], seed, size).mask).mean() / 255 for size in (32, 256)]
            for seed in range(6)
        ]
    )
    assert np.abs(shares[:, 0] - shares[:, 1]).mean() < 0.01


def test_the_whole_head_is_in_the_picture_and_in_sight() -> None:
    for seed in range(40):
        drawing = draw(KINDS[seed % 2], seed, 64)
        x, y, r = drawing.head
        assert 0.1 * 64 < r <= 0.37 * 64
        assert r <= x <= 64 - r
        assert 1.2 * r <= y <= 64 - r
        rows, columns = np.mgrid[:64, :64] + 0.5
        near = np.hypot(columns - x, rows - y) < 0.5 * r
        assert (np.asarray(drawing.mask)[near] == 255).mean() > 0.9


def area(outline: Points) -> float:
    """Return the area of an outline; its sign is the sense that it is drawn in."""
    x, y = outline.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def test_an_animal_is_posed_together_with_the_circle_of_its_head() -> None:
    mirrored = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        before = animal(KINDS[seed % 2], rng)
        after = picture._posed(before, rng)
        x, y, r = after.head
        eyes = [s.points for s in after.shapes if s.fill in (*CAT_EYES, *DOG_EYES)]
        for points in eyes:
            assert np.hypot(points[:, 0] - x, points[:, 1] - y).max() < r
        assert r * 1.05 - 1e-9 <= x <= 1 - r * 1.05 + 1e-9
        assert r * 1.3 - 1e-9 <= y <= 1 - r * 1.05 + 1e-9
        # The first part is the tail or, close up, the chest; a mirror changes its sense.
        mirrored.add(area(before.shapes[0].points) * area(after.shapes[0].points) < 0)
    assert mirrored == {True, False}


# --- the drawings of a version are fixed ---------------------------------------------------------


class Recorder(Canvas):
    """A canvas that keeps what it is told to paint."""

    seen: ClassVar[list[bytes]] = []

    def paint(self, shapes: Iterable[Shape], mask: int | None = None) -> None:
        for s in shapes:
            widths = [round(v * 1e4) for v in (s.line_width, s.stroke, s.shade)]
            self._note(s.points, s.fill, s.line, widths, mask)
            for points, colour in s.marks:
                self._note(points, colour)

    def haze(self, strength: float) -> None:
        self._note(np.array([strength]))

    def veil(self, points: Points, colour: Colour, strength: float) -> None:
        self._note(points, colour, strength)

    def _note(self, points: Points, *facts: object) -> None:
        # Coarser than the last bits, in which processors differ.
        self.seen.append(np.rint(points * 1e4).astype("<i8").tobytes() + repr(facts).encode())


COMPOSITIONS = {1: "854a9adf392f29c3a118691059bbc77a526cb6d9de2fbc56c82a912e1ef62018"}
"""For each version of the drawings, the digest of what is painted for the first seeds."""


def test_a_change_of_the_drawings_is_a_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorder, "seen", [])
    monkeypatch.setattr(picture, "Canvas", Recorder)
    for kind in KINDS:
        for seed in range(60):
            picture.compose(kind, seed, 16)
    digest = hashlib.sha256(b"".join(Recorder.seen)).hexdigest()
    assert digest == COMPOSITIONS.get(VERSION), (
        "The drawings have changed: raise VERSION, and pin this digest for it."
    )


LIGHTS = {
    1: [
        [104.7, 119.0, 120.6, 1.7, 11.8],
        [128.1, 115.9, 118.1, 2.5, 11.4],
        [138.3, 150.4, 153.7, -12.8, 9.6],
        [151.3, 139.7, 147.8, 13.5, 11.2],
        [149.9, 163.1, 157.3, 22.2, 12.2],
    ]
}
"""For each version, the mean colour of a photograph of even grey, for the first seeds."""


def test_a_change_of_the_camera_is_a_new_version() -> None:
    grey = Image.new("RGB", (32, 32), (140, 140, 140))
    found = []
    for seed in range(5):
        camera, noise = np.random.default_rng(seed), np.random.default_rng([seed, 1])
        image = np.asarray(picture._photographed(grey, camera, noise), np.float64)
        spread = image[:, -8:].mean() - image[:, :8].mean()
        found.append([*image.mean(axis=(0, 1)), spread, image.std()])
    assert np.abs(np.array(found) - LIGHTS[VERSION]).max() < 0.3, (
        "The camera has changed: raise VERSION, and pin these values for it."
    )
