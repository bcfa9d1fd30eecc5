"""The package's structure: the house of docs/design.md, and a start-up that stays light."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

import tl_catdog
from tests.conftest import Trained
from tests.support import house
from tests.support.commands import commands

PACKAGE = Path(tl_catdog.__file__).parent
PROJECT = PACKAGE.parent
DESIGN = (PROJECT / "docs" / "design.md").read_text(encoding="utf-8")

FACES = {"tl_catdog", "tl_catdog.__main__"}
"""They hand on what lies below, so that nothing may import them."""

LONGEST = 320
FLOORS = 10


@functools.cache
def graph() -> dict[str, set[str]]:
    """Return who imports whom; read once, since parsing every file takes most of a second."""
    return {name: targets for name, targets in house.imports(PACKAGE).items() if name not in FACES}


def floors() -> dict[str, int]:
    """Return the floor of each room as docs/design.md draws it, the lowest being 1."""
    lines = house.fenced(DESIGN, "floors")
    return {room: level for level, line in enumerate(reversed(lines), 1) for room in line.split()}


def test_imports_point_down_only() -> None:
    level = floors()
    wrong = [
        f"{name} imports {target}"
        for name, targets in graph().items()
        for target in sorted(targets - FACES)
        if house.room_of(name) != house.room_of(target)
        and level[house.room_of(target)] >= level[house.room_of(name)]
    ]
    assert wrong == []


def test_nothing_imports_the_packages_face() -> None:
    assert [name for name, targets in graph().items() if targets & FACES] == []


def test_no_files_and_no_rooms_import_each_other_in_a_circle() -> None:
    assert house.circles({name: targets - FACES for name, targets in graph().items()}) == []
    assert house.circles(house.rooms(graph())) == []


def test_there_are_few_floors_and_every_room_is_on_one() -> None:
    assert set(floors()) == set(house.rooms(graph()))
    assert max(floors().values()) <= FLOORS


def test_no_room_can_stand_lower_than_it_is_drawn_above_an_empty_floor() -> None:
    """The drawing is the house: something on each floor needs the floor right below."""
    level = floors()
    rooms = house.rooms(graph())
    for floor in range(2, max(level.values()) + 1):
        assert any(
            level[room] == floor and level[below] == floor - 1
            for room, rooms_below in rooms.items()
            for below in rooms_below
        ), floor


def test_the_tree_names_what_is_on_the_disk() -> None:
    drawn = [line.split()[0].rstrip("/") for line in house.fenced(DESIGN, "tree")]
    there = {
        path.name
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path.is_dir() and (path / "__init__.py").is_file())
    }
    assert sorted(drawn) == sorted(there)
    assert all(len(line.split()) > 1 for line in house.fenced(DESIGN, "tree"))


def test_the_list_of_files_names_what_is_on_the_disk() -> None:
    named = [line.split()[0] for line in house.fenced(DESIGN, "files")]
    assert len(named) == len(set(named))
    missing = [name for name in named if not (PACKAGE / name).is_file()]
    assert missing == []
    there = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py" and path.parent != PACKAGE
    }
    assert there - set(named) == set()


@pytest.mark.parametrize("folder", ["tl_catdog", "tools", "benchmarks", "tests"])
def test_no_file_of_code_is_too_long(folder: str) -> None:
    long = {
        path.relative_to(PROJECT).as_posix(): lines
        for path in (PROJECT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_every_module_has_a_test_file_of_its_own() -> None:
    lacking = []
    for path in PACKAGE.rglob("*.py"):
        if path.name not in ("__init__.py", "__main__.py"):
            place = path.relative_to(PACKAGE)
            if not (PROJECT / "tests" / place.parent / f"test_{place.name}").is_file():
                lacking.append(place.as_posix())
    assert sorted(lacking) == []


FORBIDDEN = {
    "at the top": "from tl_catdog.high import thing",
    "of a module": "import tl_catdog.high.thing",
    "of a room": "from tl_catdog import high",
    "under another name": "import tl_catdog.high as other",
    "late": "def work():\n    from tl_catdog.high import thing",
    "relative": "from ..high import thing",
    "of a room, relative": "from .. import high",
    "for types": "import typing\nif typing.TYPE_CHECKING:\n    from ..high import thing",
    "by its name": "import importlib\nimportlib.import_module('tl_catdog.high.thing')",
    "by its relative name": "import importlib\nimportlib.import_module('..high', __package__)",
    "as a text of its own": "ROOM = 'tl_catdog.high.thing'",
    "as a package's data": "from importlib.resources import files\nfiles('tl_catdog.high')",
}


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_the_guard_sees_every_kind_of_import(kind: str, tmp_path: Path) -> None:
    root = tmp_path / "tl_catdog"
    for place, text in {
        "__init__.py": "",
        "low/__init__.py": "",
        "low/room.py": FORBIDDEN[kind],
        "high/__init__.py": "",
        "high/thing.py": "from tl_catdog.low.room import work",
    }.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text)
    found = house.imports(root)
    assert any(target.startswith("tl_catdog.high") for target in found["tl_catdog.low.room"])
    assert house.rooms(found)["low"] == {"high"}
    assert house.circles(house.rooms(found)) == [["high", "low"]]


def test_a_circle_of_three_is_one_and_a_chain_is_none() -> None:
    chain = {"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a", "c"}}
    assert house.circles(chain) == []
    assert house.circles({**chain, "c": {"a"}}) == [["a", "b", "c"]]


def last_line_of(code: str) -> str:
    """Return what a fresh interpreter prints last."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.splitlines()[-1]


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after running the code."""
    names = "' '.join({name.split('.')[0] for name in sys.modules})"
    return set(last_line_of(f"{code}\nprint({names})").split())


def command(words: list[str]) -> str:
    """Return code that runs the command line and goes on after its end."""
    return (
        f"from tl_catdog.cli import main\nsys.argv = {words!r}\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )


HEAVY = {"tensorflow", "keras", "keras_cv", "sklearn", "scipy", "pandas", "matplotlib", "jinja2"}
EXTRAS = {"pyarrow", "fsspec", "dask", "distributed", "ray"}

HELPS = (
    "",
    *("train", "evaluate", "compare", "predict", "explain", "report", "export", "serve", "review"),
    *("teach", "learning-curve", "tune", "doctor", "cache"),
    *("batch", "batch predict", "batch features", "batch check"),
    *("data", "data list", "data get", "data check", "data fix", "data split", "data draw"),
    "data show",
)


@pytest.fixture(scope="module")
def loaded_by_helps() -> dict[str, set[str]]:
    """Return what each help added to the modules of one fresh interpreter; the first has all."""
    code = (
        "import json\nfrom tl_catdog.cli import main\nadded, known = {}, set()\n"
        f"for words in {HELPS!r}:\n"
        "    sys.argv = ['tl-catdog', *words.split(), '--help']\n"
        "    try:\n        main()\n    except SystemExit as end:\n"
        "        assert not end.code, words\n"
        "    now = {name.split('.')[0] for name in sys.modules}\n"
        "    added[words], known = sorted(now - known), now\n"
        "print(json.dumps(added))"
    )
    return {words: set(names) for words, names in json.loads(last_line_of(code)).items()}


def test_every_command_is_asked_for_its_help() -> None:
    assert set(HELPS) == {" ".join(words) for words in commands()}


@pytest.mark.parametrize("words", HELPS)
def test_help_imports_nothing_heavy(words: str, loaded_by_helps: dict[str, set[str]]) -> None:
    assert not loaded_by_helps[words] & (HEAVY | EXTRAS | {"numpy", "PIL"})


def test_help_is_seen_to_import_what_it_needs(loaded_by_helps: dict[str, set[str]]) -> None:
    assert "typer" in loaded_by_helps[""]


def test_the_package_itself_imports_nothing_heavy() -> None:
    assert not loaded_by("import tl_catdog") & (HEAVY | {"numpy", "PIL", "typer"})


def test_everything_about_folders_works_without_tensorflow(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from tl_catdog import drawings\n"
        "from tl_catdog.data import batches, digest, folders, images, sets\n"
        f"root = Path({str(tmp_path / 'set')!r})\n"
        "drawings.draw_set(root, counts={'train': 1, 'validation': 1}, size=32, workers=1)\n"
        "sets.load_set(root)"
    )
    assert not loaded_by(code) & HEAVY


def test_predicting_works_without_tensorflow(trained: Trained) -> None:
    picture = next(trained.data.glob("test/*/*"))
    words = ["tl-catdog", "predict", str(picture), "--runs-dir", str(trained.runs_dir)]
    loaded = loaded_by(command(words))
    assert "onnxruntime" in loaded
    assert not loaded & HEAVY
