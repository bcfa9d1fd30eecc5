"""NVIDIA cards: whether there is one, and which engine computes on it. Nobody has to ask for it.

ONNX Runtime comes as two packages that can't be told apart by their module: ``onnxruntime-gpu`` has
one provider more. TensorFlow's wheel for Linux has everything for a card but NVIDIA's libraries,
which ``tensorflow[and-cuda]`` brings.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import importlib.util
import io
import os
import shutil
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from tl_catdog import runtime
from tl_catdog.errors import CatdogError, CatdogWarning

CUDA, PROCESSOR = "CUDAExecutionProvider", "CPUExecutionProvider"

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""NVIDIA's own variable; empty or -1, it hides all cards from everything in the process."""

BATCH = 32
"""Pictures that a card is given at a time: one alone would leave it idle between calls."""

CUDA_OPTIONS = {
    "use_tf32": "0",  # ten bits instead of 23: answers would differ from the processor's
    "cudnn_conv_algo_search": "HEURISTIC",  # by default it times them, and the fastest varies
    "arena_extend_strategy": "kSameAsRequested",  # TensorFlow needs room on the card as well
}

DRIVER = Path("/proc/driver/nvidia/gpus")


def hidden() -> bool:
    """Return whether the user has hidden the cards, see ``VISIBLE``."""
    return os.environ.get(VISIBLE, "0").strip() in ("", "-1")


def cards(driver: Path = DRIVER) -> tuple[str, ...]:
    """Return the names of NVIDIA's cards, as its driver for Linux tells them."""
    found = []
    for about in sorted(driver.glob("*/information")):
        with contextlib.suppress(OSError):
            lines = about.read_text(errors="replace").splitlines()
            found += [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
    return tuple(found)


def card_there() -> bool:
    """Return whether there is a card of NVIDIA's with its driver, and it isn't hidden."""
    if hidden():
        return False
    # The command comes with every driver; where drivers have no such folder, it alone tells.
    return bool(cards()) or shutil.which("nvidia-smi") is not None


def cuda_session(graph: bytes, options: Any) -> Any:
    """Return a session of ONNX Runtime that computes on the card.

    Args:
        graph: A serialised ONNX model.
        options: ``onnxruntime.SessionOptions``.

    Raises:
        Exception: ONNX Runtime's own; or a RuntimeError where it takes the processor instead, as
            it does when NVIDIA's libraries don't load.
    """
    import onnxruntime

    with runtime.silence_stderr():  # what it says of missing libraries takes many lines
        session = onnxruntime.InferenceSession(
            graph, options, providers=[(CUDA, CUDA_OPTIONS), PROCESSOR]
        )
    if CUDA not in session.get_providers():
        raise RuntimeError("CUDA or cuDNN of its version are missing")
    return session


@cache
def onnx_on_card() -> bool:
    """Return whether ONNX Runtime computes on a card here: a tiny graph is tried.

    Where it should but can't, a ``CatdogWarning`` says so in one line; it is tried once.
    """
    try:
        import onnxruntime

        if CUDA not in onnxruntime.get_available_providers() or not card_there():
            return False
        import numpy as np

        from tl_catdog.models.graph import smallest_graph

        graph = smallest_graph()
    except Exception:  # not installed, or its library doesn't load
        return False
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        # Versions from 1.21 on find the libraries that pip installed; they print what they miss.
        with contextlib.redirect_stdout(io.StringIO()):
            getattr(onnxruntime, "preload_dlls", lambda: None)()
        session = cuda_session(graph, options)
        session.run(None, {"pictures": np.zeros((1, 1, 1, 3), np.float32)})
    except Exception as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        warnings.warn(
            f"The processor computes: ONNX Runtime can't use the graphics card ({reason}). "
            'To mend that: pip install "onnxruntime-gpu[cuda,cudnn]"; to silence this: '
            f"export {VISIBLE}=-1",
            CatdogWarning,
            stacklevel=2,
        )
        return False
    return True


@cache
def tensorflow_on_card() -> bool:
    """Return whether TensorFlow computes on a card here.

    It is started to find out, which takes seconds, only where there is a card and NVIDIA's
    libraries for it.
    """
    if not card_there() or not ("tensorflow" in sys.modules or _has_cudnn()):
        return False
    try:
        runtime.start()
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    except Exception:  # not installed, broken, or in a forked process
        return False


def _has_cudnn() -> bool:
    with contextlib.suppress(ImportError, ValueError):  # no package of NVIDIA's at all
        if importlib.util.find_spec("nvidia.cudnn") is not None:
            return True
    return ctypes.util.find_library("cudnn") is not None


def refused(error: Exception) -> CatdogError:
    """Return what to tell where a card that worked doesn't any more: most often it is full."""
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return CatdogError(
        f"expected the graphics card to compute, found that it can't ({reason}).",
        f"Close what else uses it, or let the processor compute: export {VISIBLE}=-1",
    )
