"""What is asked again of a training that goes on: the same settings, pictures and files."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import paint, paint_set
from tl_catdog.api import resumption, training_images
from tl_catdog.api.resuming import begun_of, begun_on, require_same_images
from tl_catdog.config import TrainConfig
from tl_catdog.data.split_file import to_csv
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.runs.unfinished import CHECKPOINT
from tl_catdog.runs.writer import RunWriter


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return paint_set(tmp_path / "pictures", {"": 6})


def stopped(data: Path, **settings: Any) -> Path:
    """Leave what a training leaves that was killed after an epoch; return the folder of runs."""
    config = TrainConfig(**{"arch": "baseline", "data": data.name, "seed": 3, **settings})
    images = training_images(config, data)
    runs_dir = data.parent / "models"
    writer = RunWriter(runs_dir, "run")
    writer.begin(begun_of(config, images))
    writer.write_split(to_csv(images))
    (writer.path / CHECKPOINT).write_bytes(b"there")
    writer._lock.release()
    return runs_dir


def test_settings_are_those_it_began_with(data: Path) -> None:
    item = resumption("run", stopped(data, epochs=7))
    assert item.config.epochs == 7
    assert item.config.seed == 3
    assert item.root == Path("pictures")
    assert item.other_versions == ()


def test_it_goes_on_from_another_folder(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs_dir = stopped(data)
    monkeypatch.chdir("/")
    item = resumption(None, runs_dir)
    assert item.root == data
    require_same_images(item, training_images(item.config, item.root))


def test_settings_that_changed_are_named(data: Path) -> None:
    runs_dir = stopped(data, epochs=7)
    with pytest.raises(UsageError, match="--epochs 9 instead of 7") as caught:
        resumption("run", runs_dir, {"epochs": 9})
    assert "--from run --epochs 9" in caught.value.hint
    same = {"epochs": 7, "data": str(data), "force": True, "runs_dir": str(runs_dir)}
    assert resumption("run", runs_dir, same).config.epochs == 7


@pytest.mark.parametrize("change", ["changed", "gone", "new"])
def test_pictures_that_changed_are_named(data: Path, change: str) -> None:
    item = resumption("run", stopped(data))
    picture = data / "ant" / "001.png"
    if change == "gone":
        picture.unlink()
    else:
        picture = picture if change == "changed" else data / "ant" / "new.png"
        paint(picture, (1, 2, 3), 99)
    with pytest.raises(CatdogError, match=rf"12 pictures.*1 {change}.*{picture.name}") as caught:
        require_same_images(item, training_images(item.config, item.root))
    assert "--run NAME" in caught.value.hint


def test_a_file_that_the_settings_name_has_to_be_as_it_was(data: Path) -> None:
    table = data / "labels.csv"
    rows = [f"{path.relative_to(data)},{path.parent.name}" for path in data.rglob("*.png")]
    table.write_text("\n".join(["file,label", *rows]))
    runs_dir = stopped(data, labels="pictures/labels.csv")
    resumption("run", runs_dir)
    table.write_text(table.read_text() + "\n")
    with pytest.raises(CatdogError, match=r"--labels .*labels.csv as it was"):
        resumption("run", runs_dir)


def test_other_versions_are_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs_dir = stopped(data)
    monkeypatch.setattr(
        "tl_catdog.api.resuming.package_versions", lambda: {"keras": "9.0", "python": "3.99"}
    )
    assert [text.split()[0] for text in resumption("run", runs_dir).other_versions] == [
        "python", "keras",
    ]  # fmt: skip


def test_all_settings_are_kept(data: Path) -> None:
    item = resumption("run", stopped(data, dropout=0.25))
    assert dict(item.begun.settings) == asdict(
        TrainConfig(arch="baseline", data=data.name, seed=3, dropout=0.25)
    )
    assert item.begun.folder == os.getcwd()  # noqa: PTH109


def test_it_is_kept_on_which_devices_a_training_went_on(data: Path) -> None:
    """So after another kill it goes on on those, on one that is there."""
    runs_dir = stopped(data, devices="2")
    same = resumption("run", runs_dir)
    assert (same.config.devices, begun_on(same)) == ("2", same.begun)
    other = resumption("run", runs_dir, {"devices": 1})
    assert begun_on(other).settings == {**same.begun.settings, "devices": "1"}
    with pytest.raises(UsageError, match="devices"):
        begun_on(resumption("run", runs_dir, {"devices": "20"}))
