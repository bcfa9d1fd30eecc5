"""Processor, memory, folders, caches and the packaged weights."""

from __future__ import annotations

import errno
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from tl_catdog.doctor import machine
from tl_catdog.doctor.machine import (
    Limits,
    check_caches,
    check_cards,
    check_feature_cache,
    check_folder,
    check_folders,
    check_int8,
    check_machine,
    check_weights,
    control_group,
    folder_size,
)
from tl_catdog.errors import CatdogError
from tl_catdog.features.cache import FeatureStore
from tl_catdog.models import gpu
from tl_catdog.models.backbones import registry
from tl_catdog.models.backbones.registry import backbone_of


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_limits_of_version_2_are_the_narrowest_on_the_way_up(tmp_path: Path) -> None:
    root = write(
        tmp_path / "fs",
        {
            "job/step/cpu.max": "max 100000\n",
            "job/step/memory.max": "max\n",
            "job/cpu.max": "150000 100000\n",
            "cpu.max": "200000 100000\n",
            "job/memory.max": "4000000000\n",
            "job/memory.current": "1000000000\n",
        },
    )
    own = write(tmp_path, {"own": "0::/job/step\n"}) / "own"
    assert control_group(root, own) == Limits(1.5, 4_000_000_000, 1_000_000_000)


def test_limits_of_version_1_are_found_at_the_root_of_a_container(tmp_path: Path) -> None:
    root = write(
        tmp_path / "fs",
        {
            "memory/memory.limit_in_bytes": "2000000000",
            "memory/memory.usage_in_bytes": "500000000",
            "cpu/cpu.cfs_quota_us": "-1",
            "cpu/cpu.cfs_period_us": "100000",
        },
    )
    own = write(tmp_path, {"own": "4:memory:/docker/abc\n1:cpu:/\n"}) / "own"
    assert control_group(root, own) == Limits(None, 2_000_000_000, 500_000_000)


def test_no_control_groups_are_no_limits(tmp_path: Path) -> None:
    assert control_group(tmp_path, tmp_path / "none") == Limits()


def test_a_narrow_group_is_what_counts() -> None:
    processor, memory = check_machine(Limits(0.5, 1_000_000_000, 400_000_000))
    assert processor.state == memory.state == "warning"
    assert "allows the time of 0.5" in processor.detail
    assert memory.detail.startswith("600.0 MB free of 1.0 GB")


def test_without_limits_the_machine_is_shown() -> None:
    processor, memory = check_machine(Limits())
    assert processor.state == "ok"
    assert "cores" in processor.detail
    assert " free of " in memory.detail


def test_what_bounds_the_cores_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_CATDOG_CPUS", "7")
    processor = next(iter(check_machine(Limits())))
    assert processor.state == "ok"
    assert processor.detail.startswith("7 of ")
    assert processor.detail.endswith("TL_CATDOG_CPUS says so")


def test_a_folder_that_is_not_there_yet_is_fine_and_is_not_made(tmp_path: Path) -> None:
    found = check_folder("runs folder", tmp_path / "a" / "b", "hint")
    assert found.state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_made_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = check_folder("runs folder", tmp_path / "file" / "models", "Name another")
    assert (found.state, found.hint) == ("failed", "Name another")
    assert "can't be written to" in found.detail


def test_little_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LEAST_DISK", 1e30)
    assert check_folder("runs folder", tmp_path, "hint").state == "warning"


def test_all_three_folders_are_looked_at(tmp_path: Path) -> None:
    names = [check.name for check in check_folders(tmp_path)]
    assert names == ["runs folder", "cache folder", "temporary folder"]


def test_a_cache_folder_that_can_not_be_made_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", _no_place)
    _, cache, temporary = check_folders(tmp_path)
    assert cache.state == "warning"
    assert "nothing is kept to save time" in cache.detail
    assert (temporary.state, temporary.detail) == ("failed", "No usable temporary directory found")


def _no_place() -> str:
    raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")


def test_an_empty_cache_is_fine_and_is_not_made(tmp_path: Path) -> None:
    found = check_feature_cache(tmp_path / "features.sqlite")
    assert found.state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_entries_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    with FeatureStore(path) as store:
        store.put({str(number).encode(): bytes(5000) for number in range(300)})
    found = check_feature_cache(path)
    assert found.state == "ok"
    assert found.detail.startswith("300 vectors, ")


def test_a_damaged_cache_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    path.write_bytes(b"no database" * 1000)
    found = check_feature_cache(path)
    assert (found.state, "tl-catdog cache --clear" in found.hint) == ("warning", True)
    assert path.read_bytes() == b"no database" * 1000


def test_a_cache_that_is_no_file_is_named(tmp_path: Path) -> None:
    found = check_feature_cache(tmp_path)
    assert found.state == "warning"
    assert "begins it anew" in found.detail


def test_other_caches_are_sized(tmp_path: Path) -> None:
    (tmp_path / "archives" / "deep").mkdir(parents=True)
    (tmp_path / "archives" / "deep" / "set.zip").write_bytes(bytes(3_000_000))
    (tmp_path / "archives" / "loop").symlink_to(tmp_path / "archives")
    (tmp_path / "archives" / "deep" / "same.zip").symlink_to("set.zip")
    (tmp_path / "empty").mkdir()
    assert 3_000_000 < folder_size(tmp_path / "archives") < 3_001_000
    features, found = check_caches(tmp_path)
    assert features.name == "feature cache"
    assert found.name == "archives cache"
    assert found.detail.startswith("3.0 MB")
    assert [check.name for check in check_caches(tmp_path / "nowhere")] == ["feature cache"]


def test_the_packaged_weights_are_as_packaged() -> None:
    found = {check.name: check for check in check_weights()}
    assert {check.state for check in found.values()} == {"ok"}
    assert "2.26 million" in found["weights of mobilenet"].detail


def test_damaged_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(backbone_of("mobilenet"), sha256=64 * "0")  # than that of the file
    monkeypatch.setattr(registry, "backbones", lambda: {"mobilenet": other})
    with pytest.raises(CatdogError, match="SHA-256"):
        list(check_weights())


@pytest.mark.parametrize(
    ("cards", "onnx", "tensorflow", "state", "said", "typed"),
    [
        ((), False, [], "ok", "none", ""),
        (("NVIDIA L4",), False, [], "warning", "NVIDIA L4, which nothing", "onnxruntime-gpu"),
        (("NVIDIA L4",), True, [], "ok", "features and answers are", "tensorflow[and-cuda]"),
        (("NVIDIA L4",), False, ["/physical_device:GPU:0"], "ok", "everything", "onnxruntime-gpu"),
        (("NVIDIA L4",), True, ["/physical_device:GPU:0"], "ok", "training", ""),
        ((), False, ["/physical_device:GPU:0"], "ok", "GPU:0: TensorFlow", "onnxruntime-gpu"),
    ],
)
def test_it_says_what_is_computed_on_a_card(
    monkeypatch: pytest.MonkeyPatch,
    cards: tuple[str, ...],
    onnx: bool,
    tensorflow: list[str],
    state: str,
    said: str,
    typed: str,
) -> None:
    monkeypatch.delenv(gpu.VISIBLE, raising=False)
    monkeypatch.setattr(gpu, "cards", lambda: cards)
    monkeypatch.setattr(gpu, "card_there", lambda: bool(cards))
    monkeypatch.setattr(gpu, "onnx_on_card", lambda: onnx)
    found = check_cards(tensorflow)
    assert (found.name, found.state) == ("GPUs", state)
    assert said in found.detail
    assert typed in found.hint
    assert bool(typed) == bool(found.hint)


def test_a_hidden_card_is_said_to_be_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "cards", lambda: ("NVIDIA L4",))
    monkeypatch.setenv(gpu.VISIBLE, "-1")
    assert "hidden by CUDA_VISIBLE_DEVICES" in check_cards([]).detail


@pytest.mark.parametrize(
    ("exact", "gain", "said"),
    [
        (True, 1.8, "1.8 times as fast as float32: frozen backbones take int8"),
        (True, 1.1, "frozen backbones take float32"),
        (False, 9.0, "not exact on this processor: frozen backbones take float32"),
    ],
)
def test_the_precision_of_frozen_backbones_is_told(
    exact: bool, gain: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_catdog.models.integers.exact_integers", lambda: exact)
    monkeypatch.setattr("tl_catdog.models.precision.measured_gain", lambda _: gain)
    (check,) = check_int8()
    assert check.state == "ok"
    assert said in check.detail
