"""Which engine computes is found out, never assumed."""

import subprocess
import sys

import pytest

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
