"""Beside each export lies what its user needs: labels, figures, the card and how to use it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.bare_runs import sealed
from tests.support.made_up import network_run, small_network
from tl_catdog.export import prepare
from tl_catdog.export.card import card, described
from tl_catdog.export.formats import FORMATS
from tl_catdog.export.licence import notice
from tl_catdog.export.metadata import write_beside
from tl_catdog.export.plain import PlainResize
from tl_catdog.export.tensors import tensors_of
from tl_catdog.export.unsure import unsure_of
from tl_catdog.prediction.rejection import policy_of
from tl_catdog.runs.folder import Run

PARITY = {"n": 9, "same_decisions": 1.0}


def beside(run: Run, folder: Path, name: str) -> dict[str, Any]:
    plain = PlainResize(50, 7)
    write_beside(run, folder, FORMATS[name], "model.here", PARITY, plain=plain)
    found: dict[str, Any] = json.loads((folder / "metadata.json").read_text())
    return found


@pytest.mark.parametrize(
    ("name", "dtype"), [("onnx", "float32"), ("keras", "float32"), ("litert-int8", "uint8")]
)
def test_programs_get_values_and_people_text(
    small: Run, tmp_path: Path, name: str, dtype: str
) -> None:
    found = beside(small, tmp_path, name)
    policy = policy_of(small)
    taken, given = tensors_of(small, FORMATS[name], tmp_path / "model.here", novelty=False)
    assert policy is not None
    assert found == {
        **described(small),
        "labels": ["ant", "bee", "cow"],
        "image_size": 32,
        "temperature": 1.7,
        "seed": 7,
        "format": name,
        "model": "model.here",
        "input_dtype": dtype,
        "inputs": [
            item.to_json() | {"shape": list(item.shape), "range": [0, 255]} for item in taken
        ],
        "outputs": [
            item.to_json() | {"shape": list(item.shape), "range": [0, 1]} for item in given
        ],
        "unsure": unsure_of(small, novelty=False),
        "unsure_below": policy.confidence,
        "plain_resize": {"n": 50, "changed": 7, "how": "bilinear without antialiasing"},
        "versions": small.manifest["versions"],
        "parity": PARITY,
    }
    assert (tmp_path / "labels.txt").read_text() == "ant\nbee\ncow\n"
    assert (tmp_path / "CARD.md").read_text() == card(small)
    assert "Apache License" in (tmp_path / "LICENSE").read_text()
    assert (tmp_path / "NOTICE").read_text() == notice(small)
    assert (tmp_path / "prepare.py").read_text() == Path(prepare.__file__).read_text()


def test_a_run_that_is_never_unsure_says_none(small: Run, tmp_path: Path) -> None:
    small.predictions_path("validation").unlink()
    assert beside(sealed(small.path), tmp_path, "onnx")["unsure_below"] is None


ODD_CLASSES = ("two\nlines\r", "back\\n", "pipe|`x`", "a\u2028b")


def test_classes_with_breaks_of_lines_survive(tmp_path: Path) -> None:
    run = network_run(
        tmp_path / "odd", small_network(units=4, pool=4)[0], size=32, classes=ODD_CLASSES
    )
    found = beside(run, tmp_path, "onnx")
    assert found["labels"] == list(ODD_CLASSES)
    text = (tmp_path / "labels.txt").read_bytes().decode()
    assert len(text.splitlines()) == len(ODD_CLASSES)
    assert text == "two\\nlines\\r\nback\\\\n\npipe|`x`\na\\u2028b\n"
    code = (tmp_path / "README.md").read_text().split("```python\n")[1].split("```")[0]
    (line,) = (line for line in code.splitlines() if line.startswith("about = "))
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        names: dict[str, Any] = {"json": json}
        exec(line, names)
    finally:
        os.chdir(here)
    assert names["about"]["labels"] == list(ODD_CLASSES)
