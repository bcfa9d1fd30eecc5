"""What the system refuses is told in one line that names the place, never as a fault of ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.conftest import Cli, paint_set
from tests.support.commands import assert_one_line, watched
from tl_catdog.cli.failures import explained
from tl_catdog.errors import CatdogError


def refused(number: int, place: str | None = "/some/place") -> OSError:
    return OSError(number, os.strerror(number), place)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "room on the disk"),
        (errno.EDQUOT, "room on the disk"),
        (errno.EFBIG, "file of this size"),
        (errno.EROFS, "can be written to"),
        (errno.EACCES, "can be written to"),
        (errno.EIO, "disk that works"),
        (errno.EPIPE, "somebody to read"),
        (errno.ENOENT, "can't be done"),
        (errno.ENOTDIR, "can't be done"),
        (errno.ESTALE, "can't be done"),
    ],
)
def test_an_error_of_the_system_names_the_place_and_the_reason(number: int, words: str) -> None:
    found = explained(refused(number))
    assert found is not None
    assert words in found.message
    assert "/some/place" in found.message
    assert os.strerror(number) in found.message
    assert found.hint
    assert found.exit_code == 1
    assert "fault" not in str(found)


@pytest.mark.parametrize("words", [("data", "draw"), ("data", "split")])
def test_a_link_that_leads_to_itself_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    paint_set(tmp_path / "set", {"": 6})
    more = {
        "draw": (loop, "--train", 1),
        "split": (tmp_path / "set", "--folders", loop),
    }
    outcome = cli(*words, *more[words[-1]])
    assert outcome.code in (1, 2)
    assert_one_line(outcome.err)
    assert "loop" in outcome.err
    assert "fault" not in outcome.err


def test_too_many_open_files_are_no_matter_of_a_place() -> None:
    found = explained(refused(errno.EMFILE))
    assert found is not None
    assert "too many are open" in found.message
    assert "ulimit" in found.hint


def test_a_full_disk_is_shown_by_the_folder_that_is_there(tmp_path: Path) -> None:
    found = explained(refused(errno.ENOSPC, str(tmp_path / "a b" / "c")))
    assert found is not None
    assert f"df -h {tmp_path}" in found.hint


def test_another_place_is_named_by_the_options_that_the_command_has() -> None:
    options = {"--data": "some", "--runs-dir": "some", "--out": None}
    for place, named in (("some/place", "--runs-dir"), ("other/place", "--out")):
        found = explained(refused(errno.EROFS, place), options)
        assert found is not None
        assert found.hint == f"Name another place: {named}."


def test_the_place_of_the_cache_is_a_variable() -> None:
    place = Path(os.environ["XDG_CACHE_HOME"]) / "tl-catdog" / "features.db"
    found = explained(refused(errno.EROFS, str(place)), {"--out": None})
    assert found is not None
    assert "XDG_CACHE_HOME" in found.hint


def test_what_may_not_be_read_is_told_from_what_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = explained(refused(errno.EACCES, str(tmp_path / "a")))
    assert found is not None
    assert "allowed to read" in found.message


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("maximum recursion depth")])
def test_too_little_memory_and_too_deep_files_are_told(error: Exception) -> None:
    found = explained(error)
    assert found is not None
    assert "expected" in found.message


def test_a_package_that_cannot_be_loaded_is_no_fault_of_ours_but_a_module_of_ours_is() -> None:
    found = explained(ImportError("libcublas.so.12: cannot open shared object", name="tensorflow"))
    assert found is not None
    assert "libcublas" in found.message
    assert "doctor" in found.hint
    memory = explained(ImportError("libtensorflow_cc.so.2: failed to map segment"))
    assert memory is not None
    assert "memory" in memory.message
    assert explained(ImportError("no such name", name="tl_catdog.runs")) is None


def test_an_error_without_a_number_is_told_as_it_is_but_short() -> None:
    found = explained(OSError("x" * 3000))
    assert found is not None
    assert "xxx" in found.message
    assert len(found.message) < 250


def test_what_is_no_matter_of_the_system_stays() -> None:
    assert explained(ZeroDivisionError()) is None


@pytest.mark.parametrize("words", [("cache", "--json"), ("data", "list", "--json")])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.EPIPE])
def test_a_command_that_the_system_refuses_ends_in_one_line(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], number: int
) -> None:
    def fail(*_: object) -> None:
        raise refused(number)

    module = "tl_catdog.cli.cache" if words[0] == "cache" else "tl_catdog.cli.data.list"
    watched(monkeypatch, f"{module}.print_json", fail)
    outcome = cli(*words)
    assert (outcome.code, outcome.out) == (1, "")
    assert_one_line(outcome.err)
    assert len(outcome.err.splitlines()) == 1
    assert "fault" not in outcome.err


def test_a_known_error_passes_as_it_is(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise CatdogError("expected a, found b.")

    watched(monkeypatch, "tl_catdog.cli.cache.print_json", fail)
    assert cli("cache", "--json").err == "Error: expected a, found b.\n"


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
        OSError(
            "Matplotlib requires access to a writable cache directory, but a temporary directory"
        ),
        FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/nonexistent/tmp/tl-catdog-x"),
    ],
)
def test_no_folder_for_temporary_files_is_said_with_what_to_set(error: OSError) -> None:
    found = explained(error)
    assert found is not None
    assert "folder for temporary files" in found.message
    assert "TMPDIR=FOLDER" in found.hint
