"""Which engine computes is found out, never assumed."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import pytest

from tl_catdog.errors import CatdogError
from tl_catdog.models import engine, graph_writer
from tl_catdog.models.engine import (
    KerasForward,
    OnnxForward,
    engine_name,
    forward_of,
    onnx_runs,
    onnx_works,
)
from tl_catdog.models.graph import smallest_graph


def test_both_are_there_where_the_package_is_installed() -> None:
    assert onnx_runs()
    assert onnx_works()


@pytest.mark.parametrize(
    ("broken", "runs", "works"), [("onnxruntime", False, False), ("onnx", True, False)]
)
def test_a_library_that_does_not_load_is_no_crash(broken: str, runs: bool, works: bool) -> None:
    code = (
        f"import sys; sys.modules[{broken!r}] = None\n"
        "from tl_catdog.models.engine import onnx_runs, onnx_works\n"
        "print(onnx_runs(), onnx_works())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(runs), str(works)]


def test_an_onnx_runtime_too_old_for_our_graphs_does_not_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graph_writer, "IR_VERSION", 10**6)
    onnx_works.cache_clear()
    try:
        assert not onnx_works()
    finally:
        onnx_works.cache_clear()


def test_onnx_runtime_reports_nothing_home(tmp_path: Path) -> None:
    """Its official builds keep a device's identity and reports to be sent in the user's cache."""
    code = (
        "from pathlib import Path\n"
        "from tl_catdog.models.engine import OnnxForward\n"
        f"OnnxForward(Path({str(tmp_path / 'model.onnx')!r}).read_bytes())\n"
    )
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    kind = onnx.TensorProto.FLOAT
    values = [onnx.helper.make_tensor_value_info(name, kind, [1]) for name in "xy"]
    graph = onnx.helper.make_graph([node], "same", values[:1], values[1:])
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "model.onnx"
    )
    cache = tmp_path / "cache"
    cache.mkdir()
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)
    assert list(cache.rglob("*")) == []


def test_one_call_runs_on_one_thread() -> None:
    """Calls come from a thread for each core; more threads in each only wait for each other."""
    options = OnnxForward(smallest_graph())._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


def test_the_graph_that_is_tried_scales_to_minus_one_to_one() -> None:
    images = np.array([0, 127.5, 255]).reshape(1, 1, 1, 3)
    (scaled,) = OnnxForward(smallest_graph())(images)
    np.testing.assert_allclose(scaled.ravel(), [-1, 0, 1], atol=1e-6)


def test_a_keras_model_gives_a_tuple_in_inference_mode_for_any_count() -> None:
    import keras

    images = keras.Input((4, 4, 3))
    dropped = keras.layers.Dropout(0.9)(images)
    pooled = keras.layers.GlobalAveragePooling2D()(images)
    given = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3)).astype(np.uint8)
    (one,) = KerasForward(keras.Model(images, dropped))(given)
    assert np.array_equal(one, given)
    assert one.dtype == np.float32
    several = KerasForward(keras.Model(images, [dropped, pooled]))(given[:2])
    assert np.array_equal(several[0], given[:2])
    np.testing.assert_allclose(several[1], given[:2].mean(axis=(1, 2)), rtol=1e-5)


@dataclass
class Choices:
    """What ``forward_of`` may choose between, and what it asked for."""

    asked: list[str] = field(default_factory=list)

    def graph(self) -> bytes:
        self.asked.append("graph")
        return b"graph"

    def none(self) -> None:
        self.asked.append("graph")

    def model(self) -> str:
        self.asked.append("model")
        return "model"


def choose(
    monkeypatch: pytest.MonkeyPatch, *, runs: bool, works: bool, refuses: bool = False
) -> None:
    """Make the engines stand-ins that name themselves."""

    def onnx_forward(content: bytes) -> str:
        if refuses:
            raise RuntimeError("unknown opset")
        return f"ONNX Runtime with the {content.decode()}"

    monkeypatch.setattr(engine, "onnx_runs", lambda: runs)
    monkeypatch.setattr(engine, "onnx_works", lambda: works)
    monkeypatch.setattr(engine, "OnnxForward", onnx_forward)
    monkeypatch.setattr(engine, "KerasForward", lambda model: f"TensorFlow with the {model}")


@pytest.mark.parametrize(
    ("runs", "works", "stored", "expected"),
    [
        (True, True, False, ["graph"]),
        (True, True, True, ["graph"]),
        (True, False, True, ["graph"]),  # a stored graph needs no onnx
        (True, False, False, ["model"]),
        (False, False, True, ["model"]),
    ],
)
def test_only_what_the_chosen_engine_takes_is_made(
    monkeypatch: pytest.MonkeyPatch, runs: bool, works: bool, stored: bool, expected: list[str]
) -> None:
    choose(monkeypatch, runs=runs, works=works)
    choices = Choices()
    found: object = forward_of(choices.graph, choices.model, stored=stored)
    assert choices.asked == expected
    name = "ONNX Runtime" if expected == ["graph"] else "TensorFlow"
    assert found == f"{name} with the {expected[0]}"


def test_a_network_without_a_graph_runs_in_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, runs=True, works=True)
    choices = Choices()
    found: object = forward_of(choices.none, choices.model, stored=True)
    assert found == "TensorFlow with the model"


def test_a_stored_graph_that_is_refused_is_no_obstacle_and_one_of_ours_a_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose(monkeypatch, runs=True, works=True, refuses=True)
    choices = Choices()
    found: object = forward_of(choices.graph, choices.model, stored=True)
    assert found == "TensorFlow with the model"
    # Cached features name the engine that was chosen: another may not take its place unnoticed.
    with pytest.raises(RuntimeError, match="opset"):
        forward_of(choices.graph, choices.model)


def test_a_file_that_was_changed_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, runs=True, works=True)

    def changed() -> bytes:
        raise CatdogError("expected the network that the run trained, found a changed one.", "")

    with pytest.raises(CatdogError, match="changed"):
        forward_of(changed, lambda: None, stored=True)


@pytest.mark.parametrize(("works", "name"), [(True, "onnxruntime "), (False, "tensorflow ")])
def test_the_engine_is_named_with_its_version(
    monkeypatch: pytest.MonkeyPatch, works: bool, name: str
) -> None:
    monkeypatch.setattr(engine, "onnx_works", lambda: works)
    assert engine_name().startswith(name)
    assert engine_name()[len(name)].isdigit()
