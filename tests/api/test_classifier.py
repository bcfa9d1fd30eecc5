"""The Python interface does what the commands do."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tl_catdog as tl
from tests.conftest import Cli, Trained, paint_set
from tl_catdog.api import image_sources
from tl_catdog.errors import UsageError
from tl_catdog.files import write_json


@pytest.fixture(scope="module")
def classifier(trained: Trained) -> tl.Classifier:
    return tl.load("tuned", runs_dir=trained.runs_dir)


def test_predict_says_what_the_command_prints(
    classifier: tl.Classifier, trained: Trained, cli: Cli
) -> None:
    folder = trained.data / "test"
    outcome = cli("predict", folder, "--run", classifier.run.path, "--reject", "--json")
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [said.to_json() for said in classifier.predict(folder, reject=True)] == rows
    assert len(rows) == 18


def test_every_way_of_giving_a_picture_gets_the_same_answer(
    classifier: tl.Classifier, trained: Trained
) -> None:
    path = next(trained.data.glob("test/*/*"))
    values = np.asarray(Image.open(path).convert("RGB"))
    with path.open("rb") as file, Image.open(path) as picture:
        by_file, by_name, *others = classifier.predict(
            [path, str(path), path.read_bytes(), values, file, picture]
        )
    assert by_file == by_name
    assert [found.probabilities for found in others] == [by_file.probabilities] * 4
    assert [found.path for found in others] == [None] * 4
    assert by_file.probabilities is not None
    assert by_file.confidence == max(by_file.probabilities.values())


def test_judging_the_validation_pictures_again_compares_none_with_itself(
    classifier: tl.Classifier, tmp_path: Path
) -> None:
    shutil.copytree(classifier.run.path, tmp_path / "copy")
    copy = tl.load(tmp_path / "copy")
    saved = copy.evaluate(split="validation").predictions.novelty
    copy.evaluate(split="validation", again=True)
    again = tl.load(tmp_path / "copy").evaluate(split="validation").predictions.novelty
    assert saved is not None
    assert again == pytest.approx(saved, abs=1e-3)
    assert saved.min() > 0


def test_a_picture_to_explain_is_given_in_any_way(
    classifier: tl.Classifier, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next(trained.data.glob("test/*/*"))
    given: list[object] = []
    monkeypatch.setattr(
        "tl_catdog.explain.explanation.explain", lambda run, image, *_: given.append(image)
    )
    for image in (str(path), path.read_bytes(), Image.open(path)):
        classifier.explain(image)
    assert given[:2] == [path, path.read_bytes()]
    np.testing.assert_array_equal(given[2], np.asarray(Image.open(path)))
    with pytest.raises(UsageError, match="found several"):
        classifier.explain([path])  # type: ignore[arg-type]


def test_a_single_picture_gives_a_list_of_one(classifier: tl.Classifier, trained: Trained) -> None:
    (said,) = classifier.predict(next(trained.data.glob("test/*/*")))
    assert said.label in classifier.classes
    assert said.answer == said.label


def test_a_bad_picture_gets_an_error_and_the_others_answers(
    classifier: tl.Classifier, trained: Trained
) -> None:
    good = next(trained.data.glob("test/*/*"))
    bad, fine = classifier.predict([np.full((4, 4, 3), 300), good])
    assert bad.label is None
    assert "300" in (bad.error or "")
    assert fine.error is None


def test_what_is_no_picture_at_all_is_wrong_use(classifier: tl.Classifier) -> None:
    with pytest.raises(UsageError, match="found dict"):
        classifier.predict({"a.jpg": 1})
    with pytest.raises(UsageError, match="found int"):
        classifier.predict([3])  # type: ignore[list-item]


def test_an_array_may_hold_several_pictures(classifier: tl.Classifier) -> None:
    several = np.random.default_rng(0).integers(0, 256, (3, 40, 30, 3))
    together = classifier.predict(several)
    assert len(together) == 3
    assert together == classifier.predict(list(several))


def test_a_folder_stands_for_its_pictures(trained: Trained) -> None:
    folder = trained.data / "test"
    assert len(list(image_sources(str(folder)))) == 18
    assert list(image_sources([folder / "ant" / "000.png"])) == [folder / "ant" / "000.png"]


def test_evaluate_gives_what_the_command_prints(
    classifier: tl.Classifier, trained: Trained, cli: Cli
) -> None:
    outcome = cli("evaluate", classifier.run.path, "--json")
    assert classifier.evaluate().to_json() == json.loads(outcome.out)


def test_evaluate_takes_other_pictures_and_tells_those_it_was_trained_on(
    classifier: tl.Classifier, trained: Trained
) -> None:
    found = classifier.evaluate(trained.data / "train")
    assert found.metrics.n == 48
    assert found.trained_on == 48
    assert classifier.evaluate(trained.data, split="test").trained_on == 0


def test_compare_takes_names_runs_and_classifiers(
    classifier: tl.Classifier, trained: Trained
) -> None:
    (group,) = tl.compare("small", classifier, runs_dir=trained.runs_dir)
    assert {item.run for item in group.runs} == {"small", "tuned"}
    assert tl.compare(runs_dir=trained.runs_dir) == (group,)


def test_without_a_run_the_one_that_ships_is_loaded(tmp_path: Path) -> None:
    assert tl.load(runs_dir=tmp_path).classes == ("cats", "dogs")


def test_an_unknown_run_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing"):
        tl.load("nothing", runs_dir=tmp_path)


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="trian"):
        tl.trian  # noqa: B018


@pytest.mark.slow
def test_out_of_fold_figures_are_those_that_were_saved_and_are_called_so(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"": 8})
    runs = str(tmp_path / "models")
    few = tl.train(root, runs_dir=runs, image_size=32)
    assert few.run.out_of_fold
    assert few.run.manifest["validation"] == "out-of-fold"
    assert [stage["name"] for stage in few.run.manifest["stages"]] == ["linear"]
    found = few.evaluate()
    assert (found.split, found.out_of_fold, found.metrics.n) == ("validation", True, 16)
    assert found.trained_on == 0
    assert found.to_json()["out_of_fold"] is True
    for again, mirror in ((True, False), (False, True)):
        with pytest.raises(UsageError, match="trained on all: its figures are out-of-fold"):
            few.evaluate(again=again, mirror=mirror)
    with pytest.raises(UsageError, match="out-of-fold"):
        few.robustness()
    # Its own training pictures can be judged, but flatter.
    assert few.evaluate(split="train").trained_on == 16
    assert few.policy().out_of_fold
    held_out = tl.train(root, runs_dir=runs, image_size=32, validation_fraction=0.25)
    assert not held_out.run.out_of_fold
    assert not held_out.evaluate(again=True).out_of_fold


def test_what_can_be_kept_in_part_only_is_said_and_evaluated_all_the_same(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[Path] = []

    def write(path: Path, value: Any) -> None:
        writes.append(path)
        if len(writes) == 2:  # the predictions are in place by then
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        write_json(path, value)

    monkeypatch.setattr("tl_catdog.runs.keeping.write_json", write)
    shutil.copytree(trained.runs_dir / "small", tmp_path / "small")
    classifier = tl.load("small", runs_dir=tmp_path)
    found = classifier.evaluate(split="validation", again=True)
    assert len(writes) == 2
    assert any("Not kept" in note for note in found.notes)
    saved = classifier.evaluate(split="validation")
    assert len(saved.predictions.labels) == len(found.predictions.labels)


def test_a_picture_of_ones_own_that_vanishes_meanwhile_is_left_out(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained.runs_dir / "tuned", tmp_path / "tuned")
    monkeypatch.setattr("tl_catdog.api.evaluated.found_again", lambda examples, root: examples)
    whole = tl.load("tuned", runs_dir=tmp_path).evaluate(split="train", again=True).predictions
    gone = trained.data / whole.names[3]
    kept = gone.rename(tmp_path / "kept")
    try:
        found = tl.load("tuned", runs_dir=tmp_path).evaluate(split="train", again=True)
    finally:
        kept.rename(gone)
    assert [item.path.name for item in found.skipped] == [gone.name]
    assert whole.novelty is not None
    assert found.predictions.novelty is not None
    expected = np.delete(whole.novelty, 3)
    assert found.predictions.novelty == pytest.approx(expected, abs=1e-6)


def test_moved_pictures_are_evaluated_in_the_split_that_they_had(
    trained: Trained, tmp_path: Path
) -> None:
    classifier = tl.load("tuned", runs_dir=trained.runs_dir)
    for number, path in enumerate(sorted(trained.data.rglob("*.png"))):
        target = tmp_path / "moved" / path.parent.name / f"{number}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    found = classifier.evaluate(tmp_path / "moved")
    whole = classifier.evaluate(tmp_path / "moved", split="all")
    own = classifier.evaluate()
    assert (found.split, found.metrics.n, found.trained_on) == ("test", own.metrics.n, 0)
    assert found.metrics.accuracy == own.metrics.accuracy
    assert "its own splits are used" in found.notes[-1]
    assert whole.trained_on > 0
    assert whole.metrics.n > found.metrics.n
