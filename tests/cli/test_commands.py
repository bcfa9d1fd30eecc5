"""The commands as a user types them: output, JSON, errors, exit codes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import COLOURS, Cli, Trained, paint, paint_set
from tl_catdog.config import NAMES, flag

ONE_LINE = "Error: "


def assert_one_line(err: str) -> None:
    """An error is one line that says what was expected, what was found and what to type."""
    lines = [line for line in err.splitlines() if line.startswith(ONE_LINE)]
    assert len(lines) == 1
    assert "expected" in lines[0]
    assert "found" in lines[0]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["train"],
        ["evaluate"],
        ["compare"],
        ["predict"],
        ["explain"],
        ["report"],
        ["review"],
        ["learning-curve"],
        ["data", "list"],
        ["data", "get"],
        ["data", "check"],
        ["data", "fix"],
        ["data", "split"],
        ["data", "draw"],
        ["data", "show"],
        ["doctor"],
    ],
)
@pytest.mark.parametrize("columns", [80, 120])
def test_help_shows_examples_and_fits(cli: Cli, words: list[str], columns: int) -> None:
    outcome = cli(*words, "--help", columns=columns)
    assert outcome.code == 0
    assert "Example" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= columns


def test_every_setting_is_an_option_with_its_name_whole(cli: Cli) -> None:
    shown = cli("train", "--help").out.split()
    assert [name for name in NAMES if flag(name) not in shown] == []
    assert "--config" in shown


def test_version(cli: Cli) -> None:
    assert cli("--version").out.startswith("tl-catdog ")


def test_train_leaves_a_run_and_says_so(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 10})
    (data / "ant" / "broken.jpg").write_bytes(b"no picture")
    outcome = cli(
        "train", "--arch", "baseline", "--data", data, "--runs-dir", tmp_path / "runs",
        "--epochs", 2, "--image-size", 32, "--run", "mine", "--tensorboard",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "mine" in outcome.out
    assert "(95 % interval)" in outcome.out
    assert "scratch" in outcome.err
    assert "ant/broken.jpg" in outcome.err
    run = tmp_path / "runs" / "mine"
    manifest = json.loads((run / "manifest.json").read_text())
    assert [Path(item["path"]).name for item in manifest["skipped"]] == ["broken.jpg"]
    assert manifest["data"]["counts"]["validation"] == {"ant": 2, "bee": 2}
    assert (run / "tensorboard" / "scratch").is_dir()
    for noise in ("oneDNN", "cuda", "absl", "Warning:All", "UserWarning", "keras/src"):
        assert noise not in outcome.err
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["mine"]


def test_strict_names_the_unreadable_picture(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 4, "validation": 4, "test": 4})
    (data / "test" / "bee" / "000.png").write_bytes(b"no picture")
    words = ("train", "--arch", "baseline", "--data", data, "--image-size", 32)
    outcome = cli(*words, "--runs-dir", tmp_path / "runs", "--strict")
    assert outcome.code == 1
    assert "test/bee/000.png" in outcome.err
    assert_one_line(outcome.err)
    assert list((tmp_path / "runs").iterdir()) == []


def test_three_classes_take_a_unit_each(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 6, "validation": 3}, ("ant", "bee", "fly"))
    runs = tmp_path / "runs"
    words = ("--arch", "baseline", "--data", data, "--runs-dir", runs, "--image-size", 32)
    assert cli("train", *words, "--epochs", 1).code == 0
    found = json.loads(cli("evaluate", "baseline", "--runs-dir", runs, "--json").out)
    assert found["classes"] == ["ant", "bee", "fly"]
    assert [len(row) for row in found["confusion"]] == [3, 3, 3]
    answer = json.loads(
        cli("predict", data / "train/fly/000.png", "--runs-dir", runs, "--json").out
    )
    assert set(answer["probabilities"]) == {"ant", "bee", "fly"}
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_options_go_before_the_file(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 5})
    path = tmp_path / "mine.toml"
    path.write_text(
        f'arch = "baseline"\ndata = "{data}"\nimage-size = 32\nepochs = 7\n'
        f'runs-dir = "{tmp_path / "runs"}"\n'
    )
    assert cli("train", "--config", path, "--epochs", 1).code == 0
    config = json.loads((tmp_path / "runs" / "baseline" / "config.json").read_text())
    assert (config["epochs"], config["image_size"]) == (1, 32)


def test_an_unknown_key_in_the_file_is_wrong_use(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("epoch = 3\n")
    outcome = cli("train", "--config", path)
    assert outcome.code == 2
    assert_one_line(outcome.err)
    assert "learning_rate" in outcome.err


@pytest.mark.parametrize(
    "words",
    [
        ("train", "--data", "nowhere"),
        ("train", "--arch", "baseline", "--finetune"),
        ("train", "--run", "a/b"),
        ("train", "--learning-rate", "-1"),
        ("train", "--config", "nowhere.toml"),
        ("evaluate", "nothing"),
        ("compare",),
        ("compare", "nothing"),
        ("predict", "picture.jpg", "--run", "nothing"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    cli: Cli, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = cli(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert_one_line(outcome.err)


def test_an_existing_run_is_kept_without_force(cli: Cli, trained: Trained) -> None:
    words = ("train", "--run", "small", "--runs-dir", trained.runs_dir, "--data", trained.data)
    outcome = cli(*words)
    assert outcome.code == 2
    assert "--force" in outcome.err


def test_an_unforeseen_fault_is_no_traceback(
    cli: Cli, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("tl_catdog.evaluation.comparison.compare", fail)
    outcome = cli("compare", "--runs-dir", trained.runs_dir)
    assert outcome.code == 1
    assert "ZeroDivisionError" in outcome.err
    assert "Traceback" not in outcome.err


def test_evaluate_json(cli: Cli, trained: Trained) -> None:
    outcome = cli("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--json")
    found = json.loads(outcome.out)
    assert list(found) == [
        "run", "arch", "data", "split", "n", "classes", "accuracy", "accuracy_ci", "auc",
        "log_loss", "confusion", "auc_ci", "log_loss_ci", "ece", "ece_ci", "brier", "brier_ci",
        "reliability", "per_class", "temperature", "skipped", "selection",
    ]  # fmt: skip
    assert (found["run"], found["arch"], found["split"], found["n"]) == (
        "tuned", "mobilenet", "test", 18,
    )  # fmt: skip
    assert found["accuracy_ci"][0] <= found["accuracy"] <= found["accuracy_ci"][1]


def test_evaluate_predicts_a_split_it_has_not_seen_and_saves_it(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    shutil.copytree(trained.runs_dir / "small", tmp_path / "small")
    words = ("evaluate", tmp_path / "small", "--split", "train", "--json")
    assert json.loads(cli(*words).out)["n"] == 48
    assert (tmp_path / "small" / "predictions" / "train.csv").is_file()


def test_evaluate_again_gives_the_same(cli: Cli, trained: Trained) -> None:
    words = ("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--json")
    saved, again = json.loads(cli(*words).out), json.loads(cli(*words, "--again").out)
    assert saved["confusion"] == again["confusion"]
    assert saved["log_loss"] == pytest.approx(again["log_loss"], abs=1e-5)


def test_evaluate_takes_a_folder_without_splits_whole(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    data = paint_set(tmp_path / "other", {"": 4}, seed=9)
    words = ("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--data", data, "--json")
    found = json.loads(cli(*words).out)
    assert (found["split"], found["n"], found["data"]) == ("all", 8, "other")


def test_evaluate_warns_of_pictures_it_was_trained_on(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    data = paint_set(tmp_path / "other", {"": 2}, seed=9)
    shutil.copy(trained.data / "train" / "ant" / "000.png", data / "ant" / "known.png")
    words = ("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--data", data)
    assert "trained on 1 of these pictures" in cli(*words).err.replace("\n", " ")


def test_evaluate_refuses_other_classes(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "other", {"": 2}, ("wasp", "yak"))
    outcome = cli("evaluate", "tuned", "--runs-dir", trained.runs_dir, "--data", data)
    assert outcome.code == 2
    assert "wasp, yak" in outcome.err
    assert_one_line(outcome.err)


def test_compare_shows_both_and_their_difference(cli: Cli, trained: Trained) -> None:
    outcome = cli("compare", "--runs-dir", trained.runs_dir)
    assert outcome.code == 0
    assert "small" in outcome.out
    assert "tuned" in outcome.out
    assert "points" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_compare_json(cli: Cli, trained: Trained) -> None:
    words = ("compare", "small", "tuned", "--runs-dir", trained.runs_dir, "--json")
    (group,) = json.loads(cli(*words).out)["groups"]
    assert {run["run"] for run in group["runs"]} == {"small", "tuned"}
    (pair,) = group["pairs"]
    assert pair["delta_ci"][0] <= pair["delta"] <= pair["delta_ci"][1]


def test_compare_leaves_out_what_was_never_finished(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    shutil.copytree(trained.runs_dir / "small", tmp_path / "small")
    shutil.copytree(trained.runs_dir / "small", tmp_path / "killed.unfinished-x1")
    outcome = cli("compare", "--runs-dir", tmp_path)
    assert outcome.code == 0
    assert "killed.unfinished-x1" in outcome.err
    assert "killed" not in outcome.out


def test_predict_answers_files_and_folders(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    paint(tmp_path / "more" / "deep" / "b.png", COLOURS[1], 5)
    paint(tmp_path / "a.png", COLOURS[0], 6)
    (tmp_path / "more" / "notes.txt").touch()
    words = ("--run", "tuned", "--runs-dir", trained.runs_dir)
    outcome = cli("predict", tmp_path / "a.png", tmp_path / "more", *words)
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert [line.split()[-1] for line in lines] == [
        str(tmp_path / "a.png"),
        str(tmp_path / "more" / "deep" / "b.png"),
    ]
    assert [line.split()[0] for line in lines] == ["ant", "bee"]


def test_predict_json_names_the_bad_and_answers_the_good(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    good = paint(tmp_path / "good\nname.png", COLOURS[0], 1)
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    missing = tmp_path / "missing.png"
    words = ("--run", "tuned", "--runs-dir", trained.runs_dir, "--json")
    outcome = cli("predict", bad, good, missing, *words)
    assert outcome.code == 1
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [list(row) for row in rows] == [["path", "label", "probabilities", "error"]] * 3
    assert [row["path"] for row in rows] == [str(bad), str(good), str(missing)]
    assert [row["error"] is None for row in rows] == [False, True, False]
    assert rows[1]["label"] == "ant"
    assert rows[0]["label"] is rows[0]["probabilities"] is None


def test_predict_uses_the_newest_run_and_says_so(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    picture = paint(tmp_path / "a.png", COLOURS[0], 1)
    outcome = cli("predict", picture, "--runs-dir", trained.runs_dir)
    assert outcome.code == 0
    assert "newest run" in outcome.err


def test_predict_without_pictures_is_wrong_use(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    outcome = cli("predict", tmp_path, "--runs-dir", trained.runs_dir)
    assert outcome.code == 2
    assert_one_line(outcome.err)


def test_evaluate_gives_calibration_each_class_and_the_selection(
    cli: Cli, trained: Trained
) -> None:
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
    assert "With predict --precision" in text


def test_evaluate_can_average_the_mirror_image(cli: Cli, trained: Trained) -> None:
    words = ("evaluate", "small", "--runs-dir", trained.runs_dir)
    found = json.loads(cli(*words, "--tta", "--json").out)
    assert found["tta"]["n"] == found["n"]
    assert found["log_loss"] != json.loads(cli(*words, "--json").out)["log_loss"]
    assert "mirror image averaged" in cli(*words, "--tta").out


def test_evaluate_shows_what_worse_pictures_cost(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    shutil.copytree(trained.runs_dir / "tuned", tmp_path / "tuned")
    words = ("evaluate", tmp_path / "tuned", "--robustness")
    outcome = cli(*words, "--json")
    found = json.loads(outcome.out)["robustness"]
    assert found[0]["name"] == "plain"
    assert len(found) == 9
    assert (tmp_path / "tuned" / "robustness.png").stat().st_size > 5000
    assert json.loads((tmp_path / "tuned" / "robustness.json").read_text())["split"] == "test"
    assert "darkness" in cli(*words).out


def test_predict_withholds_doubtful_answers(cli: Cli, trained: Trained) -> None:
    words = ("predict", trained.data / "test", "--run", "tuned", "--runs-dir", trained.runs_dir)
    plain = [json.loads(line) for line in cli(*words, "--json").out.splitlines()]
    assert "answer" not in plain[0]
    outcome = cli(*words, "--precision", "0.6", "--json")
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert "74 validation pictures" in " ".join(outcome.err.split())
    for row in rows:
        assert row["answer"] == ("unsure" if row["doubt"] else row["label"])
        assert row["novelty"] >= 0
    given = sum(row["doubt"] is None for row in rows)
    assert f"Answered {given} of 18 pictures" in outcome.err


def test_predict_calls_something_quite_else_unfamiliar(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    outcome = cli(
        *("predict", tmp_path / "stripes.png", "--run", "tuned", "--reject"),
        *("--runs-dir", trained.runs_dir),
    )
    assert outcome.code == 0
    assert outcome.out.startswith("unsure")
    assert "stripes.png" in outcome.out


@pytest.mark.parametrize("precision", ["0", "1", "2.5", "nan"])
def test_predict_refuses_an_impossible_precision(
    cli: Cli, trained: Trained, precision: str
) -> None:
    picture = next((trained.data / "test").rglob("*.png"))
    outcome = cli("predict", picture, "--precision", precision, "--runs-dir", trained.runs_dir)
    assert outcome.code == 2
    assert "between 0 and 1" in outcome.err


def test_predict_says_when_validation_can_not_show_the_precision(
    cli: Cli, trained: Trained
) -> None:
    picture = next((trained.data / "test").rglob("*.png"))
    outcome = cli("predict", picture, "--precision", "0.999", "--runs-dir", trained.runs_dir)
    assert outcome.code == 1
    assert "Type: --precision 0." in outcome.err


@pytest.mark.parametrize(
    "words", [("evaluate",), ("train", "--data"), ("data", "check"), ("data", "split")]
)
def test_a_name_that_is_too_long_for_a_file_is_wrong_use(cli: Cli, words: tuple[str, ...]) -> None:
    outcome = cli(*words, "n" * 300)
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
    assert "nnn" in outcome.err
