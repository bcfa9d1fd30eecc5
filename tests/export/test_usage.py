"""The README of an export: its lines fit this very file."""

import pytest

from tl_catdog.export.formats import FORMATS
from tl_catdog.export.usage import usage
from tl_catdog.runs.folder import Run


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_readme_shows_how_to_use_this_very_file(small: Run, name: str) -> None:
    text = usage(small, FORMATS[name], "model.here")
    assert text.startswith(f"# mine as {name}\n")
    assert "Tells apart ant, bee, cow." in text
    batch = 1 if "litert" in name else "B"
    assert f"({batch}, 32, 32, 3), {FORMATS[name].takes}," in text
    code = text.split("```python\n")[1].split("```")[0]
    compile(code, "README.md", "exec")
    assert '"model.here"' in code
    assert "resize((32, 32)" in code
    assert f"np.{FORMATS[name].takes}" in code
    served = "docker run" in text
    assert served == (name == "savedmodel")
    if served:
        assert '-v "$PWD"/mine:/models/mine -e MODEL_NAME=mine' in text
        assert "`POST /v1/models/mine:predict`" in text
        assert "32 rows of 32 pixels" in text
