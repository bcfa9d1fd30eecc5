"""The README of an export: its lines fit this very file."""

from pathlib import Path

import pytest

from tl_catdog.export.formats import FORMATS
from tl_catdog.export.plain import PlainResize
from tl_catdog.export.tensors import tensors_of
from tl_catdog.export.unsure import unsure_of
from tl_catdog.export.usage import usage
from tl_catdog.runs.folder import Run


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_readme_shows_how_to_use_this_very_file(small: Run, name: str) -> None:
    kind = FORMATS[name]
    taken, given = tensors_of(small, kind, Path("model.here"), novelty=False)
    plain = PlainResize(50, 7)
    text = usage(
        small, kind, "model.here", (*taken, *given), unsure_of(small, novelty=False), plain
    )
    assert text.startswith(f"# mine as {name}\n")
    assert "Tells apart ant, bee, cow." in text
    assert "changed 7 of 50 decisions here" in text
    assert "doesn't give the novelty" not in text  # the run has none
    batch = 1 if "litert" in name else "B"
    assert f"({batch}, 32, 32, 3), {FORMATS[name].takes}," in text
    code = text.split("```python\n")[1].split("```")[0]
    compile(code, "README.md", "exec")
    assert '"model.here"' in code
    assert "32 × 32" in text
    if name != "keras":
        assert f"np.{FORMATS[name].takes}" in code
    assert ("tensorflow/serving" in text) == (name == "savedmodel")
    assert ("tritonserver" in text) == (name == "triton")
    if name == "savedmodel":
        assert '-v "$PWD"/mine:/models/mine -e MODEL_NAME=mine' in text
        assert "`POST /v1/models/mine:predict`" in text
        assert "32 rows of 32 pixels" in text
