"""Results to standard output, all else to standard error; no name can mark up or command."""

import ast
import errno
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from rich.progress import Progress, ProgressColumn
from rich.table import Table

from tests.support.commands import ODD, SHOWN
from tl_catdog.cli import output
from tl_catdog.cli.output import (
    complain,
    note,
    notices,
    on_ctrl_c,
    png_file,
    print_json,
    results,
    say,
    text_column,
    warnings_as_notes,
    writing,
)
from tl_catdog.errors import CatdogError, CatdogWarning, UsageError

LONG = f"{ODD} {'word ' * 40}end"

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def test_results_go_to_standard_output_a_line_each(capsys: Captured) -> None:
    say(LONG, Path("a\nb"), 3)
    captured = capsys.readouterr()
    assert captured.out == f"{LONG.replace(ODD, SHOWN)}\na\\nb\n3\n"
    assert captured.err == ""


def test_notes_go_to_standard_error_in_one_line(capsys: Captured) -> None:
    note(f"{LONG}\nmore")
    captured = capsys.readouterr()
    assert captured.err == f"{LONG.replace(ODD, SHOWN)}\\nmore\n"
    assert captured.out == ""


def test_an_error_goes_to_standard_error_with_its_hint(capsys: Captured) -> None:
    complain(CatdogError(f"expected a,\n found {ODD}.", "Type: b"))
    captured = capsys.readouterr()
    assert captured.err == f"Error: expected a, found {SHOWN}. Type: b\n"
    assert captured.out == ""


def test_an_error_shows_only_part_of_what_is_endless(capsys: Captured) -> None:
    complain(UsageError(f"expected a, found {'b' * 3000}.", f"Type: {'c ' * 9000}"))
    captured = capsys.readouterr()
    assert captured.err.startswith("Error: expected a, found bbb")
    assert len(captured.err) < 1600


@dataclass
class Figure:
    value: float

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "in": Path("deep") / "er"}


def test_json_is_one_plain_line_of_objects_and_paths(capsys: Captured) -> None:
    print_json({"path": Path(ODD), "figures": (Figure(0.5), None), "long": "x" * 100})
    captured = capsys.readouterr()
    assert captured.out == (
        '{"path": "[red]odd\\u001b[31m\\udcff", '
        '"figures": [{"value": 0.5, "in": "deep/er"}, null], '
        f'"long": "{"x" * 100}"}}\n'
    )
    assert captured.err == ""


def test_what_has_no_json_is_a_fault() -> None:
    with pytest.raises(AttributeError, match="to_json"):
        print_json({"what": object()})


def test_a_full_disk_is_no_wrong_use_and_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as caught, writing(tmp_path / "a"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(tmp_path / "a")


@pytest.mark.parametrize("message", ["kept: 3", lambda: f"kept: {3}"])
def test_ctrl_c_becomes_a_note_and_exit_code_130(capsys: Captured, message: Any) -> None:
    with pytest.raises(typer.Exit) as caught, on_ctrl_c(message):
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "kept: 3\n")


def test_without_ctrl_c_nothing_is_said_and_errors_pass(capsys: Captured) -> None:
    with on_ctrl_c(lambda: pytest.fail("it was called")):
        pass
    with pytest.raises(CatdogError), on_ctrl_c("interrupted"):
        raise CatdogError("expected a, found b.")
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_written_is_wrong_use_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "page.html"
    with pytest.raises(UsageError) as caught, writing(path):
        path.write_text("")
    assert f"found {path} (No such file or directory)." in caught.value.message
    assert caught.value.hint == "Type: --out page.html"


def test_a_png_file_is_one_by_its_name(tmp_path: Path) -> None:
    assert png_file(tmp_path / "a.PNG") == tmp_path / "a.PNG"
    (tmp_path / "folder.png").mkdir()
    for name, hint in (("a.jpg", "a.png"), ("folder.png", "folder.png"), ("", "picture.png")):
        with pytest.raises(UsageError) as caught:
            png_file(tmp_path / name if name else Path())
        assert caught.value.hint.endswith(hint)


MARKED = "apple [red] [bold]x[/bold] :dog:"
"""Names of folders, as far as a console knows; Rich reads markup and emoji codes in texts."""


@pytest.mark.parametrize("console", [results, notices])
def test_every_text_on_a_console_is_shown_as_it_is(
    console: Callable[[], Console], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    rows = Table(MARKED, title=MARKED)
    rows.add_row(MARKED)
    screen = console()
    screen.print(MARKED)
    screen.print(rows)
    captured = capsys.readouterr()
    assert (captured.out + captured.err).count(MARKED) == 4


def test_a_bar_shows_its_text_as_it_is() -> None:
    bar = Progress(text_column("{task.description} {task.fields[more]}"))
    bar.add_task(MARKED, more=MARKED)
    (column,) = bar.columns
    assert isinstance(column, ProgressColumn)
    assert str(column(bar.tasks[0])) == f"{MARKED} {MARKED}"


READS_MARKUP = {"Console", "TextColumn", "from_markup", "Prompt", "Confirm", "SpinnerColumn"}
"""What of Rich reads markup in texts; ``cli/output.py`` makes those of it that we need."""


def calls(path: Path) -> list[str]:
    """Return which functions a file calls, and ``status`` where it is given a bare text."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            bare = node.args and isinstance(node.args[0], (ast.Constant, ast.JoinedStr))
            if name != "status" or bare:
                found.append(name)
    return found


def test_nothing_else_makes_a_console_or_reads_markup() -> None:
    folder = Path(output.__file__).parent
    others = [path for path in folder.rglob("*.py") if path != Path(output.__file__)]
    wrong = {
        path.relative_to(folder).as_posix(): name
        for path in others
        for name in calls(path)
        if name in READS_MARKUP | {"status"}
    }
    assert len(others) > 20
    assert wrong == {}


def test_the_guard_sees_what_reads_markup(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("rich.console.Console()\nTextColumn(x)\nText.from_markup(x)\nc.status(f'{x}')")
    assert set(calls(path)) == {"Console", "TextColumn", "from_markup", "status"}


def test_a_warning_of_ours_is_one_line_said_once(capsys: Captured) -> None:
    for _ in range(2):  # in each command anew
        with warnings_as_notes():
            for _ in range(3):
                warnings.warn(f"cache {ODD}", CatdogWarning, stacklevel=1)
        assert capsys.readouterr().err == f"Warning: cache {SHOWN}\n"


def test_a_warning_of_others_stays_theirs() -> None:
    with pytest.warns(UserWarning, match="theirs"), warnings_as_notes():
        warnings.warn("theirs", UserWarning, stacklevel=1)
