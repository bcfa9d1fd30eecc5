"""Runs to export: a small one that nobody trained, and one that was."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tl_catdog as tl
from tests.conftest import paint_set
from tests.support.bare_runs import sha
from tests.support.made_up import network_run, small_network
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.sets import load_training_set
from tl_catdog.export.export import Exported, export
from tl_catdog.export.formats import FORMATS, Format
from tl_catdog.export.parity import parity_reference
from tl_catdog.runs.folder import Run

THREE = ("ant", "bee", "cow")


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    counts = {"train": 12, "validation": 6, "test": 3}
    return load_training_set(paint_set(tmp_path / "set", counts, THREE))


@pytest.fixture
def small(tmp_path: Path, images: ImageSet) -> Run:
    """A run that has a network in ONNX only, so that TensorFlow isn't needed."""
    graph, _ = small_network(units=3, pool=4, seed=4)
    calibration = {"temperature": 1.7}
    return network_run(
        tmp_path / "runs",
        graph,
        size=32,
        classes=THREE,
        images=images,
        predictions={"validation": PREDICTIONS},
        calibration=calibration,
    )


PREDICTIONS = (
    "sha256,name,label,predicted,p(ant),p(bee),p(cow)\r\n"
    f"{sha(1)},a.png,ant,ant,0.8,0.1,0.1\r\n"
    f"{sha(2)},b.png,bee,bee,0.1,0.7,0.2\r\n"
    f"{sha(3)},c.png,cow,bee,0.2,0.5,0.3\r\n"
)


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A trained run that tells three classes apart, with a temperature that isn't one."""
    root = tmp_path_factory.mktemp("three")
    data = paint_set(root / "set", {"train": 12, "validation": 6}, THREE)
    settings: dict[str, Any] = {"image_size": 32, "epochs": 2, "batch_size": 8}
    made = tl.train(data, arch="baseline", runs_dir=str(root / "models"), **settings)
    assert made.run.temperature != 1.0
    return made.run


def exported(run: Run, name: str, out: Path, **options: Any) -> Exported:
    """Export a run, compared on its own pictures."""
    pictures = tl.load(run).images()
    return export(run, FORMATS[name], out, pictures, parity_reference(run, pictures), **options)


Once = Callable[[Run, str, Path], Exported]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Export a run as ``exported`` does, but each format once; later ones get a copy."""
    known: dict[tuple[Path, str], Exported] = {}

    def copied(run: Run, name: str, out: Path) -> Exported:
        if (run.path, name) not in known:
            folder = tmp_path_factory.mktemp("exported")
            known[run.path, name] = exported(run, name, folder)
        found = known[run.path, name]
        if found.path is None:
            return found
        return replace(found, path=Path(shutil.copytree(found.path, out / found.path.name)))

    return copied


def assert_whole(run: Run, folder: Path) -> None:
    """Check that a folder has all that a stranger needs."""
    about = json.loads((folder / "metadata.json").read_text())
    assert about["labels"] == list(run.classes)
    assert about["image_size"] == run.image_size
    assert about["temperature"] == run.temperature
    assert about["parity"]["n"] > 0
    assert (folder / about["model"]).exists()
    assert (folder / "labels.txt").read_text().split() == list(run.classes)
    assert "## Limits" in (folder / "CARD.md").read_text()
    assert "Apache-2.0" in about["licence"] or run.config["arch"] == "baseline"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def chances(found: Any) -> Any:
    """Return the probabilities of what a format gives."""
    return found[0] if isinstance(found, tuple) else found


def spoilt(kind: Format, by: float) -> Format:
    """Return a format whose runtime gives other probabilities."""

    def opens(path: Path) -> Any:
        answer, name = kind.open(path)
        step = 1 if by > 0.1 else 0
        return lambda pictures: np.roll(chances(answer(pictures)) + by, step, axis=1), name

    return replace(kind, open=opens)
