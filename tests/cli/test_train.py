"""``tl-catdog train``: each option arrives in the settings, and what comes of them is said."""

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Trained, paint_set
from tests.support.commands import ODD, SHOWN, assert_one_line, interrupt, watched
from tl_catdog.config import NAMES, TrainConfig, from_mapping
from tl_catdog.data.examples import Example, Grouping, ImageSet
from tl_catdog.setting import flag

IMAGES = ImageSet(
    Path("pets"),
    "class folders",
    ("ant", "bee"),
    tuple(Example(Path(split), split, "ant", split, split) for split in ("train", "validation")),
    {},
)

GIVEN: dict[str, Any] = {
    "arch": "mobilenet",
    "data": "my pictures",
    "run": "mine",
    "runs_dir": "my runs",
    "from_run": "first",
    "seed": 7,
    "image_size": 96,
    "batch_size": 5,
    "augment": "randaugment",
    "mixup": 0.4,
    "cutmix": 1.0,
    "class_weights": "balanced",
    "mirror": "no",
    "views": 3,
    "cache": "disk",
    "cache_size": 0.5,
    "compute": "float32",
    "devices": "2",
    "strict": True,
    "validation_fraction": 0.3,
    "split": "my.split.csv",
    "test_fraction": 0.15,
    "labels": "my labels.csv",
    "label_column": "breed",
    "label_pattern": "{label}_{number}",
    "group_by": "subfolder",
    "dense_units": 64,
    "head": "linear",
    "dropout": 0.25,
    "strength": 5.5,
    "backbone_weights": "keras",
    "optimizer": "adamw",
    "schedule": "constant",
    "final_learning_rate": 0.05,
    "epochs": 11,
    "learning_rate": 0.002,
    "warmup_epochs": 2,
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "weight_average": 0.2,
    "patience": 4,
    "finetune": True,
    "unfreeze_from": "block_10",
    "finetune_epochs": 6,
    "preset": "fast",
    "finetune_share": 0.5,
    "finetune_learning_rate": 2e-5,
    "tensorboard": True,
    "force": True,
}


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """Stand in for the pictures, and end the command where its training begins."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.png").touch()
    monkeypatch.setattr("tl_catdog.training.devices.devices_here", lambda: ("CPU:0", "CPU:1"))
    watched(monkeypatch, "tl_catdog.api.training_images", lambda *_, **__: IMAGES)
    return watched(monkeypatch, "tl_catdog.api.fit")


def words(values: dict[str, Any]) -> list[str]:
    return [
        word
        for name, value in values.items()
        for word in ([flag(name)] if value is True else [flag(name), str(value)])
    ]


def test_each_option_arrives_in_the_settings(cli: Cli, fitted: list[Any]) -> None:
    assert set(GIVEN) == set(NAMES) - {"features"}  # in place of data: in its own test below
    defaults = TrainConfig()
    same = [name for name, value in GIVEN.items() if value == getattr(defaults, name)]
    assert same == ["arch"]  # what can be fine-tuned; the other one is in the test below
    cli("train", *words(GIVEN))
    ((config, images, name, _), _) = fitted[0]
    assert {name: getattr(config, name) for name in GIVEN} == GIVEN
    assert (images, name) == (IMAGES, "mine")


def test_features_in_place_of_pictures_arrive_in_the_settings(
    cli: Cli, fitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(monkeypatch, "tl_catdog.features.extracted_plan.adopting", lambda config: config)
    cli("train", "--features", "my features", "--seed", 3)
    ((config, images, _, _), _) = fitted[0]
    assert config == TrainConfig(features="my features", seed=3)
    assert images == IMAGES


def test_what_is_not_given_keeps_its_default(cli: Cli, fitted: list[Any]) -> None:
    cli("train", "--arch", "baseline")
    ((config, _, name, _), _) = fitted[0]
    assert config == TrainConfig(arch="baseline")
    assert name == "baseline"


def test_options_go_before_the_file(cli: Cli, fitted: list[Any], tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'arch = "baseline"\nimage-size = 32\nepochs = 7\nruns-dir = "my runs"\n'
    )
    cli("train", "--config", "mine.toml", "--epochs", 1, "--dropout", 0)
    ((config, *_), _) = fitted[0]
    assert config == TrainConfig(
        arch="baseline", image_size=32, epochs=1, runs_dir="my runs", dropout=0.0
    )


def test_options_go_before_the_file_and_the_file_before_the_preset(
    cli: Cli, fitted: list[Any], tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text('preset = "best"\nmirror = "no"\nimage-size = 224\n')
    cli("train", "--config", "mine.toml", "--image-size", 300)
    ((config, *_), _) = fitted[0]
    preset = from_mapping({"preset": "best"})
    assert config == replace(preset, mirror="no", image_size=300)
    assert config.arch == preset.arch != TrainConfig().arch
    cli("train", "--config", "mine.toml", "--preset", "balanced")
    ((config, *_), _) = fitted[1]
    assert (config.arch, config.mirror) == (TrainConfig().arch, "no")


@pytest.mark.parametrize(
    ("given", "root", "drawn"),
    [([], "data", False), (["--data", "others"], "others", False), (["--data", "d"], "d", True)],
)
def test_the_pictures_named_are_used_or_those_here(
    cli: Cli,
    fitted: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    given: list[str],
    root: str,
    drawn: bool,
) -> None:
    Path("d").mkdir()
    Path("d", "drawn.json").touch()
    asked = watched(monkeypatch, "tl_catdog.api.training_images", lambda *_, **__: IMAGES)
    outcome = cli("train", "--seed", 3, *given)
    ((config, folder), named) = asked[0]
    assert (config.seed, folder, named) == (3, Path(root), {"drawn": drawn})
    assert ("drawings" in outcome.err) == drawn
    assert ("data get filtered" in outcome.err) == drawn


def test_copies_outside_of_train_are_counted_and_one_is_named(
    cli: Cli, fitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = [("train", "a", "x"), ("test", ODD, "x"), ("validation", "c", "x"), ("test", "d", "y")]
    leaking = ImageSet(
        Path("pets"),
        "class folders",
        ("ant", "bee"),
        tuple(Example(Path(name), name, "ant", split, key) for split, name, key in copies),
        {},
    )
    watched(monkeypatch, "tl_catdog.api.training_images", lambda *_, **__: leaking)
    err = cli("train").err
    told = "Warning: 2 pictures outside of train are identical to one in train, such as "
    assert f"{told}{SHOWN}; figures on them flatter." in err
    assert cli("train", "--data", "others").out == ""


def test_ctrl_c_before_there_is_anything_to_keep_says_so(
    cli: Cli, fitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(monkeypatch, "tl_catdog.api.fit", interrupt)
    outcome = cli("train")
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.endswith(
        "Interrupted before there was anything to keep: nothing was saved.\n"
    )


def test_without_tensorboard_the_option_says_what_to_install(
    cli: Cli, fitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    outcome = cli("train", "--tensorboard")
    assert (outcome.code, fitted) == (2, [])
    assert "Type: pip install 'tl-catdog[tensorboard]'" in outcome.err
    assert_one_line(outcome.err)
    assert cli("train").code == 1  # without it, the training begins
    assert len(fitted) == 1


def test_every_setting_is_an_option_with_its_name_whole(cli: Cli) -> None:
    shown = cli("train", "--help").out.split()
    assert [name for name in NAMES if flag(name) not in shown] == []
    assert "--config" in shown


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


def test_an_unknown_key_in_the_file_is_wrong_use(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("epoch = 3\n")
    outcome = cli("train", "--config", path)
    assert outcome.code == 2
    assert_one_line(outcome.err)
    assert "learning_rate" in outcome.err


def test_an_existing_run_is_kept_without_force(cli: Cli, trained: Trained) -> None:
    words = ("train", "--run", "small", "--runs-dir", trained.runs_dir, "--data", trained.data)
    outcome = cli(*words)
    assert outcome.code == 2
    assert "--force" in outcome.err


def test_groups_stay_together_and_what_they_do_is_said(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = paint_set(tmp_path / "pets", {"": 20})
    for path in root.glob("*/*.png"):
        patient = path.parent / f"{path.parent.name}{int(path.stem) // 4}"
        patient.mkdir(exist_ok=True)
        path.rename(patient / path.name)
    words = ("--arch", "baseline", "--image-size", 32, "--epochs", 1, "--group-by", "subfolder")
    done = cli("train", "--data", "pets", *words)
    assert done.code == 0, done.err
    said = " ".join(done.err.split())
    assert "Groups by subfolder: 10 of two pictures or more, 40 pictures in them." in said
    assert "If splits parted these groups, accuracy would look" in done.out
    rows = csv.DictReader((tmp_path / "models" / "baseline" / "split.csv").open(newline=""))
    splits = {(row["group"], row["split"]) for row in rows}
    assert len(splits) == 10
    assert Counter(split for _, split in splits) == {"train": 8, "validation": 2}


def test_splits_of_folders_that_part_groups_are_warned_of(
    cli: Cli, fitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    parted = replace(
        IMAGES,
        examples=tuple(
            Example(Path(split), split, "ant", split, split, "Tom")
            for split in ("train", "validation")
        ),
        grouping=Grouping("subfolder", 1, 2, 0),
    )
    watched(monkeypatch, "tl_catdog.api.training_images", lambda *_, **__: parted)
    err = cli("train", "--group-by", "subfolder").err
    assert "Warning: train holds others of the groups of 1 picture outside of it" in err
