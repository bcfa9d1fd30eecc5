"""Features of a batch in the place of pictures: the same, streamed, held to what is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import paint_set
from tests.support.extracted import backbone_for, extracted, settings
from tl_catdog.config import ResolvedConfig
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.labelling import AS_IT_IS
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.features.extracted import features_of
from tl_catdog.features.extracted_set import extracted_set
from tl_catdog.features.extraction import Features
from tl_catdog.features.views import Views
from tl_catdog.models.layout import POOLING
from tl_catdog.shards.plan import PARTS, part_name

COUNTS = {"train": 4, "validation": 3, "test": 2}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = paint_set(tmp_path / "set", COUNTS)
    (root / "train" / "ant" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return root


def found_in(config: ResolvedConfig, images: ImageSet, *, mirror: bool) -> dict[str, Features]:
    asked = {
        split: (images.split(split), Views(mirror=mirror and split == "train"))
        for split in images.splits
    }
    return dict(features_of(config, backbone_for(config), asked))


def rows(found: Features) -> np.ndarray:
    samples = found.samples[POOLING]
    places = np.arange(len(samples.examples))
    return np.stack([samples.gather(places, 0 * places + v) for v in range(samples.views)])


@pytest.mark.parametrize(("stored", "wanted"), [("yes", True), ("yes", False), ("no", False)])
def test_they_are_the_bits_that_are_computed_here(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: str, wanted: bool
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, stored)
    computed = found_in(settings(None), load_set(pictures), mirror=wanted)
    read = found_in(settings(dest), extracted_set(dest, AS_IT_IS), mirror=wanted)
    assert list(read) == list(computed) == list(COUNTS)
    for split, one in computed.items():
        other = read[split].samples[POOLING]
        assert (rows(one) == rows(read[split])).all()
        assert other.examples == one.samples[POOLING].examples
        assert other.skipped == one.samples[POOLING].skipped
    assert len(read["train"].samples[POOLING].skipped) == 1
    assert read["train"].samples[POOLING].views == 1 + wanted


def test_mirror_images_that_are_not_there_are_done_without_unless_they_were_asked_for(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    images = extracted_set(dest, AS_IT_IS)
    assert found_in(settings(dest), images, mirror=True)["train"].samples[POOLING].views == 1
    with pytest.raises(UsageError, match="mirror images too"):
        found_in(settings(dest, mirror="yes"), images, mirror=True)


def test_a_damaged_part_ends_it(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    images = extracted_set(dest, AS_IT_IS)
    part = dest / PARTS / part_name(1)
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(bytes(data))
    with pytest.raises(CatdogError, match="other bytes than the manifest says"):
        found_in(settings(dest), images, mirror=False)


def test_pictures_that_it_lacks_or_has_other_bytes_of_are_refused(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, "no")
    images = extracted_set(dest, AS_IT_IS)
    first, *rest = images.examples
    new = replace(images, examples=(replace(first, name="train/ant/new.png"), *rest))
    with pytest.raises(CatdogError, match="found none of 1 of them"):
        found_in(settings(dest), new, mirror=False)
    other = replace(images, examples=(replace(first, digest="0" * 64, group=""), *rest))
    with pytest.raises(CatdogError, match="another one was called"):
        found_in(settings(dest), other, mirror=False)
