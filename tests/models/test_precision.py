"""Which precision a backbone computes in: what settings say, what is proven, what is faster."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.backbones import MOBILENET
from tl_catdog.config import TrainConfig
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.models import precision as module
from tl_catdog.models.precision import GAIN, KEPT, measured_gain, precision_of, processor
from tl_catdog.models.precision import int8_is_faster as decided  # the tests' own comes later


def chosen(**settings: Any) -> str:
    return precision_of(TrainConfig(**settings).resolved())


@pytest.fixture
def faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "int8_is_faster", lambda _: True)


@pytest.mark.usefixtures("faster")
def test_auto_takes_int8_for_what_was_proven() -> None:
    assert chosen() == "int8"
    assert chosen(arch="efficientnet-lite1") == "int8"
    for other in (
        {"compute": "float32"},
        {"arch": "baseline"},
        {"finetune": True},
        {"image_size": 96},
        {"backbone_weights": "mine.weights.h5"},
        {"arch": "keras:MobileNetV3Small"},
    ):
        assert chosen(**other) == "float32", other


def test_auto_takes_single_precision_where_int8_is_no_faster() -> None:
    assert chosen() == "float32"  # as the tests have it
    assert chosen(compute="int8") == "int8"


def test_int8_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="MobileNetV3Small"):
        chosen(arch="keras:MobileNetV3Small", compute="int8")
    for settings in ({"arch": "baseline"}, {"finetune": True}):
        with pytest.raises(UsageError, match="--compute float32"):
            TrainConfig(compute="int8", **settings)
    monkeypatch.setattr(module, "onnx_works", lambda: False)
    with pytest.raises(CatdogError, match="ONNX Runtime"):
        chosen(compute="int8")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Count measurements, in a cache folder of one's own, on a machine with exact integers."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(module, "exact_integers", lambda: True)
    seen: list[str] = []

    def gain(spec: Any) -> float:
        seen.append(spec.arch)
        return 2.0

    monkeypatch.setattr(module, "measured_gain", gain)
    module._gain.cache_clear()
    return seen


def again() -> bool:
    """Ask as another process would."""
    module._gain.cache_clear()
    return decided(MOBILENET)


def test_it_is_measured_once_and_kept(measured: list[str], tmp_path: Path) -> None:
    assert decided(MOBILENET)
    assert again()
    assert measured == ["mobilenet"]
    kept = json.loads((tmp_path / "tl-catdog" / KEPT).read_text())
    ((key, value),) = kept.items()
    assert processor() in key
    assert "onnxruntime" in key
    assert value == 2.0


def test_another_version_processor_or_weights_are_measured_anew(
    measured: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    again()
    monkeypatch.setattr(module, "version_of", lambda _: "0.0")
    again()
    monkeypatch.setattr(module, "processor", lambda: "Other")
    again()
    module._gain.cache_clear()
    decided(replace(MOBILENET, sha256="0" * 64))
    assert len(measured) == 4


def test_a_gain_too_small_is_none(measured: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "measured_gain", lambda _: GAIN - 0.01)
    assert not again()


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b'{"x": ', b"\xff", b"[" * 10**5, b" " * 10**5, b'{"a": NaN, "b": "c"}'],
)
def test_a_damaged_file_is_measured_anew(
    measured: list[str], tmp_path: Path, content: bytes
) -> None:
    folder = tmp_path / "tl-catdog"
    folder.mkdir()
    (folder / KEPT).write_bytes(content)
    assert again()
    assert measured == ["mobilenet"]
    assert list(json.loads((folder / KEPT).read_text()).values()) == [2.0]


def test_kernels_that_are_not_exact_are_never_faster(
    measured: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "exact_integers", lambda: False)
    assert not again()
    monkeypatch.setattr(module, "exact_integers", lambda: True)
    monkeypatch.setattr("tl_catdog.models.gpu.onnx_on_card", lambda: True)
    assert not again()
    assert measured == []


def test_where_nothing_can_be_kept_it_is_measured_in_each_process(
    measured: list[str], tmp_path: Path
) -> None:
    (tmp_path / "tl-catdog").write_text("in its place")
    assert again()
    assert again()
    assert measured == ["mobilenet"] * 2


def test_both_precisions_are_timed() -> None:
    assert 0.05 < measured_gain(MOBILENET) < 100


def test_the_processor_is_named(tmp_path: Path) -> None:
    about = tmp_path / "cpuinfo"
    about.write_text("processor\t: 0\nmodel name\t: Some Processor 1\nmodel name\t: Other\n")
    assert processor(about) == "Some Processor 1"
    assert processor(tmp_path / "none")
