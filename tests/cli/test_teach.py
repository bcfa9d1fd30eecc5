"""``tl-catdog teach``: its options reach the server, and the address is said."""

from __future__ import annotations

import errno
import socket
import sys
import webbrowser
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.support.commands import assert_one_line, watched

TEACH = "tl_catdog.teach.server.teach"
TOKEN = "0123456789abcdef"


def test_options_reach_the_server(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = watched(monkeypatch, TEACH)
    cli(
        *("teach", "pets", "--host", "0.0.0.0", "--port", 9000, "--token", TOKEN),
        *("--allow-host", "A.example", "--max-mb", 7, "--runs-dir", tmp_path),
        *("--root-path", "/pets/", "--proxy", "10.0.0.0/8", "--access-log", tmp_path / "log"),
    )
    (((folder, options, *_), _),) = calls
    assert folder == Path("pets")
    assert (options.host, options.port) == ("0.0.0.0", 9000)
    assert (options.access.hosts, options.access.token) == ({"a.example"}, TOKEN)
    assert (options.bound.bytes, options.access.root_path) == (7 * 2**20, "/pets")
    assert list(map(str, options.proxies)) == ["10.0.0.0/8"]
    assert options.access_log == str(tmp_path / "log")
    assert options.runs_dir == tmp_path


@pytest.mark.parametrize(
    ("host", "asks"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), ("::", True)],
)
def test_all_but_this_machine_is_asked_for_a_token(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, host: str, asks: bool
) -> None:
    calls = watched(monkeypatch, TEACH)
    cli("teach", "--host", host)
    (((folder, options, *_), _),) = calls
    assert folder == Path("pictures")
    assert (options.access.token is not None) == asks


def test_the_address_is_a_result_and_may_be_opened(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)

    def teach(folder: Path, options: Any, ready: Any, tell: Any) -> None:
        ready("http://192.0.2.7:8001/#token=x", True)

    watched(monkeypatch, TEACH, teach)
    outcome = cli("teach", "pets", "--open")
    assert (outcome.code, outcome.out) == (0, "Teach pets at http://192.0.2.7:8001/#token=x\n")
    assert "network that you trust" in outcome.err
    assert opened == ["http://192.0.2.7:8001/#token=x"]


def test_without_its_packages_it_says_what_to_install(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tl_catdog.teach.server", None)
    outcome = cli("teach", "pets")
    assert (outcome.code, outcome.out) == (2, "")
    assert_one_line(outcome.err)
    assert "Type: pip install 'tl-catdog[serve]'" in outcome.err


def test_a_port_that_is_taken_is_said_before_a_folder_is_made(cli: Cli, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = cli("teach", tmp_path / "pets", "--port", port)
    assert outcome.code == 2
    assert_one_line(outcome.err)
    assert f"Type: tl-catdog teach --port {port + 1}" in outcome.err
    assert not (tmp_path / "pets").exists()


def test_a_file_is_no_folder(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pets").write_text("text")
    for path in (tmp_path / "pets", tmp_path / "pets" / "below", tmp_path / "no" / "where"):
        outcome = cli("teach", path, "--port", 0)
        assert outcome.code == 2
        assert_one_line(outcome.err)


def test_a_folder_that_cannot_be_made_is_said_why(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    outcome = cli("teach", tmp_path / "new", "--port", 0)
    assert outcome.code == 1
    assert_one_line(outcome.err)
    assert "Read-only file system" in outcome.err


@pytest.mark.parametrize("token", ["short", "a b" * 9])
def test_a_bad_token_is_refused_and_not_repeated(cli: Cli, token: str) -> None:
    outcome = cli("teach", "--token", token)
    assert outcome.code == 2
    assert "Type: tl-catdog teach --token auto" in outcome.err
    assert token not in outcome.err
