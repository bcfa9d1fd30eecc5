"""Patterns: what they take out of names, and which names seem to follow one."""

from __future__ import annotations

import pytest

from tl_catdog.data.name_pattern import likely_template, name_pattern
from tl_catdog.errors import UsageError


def found(text: str, name: str, wanted: str = "label") -> str:
    return name_pattern(text, wanted, "--label-pattern").find(name)


@pytest.mark.parametrize(
    ("text", "name", "label"),
    [
        ("{label}_{number}", "Abyssinian_12.jpg", "Abyssinian"),
        ("{label}_{number}", "some/where/Maine_Coon_7.jpeg", "Maine_Coon"),
        ("{label}_{number}.jpg", "pug_1.jpg", "pug"),
        ("{label}_{number}.jpg", "pug_1.png", ""),
        ("{label}_{number}", "pug_a.jpg", ""),
        ("{label}.{number}", "cat.12.jpg", "cat"),
        ("{label}{number}", "cardboard12.jpg", "cardboard"),
        ("{label}{number}", "a1b23.jpg", "a1b"),
        ("{label}{number}", "123.jpg", ""),
        ("{label}/{number}", "x/cat/12.jpg", "cat"),
        ("{label}/{camera}/{number}", "cat/left/12.jpg", "cat"),
        ("{number}_{label}_{label}", "1_cat_cat.jpg", "cat"),
        ("{number}_{label}_{label}", "1_cat_dog.jpg", ""),
        ("({label}) {number}", "(cat) 3.jpg", "cat"),  # all else stands for itself
    ],
)
def test_a_template_fits_whole_names(text: str, name: str, label: str) -> None:
    assert found(text, name) == label


@pytest.mark.parametrize(
    ("text", "name", "label"),
    [
        (r"([^/]+)_\d+\.jpg$", "images/great_pyrenees_173.jpg", "great_pyrenees"),
        (r"(?P<number>\d+)-(?P<label>\w+)", "x/12-cat.jpg", "cat"),
        (r"^(cat|dog)s/", "cats/1.jpg", "cat"),
        (r"cat(\d)|dog(\d)", "dog7.jpg", "7"),
        (r"a(b)?c", "ac.jpg", "ac"),
        (r"(x)", "none.jpg", ""),
    ],
)
def test_a_regular_expression_is_searched_for_in_the_path(text: str, name: str, label: str) -> None:
    assert found(text, name) == label


@pytest.mark.parametrize("text", ["[", "a{2}", "abc", "{name}_{number}", "(?P<label>", "x{label"])
def test_what_is_no_pattern_is_refused_with_one_to_type(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        name_pattern(text, "group", "--group-by")
    assert caught.value.hint == "Type: --group-by '{group}_{number}'"


def test_a_likely_template_is_told_with_its_classes() -> None:
    assert likely_template(["a/pug_1.jpg", "a/pug_2.jpg", "Boxer_1.jpg", "Boxer_2.jpg"]) == (
        "{label}_{number}",
        ("Boxer", "pug"),
    )
    assert likely_template(["glass1.jpg", "glass2.jpg", "metal1.jpg", "metal2.jpg"]) == (
        "{label}{number}",
        ("glass", "metal"),
    )


@pytest.mark.parametrize(
    "names",
    [
        ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"],  # one class
        ["a_1.jpg", "a_2.jpg", "b_1.jpg"],  # a class of one picture
        [*["a_1.jpg", "b_1.jpg"] * 8, "x.jpg"],  # one in seventeen doesn't fit
        [],
    ],
)
def test_names_that_follow_no_template_get_none(names: list[str]) -> None:
    assert likely_template(names) is None
