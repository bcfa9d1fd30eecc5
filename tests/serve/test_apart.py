"""Pictures that take long are decoded in processes that can be stopped, with the same bits."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.serve.test_api import picture
from tests.support.hostile_bytes import png
from tl_catdog.data.images import decode
from tl_catdog.errors import ImageError
from tl_catdog.serve.apart import Apart


@pytest.fixture
def apart() -> Iterator[Apart]:
    found = Apart(10**6)
    yield found
    found.close()


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if "tl_catdog.serve.decoder" in child.cmdline()
    ]


def test_pixels_are_those_of_the_one_decoder_and_a_process_serves_many(apart: Apart) -> None:
    for seed in range(3):
        data = picture(seed)
        pixels, small = apart.decode(data, 48, preview=seed == 1)
        assert np.array_equal(np.asarray(pixels), decode(data, 48))
        assert (small is not None) == (seed == 1)
        assert len(children()) == 1
    apart.close()
    assert children() == []


def test_what_is_wrong_with_a_picture_is_said_in_the_same_words(apart: Apart) -> None:
    for data in (b"text", png(2_000, 2_000, 8, 2)):
        with pytest.raises(ImageError) as caught:
            decode(data, 48, max_pixels=10**6)
        found, _ = apart.decode(data, 48, preview=True)
        assert isinstance(found, ImageError)
        assert found.message == caught.value.message


def test_what_takes_too_long_is_stopped_and_the_next_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apart = Apart(10**6, seconds=0.01)  # less than a process takes to start
    found, _ = apart.decode(picture(), 48, preview=False)
    assert isinstance(found, ImageError)
    assert "more than 0.01 s" in found.message
    assert children() == []
    monkeypatch.setattr(apart, "_seconds", 60)
    assert not isinstance(apart.decode(picture(), 48, preview=False)[0], ImageError)
    apart.close()


def test_a_process_that_died_while_nobody_asked_is_replaced(apart: Apart) -> None:
    apart.decode(picture(), 48, preview=False)
    (child,) = children()
    child.kill()
    child.wait()
    assert not isinstance(apart.decode(picture(), 48, preview=False)[0], ImageError)


def test_a_decoder_that_fails_is_the_picture_s_fault(
    apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    if not Path("/bin/false").exists():
        pytest.skip("no program that fails")
    found, _ = apart.decode(picture(), 48, preview=False)
    assert isinstance(found, ImageError)
    assert "decoder fails" in found.message


def test_without_room_for_a_process_it_is_decoded_here(
    apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", full)
    data = picture()
    pixels, _ = apart.decode(data, 48, preview=False)
    assert np.array_equal(np.asarray(pixels), decode(data, 48))


def test_nothing_of_the_folder_it_is_started_in_is_imported(
    apart: Apart, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('hostile')")
    monkeypatch.chdir(tmp_path)
    assert not isinstance(apart.decode(picture(), 48, preview=False)[0], ImageError)
