"""What is examined, in which order, and what is left where a part of it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tl_catdog.doctor.check import FAILED, OK, Check
from tl_catdog.doctor.examination import Examination, Part
from tl_catdog.errors import CatdogError


@pytest.fixture
def examination(tmp_path: Path) -> Iterator[Examination]:
    data = paint_set(tmp_path / "set", {"train": 3, "validation": 2})
    with Examination(data, tmp_path / "models") as opened:
        yield opened


def part_of(examination: Examination, name: str) -> Part:
    return next(part for part in examination.parts() if part.name == name)


def test_what_needs_tensorflow_comes_after_what_is_measured_without(
    examination: Examination,
) -> None:
    names = [part.name for part in examination.parts()]
    assert names.index("rates") < names.index("devices")
    assert names[-2:] == ["dry run baseline", "dry run mobilenet"]
    assert list(dict.fromkeys(part.title for part in examination.parts())) == [
        "Versions", "Machine", "Caches and weights", "Pictures", "Devices", "Dry runs",
    ]  # fmt: skip


def test_a_part_that_fails_is_a_check_that_says_what_helps(examination: Examination) -> None:
    def broken() -> Iterator[Check]:
        yield Check("first", OK, "fine")
        raise CatdogError("expected a disk, found none.", "Type: mount")

    found = examination.examine(Part("Machine", "disk", broken, "Buy one."))
    assert [(check.name, check.state) for check in found] == [("first", OK), ("disk", FAILED)]
    assert "expected a disk, found none." in found[1].detail
    assert examination.checks == found
    assert examination.failed


def test_pictures_are_counted_by_split_and_predicted_before_anything_is_estimated(
    examination: Examination,
) -> None:
    assert not examination.failed
    assert examination.estimates() == ()
    examination.examine(part_of(examination, "pictures"))
    assert examination.counts["train"] == 6
    assert examination.counts["validation"] == 4
    (check,) = examination.examine(part_of(examination, "rates"))
    assert check.state == OK
    assert examination.rates is not None
    assert (examination.rates["sample"], examination.rates["unreadable"]) == (10, 0)
    assert examination.rates["predict"] == pytest.approx(1 / examination.cost["predict"])
    assert examination.estimates() == ()  # TensorFlow's start isn't measured yet
    assert list(examination.to_json()) == ["checks", "data", "pictures", "rates", "estimates"]


def test_without_a_readable_picture_the_rates_fail_and_name_one(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 1, "validation": 1})
    for path in data.rglob("*.png"):
        path.write_bytes(b"no picture")
    with Examination(data, tmp_path / "models") as examination:
        examination.examine(part_of(examination, "pictures"))
        (check,) = examination.examine(part_of(examination, "rates"))
    assert check.state == FAILED
    assert ".png" in check.detail


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with Examination(None, tmp_path / "models") as examination:
        scratch = examination._scratch
        assert scratch.is_dir()
    assert not scratch.exists()
