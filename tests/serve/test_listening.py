"""Listening at an address: which ones can be used, and what is said of the others."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from typing import Any, cast

import pytest

from tests.conftest import Cli
from tl_catdog.errors import UsageError
from tl_catdog.serve.listening import claim, listen, reachable


def test_any_free_port_is_found_and_answers_before_the_server_is_ready() -> None:
    with listen("127.0.0.1", 0) as found:
        host, port = found.getsockname()
        assert host == "127.0.0.1"
        assert port > 0
        with socket.create_connection((host, port), timeout=5):
            pass


def test_a_port_that_has_just_been_given_back_can_be_taken() -> None:
    with listen("127.0.0.1", 0) as first:
        address = first.getsockname()
        with socket.create_connection(address, timeout=5):
            first.accept()[0].close()  # this side ends first, so the port lingers
    with listen(*address) as again:
        assert again.getsockname() == address


def test_a_port_that_is_taken_is_named_with_the_next_one_to_try() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError) as caught:
            listen("127.0.0.1", port)
    assert f"127.0.0.1:{port} is taken" in str(caught.value)
    assert f"--port {port + 1 if port < 65535 else 0}" in str(caught.value)


class Refusing:
    """Stands for a socket that the system refuses something."""

    error = OSError()

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> Refusing:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def setsockopt(self, *_: object) -> None:
        pass

    def bind(self, _: object) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("number", "port", "words", "hint"),
    [
        (errno.EADDRINUSE, 1, "taken", "--port 2"),
        (errno.EADDRINUSE, 65535, "taken", "--port 0"),
        (errno.EACCES, 80, "keeps for others", "--port 8000"),
        (errno.EACCES, 8080, "not allowed", "--port 8000"),
        (errno.EADDRNOTAVAIL, 8000, "address of this machine", "--host 127.0.0.1"),
        (errno.ENOBUFS, 8000, os.strerror(errno.ENOBUFS), "--host 127.0.0.1 --port 0"),
    ],
)
def test_what_the_system_refuses_gets_a_hint_that_fits(
    monkeypatch: pytest.MonkeyPatch, number: int, port: int, words: str, hint: str
) -> None:
    Refusing.error = OSError(number, os.strerror(number))
    monkeypatch.setattr(socket, "socket", Refusing)
    with pytest.raises(UsageError) as caught:
        listen("127.0.0.1", port)
    assert words in caught.value.message
    assert hint in caught.value.hint


def test_an_address_of_another_machine_is_named_not_the_port() -> None:
    with pytest.raises(UsageError) as caught:
        listen("192.0.2.1", 8000)  # nobody's address
    assert "192.0.2.1" in str(caught.value)
    assert "--host" in caught.value.hint
    assert "--port" not in caught.value.hint


@pytest.mark.parametrize("host", ["", " ", "[]"])
def test_no_address_is_not_all_of_them(host: str) -> None:
    with pytest.raises(UsageError, match="expected an address"):
        listen(host, 0)


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_addresses_of_ipv6_may_have_brackets(host: str) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listen(host, 0) as found:
        assert found.getsockname()[0] == "::1"


def test_an_address_of_one_network_alone_is_said_to_need_its_scope() -> None:
    with pytest.raises(UsageError) as caught:
        listen("fe80::1", 0)
    assert "fe80::1%" in caught.value.hint


def test_on_windows_nobody_else_may_have_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    class Noting:
        def setsockopt(self, *words: int) -> None:
            asked.append(words)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", -5, raising=False)
    claim(cast("socket.socket", Noting()), "127.0.0.1")
    assert asked == [(socket.SOL_SOCKET, -5, 1)]


def test_a_port_that_is_taken_is_one_line(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = cli("serve", "--run", "cats-dogs", "--port", taken.getsockname()[1])
    assert outcome.code == 2
    assert "--port" in outcome.err
    assert "is taken" in outcome.err


class Probe:
    """Stands for a socket towards the network; ``asked`` keeps what was asked of it."""

    asked: tuple[Any, ...] = ()
    offline = False

    def __init__(self, family: int, kind: int) -> None:
        Probe.asked = (family, kind)

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, address: tuple[str, int]) -> None:
        if Probe.offline:
            raise OSError("no network")
        Probe.asked += (ipaddress.ip_address(address[0]).version,)

    def getsockname(self) -> tuple[str, int]:
        return ("2001:db8::7" if Probe.asked[0] == socket.AF_INET6 else "198.51.100.7", 9)


@pytest.mark.parametrize(
    ("version", "family", "seen", "alone"),
    [
        (4, socket.AF_INET, "198.51.100.7", "127.0.0.1"),
        (6, socket.AF_INET6, "2001:db8::7", "::1"),
    ],
)
def test_the_address_is_the_network_s_or_else_the_machine_s_own(
    monkeypatch: pytest.MonkeyPatch, version: int, family: int, seen: str, alone: str
) -> None:
    monkeypatch.setattr(socket, "socket", Probe)
    assert reachable(version) == seen
    assert Probe.asked == (family, socket.SOCK_DGRAM, version)  # nothing is sent
    monkeypatch.setattr(Probe, "offline", True)
    assert reachable(version) == alone


@pytest.mark.parametrize(
    "host", ["x" * 300, "a..b", "nobody.invalid", "\udcff", "::1%nothing", "1:2"]
)
def test_what_is_no_address_is_wrong_use(host: str) -> None:
    with pytest.raises(UsageError, match="expected an address") as caught:
        listen(host, 0)
    assert "--" in caught.value.hint
    assert len(str(caught.value)) < 300
