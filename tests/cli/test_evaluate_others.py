"""``tl-catdog evaluate --data``: folders of one class, of other names, and within others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import tl_catdog as tl
from tests.conftest import Cli
from tests.support.commands import assert_one_line
from tl_catdog.drawings import draw_set


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of Cat and Dog, four drawings each."""
    root = tmp_path_factory.mktemp("evaluate")
    draw_set(root / "set", counts={"test": 4}, size=160, workers=1)
    for name, other in (("cats", "Cat"), ("dogs", "Dog")):
        (root / "set" / "test" / name).rename(root / other)
    return root


@pytest.fixture
def others(drawn: Path, tmp_path: Path) -> Path:
    for name in ("Cat", "Dog"):
        (tmp_path / "others" / name).mkdir(parents=True)
        for path in (drawn / name).iterdir():
            (tmp_path / "others" / name / path.name).symlink_to(path)
    return tmp_path / "others"


def test_other_names_are_answered_with_the_map_to_type(cli: Cli, others: Path) -> None:
    refused = cli("evaluate", "cats-dogs", "--data", others)
    assert refused.code == 2
    assert_one_line(refused.err)
    words = re.findall(r"--map \S+", refused.err)
    assert words == ["--map Cat=cats", "--map Dog=dogs"]
    done = cli("evaluate", "cats-dogs", "--data", others, *" ".join(words).split(), "--json")
    found = json.loads(done.out)
    assert (found["n"], found["map"]) == (8, {"Cat": "cats", "Dog": "dogs"})
    assert sum(found["confusion"][0]) == sum(found["confusion"][1]) == 4
    assert found["auc"] is not None


def test_a_folder_of_one_class_of_another_name_is_answered_with_the_map(
    cli: Cli, others: Path
) -> None:
    refused = cli("evaluate", "cats-dogs", "--data", others / "Cat")
    assert refused.code == 2
    assert "--map Cat=cats" in refused.err
    done = cli("evaluate", "cats-dogs", "--data", others / "Cat", "--map", "Cat=cats", "--json")
    assert json.loads(done.out)["n"] == 4


def test_a_map_reaches_every_evaluation(cli: Cli, others: Path, tmp_path: Path) -> None:
    words = ("--data", others, "--map", "Cat=dogs", "--map", "Dog=")
    found = json.loads(cli("evaluate", "cats-dogs", *words, "--tta", "--json").out)
    assert found["n"] == found["tta"]["n"] == 4
    assert sum(found["confusion"][1]) == 4
    assert found["left_out"] == {"pictures of Dog": 4}
    classifier = tl.load("cats-dogs")
    conditions = classifier.robustness(others, label_map={"Cat": "dogs", "Dog": ""})
    assert conditions[0].accuracy.n == 4


@pytest.mark.parametrize("place", ["", "cats", "test/cats", "archive/set/cats", "cats/2020"])
def test_a_folder_of_one_class_is_evaluated_and_what_is_missing_is_said(
    cli: Cli, others: Path, tmp_path: Path, place: str
) -> None:
    root = tmp_path / ("of one" if place else "cats")
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (others / "Cat").rename(root / place)
    outcome = cli("evaluate", "cats-dogs", "--data", root)
    assert outcome.code == 0, outcome.err
    images = "test pictures" if place.startswith("test") else "pictures"
    assert f"There is no AUC: {root.name} has no {images} of dogs." in outcome.err
    assert "4 pictures" in outcome.out
    assert re.search(r"accuracy +\d", outcome.out)
    assert "ROC-AUC" not in outcome.out
    found = json.loads(cli("evaluate", "cats-dogs", "--data", root, "--json").out)
    assert found["auc"] is None
    assert found["per_class"][1]["recall"] is None
    assert found["per_class"][0]["recall"]["n"] == 4


def test_spelling_of_names_needs_no_map(cli: Cli, others: Path) -> None:
    (others / "Cat").rename(others / "CATS")
    (others / "Dog").rename(others / "dogs ")
    found = json.loads(cli("evaluate", "cats-dogs", "--data", others, "--json").out)
    assert (found["n"], "map" in found) == (8, False)


def test_what_is_left_out_of_the_folder_is_said(cli: Cli, others: Path) -> None:
    (others / "Cat" / "notes.txt").touch()
    words = ("--map", "Cat=cats", "--map", "Dog=dogs")
    outcome = cli("evaluate", "cats-dogs", "--data", others, *words)
    assert "Left out: 1 × .txt" in outcome.err.splitlines()


def test_a_map_is_for_other_pictures(cli: Cli) -> None:
    outcome = cli("evaluate", "cats-dogs", "--map", "Cat=cats")
    assert outcome.code == 2
    assert "--data DIR" in outcome.err
