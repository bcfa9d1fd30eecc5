"""LiteRT files take one picture at a time, and their README says so."""

import pytest

from tl_catdog.export.formats import FORMATS
from tl_catdog.export.usage import usage
from tl_catdog.runs.folder import Run


@pytest.mark.parametrize("name", ["litert", "litert-int8"])
def test_one_picture_at_a_time(small: Run, name: str) -> None:
    assert "(1, 32, 32, 3)" in usage(small, FORMATS[name], "model.tflite")
