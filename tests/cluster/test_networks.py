"""The network travels with the plan, and is held to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Trained
from tl_catdog.cluster.networks import (
    decoder_key,
    engine_of,
    fetched_run,
    network_file,
    predictor_of,
    run_digest,
    run_key,
    send_network,
)
from tl_catdog.errors import CatdogError
from tl_catdog.models.engine import engine_name
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import HEAD, ONNX, Run, find_run, shipped_run
from tl_catdog.shards.plan import NETWORK, Plan
from tl_catdog.storage.places import Place


def plan_for(run: Run) -> Plan:
    return Plan("predict", "/x", "", 1, 1, 1, decoder_key(), run_digest(run), engine_of(run))


@pytest.mark.parametrize("place", ["folder", "memory"])
def test_a_run_answers_from_beside_the_plan(place: str, tmp_path: Path, trained: Trained) -> None:
    run = find_run("tuned", trained.runs_dir)
    dest = Place.of(tmp_path if place == "folder" else f"memory://networks{tmp_path}")
    send_network(run, dest)
    predictor, here = predictor_of(plan_for(run), dest)
    assert here.engine == engine_of(run) == engine_name()
    assert here.engine_key == run_key(run)
    assert predictor.classes == run.classes
    picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype(np.uint8)
    (one,), (other,) = (
        list(some.answers([picture[0]])) for some in (predictor, Predictor.load(run))
    )
    assert one.probabilities == other.probabilities


def test_another_network_is_refused(tmp_path: Path, trained: Trained) -> None:
    run, other = (find_run(name, trained.runs_dir) for name in trained.names)
    send_network(other, Place.of(tmp_path))
    with pytest.raises(CatdogError, match="found another one"):
        fetched_run(plan_for(run), Place.of(tmp_path))


def test_a_changed_network_is_refused(tmp_path: Path) -> None:
    run = shipped_run()
    send_network(run, Place.of(tmp_path))
    assert network_file(run) == HEAD
    with (tmp_path / NETWORK / HEAD).open("ab") as file:
        file.write(b"x")
    with pytest.raises(CatdogError):
        predictor_of(plan_for(run), Place.of(tmp_path))


def test_the_digest_covers_what_decides_about_answers(trained: Trained) -> None:
    run = find_run("tuned", trained.runs_dir)
    assert network_file(run) == ONNX
    warmer = replace(run, manifest={**run.manifest, "calibration": {"temperature": 2.5}})
    assert len({run_digest(run), run_digest(warmer), run_digest(shipped_run())}) == 3
