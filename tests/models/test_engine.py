"""Which engine computes is found out, never assumed."""

import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from tl_catdog.models import graph as graphs
from tl_catdog.models.engine import onnx_runs, onnx_works


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
    monkeypatch.setattr(graphs, "IR_VERSION", 10**6)
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
