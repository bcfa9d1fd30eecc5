"""A small real training of each architecture."""

from dataclasses import replace

import pytest

from tests.doctor.tiny import CONFIGS, WORK
from tl_catdog.config import TrainConfig
from tl_catdog.doctor import dry_run as module
from tl_catdog.doctor.dry_run import CLOSE, DryRun, StageCost, dry_run
from tl_catdog.errors import CatdogError


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.arch)
def test_every_stage_is_trained_and_both_engines_agree(config: TrainConfig) -> None:
    found = dry_run(config, WORK, images=2)
    stages = ["scratch"] if config.arch == "baseline" else ["frozen", "finetune"]
    assert list(found.stages) == stages
    for cost in found.stages.values():
        assert cost.step > 0
        assert cost.check > 0
        assert cost.start >= 0
    assert found.difference is not None
    assert found.difference < CLOSE
    assert found.check().state == "ok"
    assert len(f"!  dry run mobilenet  {found.check().detail}") < 100


def test_what_fails_is_named() -> None:
    config = replace(CONFIGS[1], backbone_weights="nowhere.weights.h5")
    with pytest.raises(CatdogError, match=r"building the network: .*nowhere"):
        dry_run(config, WORK)


def test_a_fault_in_training_names_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "training_batches", lambda *_, **__: 1 / 0)
    with pytest.raises(CatdogError, match=r"training \(scratch\) failed: ZeroDivisionError"):
        dry_run(CONFIGS[0], WORK)


def test_engines_that_disagree_fail() -> None:
    found = DryRun("baseline", 0.1, {"scratch": StageCost(1.0, 0.1, 0.001)}, 0.01, 1e-3)
    assert found.check().state == "failed"
    assert replace(found, difference=1e-6).check().state == "ok"


def test_without_onnx_runtime_it_works_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "onnx_works", lambda: False)
    found = dry_run(CONFIGS[0], WORK, images=2)
    assert found.difference is None
    assert found.check().state == "warning"
    assert "onnxruntime" in found.check().hint


def test_what_a_stage_takes_grows_with_epochs_steps_and_validation() -> None:
    cost = StageCost(start=2.0, step=0.1, check=0.01)
    assert cost.seconds(epochs=3, steps=10, validation=100) == pytest.approx(2 + 3 * (1 + 1))
