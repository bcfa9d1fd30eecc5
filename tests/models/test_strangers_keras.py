"""A stranger's .keras file: ours pass, what claims more than it holds is refused unmade."""

import json
import resource
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.conftest import Trained
from tests.support import keras_networks
from tl_catdog.models.pretrained import build_pretrained
from tl_catdog.models.strangers_keras import check_keras, custom_layers

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def file(trained: Trained, tmp_path: Path) -> Path:
    return Path(shutil.copy(trained.runs_dir / "small" / "model.keras", tmp_path / "model.keras"))


@pytest.mark.parametrize("name", ["small", "tuned"])
def test_networks_of_ours_pass(trained: Trained, name: str) -> None:
    check_keras(trained.runs_dir / name / "model.keras", 32, 2, "mobilenet")


def last(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["config"]["layers"][-1]
    return found


def giant(config: dict[str, Any]) -> None:
    last(config)["config"]["units"] = 10**10


def code(config: dict[str, Any]) -> None:
    last(config)["class_name"] = "Lambda"


def other(config: dict[str, Any]) -> None:
    """A layer that is harmless to make and giant to run."""
    layer = config["config"]["layers"][2]
    layer["class_name"] = "UpSampling2D"
    layer["config"] = {"name": layer["config"]["name"], "size": [10**4, 10**4]}


@pytest.mark.parametrize("change", [giant, code, other])
def test_what_ours_never_are_is_refused_before_memory_is_taken(file: Path, change: Change) -> None:
    config, others = opened(file)
    change(config)
    packed(file, json.dumps(config), others)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Exception):  # noqa: B017, PT011
        check_keras(file, 32, 2, "mobilenet")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 500_000


def test_an_archive_that_unpacks_to_far_more_is_refused(file: Path) -> None:
    _, others = opened(file)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", " " * 10**8)
        for name, content in others.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match="far more"):
        check_keras(file, 32, 2, "mobilenet")


def test_other_archives_and_none_are_refused(file: Path) -> None:
    config, others = opened(file)
    packed(file, json.dumps(config), {**others, "more": b""})
    with pytest.raises(ValueError, match="other files"):
        check_keras(file, 32, 2, "mobilenet")
    file.write_bytes(b"PK")
    with pytest.raises(ValueError, match="no archive"):
        check_keras(file, 32, 2, "mobilenet")


def test_a_network_of_other_classes_is_refused(file: Path) -> None:
    with pytest.raises(ValueError, match="a network from"):
        check_keras(file, 32, 3, "mobilenet")


def test_networks_of_keras_pass_under_their_own_name_and_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = of_keras(tmp_path, monkeypatch)
    path = tmp_path / "model.keras"
    check_keras(path, 37, 2, keras_networks.ARCH)
    loaded = keras.models.load_model(
        path, safe_mode=True, custom_objects=custom_layers(keras_networks.ARCH)
    )
    images = np.random.default_rng(0).uniform(0, 255, (2, 37, 37, 3)).astype(np.float32)
    assert np.array_equal(loaded(images), model(images))
    with pytest.raises(Exception, match=r"a layer|Could not locate|Unknown"):
        check_keras(path, 37, 2, "mobilenet")


def tiled(x: Any) -> Any:
    """A picture a million times as large, of which only the mean is left."""
    return keras.ops.mean(keras.ops.tile(x, (1, 1000, 1000, 1)), axis=(1, 2), keepdims=True)


@pytest.mark.parametrize(
    "extra", [tiled, keras.layers.Lambda(lambda x: x), keras.layers.UpSampling2D(2)]
)
def test_what_networks_of_keras_never_do_is_refused(
    extra: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_keras(tmp_path, monkeypatch, extra)
    with pytest.raises(ValueError, match=r"a layer|Lambda"):
        check_keras(tmp_path / "model.keras", 37, 2, keras_networks.ARCH)


def of_keras(folder: Path, monkeypatch: pytest.MonkeyPatch, extra: Any = None) -> keras.Model:
    keras_networks.in_its_place(monkeypatch, extra=extra)
    model = build_pretrained(
        keras_networks.ARCH, image_size=37, class_count=2, backbone_weights=None
    )
    model.save(folder / "model.keras")
    return model


def opened(file: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    with zipfile.ZipFile(file) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(found.pop("config.json")), found


def packed(file: Path, config: str, others: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", config)
        for name, content in others.items():
            archive.writestr(name, content)
