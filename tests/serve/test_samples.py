"""The pictures to try: always the same, and answered by the run that ships."""

from __future__ import annotations

import io

import pytest
from PIL import Image

import tl_catdog as tl
from tl_catdog.serve.samples import SAMPLES, SIDE, about_samples, sample


def test_each_is_a_picture_of_its_own_and_the_same_again() -> None:
    found = {name: sample(name) for name in SAMPLES}
    assert len(set(found.values())) == len(SAMPLES)
    for name, data in found.items():
        image = Image.open(io.BytesIO(data))
        assert (image.format, image.size) == ("JPEG", (SIDE, SIDE))
        assert sample(name) == data


def test_there_is_no_other() -> None:
    with pytest.raises(KeyError):
        sample("../page.py")


def test_the_run_that_ships_answers_cats_and_dogs_and_is_unsure_of_the_rest_for_both_reasons() -> (
    None
):
    answers = dict(
        zip(SAMPLES, tl.load().predict([*map(sample, SAMPLES)], reject=True), strict=True)
    )
    assert [answers[name].answer for name in ("cat-1.jpg", "cat-2.jpg")] == ["cats", "cats"]
    assert [answers[name].answer for name in ("dog-1.jpg", "dog-2.jpg")] == ["dogs", "dogs"]
    assert answers["doubtful.jpg"].doubt == "too doubtful"
    assert answers["room.jpg"].doubt == "unlike the pictures it knows"


@pytest.mark.parametrize(
    "classes", [["cats", "dogs"], ["Cat", "Dog"], ["a_cat", "puppy"], ["dog", "fish", "kitten"]]
)
def test_beside_classes_of_cats_and_dogs_nothing_is_said(classes: list[str]) -> None:
    assert about_samples(classes)["note"] is None


@pytest.mark.parametrize("classes", [["ant", "bee"], ["catfish", "hotdog"], ["cat", "fish"], []])
def test_beside_other_classes_it_is_said_that_they_are_none_of_them(classes: list[str]) -> None:
    assert "this run has other classes" in about_samples(classes)["note"]
    assert [item["file"] for item in about_samples(classes)["samples"]] == [
        f"samples/{name}" for name in SAMPLES
    ]
