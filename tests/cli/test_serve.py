"""``tl-catdog serve``: its options reach the server, and the address is said."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.support.bare_runs import publish
from tests.support.commands import assert_one_line, watched
from tl_catdog.cli.streams import OutputError
from tl_catdog.serve.bodies import COPIES, Limits
from tl_catdog.serve.guard import Access

TOKEN = "0123456789abcdef"
SERVE = "tl_catdog.serve.server.serve"


def test_options_reach_the_server(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    publish(tmp_path, "mine")
    publish(tmp_path, "newer", created="2026-02-02")
    calls = watched(monkeypatch, SERVE)
    cli(
        *("serve", "--run", "mine", "--runs-dir", tmp_path, "--host", "0.0.0.0", "--port", 9000),
        *("--no-reject", "--max-mb", 3, "--max-files", 4, "--max-queue", 5, "--timeout", 6.5),
        *("--max-pixels", 7, "--max-per-client", 8, "--token", TOKEN, "--root-path", "/cats/"),
        *("--allow-host", "A.example", "--allow-host", "b.example", "--proxy", "10.0.0.0/8"),
        *("--allow-origin", "https://c.example", "--access-log", tmp_path / "log"),
    )
    (((run,), named),) = calls
    assert run.name == "mine"
    assert (named["host"], named["port"], named["reject"]) == ("0.0.0.0", 9000, False)
    assert named["limits"] == Limits(
        body=3 * 2**20, files=4, queue=5, seconds=6.5, max_pixels=7_000_000, each=8
    )
    hosts, origins = {"a.example", "b.example"}, {"https://c.example"}
    assert named["access"] == Access(hosts, origins, TOKEN, "/cats")
    assert [str(network) for network in named["proxies"]] == ["10.0.0.0/8"]
    assert named["log"].name == str(tmp_path / "log")


def test_by_default_only_this_machine_is_answered_and_doubt_is_said(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    publish(tmp_path, "mine")
    calls = watched(monkeypatch, SERVE)
    outcome = cli("serve", "--runs-dir", tmp_path)
    ((_, named),) = calls
    assert (named["host"], named["port"], named["reject"]) == ("127.0.0.1", 8000, True)
    limits = Limits(body=32 * 2**20, files=64, queue=512, seconds=60.0)
    assert named["limits"] == limits == Limits()
    assert named["access"] == Access(set(), set(), None, "")
    assert named["log"] is None
    assert "Using the newest run, mine" in outcome.err


@pytest.mark.parametrize("to_others", [False, True])
def test_the_address_is_a_result_and_who_reaches_it_is_said(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, to_others: bool
) -> None:
    def serve(*_: Any, **named: Any) -> None:
        named["ready"]("http://127.0.0.1:8000/", to_others)

    watched(monkeypatch, SERVE, serve)
    outcome = cli("serve", "--run", "cats-dogs")
    assert (outcome.code, outcome.out) == (0, "cats-dogs answers at http://127.0.0.1:8000/\n")
    warning = (
        "Everyone who reaches this machine can use the page: it asks for no password. "
        "With --token auto it does."
    )
    lines = [warning, "Ctrl-C ends it.", "Ended; what was under way was answered."]
    assert outcome.err.splitlines() == lines if to_others else lines[1:]


def test_it_serves_even_if_nobody_is_told_the_address(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OutputError(OSError(errno.EPIPE, os.strerror(errno.EPIPE)))

    def serve(*_: Any, **named: Any) -> None:
        named["ready"]("http://127.0.0.1:8000/", False)
        served.append(True)

    served: list[bool] = []
    watched(monkeypatch, "tl_catdog.cli.serve.say", fail)
    watched(monkeypatch, SERVE, serve)
    outcome = cli("serve", "--run", "cats-dogs")
    assert (outcome.code, served) == (0, [True])
    assert "standard output" in outcome.err


def test_the_largest_request_that_is_allowed_can_be_answered(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watched(monkeypatch, SERVE)
    cli("serve", "--run", "cats-dogs", "--max-mb", 1024)
    limits = calls[0][1]["limits"]
    assert limits.body == 2**30
    assert limits.total == limits.share == (1 + COPIES) * 2**30


def test_without_its_packages_it_says_what_to_install(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tl_catdog.serve.server", None)
    outcome = cli("serve", "--run", "cats-dogs")
    assert (outcome.code, outcome.out) == (2, "")
    assert "Type: pip install 'tl-catdog[serve]'" in outcome.err
    assert_one_line(outcome.err)


def test_a_token_comes_from_the_environment_where_lists_of_processes_don_t_show_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watched(monkeypatch, SERVE)
    monkeypatch.setenv("TL_CATDOG_TOKEN", TOKEN)
    cli("serve", "--run", "cats-dogs")
    cli("serve", "--run", "cats-dogs", "--token", "auto")
    tokens = [named["access"].token for _, named in calls]
    assert tokens[0] == TOKEN
    assert len(tokens[1]) >= 32


def test_an_empty_token_of_the_environment_is_no_open_door(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watched(monkeypatch, SERVE)
    monkeypatch.setenv("TL_CATDOG_TOKEN", "")
    outcome = cli("serve", "--run", "cats-dogs")
    assert (outcome.code, calls) == (2, [])
    assert "TL_CATDOG_TOKEN" in outcome.err


def test_a_wrong_token_is_not_repeated(cli: Cli) -> None:
    outcome = cli("serve", "--run", "cats-dogs", "--token", "my secret, mistyped")
    assert outcome.code == 2
    assert "secret" not in outcome.err
    assert_one_line(outcome.err)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--allow-host", "http://a.example"),
        ("--allow-origin", "a.example"),
        ("--root-path", "cats"),
        ("--proxy", "nginx"),
        ("--access-log", "/nowhere/at/all"),
    ],
)
def test_wrong_values_are_said_with_a_right_one(cli: Cli, option: str, value: str) -> None:
    outcome = cli("serve", "--run", "cats-dogs", option, value)
    assert outcome.code == 2
    assert value in outcome.err
    assert f"serve {option} " in outcome.err
    assert_one_line(outcome.err)


def test_others_who_need_a_token_are_told_that_it_is_sent_in_the_open(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(*_: Any, **named: Any) -> None:
        named["ready"]("http://192.0.2.7:8000/", True)

    watched(monkeypatch, SERVE, serve)
    outcome = cli("serve", "--run", "cats-dogs", "--token", TOKEN)
    assert "TLS" in outcome.err
    assert "password" not in outcome.err
