"""In which precision a frozen backbone computes: what was proven, and is faster on this machine.

Linear models on ``int8`` features are as good as on single precision's (docs/adr/029), but the
features are others: what one precision computed is never mixed with the other's.
"""

from __future__ import annotations

import contextlib
import platform
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tl_catdog.architectures import BASELINE
from tl_catdog.config import FLOAT32, INT8, Precision, ResolvedConfig
from tl_catdog.cores import text_of
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.files import cache_folder, read_json, write_json
from tl_catdog.models import gpu
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.backbones.spec import BackboneSpec
from tl_catdog.models.engine import OnnxForward, onnx_works
from tl_catdog.models.integers import exact_integers
from tl_catdog.models.layout import POOLING
from tl_catdog.models.weights import PACKAGED, packaged_weights
from tl_catdog.version import version_of

GAIN = 1.2
"""So many times as fast as single precision int8 has to be to be taken."""

LEAST = 128
"""Height and width in pixels of the smallest pictures that int8 was proven on; below, features of
single precision and its own are less alike."""

ROUNDS = 5
"""Pictures that are timed in either precision, in turn; the fastest of each counts."""

KEPT = "precision.json"
MOST_BYTES, MOST_KEPT = 2**16, 100

CPU = Path("/proc/cpuinfo")


def precision_of(config: ResolvedConfig) -> Precision:
    """Return the precision that settings ask for, ``int8`` or ``float32``.

    Where they leave it open, it is ``int8`` for the packaged weights of a frozen backbone, where
    integers are exact and faster here; what was fine-tuned is in single precision.

    Raises:
        UsageError: They ask for ``int8`` of a network that has none.
        CatdogError: They ask for ``int8`` where ONNX Runtime doesn't work.
    """
    if config.compute == FLOAT32 or config.arch == BASELINE:
        return FLOAT32
    spec = backbone_of(config.arch)
    if config.compute == INT8:
        if not spec.blocks:
            raise UsageError(
                f"expected --compute float32 for {spec.title}, found int8, which it hasn't.",
                "Type: --compute float32",
            )
        if not onnx_works():
            raise CatdogError(
                "expected ONNX Runtime, which computes int8, found that it doesn't work here.",
                "Type: --compute float32, or: pip install --upgrade onnx onnxruntime",
            )
        return INT8
    proven = (
        bool(spec.blocks)
        and not config.finetune
        and config.backbone_weights == PACKAGED
        and config.image_size >= LEAST
    )
    return INT8 if proven and int8_is_faster(spec) else FLOAT32


def int8_is_faster(spec: BackboneSpec) -> bool:
    """Return whether int8 is worth it here; it is measured once, and kept in the cache folder."""
    if not onnx_works() or gpu.onnx_on_card() or gpu.tensorflow_on_card() or not exact_integers():
        return False
    return _gain(spec) >= GAIN


@cache
def _gain(spec: BackboneSpec) -> float:
    """Return how many times as fast as single precision int8 is."""
    key = f"{processor()}|onnxruntime {version_of('onnxruntime')}|{spec.arch}|{spec.sha256[:12]}"
    known = _kept()
    if key not in known:
        known[key] = measured_gain(spec)
        with contextlib.suppress(OSError):  # it is measured again then
            write_json(cache_folder() / KEPT, dict(list(known.items())[-MOST_KEPT:]))
    return known[key]


def _kept() -> dict[str, float]:
    """Return what was measured before; nothing of what isn't such a file."""
    path = cache_folder() / KEPT
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        found: Any = read_json(path)
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if type(value) is float and 0 < value < 1e6}


def measured_gain(spec: BackboneSpec) -> float:
    """Time pictures in both precisions, on one core, and return how many times as fast int8 is."""
    from tl_catdog.models.graph import extraction_graph

    size, weights = spec.image_size, packaged_weights(spec)
    picture = np.random.default_rng(0).integers(0, 256, (1, size, size, 3)).astype(np.float32)
    seconds: dict[str, list[float]] = {}
    passes = {
        precision: OnnxForward(extraction_graph(spec, weights, size, (POOLING,), precision))
        for precision in (FLOAT32, INT8)
    }
    for _ in range(ROUNDS + 1):
        for precision, forward in passes.items():
            began = time.perf_counter()
            forward(picture)
            seconds.setdefault(precision, []).append(time.perf_counter() - began)
    return min(seconds[FLOAT32][1:]) / min(seconds[INT8][1:])


@cache
def processor(about: Path = CPU) -> str:
    """Return the processor's model, or its kind where the system doesn't say."""
    for line in text_of(about).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return value.strip()[:80]
    return platform.processor() or platform.machine()
