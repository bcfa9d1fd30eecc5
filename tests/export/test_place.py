"""What may be replaced by an export is one of ours and nothing else; a kill takes no copy away."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tl_catdog import scratch
from tl_catdog.errors import UsageError
from tl_catdog.export.place import check_free, publish


def make(folder: Path, said: str, model: str = "model.onnx") -> Path:
    """Make what an export leaves, in short."""
    folder.mkdir(parents=True)
    path = folder / model
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(said)
    (folder / "metadata.json").write_text(json.dumps({"model": model, "parity": {}}))
    (folder / "README.md").write_text("how to")
    return folder


def model_of(folder: Path) -> str:
    return (folder / "model.onnx").read_text()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out" / "onnx"


@pytest.mark.parametrize("force", [False, True])
def test_a_place_where_nothing_is_is_free(target: Path, force: bool) -> None:
    check_free(target, force=force)


@pytest.mark.parametrize("model", ["model.onnx", "cats/1/saved_model.pb"])
def test_an_export_is_replaced_only_by_force(target: Path, model: str) -> None:
    make(target, "old", model)
    with pytest.raises(UsageError, match="is there"):
        check_free(target, force=False)
    check_free(target, force=True)


def plant(target: Path, kind: str) -> None:
    target.parent.mkdir(parents=True)
    if kind == "file":
        target.write_text("mine")
    elif kind == "dangling link":
        target.symlink_to("nowhere")
    elif kind == "pipe":
        os.mkfifo(target)
    elif kind == "folder":
        target.mkdir()
        (target / "mine").touch()
    elif kind == "export and more":
        make(target, "old")
        (target / "mine").touch()
    else:
        make(target, "old")
        (target / "metadata.json").write_text(kind)


KINDS = ["file", "dangling link", "pipe", "folder", "export and more", "[]", "{", "[" * 100_000]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[:15])
def test_what_is_somebodys_is_never_replaced(target: Path, kind: str) -> None:
    plant(target, kind)
    new = make(target.parent / "new", "new")
    for force in (False, True):
        with pytest.raises(UsageError) as caught:
            publish(new, target, force=force)
        assert "rm " not in str(caught.value)
    assert model_of(new) == "new"


def test_a_program_of_ones_own_beside_the_examples_is_never_replaced(target: Path) -> None:
    make(target, "old")
    (target / "examples").mkdir()
    for name in ("predict.mjs", "prepare.hpp"):
        (target / "examples" / name).touch()
    for name in ("LICENSE", "NOTICE", "prepare.py"):
        (target / name).touch()
    check_free(target, force=True)
    (target / "examples" / "mine.mjs").touch()
    with pytest.raises(UsageError, match=r"found examples/mine\.mjs"):
        check_free(target, force=True)


def test_an_empty_folder_may_be_replaced_by_force(target: Path) -> None:
    target.mkdir(parents=True)
    publish(make(target.parent / "new", "new"), target, force=True)
    assert model_of(target) == "new"


def test_a_link_to_an_export_stays_a_link(target: Path, tmp_path: Path) -> None:
    target.parent.mkdir()
    target.symlink_to(make(tmp_path / "elsewhere", "old"))
    publish(make(target.parent / "new", "new"), target, force=True)
    assert target.is_symlink()
    assert model_of(tmp_path / "elsewhere") == "new"


def test_what_came_first_stays(target: Path) -> None:
    make(target, "first")
    with pytest.raises(UsageError, match="is there"):
        publish(make(target.parent / "new", "new"), target, force=False)
    assert model_of(target) == "first"


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_kill_while_two_folders_are_exchanged_takes_no_copy_away(
    target: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Where the system can't do it at once."""
    make(target, "old")
    new = make(target.parent / "new", "new")
    monkeypatch.setattr(scratch, "_rename", lambda *_, **__: False)
    rename, count = Path.rename, 0

    def killed(source: Path, place: Path) -> Path:
        nonlocal count
        count += source.name != "new" or count > 0 or place.name != "onnx" or not place.is_dir()
        if count == call:
            raise KeyboardInterrupt
        return rename(source, place)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(new, target, force=True)
    with pytest.raises(UsageError, match="is there"):
        check_free(target, force=False)
    assert model_of(target) in {"old", "new"}


def test_what_older_versions_left_without_its_name_gets_it_back(target: Path) -> None:
    rest = target.parent / ".onnx.a1b2_c3d"
    make(rest / "old", "old")
    make(rest / "onnx", "half")
    with pytest.raises(UsageError, match="is there"):
        check_free(target, force=False)
    assert model_of(target) == "old"
    assert rest.is_dir()  # it may be at work
    os.utime(rest, (0, 0))
    check_free(target, force=True)
    assert not rest.exists()
