"""The package's structure: imports point one way, and start-up stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tl_catdog
from tests.conftest import Trained

PACKAGE = Path(tl_catdog.__file__).parent

LAYERS = (
    {"errors", "__init__"},
    {"config", "files", "moves", "runtime"},
    {"data", "fetch", "models"},
    {"runs"},
    {"evaluation"},
    {"training"},
    {"insight"},
    {"audit"},
    {"api"},
    {"shipping"},
    {"cli"},
    {"__main__"},
)
"""From the bottom up: a module may import from its own layer's folder and from those below."""


def layer_of(module: str) -> int:
    head = module.split(".")[1] if "." in module else "__init__"
    return next(level for level, names in enumerate(LAYERS) if head in names)


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return {name for name in found if name.split(".")[0] == "tl_catdog"}


def test_imports_point_one_way() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        if path == PACKAGE / "__init__.py":
            continue  # the package's face: it imports the interface when that is asked for
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        own = ".".join(("tl_catdog", *parts))
        for other in imports_of(path):
            same = own.split(".")[1] == [*other.split("."), ""][1]
            if not same and layer_of(other) >= layer_of(own):
                wrong.append(f"{own} imports {other}")
    assert wrong == []


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after running the code."""
    script = (
        f"import sys\n{code}\nprint(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.splitlines()[-1].split())


def command(words: list[str]) -> str:
    """Return code that runs the command line and goes on after its end."""
    return (
        f"from tl_catdog.cli import main\nsys.argv = {words!r}\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )


HEAVY = {"tensorflow", "keras", "keras_cv", "sklearn", "scipy", "pandas", "matplotlib", "jinja2"}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["train"],
        ["evaluate"],
        ["compare"],
        ["predict"],
        ["explain"],
        ["report"],
        ["export"],
        ["serve"],
        ["review"],
        ["learning-curve"],
        ["doctor"],
        ["cache"],
        ["data"],
        ["data", "list"],
        ["data", "get"],
        ["data", "check"],
        ["data", "fix"],
        ["data", "split"],
        ["data", "draw"],
        ["data", "show"],
    ],
)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    loaded = loaded_by(command(["tl-catdog", *words, "--help"]))
    assert "typer" in loaded
    assert not loaded & (HEAVY | {"numpy", "PIL"})


def test_the_package_itself_imports_nothing_heavy() -> None:
    assert not loaded_by("import tl_catdog") & (HEAVY | {"numpy", "PIL", "typer"})


def test_everything_about_folders_works_without_tensorflow(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from tl_catdog.data import digest, drawn, folders, images, pipeline, sets\n"
        f"drawn.draw_set(Path({str(tmp_path / 'set')!r}), counts={{'train': 1, 'validation': 1}}, "
        "size=32, workers=1)\n"
        f"sets.load_set(Path({str(tmp_path / 'set')!r}))"
    )
    assert not loaded_by(code) & HEAVY


def test_predicting_works_without_tensorflow(trained: Trained) -> None:
    picture = next(trained.data.glob("test/*/*"))
    words = ["tl-catdog", "predict", str(picture), "--runs-dir", str(trained.runs_dir)]
    loaded = loaded_by(command(words))
    assert "onnxruntime" in loaded
    assert not loaded & (HEAVY | {"onnx"})


def test_no_file_is_too_long() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, path
