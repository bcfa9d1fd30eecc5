"""Classes of a folder: spellings that are one, splits that lack one, and names that are ours."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint, paint_set
from tests.support.trees import plant
from tl_catdog.data.folders import holds_images, images_below, scan
from tl_catdog.errors import UsageError


def refusal(root: Path) -> str:
    with pytest.raises(UsageError) as caught:
        scan(root)
    return str(caught.value)


def test_spellings_of_a_class_are_one_and_that_is_said(tmp_path: Path) -> None:
    plant(tmp_path, "train/Cats/ 2", "train/dogs/ 1", "val/cats/ 1", "val/dogs / 3", "test/CATS/ 1")
    found = scan(tmp_path)
    assert found.classes == ("Cats", "dogs")
    assert Counter((split, i.label) for split, items in found.splits.items() for i in items) == {
        ("train", "Cats"): 2,
        ("train", "dogs"): 1,
        ("validation", "Cats"): 1,
        ("validation", "dogs"): 3,
        ("test", "Cats"): 1,
    }
    assert found.notes == (
        "Folders named 'Cats' and 'cats' and 'CATS' are taken for one class, Cats.",
        "Folders named 'dogs' and 'dogs ' are taken for one class, dogs.",
        "There are no pictures of dogs in test.",
    )


def test_a_mac_and_another_system_spell_accents_alike(tmp_path: Path) -> None:
    plant(tmp_path, "train/cafe\u0301/ 2", "train/tea/ 1", "val/caf\u00e9/ 1", "val/tea/ 1")
    plant(tmp_path, "train/caf\u00e9/ 3")
    found = scan(tmp_path)
    assert found.classes == ("caf\u00e9", "tea")
    assert Counter(item.label for item in found.splits["train"]) == {"caf\u00e9": 5, "tea": 1}


def test_letters_are_classes_of_their_own(tmp_path: Path) -> None:
    assert scan(plant(tmp_path, "a/ 1", "A/ 1", "b/ 2")).classes == ("A", "a", "b")


def test_a_class_may_be_missing_in_a_split_and_that_is_said(tmp_path: Path) -> None:
    plant(tmp_path, "train/a/ 2", "train/b/ 2", "train/c/ 2", "val/a/ 1", "val/b/ 1", "test/c/ 1")
    found = scan(tmp_path)
    assert found.classes == ("a", "b", "c")
    assert {split: len(items) for split, items in found.splits.items()} == {
        **{"train": 6, "validation": 2, "test": 1}
    }
    assert found.notes == (
        "There are no pictures of c in validation.",
        "There are no pictures of a, b in test.",
    )


def test_an_empty_class_among_several_is_left_out(tmp_path: Path) -> None:
    found = scan(plant(tmp_path, "a/ 2", "b/ 2", "c/", "d/", "docs/notes.txt", "e/x/"))
    assert found.classes == ("a", "b")
    assert found.ignored == {"folder without pictures (c, d, docs and 1 more)": 4}


def test_an_empty_class_in_train_that_others_have_is_named(tmp_path: Path) -> None:
    plant(tmp_path, "train/a/ 2", "train/b/ 2", "train/c/", "val/a/ 1", "val/b/ 1", "val/c/ 1")
    assert f"found none in {tmp_path / 'train' / 'c'}." in refusal(tmp_path)


def test_a_class_called_like_a_withheld_answer_is_refused_with_the_reason(tmp_path: Path) -> None:
    assert "predict --reject" in refusal(plant(tmp_path, "cats/ 1", "Unsure/ 2"))


@pytest.mark.parametrize("label", ["train", "test", "validation", "bad", "keep", "all"])
def test_other_words_of_ours_are_classes_like_any(tmp_path: Path, label: str) -> None:
    assert label in scan(plant(tmp_path, "train/cats/ 1", f"train/{label}/ 2")).classes


def test_with_known_classes_one_of_them_will_do(tmp_path: Path) -> None:
    found = scan(plant(tmp_path, "Cats/ 3", "x.txt"), ("cats", "dogs"))
    assert (found.classes, len(found.splits["all"])) == (("cats",), 3)
    assert found.splits["all"][0].name == "Cats/0001.png"
    found = scan(tmp_path / "Cats", ("cats", "dogs"))
    assert found.splits["all"][0].name == "0001.png"
    assert found.splits["all"][0].label == "cats"


def test_with_known_classes_splits_may_differ(tmp_path: Path) -> None:
    plant(tmp_path, "train/cats/ 1", "train/owls/ 1", "test/dogs/ 2")
    found = scan(tmp_path, ("cats", "dogs"))
    assert {split: {item.label for item in items} for split, items in found.splits.items()} == {
        **{"train": {"cats", "owls"}, "test": {"dogs"}}
    }


def test_what_predict_leaves_out_is_counted(tmp_path: Path) -> None:
    plant(tmp_path, "a/ 2", "a/x.txt", "README", "models/config.json", "models/manifest.json")
    (tmp_path / "models" / "manifest.json").write_text('{"format": 1, "model": {}, "data": {}}')
    left_out = Counter[str]()
    assert len(list(images_below(tmp_path, left_out))) == 2
    assert left_out == {**{".txt": 1, "file without an ending": 1, "result of tl-catdog": 1}}


def test_splits_and_classes_may_be_links(tmp_path: Path) -> None:
    """As people make a smaller set of a larger one."""
    large = plant(tmp_path / "large", "cats/ 3", "dogs/ 2", "owls/ 1")
    for split in ("train", "val"):
        (tmp_path / "some" / split).mkdir(parents=True)
        for label in ("cats", "dogs"):
            (tmp_path / "some" / split / label).symlink_to(large / label)
    assert holds_images(tmp_path / "some")
    assert Counter(item.label for item in scan(tmp_path / "some").splits["train"]) == {
        **{"cats": 3, "dogs": 2}
    }
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "train").symlink_to(tmp_path / "some" / "train")
    assert holds_images(tmp_path / "linked")
    assert scan(tmp_path / "linked").classes == ("cats", "dogs")


def test_a_class_of_links_to_folders_alone_is_empty_and_the_links_are_counted(
    tmp_path: Path,
) -> None:
    plant(tmp_path, "cats/ 1", "dogs/ 1", "owls/", "else/x/ 2")
    (tmp_path / "owls" / "old").symlink_to(tmp_path / "else" / "x")
    (tmp_path / "owls" / "round").symlink_to(tmp_path)
    found = scan(tmp_path)
    assert found.classes == ("cats", "dogs", "else")
    assert found.ignored == {"folder without pictures (owls)": 1, "link to a folder": 2}


def test_links_in_circles_alone_hold_no_pictures(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        for other in ("a", "b", "c"):
            (tmp_path / name / other).symlink_to(tmp_path / other)
    assert not holds_images(tmp_path)
    assert "found none below" in refusal(tmp_path)


def test_links_are_followed_where_that_is_asked_for_but_no_place_is_entered_twice(
    tmp_path: Path,
) -> None:
    plant(tmp_path, "set/a/ 1", "far/b/ 2", "far/c/ 1")
    for link, target in (
        ("set/b", "far/b"),
        ("set/far", "far"),  # the other folder in it is new
        ("set/again", "far/c"),
        ("far/c/back", "set"),  # a circle
        ("set/up", "."),  # above
        ("set/gone", "nowhere"),
    ):
        (tmp_path / link).symlink_to(tmp_path / target)
    left_out = Counter[str]()
    found = list(images_below(tmp_path / "set", left_out, follow=True))
    assert sorted(os.path.realpath(path) for path in found) == sorted(
        {os.path.realpath(path) for path in found}
    )
    assert len(found) == 4
    assert left_out["link to a folder"] == 2
    assert len(list(images_below(tmp_path / "set"))) == 1


def test_pictures_that_teach_has_no_class_for_are_left_out_and_told(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 2})
    (tmp_path / "unlabelled" / "burst-1").mkdir(parents=True)
    paint(tmp_path / "unlabelled" / "burst-1" / "1.png", COLOURS[0], 7)
    assert scan(tmp_path).classes == ("ant", "bee", "unlabelled")  # a class as any other
    (tmp_path / ".teach").mkdir()
    found = scan(tmp_path)
    assert found.classes == ("ant", "bee")
    (what,) = found.ignored
    assert what.startswith("pictures without a class in unlabelled (tl-catdog predict ")
    assert found.ignored[what] == 1


def test_what_isnt_labelled_yet_can_still_be_predicted(tmp_path: Path) -> None:
    paint_set(tmp_path, {"": 1})
    (tmp_path / "unlabelled").mkdir()
    (tmp_path / ".teach").mkdir()
    paint(tmp_path / "unlabelled" / "1.png", COLOURS[0], 7)
    assert [path.parent.name for path in images_below(tmp_path)] == ["ant", "bee", "unlabelled"]
    assert holds_images(tmp_path)


def test_bursts_whose_pictures_are_of_several_classes_are_parts_of_those(tmp_path: Path) -> None:
    plant(tmp_path, *(f"{label}/burst-2026112{n}-0615-ab/ 1" for label in "ab" for n in range(3)))
    assert scan(tmp_path).classes == ("a", "b")
    plant(tmp_path / "one", "cats/burst-1x/ 2", "cats/burst-2x/ 1", "dogs/ 1")
    assert scan(tmp_path / "one").classes == ("cats", "dogs")
