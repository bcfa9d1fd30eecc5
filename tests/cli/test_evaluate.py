"""``tl-catdog evaluate``: figures of the pictures that were asked for, and what they leave out."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Trained, paint_set
from tests.support.commands import assert_one_line, watched
from tl_catdog.api import load
from tl_catdog.data.labelling import Labelling

EVALUATE = "tl_catdog.api.classifier.Classifier.evaluate"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {"split": None, "again": False}),
        (["--split", "validation"], {"split": "validation", "again": False}),
        (["--again"], {"split": None, "again": True}),
    ],
)
def test_options_reach_the_evaluation(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, words: list[str], expected: dict[str, Any]
) -> None:
    calls = watched(monkeypatch, EVALUATE)
    cli("evaluate", "cats-dogs", "--data", "others", *words)
    ((_, data), named) = calls[0]
    assert data == "others"
    assert {name: named[name] for name in expected} == expected
    assert not named.get("mirror")


def test_where_classes_come_from_reaches_the_evaluation(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watched(monkeypatch, EVALUATE)
    words = ("--labels", "a.csv", "--label-column", "b", "--label-pattern", "c")
    cli("evaluate", "cats-dogs", "--data", "others", *words)
    cli("evaluate", "cats-dogs", "--data", "others")
    assert [named["how"] for _, named in calls] == [Labelling("a.csv", "b", "c"), Labelling()]


def test_a_table_says_what_pictures_show(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    first, *others = sorted((trained.data / "test").glob("*/*.png"))
    lines = [f"{path.parent.name}-{path.name},{path.parent.name}" for path in (first, *others)]
    for path, line in zip((first, *others), lines, strict=True):
        (tmp_path / "flat").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "flat" / line.split(",")[0])
    (tmp_path / "flat" / "labels.csv").write_text("file,label\n" + "\n".join(lines))
    words = ("evaluate", "small", "--runs-dir", trained.runs_dir, "--json")
    found = json.loads(cli(*words, "--data", tmp_path / "flat").out)
    assert found["n"] == len(lines)
    assert found["accuracy"] == json.loads(cli(*words, "--split", "test").out)["accuracy"]


def test_the_split_asked_for_is_the_one_shown(cli: Cli) -> None:
    text = cli("evaluate", "cats-dogs", "--split", "validation").out
    assert text.startswith("cats-dogs on validation of dogs-vs-cats, 832 pictures\n")
    found = json.loads(cli("evaluate", "cats-dogs", "--split", "validation", "--json").out)
    assert (found["split"], found["n"]) == ("validation", 832)
    assert f"{100 * found['accuracy']:.1f} %" in text
    assert "With predict --reject: of 832 validation pictures " in " ".join(text.split())


def test_a_split_that_is_not_there_is_wrong_use(cli: Cli) -> None:
    outcome = cli("evaluate", "cats-dogs", "--split", "tset")
    assert (outcome.code, outcome.out) == (2, "")
    assert "validation" in outcome.err
    assert_one_line(outcome.err)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_mirror_image_is_averaged_on_the_split_asked_for(
    cli: Cli, trained: Trained, split: str
) -> None:
    words = ("evaluate", "small", "--runs-dir", trained.runs_dir, "--split", split)
    plain = json.loads(cli(*words, "--json").out)
    found = json.loads(cli(*words, "--tta", "--json").out)
    n = {"validation": 74, "test": 18}[split]
    assert found["split"] == plain["split"] == split
    assert found["n"] == found["tta"]["n"] == plain["n"] == n
    assert {found["tta"]["a"], found["tta"]["b"]} == {"with --tta", "without"}
    assert "tta" not in plain
    signed = 1 if found["tta"]["a"] == "with --tta" else -1
    assert signed * found["tta"]["delta"] == pytest.approx(found["accuracy"] - plain["accuracy"])


def test_each_way_of_predicting_stands_under_its_name(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = load("cats-dogs").evaluate()
    wrong = plain.predictions.probabilities.copy()
    wrong[:60] = wrong[:60, ::-1]
    worse = replace(plain, predictions=replace(plain.predictions, probabilities=wrong))
    found = {False: worse, True: plain}
    watched(monkeypatch, EVALUATE, lambda *_, mirror=False, **__: found[mirror])
    pair = json.loads(cli("evaluate", "cats-dogs", "--tta", "--json").out)["tta"]
    assert (pair["a"], pair["b"]) == ("with --tta", "without")
    assert pair["delta"] > 0.1
    assert "with --tta beats without by" in cli("evaluate", "cats-dogs", "--tta").out


def test_the_mirror_image_is_averaged_on_other_pictures(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    data = paint_set(tmp_path / "other", {"": 3}, seed=9)
    words = ("evaluate", "small", "--runs-dir", trained.runs_dir, "--data", data, "--tta")
    found = json.loads(cli(*words, "--json").out)
    assert (found["data"], found["n"], found["tta"]["n"]) == ("other", 6, 6)
    out = cli(*words).out
    assert "small on all of other, 6 pictures, mirror image averaged" in out
    assert "with --tta" in out


def test_unreadable_pictures_are_named_beside_the_figures(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    data = paint_set(tmp_path / "other", {"": 3}, seed=9)
    (data / "ant" / "broken.png").write_bytes(b"no picture")
    words = ("evaluate", "small", "--runs-dir", trained.runs_dir, "--data", data)
    outcome = cli(*words)
    assert "as unreadable: 1 picture" in " ".join(outcome.err.split())
    assert "ant/broken.png" in outcome.err
    assert "broken.png" not in outcome.out
    assert "all of other, 6 pictures" in outcome.out
    (row,) = json.loads(cli(*words, "--json").out)["skipped"]
    assert row["path"] == str(data / "ant" / "broken.png")
    assert "picture" in row["reason"]


def test_worse_pictures_are_those_asked_for_and_the_chart_of_others_is_here(
    cli: Cli, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = paint_set(tmp_path / "other", {"train": 3, "test": 2}, seed=9)
    words = ("--runs-dir", trained.runs_dir, "--data", data, "--split", "train", "--robustness")
    outcome = cli("evaluate", "small", *words)
    assert outcome.code == 0, outcome.err
    assert "Robustness: the same 6 pictures, made worse" in outcome.out
    assert "The chart is in robustness.png." in outcome.err
    assert (tmp_path / "robustness.png").stat().st_size > 5000
    assert not (trained.runs_dir / "small" / "robustness.png").exists()
    assert not (trained.runs_dir / "small" / "robustness.json").exists()


def test_its_json_has_everything(cli: Cli, trained: Trained) -> None:
    outcome = cli("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--json")
    found = json.loads(outcome.out)
    assert list(found) == [
        "run", "arch", "data", "split", "out_of_fold", "n", "classes", "accuracy", "accuracy_ci",
        "balanced_accuracy", "balanced_accuracy_ci", "top5_accuracy", "top5_accuracy_ci", "auc",
        "log_loss", "confusion", "auc_ci", "log_loss_ci", "ece", "ece_ci", "ece_plain", "brier",
        "brier_ci", "reliability", "per_class", "temperature", "skipped", "selection",
    ]  # fmt: skip
    assert (found["run"], found["arch"], found["split"], found["n"]) == (
        "tuned", "mobilenet", "test", 18,
    )  # fmt: skip
    assert found["accuracy_ci"][0] <= found["accuracy"] <= found["accuracy_ci"][1]


def test_it_predicts_a_split_it_has_not_seen_and_saves_it(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    shutil.copytree(trained.runs_dir / "small", tmp_path / "small")
    words = ("evaluate", tmp_path / "small", "--split", "train", "--json")
    assert json.loads(cli(*words).out)["n"] == 48
    assert (tmp_path / "small" / "predictions" / "train.csv").is_file()


def test_predicting_again_gives_the_same(cli: Cli, trained: Trained) -> None:
    words = ("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--json")
    saved, again = json.loads(cli(*words).out), json.loads(cli(*words, "--again").out)
    assert saved["confusion"] == again["confusion"]
    assert saved["log_loss"] == pytest.approx(again["log_loss"], abs=1e-5)


def test_it_takes_a_folder_without_splits_whole(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "other", {"": 4}, seed=9)
    words = ("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--data", data, "--json")
    found = json.loads(cli(*words).out)
    assert (found["split"], found["n"], found["data"]) == ("all", 8, "other")


def test_it_warns_of_pictures_it_was_trained_on(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "other", {"": 2}, seed=9)
    shutil.copy(trained.data / "train" / "ant" / "000.png", data / "ant" / "known.png")
    words = ("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--data", data)
    assert "trained on 1 of these pictures" in cli(*words).err.replace("\n", " ")


def test_it_refuses_other_classes(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "other", {"": 2}, ("wasp", "yak"))
    outcome = cli("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--data", data)
    assert outcome.code == 2
    assert "wasp, yak" in outcome.err
    assert_one_line(outcome.err)


def test_it_gives_calibration_each_class_and_the_selection(cli: Cli, trained: Trained) -> None:
    words = ("evaluate", "tuned", "--runs-dir", trained.runs_dir)
    found = json.loads(cli(*words, "--json").out)
    assert found["ece_ci"][0] <= found["ece"] <= found["ece_ci"][1]
    assert 0 <= found["brier"] <= 1
    assert [item["label"] for item in found["per_class"]] == ["ant", "bee"]
    assert found["temperature"] > 0
    assert found["selection"]["policy"]["validation"]["n"] == 74
    assert found["selection"]["here"]["n"] == found["n"] == 18
    text = cli(*words).out
    assert "Reliability" in text
    assert "With predict --reject" in text


def test_it_can_average_the_mirror_image(cli: Cli, trained: Trained) -> None:
    words = ("evaluate", "small", "--runs-dir", trained.runs_dir)
    found = json.loads(cli(*words, "--tta", "--json").out)
    assert found["tta"]["n"] == found["n"]
    assert found["log_loss"] != json.loads(cli(*words, "--json").out)["log_loss"]
    assert "mirror image averaged" in cli(*words, "--tta").out


def test_it_shows_what_worse_pictures_cost(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.runs_dir / "tuned", tmp_path / "tuned")
    words = ("evaluate", tmp_path / "tuned", "--robustness")
    outcome = cli(*words, "--json")
    found = json.loads(outcome.out)["robustness"]
    assert found[0]["name"] == "plain"
    assert len(found) == 9
    assert (tmp_path / "tuned" / "robustness.png").stat().st_size > 5000
    assert json.loads((tmp_path / "tuned" / "robustness.json").read_text())["split"] == "test"
    assert "darkness" in cli(*words).out
