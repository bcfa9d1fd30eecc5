"""From files to outputs: in order, nothing lost, whatever the engine's batch."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import COLOURS, paint
from tl_catdog.cores import usable_cores
from tl_catdog.data.corruptions import CORRUPTIONS, corrupt
from tl_catdog.data.images import decode
from tl_catdog.errors import ImageError
from tl_catdog.models.forward import (
    MIRROR,
    PLAIN,
    TOGETHER,
    Job,
    forward_files,
    milliseconds,
    view_of,
)


class Columns:
    """A stand-in for a network: its outputs are the pictures' left column and their means."""

    engine = "test"

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.sizes: list[int] = []

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        self.sizes.append(len(images))
        values = images.astype(np.float32)
        return values[:, :, 0].reshape(len(values), -1), values.mean(axis=(1, 2))


@pytest.mark.parametrize("batch", [1, 4, 32])
def test_views_come_in_order_and_bad_files_are_named(tmp_path: Path, batch: int) -> None:
    paths = [paint(tmp_path / f"{i}.png", COLOURS[i % 4], i) for i in range(11)]
    paths[5].write_bytes(b"no picture")
    views = [(PLAIN,), (PLAIN, MIRROR), (MIRROR,)]
    jobs: list[Job] = [(path, views[i % 3]) for i, path in enumerate(paths)]
    forward = Columns(batch)
    found = list(forward_files(forward, jobs, 16))
    assert [path for path, _ in found] == paths
    for (path, wanted), (_, outputs) in zip(jobs, found, strict=True):
        if path == paths[5]:
            assert isinstance(outputs, ImageError)
            continue
        pixels = decode(path, 16)
        sides = {PLAIN: pixels[:, 0], MIRROR: pixels[:, -1]}
        assert not isinstance(outputs, ImageError)
        assert [row.tolist() for row in outputs[0]] == [sides[v].ravel().tolist() for v in wanted]
        assert outputs[1] == pytest.approx(
            np.repeat(pixels.mean(axis=(0, 1))[None], len(wanted), 0), rel=1e-5
        )


def test_it_never_runs_far_ahead_of_its_reader(tmp_path: Path) -> None:
    path = paint(tmp_path / "a.png", COLOURS[0], 0)
    asked = 0

    def endless() -> Iterator[Job]:
        nonlocal asked
        while True:
            asked += 1
            yield path, (PLAIN,)

    results: Any = forward_files(Columns(1), endless(), 16)
    for _ in range(3):
        next(results)
    results.close()
    assert asked <= TOGETHER * (2 * usable_cores() + 4)


def test_pictures_are_decoded_some_at_a_time_and_sent_as_the_network_takes_them() -> None:
    pictures = [np.full((8, 8, 3), value, np.uint8) for value in range(2 * TOGETHER + 1)]
    for batch, sizes in ((1, [1] * len(pictures)), (TOGETHER + 1, [TOGETHER + 1, TOGETHER])):
        forward = Columns(batch)
        found = list(forward_files(forward, ((picture, (PLAIN,)) for picture in pictures), 8))
        assert sorted(forward.sizes) == sorted(sizes)
        values = [outputs[1][0, 0] for _, outputs in found if not isinstance(outputs, ImageError)]
        assert values == list(range(len(pictures)))


def test_the_forward_pass_is_timed_on_as_many_pictures_as_asked() -> None:
    forward = Columns(8)
    assert milliseconds(forward, 16, 30) > 0
    assert forward.sizes == [8] * 5  # one to warm up, four for 30 pictures


def test_the_time_is_that_of_one_picture_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = Columns(8)
    seconds = iter([5.0, 5.64])
    began: list[int] = []

    def clock() -> float:
        began.append(len(forward.sizes))
        return next(seconds)

    monkeypatch.setattr(time, "perf_counter", clock)
    assert milliseconds(forward, 16, 30) == pytest.approx(1000 * 0.64 / 32)
    assert began == [1, 5]  # calls: the warming up isn't counted, all others are


def test_views_are_the_picture_its_mirror_image_and_its_corruptions() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    assert np.array_equal(view_of(pixels, PLAIN), pixels)
    assert np.array_equal(view_of(pixels, MIRROR), np.fliplr(pixels))
    for name in CORRUPTIONS:
        assert np.array_equal(view_of(pixels, name), corrupt(pixels, name))
