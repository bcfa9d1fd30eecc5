"""NVIDIA cards are used without being asked for, where they work; fakes stand in for them here."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnxruntime
import pytest

from tl_catdog import runtime
from tl_catdog.errors import CatdogError, CatdogWarning
from tl_catdog.models import engine, gpu
from tl_catdog.models.engine import OnnxForward, engine_name, forward_of
from tl_catdog.models.graph import smallest_graph

REAL = onnxruntime.InferenceSession


class OnCard:
    """A session that says it is on the card; the processor computes for it."""

    made: ClassVar[list[OnCard]] = []

    def __init__(self, graph: bytes, options: Any, providers: list[Any]) -> None:
        self.asked = providers
        self.counts: list[int] = []
        self._real = REAL(graph, options, providers=[gpu.PROCESSOR])
        OnCard.made.append(self)

    def get_providers(self) -> list[str]:
        return [gpu.CUDA, gpu.PROCESSOR]

    def run(self, names: None, given: dict[str, np.ndarray]) -> Any:
        self.counts.append(len(given["pictures"]))
        return self._real.run(names, given)


class LibrariesMissing(OnCard):
    """ONNX Runtime then says nothing to the program, and computes on the processor."""

    def get_providers(self) -> list[str]:
        return [gpu.PROCESSOR]


class DriverTooOld(OnCard):
    def run(self, names: None, given: dict[str, np.ndarray]) -> Any:
        raise RuntimeError("CUDA failure 35:\n CUDA driver version is insufficient")


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(gpu.VISIBLE, raising=False)
    OnCard.made.clear()
    answers = gpu.onnx_on_card, gpu.tensorflow_on_card
    for answer in answers:
        answer.cache_clear()
    yield
    for answer in answers:
        answer.cache_clear()


def give_card(monkeypatch: pytest.MonkeyPatch, session: type[OnCard] | None = None) -> None:
    """Pretend that there is a card; with a session, that ONNX Runtime was built for it."""
    monkeypatch.setattr(gpu, "card_there", lambda: not gpu.hidden())
    if session is not None:
        names = [gpu.CUDA, gpu.PROCESSOR]
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
        monkeypatch.setattr(onnxruntime, "InferenceSession", session)


def give_tensorflow_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    give_card(monkeypatch)
    monkeypatch.setattr(gpu, "tensorflow_on_card", lambda: True)


def test_cards_are_named_as_the_driver_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu.cards(tmp_path) == ()
    monkeypatch.setattr(gpu, "cards", lambda: ())
    assert not gpu.card_there()
    (tmp_path / "nvidia-smi").write_text("")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert gpu.card_there()


def test_a_card_is_named_by_its_model(tmp_path: Path) -> None:
    about = tmp_path / "0000:01:00.0" / "information"
    about.parent.mkdir()
    about.write_text("Model: \t\t NVIDIA L4\nIRQ:   \t\t 33\n")
    assert gpu.cards(tmp_path) == ("NVIDIA L4",)


@pytest.mark.parametrize("value", ["", "-1"])
def test_a_hidden_card_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setattr(gpu, "cards", lambda: ("NVIDIA L4",))
    assert gpu.card_there()
    monkeypatch.setenv(gpu.VISIBLE, value)
    assert not gpu.card_there()


def test_onnx_runtime_takes_the_card_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = engine_name()
    give_card(monkeypatch, OnCard)
    gpu.onnx_on_card.cache_clear()
    assert engine_name() == f"{plain} cuda"  # so that cached features are told apart
    forward = forward_of(smallest_graph, lambda: None)
    assert isinstance(forward, OnnxForward)
    assert forward.engine == engine_name()
    assert forward.batch == gpu.BATCH
    first, second = OnCard.made[-1].asked
    assert first[0] == gpu.CUDA
    assert first[1]["use_tf32"] == "0"
    assert second == gpu.PROCESSOR


@pytest.mark.parametrize("count", [1, 32, 33, 70])
def test_a_card_gets_batches_of_one_size_and_every_picture_its_outputs(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, 1, 1, 3), np.uint8)
    (expected,) = OnnxForward(smallest_graph())(images)
    give_card(monkeypatch, OnCard)
    gpu.onnx_on_card.cache_clear()
    (found,) = OnnxForward(smallest_graph())(images)
    assert np.array_equal(found, expected)
    assert OnCard.made[-1].counts == [gpu.BATCH] * -(-count // gpu.BATCH)


@pytest.mark.parametrize(
    ("session", "reason"), [(LibrariesMissing, "cuDNN"), (DriverTooOld, "driver version")]
)
def test_a_card_that_cant_be_used_is_said_in_one_line_once_and_the_processor_computes(
    monkeypatch: pytest.MonkeyPatch, session: type[OnCard], reason: str
) -> None:
    give_card(monkeypatch, session)
    with pytest.warns(CatdogWarning, match=reason) as said:
        assert not gpu.onnx_on_card()
    assert len(said) == 1
    assert "\n" not in str(said[0].message)
    monkeypatch.setattr(onnxruntime, "InferenceSession", REAL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forward = OnnxForward(smallest_graph())
    assert forward.batch == 1
    assert not forward.engine.endswith("cuda")


def test_no_card_or_another_build_is_nothing_to_speak_of(monkeypatch: pytest.MonkeyPatch) -> None:
    give_card(monkeypatch)  # the ONNX Runtime here is the processor's
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not gpu.onnx_on_card()
        gpu.onnx_on_card.cache_clear()
        give_card(monkeypatch, LibrariesMissing)
        monkeypatch.setenv(gpu.VISIBLE, "-1")
        assert not gpu.onnx_on_card()
    assert OnCard.made == []


def test_a_card_that_fails_later_is_an_error_with_what_to_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give_card(monkeypatch, OnCard)
    forward = OnnxForward(smallest_graph())
    monkeypatch.setattr(OnCard, "run", DriverTooOld.run)
    with pytest.raises(CatdogError, match="driver version") as told:
        forward(np.zeros((1, 1, 1, 3)))
    assert gpu.VISIBLE in told.value.hint
    # Neither for a stored graph may another engine take its place unnoticed.
    monkeypatch.setattr(onnxruntime, "InferenceSession", LibrariesMissing)
    with pytest.raises(CatdogError, match="graphics card"):
        forward_of(smallest_graph, lambda: None, stored=True)


def test_tensorflow_is_taken_where_it_alone_has_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "KerasForward", lambda model: f"TensorFlow with {model}")
    give_tensorflow_a_card(monkeypatch)
    for stored in (True, False):
        found: object = forward_of(smallest_graph, lambda: "the model", stored=stored)
        assert found == "TensorFlow with the model"
    monkeypatch.undo()
    give_tensorflow_a_card(monkeypatch)
    assert engine_name().startswith("tensorflow ")
    assert engine_name().endswith(" gpu")
    give_card(monkeypatch, OnCard)
    gpu.onnx_on_card.cache_clear()
    assert engine_name().startswith("onnxruntime ")


def test_without_a_card_or_its_libraries_tensorflow_isnt_started_to_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def started() -> None:
        raise AssertionError

    monkeypatch.setattr(runtime, "start", started)
    monkeypatch.setattr(gpu, "card_there", lambda: False)
    assert not gpu.tensorflow_on_card()
    gpu.tensorflow_on_card.cache_clear()
    give_card(monkeypatch)
    monkeypatch.setattr(gpu, "_has_cudnn", lambda: False)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    assert not gpu.tensorflow_on_card()
