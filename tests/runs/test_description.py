"""A run's description: each nonsense value is one error that names file, key and value."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.bare_runs import publish_run
from tests.support.strange_runs import NONSENSE, strange_descriptions
from tl_catdog.errors import CatdogError
from tl_catdog.runs.description import MOST_BYTES, check_classes, read_description
from tl_catdog.runs.folder import Run, read_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return publish_run(
        tmp_path / "runs",
        calibration={"temperature": 1.5},
        evaluations={"test": {"n": 8, "accuracy": 0.5}},
        features={"views": 1},
        skipped=[{"path": "a.png", "split": "train", "reason": "empty"}],
        validation="held-out",
    )


FEW: tuple[Any, ...] = (None, -1, math.nan, 10**30, "\0", "a" * 100_000, [None], {"a": {"b": []}})


@pytest.mark.parametrize("values", [FEW, pytest.param(NONSENSE, marks=pytest.mark.slow)])
def test_any_value_in_any_place_is_read_or_refused_in_one_line(
    run: Run, tmp_path: Path, values: tuple[Any, ...]
) -> None:
    """Hundreds of descriptions: nothing but our own error, ever."""
    said = [error_of(strange.put(tmp_path)) for strange in strange_descriptions(run.path, values)]
    refused = [error for error in said if error is not None]
    assert len(said) > 60 * len(values)
    assert len(refused) > 0.8 * len(said)
    for error in refused:
        assert "expected" in error.message
        assert "found" in error.message
        assert len(str(error)) < 700
        assert "\n" not in error.message


def error_of(folder: Path) -> CatdogError | None:
    try:
        read_run(folder)
    except CatdogError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("file", "key", "value", "said"),
    [
        ("config.json", "image_size", 10**6, "from 32 to 1,024 as image_size in"),
        ("config.json", "arch", "resnet", "one of baseline, mobilenet, efficientnet-lite0,"),
        ("config.json", "dense_units", None, "as dense_units in"),
        ("manifest.json", "seed", 1.5, "as seed in"),
        ("manifest.json", "created", "yesterday", "found 'yesterday'"),
        ("manifest.json", "skipped", [{}], "a value as skipped[0].path in"),
        ("manifest.json", "files", {"../x": "0" * 64}, "a path within the run as files"),
        ("manifest.json", "files", {}, "config.json, found a changed file"),
        ("manifest.json", "stages", [], "as stages in"),
        ("manifest.json", "devices", ["CPU:0\n"], "a device as devices[0] in"),
        ("manifest.json", "devices", [], "as devices in"),
        ("manifest.json", "format", 0, "as format in"),
    ],
)
def test_an_error_names_file_key_expected_and_found(
    run: Run, file: str, key: str, value: Any, said: str
) -> None:
    with pytest.raises(CatdogError) as caught:
        put(run, file, key, value)
    assert said in caught.value.message
    assert str(run.path) in caught.value.message


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("classes", ["ant"], "a list of 2 to"),
        ("classes", ["ant", "ant"], "'ant' twice"),
        ("classes", ["ant", ""], "data.classes[1]"),
        ("classes", ["ant", "a\0"], "null bytes"),
        ("classes", ["ant", "b" * 20_000], "at most"),
        ("classes", ["ant", "wasp"], "a number for each class as data.counts.train"),
        ("counts", {}, "data.counts"),
        ("fingerprint", "beef", "64 hexadecimal digits"),
        ("root", "", "data.root"),
    ],
)
def test_pictures_and_classes_are_what_they_can_be(
    run: Run, key: str, value: Any, said: str
) -> None:
    with pytest.raises(CatdogError) as caught:
        put(run, "manifest.json", "data", {**run.manifest["data"], key: value})
    assert said in caught.value.message


def test_a_temperature_is_finite_and_above_zero(run: Run) -> None:
    for value in (0, -1, float("nan"), float("inf"), "1", True, 10**9):
        with pytest.raises(CatdogError, match=r"calibration\.temperature"):
            put(run, "manifest.json", "calibration", {"temperature": value})


def test_a_run_without_any_network_s_hash_is_none(run: Run) -> None:
    model = {key: value for key, value in run.manifest["model"].items() if key != "sha256"}
    with pytest.raises(CatdogError, match=r"model\.sha256"):
        put(run, "manifest.json", "model", model)


def put(run: Run, file: str, key: str, value: Any) -> None:
    path = run.path / file
    told = json.loads(path.read_text())
    told[key] = value
    path.write_text(json.dumps(told))
    if file == "config.json":
        told = {**run.manifest}
        del told["files"]
        (run.path / "manifest.json").write_text(json.dumps(told))
    read_run(run.path)


@pytest.mark.parametrize("name", ["config.json", "manifest.json"])
def test_what_is_no_file_is_never_waited_for(run: Run, name: str) -> None:
    path = run.path / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(CatdogError, match=f"{name}, found a named pipe instead of a file"):
        read_run(run.path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(CatdogError, match="found a device instead of a file"):
        read_run(run.path)
    path.unlink()
    path.mkdir()
    with pytest.raises(CatdogError, match="found Is a directory"):
        read_run(run.path)
    path.rmdir()
    with path.open("wb") as file:
        file.truncate(MOST_BYTES[name] + 1)
    with pytest.raises(CatdogError, match="bytes are more than"):
        read_run(run.path)


def test_a_hundred_thousand_unreadable_pictures_have_room(tmp_path: Path) -> None:
    skipped = [
        {"path": f"/data/set/train/class/{i:06}.jpg", "split": "train", "reason": "not a picture"}
        for i in range(100_000)
    ]
    run = publish_run(tmp_path, skipped=skipped)
    assert len(read_description(run.path).manifest["skipped"]) == 100_000


def test_classes_that_no_run_may_have_are_refused_before_the_training() -> None:
    check_classes(("two\nlines", "ünï | `x`"))
    for classes in (("a", "a"), ("a",), ("a", ""), ("a", "\0"), ("a", "b" * 20_000)):
        with pytest.raises(CatdogError, match="as class"):
            check_classes(classes)
