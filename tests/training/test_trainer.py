"""Whole trainings: what is kept and cut changes no number but rounding."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.conftest import Trained, paint_set
from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.data import images
from tl_catdog.data.batches import Samples, decode_all, evaluation_batches, training_batches
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import ImageError, UsageError
from tl_catdog.evaluation.metrics import compute_metrics
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.cache import store_path
from tl_catdog.features.extraction import extract
from tl_catdog.features.views import Views
from tl_catdog.models import engine
from tl_catdog.models.build import build
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.prediction.predictor import Predictor, predict_examples
from tl_catdog.runs.contents import read_metrics
from tl_catdog.runs.folder import ONNX, Run, find_run
from tl_catdog.runs.writer import RunWriter
from tl_catdog.training import final_predictions, one_stage, trainer
from tl_catdog.training.callbacks import BestWeights
from tl_catdog.training.observer import Observer
from tl_catdog.training.stages import stages_of
from tl_catdog.training.trainer import train

CLASSES = ("ant", "bee")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    counts = {"train": 20, "validation": 9, "test": 7}
    return load_training_set(paint_set(tmp_path_factory.mktemp("set"), counts, seed=7))


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    for suffix in ("", "-wal", "-shm"):
        store_path().with_name(store_path().name + suffix).unlink(missing_ok=True)


def run_of(pictures: ImageSet, tmp_path: Path, **settings: Any) -> Run:
    if settings.get("finetune"):  # the usual block_13 only takes longer
        settings = {"unfreeze_from": "block_16", "finetune_epochs": 1} | settings
    config = TrainConfig(**{"image_size": 32, "epochs": 2} | settings)
    with RunWriter(tmp_path, "run") as writer:
        return train(config, pictures, writer).run


def weights(run: Run) -> list[np.ndarray]:
    found: list[np.ndarray] = keras.models.load_model(run.model_path, compile=False).get_weights()
    return found


@pytest.mark.parametrize("with_onnx", [True, False])
def test_predictions_from_features_are_what_the_saved_network_says(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_onnx: bool
) -> None:
    run = run_of(pictures, tmp_path, learning_rate=1e-2)
    monkeypatch.setattr(engine, "onnx_runs", lambda: with_onnx)
    for split in ("validation", "test"):
        saved = read_predictions(run, split)
        again = predict_examples(Predictor.load(run), pictures.split(split)).predictions
        assert again.digests == saved.digests
        np.testing.assert_allclose(again.probabilities, saved.probabilities, atol=1e-5)


def test_a_second_training_that_changes_only_the_head_touches_no_picture(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_of(pictures, tmp_path)
    assert first.manifest["features"]["pictures_from_cache"] == 0

    decode = images.decode

    def untouchable(source: Any, *others: Any, **named: Any) -> Any:
        if isinstance(source, Path):  # the pictures of nothing, which novelty knows, are no files
            raise AssertionError("a picture was decoded")
        return decode(source, *others, **named)

    monkeypatch.setattr(images, "decode", untouchable)
    second = run_of(pictures, tmp_path, dense_units=8)
    assert second.manifest["features"]["pictures_from_cache"] == len(pictures.examples)


@pytest.mark.parametrize(
    ("settings", "with_onnx"),
    [({"finetune": True}, True), ({"views": 2}, True), ({}, False)],
)
def test_the_cache_changes_no_bit_of_the_result(
    pictures: ImageSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    with_onnx: bool,
) -> None:
    for module in (trainer, engine):
        monkeypatch.setattr(module, "onnx_works", lambda: with_onnx)
    cold = weights(run_of(pictures, tmp_path, **settings))
    warm = weights(run_of(pictures, tmp_path, **settings))
    without = weights(run_of(pictures, tmp_path, cache_size=0.0, **settings))
    for other in (warm, without):
        assert all(np.array_equal(a, b) for a, b in zip(cold, other, strict=True))


def test_without_a_cache_nothing_is_kept(pictures: ImageSet, tmp_path: Path) -> None:
    run_of(pictures, tmp_path, cache_size=0.0)
    assert not store_path().exists()


@pytest.mark.parametrize("block", ["block_13", "block_15_depthwise"])
def test_training_above_the_cut_is_training_the_whole(pictures: ImageSet, block: str) -> None:
    """Same start, order and dropout; the part below sees its activations in half precision."""
    size = 32
    # Plain gradient descent in small steps: larger ones make more of any rounding, and RMSprop's
    # first steps follow a gradient's sign, however small it is.
    settings: dict[str, Any] = {"augment": "none", "dropout": 0.3, "optimizer": "sgd"}
    config = TrainConfig(
        finetune=True,
        unfreeze_from=block,
        finetune_epochs=2,
        finetune_learning_rate=1e-4,
        image_size=size,
        **settings,
    ).resolved()
    (*_, stage) = stages_of(config)
    assert stage.feature_layer is not None
    tables: dict[str | None, dict[str, Samples]] = {
        None: {name: decode_all(pictures.split(name), size) for name in ("train", "validation")}
    }
    backbone = frozen_backbone(config, [stage.feature_layer], lambda: None)
    tables[stage.feature_layer] = {
        name: extract(backbone, pictures.split(name), Views()).samples[stage.feature_layer]
        for name in ("train", "validation")
    }
    found = {}
    for feature_layer, table in tables.items():
        runtime.make_deterministic(0)
        model = build(config, 2)
        start = [weight.copy() for weight in model.get_weights()]
        result = one_stage.run_stage(
            model,
            config,
            replace(stage, feature_layer=feature_layer),
            training=training_batches(table["train"], CLASSES, batch_size=8, seed=1),
            steps=5,
            validation=evaluation_batches(table["validation"], CLASSES, batch_size=8),
            best=BestWeights(),
            observer=Observer(),
            record=lambda _: None,
        )
        found[feature_layer] = model.get_weights(), result
    (cut_weights, cut_result), (whole_weights, whole_result) = (
        found[stage.feature_layer],
        found[None],
    )
    assert cut_result.trainable_layers == whole_result.trainable_layers
    assert cut_result.trainable_params == whole_result.trainable_params
    assert cut_result.val_loss == pytest.approx(whole_result.val_loss, rel=1e-3)
    # Compared with how far the training went, the two ways ended in the same place.
    moved = np.sqrt(sum(np.sum((w - s) ** 2) for w, s in zip(whole_weights, start, strict=True)))
    apart = np.sqrt(
        sum(np.sum((w - c) ** 2) for w, c in zip(whole_weights, cut_weights, strict=True))
    )
    assert moved > 0
    assert apart < 0.02 * moved


def test_unfreezing_the_first_blocks_trains_from_the_pictures(
    pictures: ImageSet, tmp_path: Path
) -> None:
    run = run_of(pictures, tmp_path, finetune=True, unfreeze_from="block_1")
    frozen, finetune = run.manifest["stages"]
    assert frozen["trainable_layers"] == ["head_dense", "head_output"]
    assert "block_1_expand" in finetune["trainable_layers"]
    assert run.manifest["features"]["cuts"] == ["pooling"]


def test_a_block_that_isnt_there_is_refused_before_any_work(
    pictures: ImageSet, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="block_99"):
        run_of(pictures, tmp_path, finetune=True, unfreeze_from="block_99")
    assert not store_path().exists()


def test_each_epoch_says_when_it_ended(pictures: ImageSet, tmp_path: Path) -> None:
    times = [row["elapsed"] for row in read_metrics(run_of(pictures, tmp_path, finetune=True))]
    assert 0 < times[0] < times[1]


def test_a_run_without_onnx_runtime_is_whole(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (trainer, engine):
        monkeypatch.setattr(module, "onnx_works", lambda: False)
    run = run_of(pictures, tmp_path, finetune=True)
    assert not run.holds(ONNX)
    assert run.manifest["features"]["engine"].startswith("tensorflow")
    assert run.manifest["model"]["engine"].startswith("tensorflow")
    monkeypatch.undo()
    assert Predictor.load(run).forward.engine.startswith("tensorflow")
    assert json.loads((run.path / "manifest.json").read_text())["evaluations"]["test"]["n"] == 14


def test_pictures_left_out_are_named_once(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"train": 8, "validation": 4, "test": 4})
    for split in ("train", "validation", "test"):
        (root / split / "ant" / "001.png").write_bytes(b"no picture")
    pictures = load_training_set(root)
    for settings in ({"finetune": True}, {"arch": "baseline"}):
        run = run_of(pictures, tmp_path / "runs", **settings)
        assert sorted(item["split"] for item in run.manifest["skipped"]) == [
            "test", "train", "validation",
        ]  # fmt: skip
    assert isinstance(images.try_decode(root / "train" / "ant" / "001.png", 32), ImageError)


@pytest.mark.parametrize("name", ["small", "tuned"])
def test_a_run_is_calibrated_on_its_validation_pictures(trained: Trained, name: str) -> None:
    run = find_run(name, trained.runs_dir)
    calibration = run.manifest["calibration"]
    # Beside 74 validation pictures, the out-of-fold answers about 48 training pictures.
    linear = name == "tuned" and not run.manifest["stages"][-1]["best_epoch"]
    assert calibration["n"] == (74 + 48 if linear else 74)
    assert run.temperature == calibration["temperature"] != 1.0
    saved = read_predictions(run, "validation")
    if not linear:
        loss = compute_metrics(saved).log_loss
        assert loss == pytest.approx(calibration["log_loss_after"], abs=1e-6)
    assert saved.novelty is not None
    assert len(saved.novelty) == 74


@pytest.mark.parametrize("name", ["small", "tuned"])
def test_what_a_run_saved_of_the_test_pictures_is_what_users_get(
    trained: Trained, name: str
) -> None:
    run = find_run(name, trained.runs_dir)
    saved = read_predictions(run, "test")
    answers = list(Predictor.load(run).answers(trained.data / path for path in saved.names))
    probabilities = [list((answer.probabilities or {}).values()) for answer in answers]
    assert np.array(probabilities) == pytest.approx(saved.probabilities, abs=1e-5)
    novelty = [answer.novelty for answer in answers]
    assert novelty == pytest.approx(list(saved.novelty), abs=1e-5)  # type: ignore[arg-type]


def test_a_manifest_records_the_networks_size_and_what_was_trained_of_it(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def timed(forward: engine.Forward, size: int) -> float:
        sizes.append(size)
        return 12.5

    monkeypatch.setattr(trainer, "milliseconds", timed)
    run = run_of(pictures, tmp_path, finetune=True, unfreeze_from="block_16", image_size=40)
    linear, tuned = run.manifest["stages"]
    found = run.manifest["model"]
    head = 1280 * 128 + 128 + 128 + 1
    assert linear["trainable_params"] == 1280 + 1
    assert head < tuned["trainable_params"]
    assert found["trainable_params"] == tuned["trainable_params"]
    assert found["params"] == sum(weight.size for weight in weights(run)) > 2_000_000
    assert found["bytes"] == run.model_path.stat().st_size
    assert (found["ms_per_image"], sizes) == (12.5, [40])
    assert found["engine"].startswith("onnxruntime")
    timings = run.manifest["timings"]
    assert timings["decode_seconds"] < timings["train_seconds"] < timings["total_seconds"]


def test_what_fine_tuning_left_as_it_was_is_predicted_from_features(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it changed is predicted anew, since the features don't hold that."""
    given: list[bool] = []
    original = final_predictions.predict_splits

    def spied(*arguments: Any, **named: Any) -> Any:
        given.append(arguments[2] is not None)
        return original(*arguments, **named)

    monkeypatch.setattr(trainer, "predict_splits", spied)
    kept: dict[str, Any] = {"finetune": True, "finetune_learning_rate": 9.0, "epochs": 6}
    better: dict[str, Any] = {"finetune": True, "finetune_share": 0.5}
    for settings in (kept, better):
        run = run_of(pictures, tmp_path, unfreeze_from="block_16", **settings)
        changed = run.manifest["stages"][1]["best_epoch"] > 0
        assert run.manifest["tuned_share"] == (0.5 if settings is better else 0.0)
        assert given.pop() is not changed
        assert changed is (settings is better)


@pytest.mark.parametrize("head", ["auto", "linear"])
def test_without_validation_pictures_a_head_is_linear_and_judged_out_of_fold(
    tmp_path: Path, head: str
) -> None:
    """Of sixty of a class a fifth is tested on: another fifth held out, too few would be left."""
    root = paint_set(tmp_path / "set", {"": 60}, seed=8)
    sixty = load_training_set(root, validation_fraction=None, test_fraction=0.2)
    run = run_of(sixty, tmp_path, head=head, mirror="no")
    assert run.manifest["data"]["counts"]["train"] == {"ant": 48, "bee": 48}
    assert [stage["name"] for stage in run.manifest["stages"]] == ["linear"]
    assert run.out_of_fold
    assert run.manifest["evaluations"]["validation"]["n"] == 96
    assert run.manifest["evaluations"]["test"]["n"] == 24
