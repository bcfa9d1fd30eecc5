"""Classes that names or a table say are offered, taken when asked for, and can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.teach.pictures import put, there
from tl_catdog.data.labelling import labelled
from tl_catdog.errors import UsageError
from tl_catdog.teach import said
from tl_catdog.teach.state import State

FLAT = ("cat.0.png", "cat.1.png", "dog.0.png", "dog.7.png")


def made(root: Path, names: Sequence[str]) -> Path:
    for number, name in enumerate(names):
        put(root / name, number)
    return root


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (FLAT, {"cat": 2, "dog": 2}),
        ((*FLAT, "Cat/1.png", "birds/2.png"), {"Cat": 3, "dog": 2, "birds": 1}),
        (("cat_0.png", "cat_1.png", "dog_2.png", "dog_3.png"), {"cat": 2, "dog": 2}),
    ],
)
def test_names_that_say_classes_are_sorted_by_them_and_back(
    tmp_path: Path, names: Sequence[str], classes: dict[str, int]
) -> None:
    root = made(tmp_path / "pets", names)
    before = there(root)
    state = State.open(root)
    assert there(root) == before  # nothing is moved until somebody says so
    assert state.number(None) == 4
    offered = state.said()
    assert offered is not None
    assert (offered.where, len(offered.labels)) == ("their names", 4)
    state.take_said("a")
    assert {one.name: one.count for one in state.classes()} == classes
    trained = labelled(root).folder.splits["all"]
    assert {one.name: one.label for one in trained} == {
        item.place: item.label for name in classes for item in state.items(name)
    }
    with pytest.raises(UsageError):
        state.take_said("a")
    state.undo("a")
    assert {k: v for k, v in there(root).items() if not k.startswith(".teach/")} == before
    state.close()


def test_a_table_is_offered_once_and_a_label_counts_more(tmp_path: Path) -> None:
    root = made(tmp_path / "pets", [f"{number}.png" for number in range(4)])
    (root / "labels.csv").write_text("id,label\n0,a\n1,b\n2,a\n3,b\n")
    state = State.open(root)
    offered = state.said()
    assert offered is not None
    assert offered.to_json() == {
        "where": "labels.csv",
        "pictures": 4,
        "classes": [("a", 2), ("b", 2)],
    }
    state.take_said()
    (item,) = [item for item in state.items("a") if item.name == "0.png"]
    state.label([item.id], "b")
    found = labelled(root)
    assert {one.name: one.label for one in found.folder.splits["all"]}["b/0.png"] == "b"
    assert "labels.csv isn't used" in found.notes[0]
    state.close()


@pytest.mark.parametrize(
    "names",
    [
        [f"IMG_{number}.png" for number in range(4)],
        ["cat.0.png", "dog.1.png"],
        ["a/cat.0.png", "a/cat.1.png", "a/dog.0.png", "b/dog.1.png"],
        ["train.0.png", "train.1.png", "test.0.png", "test.1.png"],
        [f"{'abcd'[number // 2]}.{number}.png" for number in range(8)],
    ],
)
def test_what_says_nothing_is_not_offered(
    tmp_path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(said, "MOST", 3)
    state = State.open(made(tmp_path / "pets", names))
    assert state.said() is None
    state.close()
