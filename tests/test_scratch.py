"""What is being written is told from what a killed command left; names are exchanged at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tl_catdog import scratch


def killed_while_writing(target: Path, kind: str) -> None:
    """Kill another process that has something half written beside ``target``."""
    code = (
        "import sys, time; from pathlib import Path; from tl_catdog import scratch\n"
        f"with scratch.{kind}(Path(sys.argv[1])) as path:\n"
        "    print(path, flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    path = Path(process.stdout.readline().strip())
    assert path.exists()
    assert scratch.rests(target.parent) == ()  # its writer lives
    assert not scratch.discard(path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert scratch.rests(target.parent) == (path,)


@pytest.mark.parametrize("kind", ["scratch_file", "scratch_folder"])
def test_what_a_killed_process_left_is_removed_by_the_next_to_write_there(
    tmp_path: Path, kind: str
) -> None:
    killed_while_writing(tmp_path / "a.csv", kind)
    with scratch.scratch_file(tmp_path / "other.txt") as path:
        assert list(tmp_path.iterdir()) == [path]
    assert list(tmp_path.iterdir()) == []


def test_files_of_others_are_no_rests(tmp_path: Path) -> None:
    names = (".a.tmp", ".tl-catdog.json", ".tl-catdog-", "tl-catdog-01234567-a", ".tl-catdog-xyz-a")
    for name in names:
        (tmp_path / name).write_text("")
    assert scratch.sweep(tmp_path, again=True) == 0
    assert len(list(tmp_path.iterdir())) == len(names)


def test_what_was_renamed_stays_after_the_block(tmp_path: Path) -> None:
    with scratch.scratch_folder(tmp_path / "set") as folder:
        (folder / "a").write_text("a")
        scratch.put_in_place(folder, tmp_path / "set")
    assert (tmp_path / "set" / "a").read_text() == "a"


@pytest.mark.parametrize("at_once", [True, False])
def test_a_folder_replaces_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(scratch, "_rename", lambda *_, **__: False)
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "which").write_text(name)
    scratch.put_in_place(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old" / "which").read_text() == "new"


def test_a_kill_between_two_renames_is_mended(tmp_path: Path) -> None:
    (tmp_path / "run.replaced-0123").mkdir()
    (tmp_path / "older.replaced-abcd" / "older").mkdir(parents=True)
    (tmp_path / "there.replaced-1").mkdir()
    (tmp_path / "there").mkdir()
    assert set(scratch.mend(tmp_path)) == {tmp_path / "run", tmp_path / "older"}
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"run", "older", "there", "there.replaced-1"}


def test_a_name_as_long_as_a_file_may_have_is_no_hindrance(tmp_path: Path) -> None:
    target = tmp_path / (125 * "é" + ".json")
    with scratch.scratch_file(target) as path:
        assert path.suffix == ".json"
        path.rename(target)
    assert target.exists()


def test_the_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with scratch.scratch_file(tmp_path / "a") as path:
            assert path.stat().st_mode & 0o777 == 0o640
        with scratch.scratch_folder(tmp_path / "b") as path:
            assert path.stat().st_mode & 0o777 == 0o750
    finally:
        os.umask(before)


@pytest.mark.skipif(sys.platform != "linux", reason="what is expected is Linux's")
def test_two_names_are_exchanged_at_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("one")
    (tmp_path / "other").mkdir()
    assert scratch._rename(tmp_path / "one", tmp_path / "other", linux=2, macos=2)
    assert (tmp_path / "one").is_dir()
    assert (tmp_path / "other").read_text() == "one"


@pytest.mark.skipif(sys.platform != "linux", reason="what is expected is Linux's")
def test_a_name_that_something_has_stays_its(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).write_text(name)
    with pytest.raises(FileExistsError):
        scratch.rename_to_free_at_once(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "other").read_text() == "other"
    assert scratch.rename_to_free_at_once(tmp_path / "one", tmp_path / "free")
    assert (tmp_path / "free").read_text() == "one"


@pytest.mark.skipif(sys.platform != "linux", reason="what is expected is Linux's")
def test_what_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    for rename in (scratch.exchange, scratch.rename_to_free_at_once):
        with pytest.raises(FileNotFoundError, match="nothing"):
            rename(tmp_path / "nothing", tmp_path / "neither")
