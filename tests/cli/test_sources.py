"""Which pictures are used when none are named, and that drawings are said to be drawings."""

import json
from pathlib import Path

import pytest

from tests.conftest import Cli, paint_set
from tl_catdog import drawings as drawn
from tl_catdog.cli import sources
from tl_catdog.errors import CatdogWarning
from tl_catdog.files import cache_folder


def test_pictures_in_data_here_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paint_set(tmp_path / "data", {"": 1})
    assert sources.choose(None) == sources.DataSource(Path("data"), False)


def test_a_named_folder_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paint_set(tmp_path / "data", {"": 1})
    assert sources.choose("other").root == Path("other")


def test_a_drawn_folder_is_known_as_drawn(tmp_path: Path) -> None:
    drawn.draw_set(tmp_path / "set", counts={"train": 1, "validation": 1}, size=32, workers=1)
    assert sources.choose(str(tmp_path / "set")).drawn


def test_without_pictures_drawings_are_made_once_and_said_at_both_ends(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README.md").touch()

    draw_set = drawn.draw_set

    def few(root: Path, **options: object) -> drawn.DrawnSet:
        counts = {"train": 6, "validation": 3, "test": 3}
        return draw_set(root, counts=counts, size=32, workers=1)

    monkeypatch.setattr(drawn, "draw_set", few)
    outcome = cli("train", "--arch", "baseline", "--epochs", 1, "--image-size", 32)
    assert outcome.code == 0, outcome.err
    assert outcome.err.count("drawings that tl-catdog made itself") == 2
    assert outcome.err.count("tl-catdog train --data DIR") == 2
    (root,) = (cache_folder() / "drawn").iterdir()
    manifest = json.loads((tmp_path / "models" / "baseline" / "manifest.json").read_text())
    assert manifest["data"]["drawn"] is True
    assert manifest["data"]["root"] == str(root)
    before = (root / "drawn.json").stat().st_mtime_ns
    assert sources.choose(None).root == root
    assert (root / "drawn.json").stat().st_mtime_ns == before
    assert "drawings" in cli("compare").out


def test_without_a_cache_folder_drawings_are_made_for_this_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    made: list[Path] = []
    monkeypatch.setattr(drawn, "draw_set", lambda root, **_: made.append(root))
    with pytest.warns(CatdogWarning, match="cache folder"):
        root = sources.drawn_set()
    assert made == [root]
    assert root.parent.is_dir()
    assert not root.is_relative_to(tmp_path)
