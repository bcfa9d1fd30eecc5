"""The README of an export: its lines fit this very file."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import tl_catdog as tl
from tests.export.conftest import exported
from tests.support.odd_pictures import odd_pictures
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


def test_other_runtimes_are_told_of_where_integers_differ(small: Run) -> None:
    kind = FORMATS["onnx"]
    tensors = sum(tensors_of(small, kind, Path("model.onnx"), novelty=False), ())
    whole = replace(small, config={**small.config, "compute": "int8"})
    single = replace(small, config={**small.config, "compute": "float32"})
    assert "train with\n`--compute float32`" in usage(whole, kind, "m", tensors, None, None)
    assert "answer as ONNX Runtime does" in usage(single, kind, "m", tensors, None, None)
    saved = FORMATS["savedmodel"]
    assert "computes in single precision" in usage(whole, saved, "m", tensors, None, None)
    assert "computes in single precision" not in usage(single, saved, "m", tensors, None, None)


EACH = """
import json, shutil, sys
sys.modules["tl_catdog"] = None
text = open("README.md", encoding="utf-8").read()
lines = [part.split("```")[0] for part in text.split("```python\\n")[1:]]
for path in sys.argv[1:]:
    shutil.copy2(path, "photo.jpg")
    names = {}
    exec("\\n".join(lines), names)
    row = [path, names["label"], float(names["confidence"]), names["doubt"]]
    print(json.dumps(row), file=sys.stderr)
"""
"""Runs the README's lines as they stand on one picture after the other, whatever its name says."""


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FORMATS))
def test_a_stranger_can_use_it_by_its_readme_alone(name: str, three: Run, tmp_path: Path) -> None:
    """Its lines run in the folder, without this package, and say what ``predict --reject`` says."""
    found = exported(three, name, tmp_path / "out")
    assert found.path is not None
    classifier = tl.load(three)
    painted = [example.path for example in classifier.images().split("validation")[:3]]
    paths = [*painted, *odd_pictures(tmp_path / "odd").values()]
    said = {str(row.path): row for row in classifier.predict(paths, reject=True) if row.label}
    assert len(said) >= 15
    done = subprocess.run(
        [sys.executable, "-c", EACH.replace("\\\\", "\\"), *said],
        cwd=found.path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stderr.splitlines() if line.startswith('["/')]
    assert len(rows) == len(said)
    withheld = 0
    for path, label, confidence, doubt in rows:
        ours = said[path]
        assert confidence == pytest.approx(ours.confidence, abs=0.1 if "int8" in name else 1e-4)
        assert label == ours.label or "int8" in name
        if found.parity.novelty_diff is not None:
            assert doubt == ours.doubt, path
            withheld += doubt is not None
    if found.parity.novelty_diff is not None:
        assert withheld > 0
        assert done.stdout.count("unsure - ") == withheld
