"""LiteRT files take one picture at a time, and their README says so."""

from pathlib import Path

import pytest

from tl_catdog.export.formats import FORMATS
from tl_catdog.export.tensors import tensors_of
from tl_catdog.export.usage import usage
from tl_catdog.runs.folder import Run


@pytest.mark.parametrize("name", ["litert", "litert-int8"])
def test_one_picture_at_a_time(small: Run, name: str) -> None:
    kind = FORMATS[name]
    taken, given = tensors_of(small, kind, Path("model.tflite"), novelty=False)
    text = usage(small, kind, "model.tflite", (*taken, *given), None, None)
    assert "(1, 32, 32, 3)" in text
    assert "One picture is taken at a time" in text
