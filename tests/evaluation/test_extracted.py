"""A run judged by a batch's features: the figures of the pictures to the bit, or a line why not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Cli, paint_set
from tests.support.batches import in_process
from tests.support.commands import assert_one_line
from tl_catdog.api import load
from tl_catdog.api.classifier import Classifier
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.planning import FeatureSettings
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.evaluation.extracted import hold_to_run
from tl_catdog.features.extracted_plan import open_extracted
from tl_catdog.runs.folder import shipped_run

MAP = {"ant": "cats", "bee": "dogs"}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = paint_set(tmp_path / "set", {"": 20})
    (root / "ant" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return root


def extracted(source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Path:
    in_process(monkeypatch)
    own = {"image_size": shipped_run().image_size, "compute": shipped_run().compute}
    wanted = FeatureSettings(**{**own, **settings})
    assert batch("features", source, dest, features=wanted, shard_size=7).closed
    return dest


@pytest.fixture
def run() -> Classifier:
    return load("cats-dogs")


@pytest.mark.parametrize("mirror", [False, True])
def test_figures_are_those_of_the_pictures_which_may_be_gone(
    run: Classifier, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: bool
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, mirror="yes" if mirror else "no")
    wanted = run.evaluate(pictures, label_map=MAP, mirror=mirror)
    shutil.rmtree(pictures)
    found = run.evaluate(features=dest, label_map=MAP, mirror=mirror)
    assert found.predictions.to_csv() == wanted.predictions.to_csv()
    assert found.to_json() == wanted.to_json()
    assert [item.reason for item in found.skipped] == [item.reason for item in wanted.skipped]
    assert len(found.skipped) == 1


def test_the_command_takes_them(
    cli: Cli, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, mirror="no")
    words = ("evaluate", "cats-dogs", "--features", dest, "--map", "ant=cats", "--map", "bee=dogs")
    assert json.loads(cli(*words, "--json").out)["n"] == 40
    for more, says in (
        (("--tta",), "expected features of mirror images too (--tta)"),
        (("--robustness",), "expected pictures for --robustness"),
        (("--data", pictures), "found --data and --features"),
        (("--split", "test"), "expected one of the splits"),
    ):
        outcome = cli(*words, *more)
        assert (outcome.code, outcome.out) == (2, ""), more
        assert says in outcome.err
        assert_one_line(outcome.err)
    outcome = cli("evaluate", "cats-dogs", "--features", dest)
    assert "--map ant=" in outcome.err


def test_features_of_another_kind_are_named(
    run: Classifier, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = extracted(pictures, tmp_path / "out", monkeypatch, mirror="no", image_size=32)
    with pytest.raises(UsageError, match="found that the picture size differs"):
        run.evaluate(features=dest, label_map=MAP)


def test_a_network_whose_backbone_makes_other_features_is_refused(
    run: Classifier, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = open_extracted(extracted(pictures, tmp_path / "out", monkeypatch, mirror="no"))
    predictor = run.predictor()
    hold_to_run(found, run.run, predictor)
    forward = predictor.forward

    class Tuned:
        engine, batch = forward.engine, forward.batch

        def __call__(self, images: Any) -> Any:
            outputs = forward(images)
            return outputs[0], outputs[1] * np.float32(1.001)

    other = shipped_run()
    monkeypatch.setattr(predictor, "forward", Tuned())
    with pytest.raises(UsageError, match="its backbone was fine-tuned"):
        hold_to_run(found, other, predictor)
    baseline = replace(other, config={**other.config, "arch": "baseline"})
    with pytest.raises(UsageError, match="its network was trained as a whole"):
        hold_to_run(found, baseline, predictor)


def test_pictures_none_of_which_could_be_read_are_said(
    run: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = paint_set(tmp_path / "set", {"": 2})
    for file in root.rglob("*.png"):
        file.write_bytes(b"\x89PNG\r\n\x1a\nbroken" + file.name.encode())
    dest = extracted(root, tmp_path / "out", monkeypatch, mirror="no")
    with pytest.raises(CatdogError, match="found none among 4"):
        run.evaluate(features=dest, label_map=MAP)
