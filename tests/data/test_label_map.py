"""A folder's names and a run's classes: what is the same, what is mapped, what is proposed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.label_map import read_map, renamed
from tl_catdog.errors import UsageError


def images(**counts: int) -> ImageSet:
    examples = tuple(
        Example(Path(f"{label}{number}"), f"{label}/{number}", label, "all", f"{label}{number}")
        for label, count in counts.items()
        for number in range(count)
    )
    return ImageSet(Path("others"), "class folders", tuple(sorted(counts)), examples, {".txt": 1})


def counts(found: ImageSet) -> dict[str, int]:
    return dict(Counter(example.label for example in found.examples))


CLASSES = ("cats", "dogs")


def test_the_same_names_need_no_map() -> None:
    found = renamed(images(cats=2, dogs=1), CLASSES)
    assert found == images(cats=2, dogs=1)
    assert counts(renamed(images(CATS=2), CLASSES)) == {"cats": 2}
    assert renamed(images(CATS=2), CLASSES).classes == ("cats",)


def test_names_are_mapped_several_to_one_and_some_to_none() -> None:
    label_map = {"siamese": "cats", "Persian": "Cats", "beagle": "dogs", "fox": ""}
    found = renamed(images(siamese=1, Persian=2, beagle=3, fox=4), CLASSES, label_map)
    assert counts(found) == {"cats": 3, "dogs": 3}
    assert found.classes == CLASSES
    assert found.ignored == {".txt": 1, "pictures of fox": 4}
    assert found.examples[0].name == "siamese/0"


def test_a_map_goes_before_equal_names() -> None:
    found = renamed(images(cats=1, dogs=2), CLASSES, {"cats": "dogs", "dogs": "cats"})
    assert counts(found) == {"dogs": 1, "cats": 2}


def test_classes_come_in_the_runs_order() -> None:
    assert renamed(images(dogs=1, owls=1, cats=1), ("owls", "dogs", "cats")).classes == (
        *("owls", "dogs", "cats"),
    )


def test_unknown_names_are_answered_with_the_map_to_type() -> None:
    with pytest.raises(UsageError) as caught:
        renamed(images(Cat=1, Dog=1, fox=2), CLASSES)
    assert "found Cat, Dog, fox in others" in caught.value.message
    assert caught.value.hint.endswith(": --map Cat=cats --map Dog=dogs --map fox=")
    said = caught.value.hint.partition(": ")[2].split()[1::2]
    assert counts(renamed(images(Cat=1, Dog=1, fox=2), CLASSES, read_map(said))) == {
        **{"cats": 1, "dogs": 1}
    }


def test_only_the_first_of_many_unknown_names_are_proposed() -> None:
    with pytest.raises(UsageError) as caught:
        renamed(images(**{f"x{number}": 1 for number in range(40)}), CLASSES)
    assert caught.value.hint.count("--map") == 6
    assert caught.value.hint.endswith("and so on")


def test_names_that_a_shell_would_part_are_quoted() -> None:
    with pytest.raises(UsageError, match=r"--map 'my cats=cats'"):
        renamed(images(**{"my cats": 1}), CLASSES)


@pytest.mark.parametrize(
    ("label_map", "match"),
    [
        ({"Katze": "cats"}, r"found 'Katze'; there is Cat, dogs\. Type: --map Cat=cats"),
        ({"Cat": "catz"}, r"found 'catz'\. Type: --map Cat=cats"),
        ({"Cat": "zebra"}, r"found 'zebra'\. Type: --map Cat=cats"),
        ({"Cat": "", "dogs": ""}, r"leaves out all in others\. Type: --map Cat=cats"),
    ],
)
def test_a_map_that_fits_nothing_is_answered_with_one_that_does(
    label_map: dict[str, str], match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        renamed(images(Cat=1, dogs=1), CLASSES, label_map)


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("Cat=cats", ("Cat", "cats")),
        (" big cat = cats ", ("big cat", "cats")),
        ("a=b=cats", ("a=b", "cats")),
        ("fox=", ("fox", "")),
    ],
)
def test_a_pair_is_a_name_and_a_class(pair: str, expected: tuple[str, str]) -> None:
    assert read_map([pair, pair]) == dict([expected])


@pytest.mark.parametrize(
    ("pairs", "match"),
    [
        (["Cat"], "found 'Cat'"),
        (["=cats"], "found '=cats'"),
        ([""], "found ''"),
        (["a=cats", "a=dogs"], "one class for 'a', found 'cats' and 'dogs'"),
    ],
)
def test_what_is_no_pair_is_refused(pairs: list[str], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        read_map(pairs)
