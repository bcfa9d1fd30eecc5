"""Integer kernels: tried by sums that only exact ones get right, and left out where they aren't."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from tests.support.small_backbone import SMALL, small_weights
from tl_catdog.models import engine, integers
from tl_catdog.models.engine import OnnxForward
from tl_catdog.models.graph import extraction_graph
from tl_catdog.models.integers import (
    FULL,
    IN_SINGLE_PRECISION,
    INPUTS,
    SIDE,
    exact_integers,
    has_integers,
)


@pytest.fixture(autouse=True)
def _asked_anew() -> Any:
    exact_integers.cache_clear()
    yield
    exact_integers.cache_clear()


Change = Callable[[list[np.ndarray]], list[np.ndarray]]


def computing(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Let ONNX Runtime give something else than it computes, without integer kernels."""
    real = onnxruntime.InferenceSession

    class Session:
        def __init__(self, graph: bytes, options: Any, providers: list[str]) -> None:
            options.add_session_config_entry(*IN_SINGLE_PRECISION)
            self.session = real(graph, options, providers=providers)

        def run(self, *given: Any) -> list[np.ndarray]:
            return change(self.session.run(*given))

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)


def test_what_computes_the_right_sums_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    computing(monkeypatch, lambda found: found)
    assert exact_integers()


@pytest.mark.parametrize("which", [0, 1])
def test_sums_that_saturate_are_noticed(monkeypatch: pytest.MonkeyPatch, which: int) -> None:
    """A pair of products, 64,770, becomes 32,767: about half of the sum is left."""

    def saturated(found: list[np.ndarray]) -> list[np.ndarray]:
        found[which] = np.rint(found[which] * 32767 / 64770)
        return found

    computing(monkeypatch, saturated)
    assert not exact_integers()


def test_the_sums_tried_are_the_greatest_there_are() -> None:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(*IN_SINGLE_PRECISION)
    session = onnxruntime.InferenceSession(integers._full_sums(), options)
    pictures = np.full((1, INPUTS, SIDE, SIDE), 255, np.float32)
    pointwise, depthwise = session.run(None, {"pictures": pictures})
    assert (pointwise == FULL).all()
    assert (depthwise[..., 1:-1, 1:-1] == FULL).all()
    assert (session.run(None, {"pictures": pictures / 2})[0] < FULL).all()
    weights = [
        onnx.numpy_helper.to_array(item)
        for item in onnx.load_from_string(integers._full_sums()).graph.initializer
    ]
    assert [item.max() for item in weights if item.dtype == np.int8 and item.ndim == 4] == [127] * 2


def test_where_none_can_be_tried_none_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise ImportError("no onnx")

    monkeypatch.setattr(integers, "_full_sums", missing)
    assert not exact_integers()


def test_kernels_that_are_not_exact_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = {
        precision: extraction_graph(SMALL, small_weights(), 24, ("pooling",), precision)
        for precision in ("float32", "int8")
    }
    assert [has_integers(graph) for graph in graphs.values()] == [False, True]
    entries: list[tuple[str, str]] = []
    real = onnxruntime.SessionOptions

    class Options(real):  # type: ignore[misc,valid-type]
        def add_session_config_entry(self, *entry: str) -> None:
            entries.append(entry)  # type: ignore[arg-type]
            super().add_session_config_entry(*entry)

    monkeypatch.setattr(onnxruntime, "SessionOptions", Options)
    images = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 3)).astype(np.float32)
    found = {}
    for exact in (True, False):
        monkeypatch.setattr(engine, "exact_integers", lambda exact=exact: exact)
        for precision, graph in graphs.items():
            found[precision, exact] = OnnxForward(graph)(images)[0]
        assert (IN_SINGLE_PRECISION in entries) == (not exact)
    assert entries.count(IN_SINGLE_PRECISION) == 1  # for int8 alone
    assert np.array_equal(found["float32", True], found["float32", False])
    np.testing.assert_allclose(found["int8", False], found["int8", True], atol=6 / 255 / 4)
