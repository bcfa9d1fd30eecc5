"""A sample of the pictures, and a short real training of each architecture on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tests.support.dry_runs import CONFIGS, RUNS, WORK
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TRAIN, VALIDATION, scan
from tl_catdog.doctor import dry_run as module
from tl_catdog.doctor.dry_run import CLOSE, Amount, DryRun, dry_run, sample_paths, sample_set
from tl_catdog.doctor.stopwatch import Stopwatch
from tl_catdog.errors import CatdogError
from tl_catdog.models.weights import Weights, weights_of


@pytest.fixture
def sample(tmp_path: Path) -> ImageSet:
    return sample_set(sample_paths(scan(paint_set(tmp_path / "set", {"": 8})), tmp_path))


def test_a_sample_is_taken_from_all_over_the_folder(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 40, "validation": 40})
    paths = sample_paths(scan(data), tmp_path)
    assert len(paths) == 54  # every third of 160
    assert {path.parent.relative_to(data) for path in paths} == {
        Path(split, label) for split in ("train", "validation") for label in ("ant", "bee")
    }
    assert [image.path for image in sample_set(paths).examples][:54] == paths


def test_each_split_of_a_sample_has_both_classes(sample: ImageSet) -> None:
    """Whatever the folder's are, and however few pictures there are: training needs both."""
    assert sample.counts() == {TRAIN: {"cat": 20, "dog": 20}, VALIDATION: {"cat": 12, "dog": 12}}
    one = sample_set([Path("a.jpg")])
    assert one.counts() == sample.counts()


def test_without_pictures_some_are_drawn(tmp_path: Path) -> None:
    paths = sample_paths(None, tmp_path)
    assert len(paths) == 8
    assert all(path.is_file() and path.is_relative_to(tmp_path) for path in paths)


@dataclass
class Made:
    """What the dry runs found, the stages that they began, and what they left behind."""

    runs: dict[str, DryRun]
    stages: list[tuple[str, int, int]]
    left: list[Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Make a dry run of each architecture, once for all tests that only look at them."""
    root = tmp_path_factory.mktemp("made")
    sample = sample_set(sample_paths(scan(paint_set(root / "set", {"": 8})), root))
    stages: list[tuple[str, int, int]] = []
    began = Stopwatch.stage_begins

    def note(watch: Stopwatch, stage: str, epochs: int, steps: int, trainable: int) -> None:
        stages.append((stage, epochs, steps))
        began(watch, stage, epochs, steps, trainable)

    # More pictures than the sample has: they are taken over and over.
    work = {"scratch": Amount(8, 4, 2), "frozen": Amount(200, 100, 3), "finetune": Amount(12, 4, 2)}
    (root / "scratch").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stopwatch, "stage_begins", note)
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        runs = [dry_run(config, sample, root / "scratch", work) for config in CONFIGS]
    left = [path for name in ("scratch", "cache/tl-catdog") for path in (root / name).rglob("*")]
    return Made({run.arch: run for run in runs}, stages, left)


@pytest.mark.parametrize("arch", ["baseline", "mobilenet"])
def test_every_stage_is_trained_and_both_engines_agree(arch: str, made: Made) -> None:
    found = made.runs[arch]
    names = ["scratch"] if arch == "baseline" else ["frozen", "finetune"]
    units = [f"{name} {unit}" for name in names for unit in ("start", "step", "validation")]
    units += [] if arch == "baseline" else ["linear start"]
    reading = ["read train", "read validation", "predict", "rest"]
    assert sorted(found.cost) == sorted(units + reading)
    assert min(cost for unit, cost in found.cost.items() if "start" not in unit) > 0
    assert min(found.cost.values()) >= 0
    assert found.cost["predict"] > 1e-5  # pictures are answered 32 at a time: not from one to next
    assert found.difference is not None
    assert found.difference < CLOSE
    assert found.check().state == "ok"
    assert len(f"!  dry run mobilenet  {found.check().detail}") < 80
    assert found.memory > 1e8


def test_rows_are_as_large_as_a_training_keeps_them(made: Made) -> None:
    baseline, mobilenet = (made.runs[arch].row_bytes for arch in ("baseline", "mobilenet"))
    assert baseline == {(None, TRAIN): 48 * 48 * 3, (None, VALIDATION): 32 * 32 * 3}
    pooled, block = 1280 * 4, 2 * 2 * 96 * 2  # in single and in half precision
    assert mobilenet == {
        (layer, split): size
        for layer, size in (("pooling", pooled), ("block_13", block))
        for split in (TRAIN, VALIDATION)
    }


def test_a_stage_takes_the_pictures_and_epochs_that_it_is_told_to(made: Made) -> None:
    linear = ("linear", 1, 1)
    assert made.stages == [("scratch", 2, 2), linear, ("frozen", 3, 50), ("finetune", 2, 3)]


def test_it_leaves_nothing_behind_and_the_feature_cache_alone(made: Made) -> None:
    assert made.left == []


def test_what_fails_is_named(sample: ImageSet, tmp_path: Path) -> None:
    config = replace(CONFIGS[1], backbone_weights="nowhere.weights.h5")
    with pytest.raises(CatdogError, match=r"preparing: .*nowhere"):
        dry_run(config, sample, tmp_path, WORK)


def test_a_fault_in_training_names_the_stage(
    sample: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stopwatch, "step_ends", lambda *_: 1 / 0)
    with pytest.raises(CatdogError, match=r"training \(scratch\) failed: ZeroDivisionError"):
        dry_run(CONFIGS[0], sample, tmp_path, WORK)


def test_ctrl_c_in_a_later_epoch_ends_it_too(
    sample: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training would keep the best so far and go on with that."""
    steps = iter(range(100))

    def interrupt(*_: object) -> None:
        if next(steps) == 3:  # there are two in an epoch
            raise KeyboardInterrupt

    monkeypatch.setattr(Stopwatch, "step_ends", interrupt)
    with pytest.raises(KeyboardInterrupt):
        dry_run(CONFIGS[0], sample, tmp_path, WORK)
    assert next(steps) == 4


def test_engines_that_disagree_fail() -> None:
    found = replace(RUNS["baseline"], difference=1e-3)
    assert found.check().state == "failed"
    assert replace(found, difference=1e-6).check().state == "ok"


def test_a_difference_between_the_engines_is_found(
    sample: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(model: object) -> Weights:
        return {name: 1.1 * value for name, value in weights_of(model).items()}

    monkeypatch.setattr(module, "weights_of", other)
    found = dry_run(CONFIGS[0], sample, tmp_path, WORK)
    assert found.check().state == "failed"


def test_without_onnx_runtime_it_works_more_slowly(
    sample: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "onnx_works", lambda: False)
    found = dry_run(CONFIGS[0], sample, tmp_path, WORK)
    assert found.difference is None
    assert found.check().state == "warning"
    assert "onnxruntime" in found.check().hint


def test_the_steps_of_each_stage_are_shown_in_milliseconds() -> None:
    assert RUNS["mobilenet"].check().detail.startswith("trained: 3 + 400 ms a step")
