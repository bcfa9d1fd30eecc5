"""The command line as a whole: help, version, exit codes, and errors without a traceback."""

import pytest

from tests.conftest import Cli
from tests.support.commands import GROUPS, assert_one_line, commands, interrupt, watched
from tl_catdog.cli.failures import DEBUG
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.version import __version__

COMMANDS = commands()


def test_there_are_all_commands() -> None:
    assert {("train",), ("predict",), ("data",), ("data", "check"), ("learning-curve",)} <= set(
        COMMANDS
    )
    assert len(COMMANDS) == len(set(COMMANDS)) == 27


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("columns", [80, 120])
def test_help_shows_examples_and_fits(cli: Cli, words: tuple[str, ...], columns: int) -> None:
    outcome = cli(*words, "--help", columns=columns)
    assert outcome.code == 0
    assert ("Example" in outcome.out) == (words not in GROUPS)
    assert max(map(len, outcome.out.splitlines())) <= columns


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_examples_are_of_the_command_that_shows_them(cli: Cli, words: tuple[str, ...]) -> None:
    shown = " ".join(cli(*words, "--help").out.split())
    assert words in GROUPS or f"tl-catdog {' '.join(words)}".strip() in shown.split("Example")[1]


def test_version(cli: Cli) -> None:
    outcome = cli("--version")
    assert (outcome.code, outcome.out) == (0, f"tl-catdog {__version__}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("train", "--data", "nowhere"),
        ("train", "--arch", "baseline", "--finetune"),
        ("train", "--run", "a/b"),
        ("train", "--learning-rate", "-1"),
        ("train", "--config", "nowhere.toml"),
        ("evaluate", "nothing"),
        ("compare",),
        ("compare", "nothing"),
        ("predict", "picture.jpg", "--run", "nothing"),
        ("explain", "picture.jpg", "--run", "nothing"),
        ("export", "nothing", "--format", "onnx"),
        ("serve", "--run", "nothing"),
        ("teach", "nowhere/nothing", "--port", "0"),
        ("report",),
        ("review", "nothing"),
        ("learning-curve", "--data", "nowhere"),
        ("doctor", "--data", "nowhere"),
        ("data", "check", "nowhere"),
        ("data", "fix", "nowhere"),
        ("data", "split", "nowhere"),
        ("data", "show", "nowhere"),
        ("data", "get", "nothing"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_line_and_exit_code_2(
    cli: Cli,
    words: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    outcome = cli(*words)
    assert outcome.code == 2, outcome.err
    assert outcome.out == ""
    assert_one_line(outcome.err)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("serve", "--port", "70000"), "'--port'"),
        (("nope",), "No such command 'nope'. Type: "),
        (("trian",), "Did you mean 'train'? Type: "),
        (("predict",), "Missing argument"),
        (("data", "check", "--bogus"), "--bogus"),
    ],
)
def test_options_that_a_command_has_not_are_one_line(
    cli: Cli, words: tuple[str, ...], found: str
) -> None:
    outcome = cli(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert_one_line(outcome.err)
    assert len(outcome.err.splitlines()) == 1
    assert found in outcome.err
    assert "--help" in outcome.err


@pytest.mark.parametrize("words", [(), *GROUPS])
def test_words_that_need_others_show_their_help(cli: Cli, words: tuple[str, ...]) -> None:
    outcome = cli(*words)
    assert outcome.code == 2
    assert "Commands" in outcome.out + outcome.err


@pytest.mark.parametrize(("kind", "code"), [(CatdogError, 1), (UsageError, 2)])
def test_a_known_error_is_one_line_with_its_exit_code(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, kind: type[CatdogError], code: int
) -> None:
    def fail(*_: object) -> None:
        raise kind("expected [red]a\x1b,\nfound b.", "Type: c")

    watched(monkeypatch, "tl_catdog.cli.cache.print_json", fail)
    outcome = cli("cache", "--json")
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err == "Error: expected [red]a\\x1b, found b. Type: c\n"


def test_an_unforeseen_fault_is_no_traceback(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("oh")

    watched(monkeypatch, "tl_catdog.cli.cache.print_json", fail)
    outcome = cli("cache", "--json")
    assert (outcome.code, outcome.out) == (1, "")
    assert "unexpected ZeroDivisionError: oh." in outcome.err
    assert f"set {DEBUG}=1" in outcome.err
    assert "Traceback" not in outcome.err
    monkeypatch.setenv(DEBUG, "1")
    with pytest.raises(ZeroDivisionError):
        cli("cache", "--json")


def test_ctrl_c_in_a_command_that_keeps_nothing_says_nothing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(monkeypatch, "tl_catdog.evaluation.comparison.compare", interrupt)
    outcome = cli("compare", "cats-dogs")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "")


@pytest.mark.parametrize(
    "words", [("evaluate",), ("train", "--data"), ("data", "check"), ("data", "split")]
)
def test_a_name_that_is_too_long_for_a_file_is_wrong_use(cli: Cli, words: tuple[str, ...]) -> None:
    outcome = cli(*words, "n" * 300)
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
    assert "nnn" in outcome.err
    assert "n" * 100 not in outcome.err
