"""Every setting of a training changes what comes of it: none is lost on its way.

Two values of a setting are trained with, all else equal, and what they leave must differ. The table
names each field of ``TrainConfig`` once; a new field without a row fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import paint_set
from tl_catdog import runtime
from tl_catdog.api import train
from tl_catdog.audit.split import split_set
from tl_catdog.config import NAMES, from_mapping
from tl_catdog.data import array_store
from tl_catdog.data.split_file import to_csv
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.features.cache import FeatureStore, store_path
from tl_catdog.runs.contents import read_metrics, read_split
from tl_catdog.runs.folder import HELD_OUT, Run

BASELINE: dict[str, Any] = {
    "arch": "baseline",
    "augment": "none",
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "weight_average": 0.0,
    "warmup_epochs": 0,
}
"""As fast as can be: pictures as they are, without what settings below turn on one by one."""

SMALL: dict[str, Any] = {"image_size": 32, "batch_size": 8, "epochs": 2}
"""What all of them have, unless they say otherwise."""

MOBILENET: dict[str, Any] = {"arch": "mobilenet", "mirror": "no", "epochs": 1}
TUNED = MOBILENET | {"finetune": True, "finetune_epochs": 1, "unfreeze_from": "block_16"}

Look = Callable[[Run], Any]


def learned(run: Run) -> Any:
    """What the weights are, and how good they were after each epoch."""
    figures = ("loss", "accuracy", "val_loss", "val_accuracy")
    rows = [tuple(row[name] for name in figures) for row in read_metrics(run)]
    return run.manifest["model"]["onnx_sha256"], rows


def split(run: Run) -> Any:
    """Which picture was in which split."""
    return read_split(run)


def classes(run: Run) -> Any:
    """What it tells apart."""
    return run.classes


def epochs(run: Run) -> Any:
    """How many epochs each stage took."""
    return [stage["epochs"] for stage in run.manifest["stages"]]


def tensorboard_logs(run: Run) -> Any:
    """Whether there are any."""
    return any((run.path / "tensorboard").rglob("events.*"))


@dataclass(frozen=True)
class Row:
    """Two values of a setting, what else is set, and what must differ."""

    values: tuple[Any, Any]
    others: dict[str, Any]
    look: Look = learned


STILL: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 1e-9, "epochs": 4}
"""Nothing gets better, so patience ends it."""

TABLE = {
    "arch": Row(("baseline", "mobilenet"), {}, lambda run: run.manifest["model"]["params"]),
    "run": Row((None, "other"), BASELINE, lambda run: run.name),
    "seed": Row((0, 1), BASELINE),
    "image_size": Row((32, 40), BASELINE),
    "batch_size": Row((8, 5), BASELINE),
    "augment": Row(("none", "light"), BASELINE),
    "mixup": Row((0.0, 0.4), BASELINE),
    "cutmix": Row((0.0, 1.0), BASELINE),
    "class_weights": Row(("none", "balanced"), BASELINE),
    "mirror": Row(("no", "yes"), MOBILENET),
    "views": Row((0, 1), MOBILENET),
    "compute": Row(("float32", "int8"), MOBILENET),
    "validation_fraction": Row((0.2, 0.5), BASELINE, split),
    "test_fraction": Row((0.0, 0.3), BASELINE, split),
    "label_pattern": Row((None, r"(\d)\.png$"), BASELINE, classes),
    "group_by": Row((None, r"pattern:/(\d\d)"), BASELINE, split),
    "dense_units": Row((128, 16), BASELINE),
    "dropout": Row((0.5, 0.1), BASELINE),
    "strength": Row((None, 0.001), MOBILENET),
    "optimizer": Row(("rmsprop", "adam"), BASELINE),
    "schedule": Row(("cosine", "constant"), BASELINE),
    "final_learning_rate": Row((0.0, 0.9), BASELINE),
    "epochs": Row((2, 1), BASELINE, epochs),
    "learning_rate": Row((1e-3, 2e-3), BASELINE),
    "warmup_epochs": Row((0, 1), BASELINE),
    "weight_decay": Row((0.0, 0.5), BASELINE),
    "label_smoothing": Row((0.0, 0.2), BASELINE),
    "weight_average": Row((0.0, 0.9), BASELINE),
    "patience": Row((0, 1), BASELINE | STILL, epochs),
    "finetune": Row((False, True), TUNED),
    "unfreeze_from": Row(("block_16", "block_15"), TUNED),
    "finetune_epochs": Row((1, 2), TUNED, epochs),
    "preset": Row(("balanced", "best"), {"mirror": "no"}, lambda run: run.config["arch"]),
    "finetune_share": Row((1.0, 0.5), TUNED | {"finetune_learning_rate": 1e-3}),
    "finetune_learning_rate": Row((1e-5, 1e-3), TUNED),
    "tensorboard": Row((False, True), BASELINE, tensorboard_logs),
}

BY_THEMSELVES = {
    "data", "features", "runs_dir", "labels", "label_column", "split", "cache", "cache_size",
    "backbone_weights", "strict", "force", "from_run", "head", "devices",
}  # fmt: skip
"""Settings with a test of their own below."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unsplit folder whose classes differ in size."""
    root = paint_set(tmp_path_factory.mktemp("settings") / "set", {"": 18}, seed=3)
    for number in range(8):
        (root / "bee" / f"{number:03}.png").unlink()
    return root


@pytest.fixture(scope="module")
def trained_with(
    data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[dict[str, Any]], Run]:
    """Train with settings, once for each of them, whether they are said or the defaults."""
    runs: dict[str, Run] = {}

    def run(settings: dict[str, Any]) -> Run:
        key = repr(from_mapping(SMALL | settings).resolved())
        if key not in runs:
            runs[key] = small(data, tmp_path_factory.mktemp("runs"), **settings)
        return runs[key]

    return run


def small(data: Path, runs_dir: Path, **settings: Any) -> Run:
    return train(data, **(SMALL | {"runs_dir": str(runs_dir)} | settings)).run


def test_every_setting_is_tried() -> None:
    assert set(TABLE) | BY_THEMSELVES == set(NAMES)
    assert not set(TABLE) & BY_THEMSELVES


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
def test_two_values_of_a_setting_give_two_results(
    name: str, trained_with: Callable[[dict[str, Any]], Run]
) -> None:
    row = TABLE[name]
    first, second = (row.look(trained_with(row.others | {name: value})) for value in row.values)
    assert first != second


@pytest.mark.slow
def test_the_same_settings_give_the_same_result(
    data: Path, tmp_path: Path, trained_with: Callable[[dict[str, Any]], Run]
) -> None:
    """Else the test above would find a difference whatever a setting did."""
    for settings in (BASELINE, TUNED):
        assert learned(small(data, tmp_path, **settings)) == learned(trained_with(settings))


def test_data_and_runs_dir_say_where_from_and_where_to(tmp_path: Path) -> None:
    for number, name in enumerate(("here", "there")):
        root = paint_set(tmp_path / name, {"": 5}, seed=number)
        run = small(root, tmp_path / f"runs-{name}", **BASELINE, run="mine")
        assert run.path == tmp_path / f"runs-{name}" / "mine"
        assert Path(run.manifest["data"]["root"]) == root
        assert run.config["data"] == str(root)


def test_a_table_and_its_column_say_what_is_told_apart(data: Path, tmp_path: Path) -> None:
    names = sorted(path.relative_to(data).as_posix() for path in data.glob("*/*.png"))
    lines = [f"{name},{'xy'[n % 2]},{'pq'[n // 3 % 2]}" for n, name in enumerate(names)]
    table = tmp_path / "mine.csv"
    table.write_text("file,label,other\n" + "\n".join(lines))
    run = small(data, tmp_path, **BASELINE, labels=str(table))
    assert run.classes == ("x", "y")
    run = small(data, tmp_path, **BASELINE, labels=str(table), label_column="other")
    assert run.classes == ("p", "q")
    assert run.config["label_column"] == "other"


def test_a_split_file_goes_before_the_seed(data: Path, tmp_path: Path) -> None:
    wanted = split_set(data, validation=0.3, test=0.2, seed=9).images
    file = tmp_path / "split.csv"
    file.write_text(to_csv(wanted), newline="")
    run = small(data, tmp_path, **BASELINE, split=str(file), seed=5)
    assert sorted(read_split(run).splitlines()) == sorted(to_csv(wanted).splitlines())


def test_the_cache_says_where_decoded_pictures_wait(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    file = array_store._nameless_file

    def spied(size: int) -> Any:
        made.append(size)
        return file(size)

    monkeypatch.setattr(array_store, "_nameless_file", spied)
    small(data, tmp_path, **BASELINE, cache="memory")
    assert made == []
    small(data, tmp_path, **BASELINE, cache="disk")
    assert len(made) >= 2  # training and validation pictures


def test_the_cache_size_bounds_what_is_kept_of_features(data: Path, tmp_path: Path) -> None:
    def kept(size: float) -> int:
        for suffix in ("", "-wal", "-shm"):
            store_path().with_name(store_path().name + suffix).unlink(missing_ok=True)
        small(data, tmp_path, **MOBILENET, cache_size=size)
        if not store_path().exists():
            return 0
        with FeatureStore(store_path()) as store:
            return len(store)

    assert kept(0.0) == 0
    pictures = 28
    assert kept(2.0) == pictures
    assert kept(0.000_06) < pictures


@pytest.mark.slow
def test_the_backbone_weights_named_are_those_used(data: Path, tmp_path: Path) -> None:
    runtime.start()
    import keras

    keras.utils.set_random_seed(1)
    backbone = keras.applications.MobileNetV2((32, 32, 3), include_top=False, weights=None)
    file = tmp_path / "other.weights.h5"
    backbone.save_weights(file)
    run = small(data, tmp_path, **MOBILENET, backbone_weights=str(file))
    saved = keras.models.load_model(run.model_path, compile=False)
    first = saved.get_layer("backbone").get_layer("Conv1").get_weights()[0]
    assert (first == backbone.get_layer("Conv1").get_weights()[0]).all()


def test_strict_stops_at_a_picture_that_cannot_be_read(data: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(data, root)
    (root / "ant" / "000.png").write_bytes(b"no picture")
    small(root, tmp_path, **BASELINE)
    with pytest.raises(CatdogError, match=r"000\.png"):
        small(root, tmp_path, **BASELINE, strict=True)


def test_only_force_replaces_a_run(data: Path, tmp_path: Path) -> None:
    first = small(data, tmp_path, **BASELINE, run="mine")
    with pytest.raises(UsageError, match="mine"):
        small(data, tmp_path, **BASELINE, run="mine", seed=1)
    second = small(data, tmp_path, **BASELINE, run="mine", seed=1, force=True)
    assert (second.path, second.manifest["seed"]) == (first.path, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]


def test_a_linear_head_is_the_linear_model_alone_chosen_on_validation_pictures(
    tmp_path: Path,
) -> None:
    """Of few pictures it is so anyway, and nothing is held out; here there are more."""
    root = paint_set(tmp_path / "set", {"": 50}, seed=2)
    runs = [small(root, tmp_path, **MOBILENET, head=head) for head in ("auto", "linear")]
    names = [[stage["name"] for stage in run.manifest["stages"]] for run in runs]
    assert names == [["linear", "frozen"], ["linear"]]
    assert runs[1].manifest["head"]["linear_share"] == 1
    assert runs[1].manifest["validation"] == runs[0].manifest["validation"] == HELD_OUT
    assert [run.manifest["stages"][0]["val_loss"] for run in runs] == [
        pytest.approx(runs[0].manifest["stages"][0]["val_loss"])
    ] * 2


def test_another_run_s_weights_are_what_it_begins_with(data: Path, tmp_path: Path) -> None:
    small(data, tmp_path, **BASELINE, run="first")
    plain = small(data, tmp_path, **BASELINE, run="plain", seed=1)
    after = small(data, tmp_path, **BASELINE, run="after", seed=1, from_run="first")
    assert learned(after) != learned(plain)
    assert after.config["from_run"] == "first"
