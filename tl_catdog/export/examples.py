"""Programs that lie beside an export, in other languages than Python: read from ``beside/``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tl_catdog.export.formats import Format

EXAMPLES = "examples"

_ONNX = ("prepare.mjs", "predict.mjs", "predict.html", "prepare.hpp", "predict.cpp")
_PHONES = ("Predict.kt", "Predict.swift")

_FILES = {"onnx": _ONNX, "onnx-uint8": _ONNX, "litert": _PHONES, "litert-int8": _PHONES}
"""Which of them fit which format."""

NAMES = {*_ONNX, *_PHONES}


def examples_of(kind: Format) -> dict[str, str]:
    """Return the texts of the programs that use a format, by their paths in its folder."""
    beside = Path(__file__).with_name("beside")
    return {
        f"{EXAMPLES}/{name}": (beside / name).read_text(encoding="utf-8")
        for name in _FILES.get(kind.name, ())
    }
