"""Listening at an address, saying it to people, and stopping without leaving anything behind."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.conftest import Cli
from tl_catdog.errors import UsageError
from tl_catdog.runs.folder import Run
from tl_catdog.serve import server
from tl_catdog.serve.bodies import Limits
from tl_catdog.serve.server import listen, reachable, serve


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
    assert f"found 127.0.0.1:{port} (Address already in use)" in str(caught.value)
    assert f"--port {port + 1 if port < 65535 else 0}" in str(caught.value)


@pytest.mark.parametrize(("port", "following"), [(1, 2), (65534, 65535), (65535, 0)])
def test_the_next_port_to_try_is_always_a_port(port: int, following: int) -> None:
    with pytest.raises(UsageError) as caught:
        listen("192.0.2.1", port)  # nobody's address
    assert str(caught.value).endswith(f"--port {following}")


def test_a_port_that_is_taken_is_one_line(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = cli("serve", "--run", "cats-dogs", "--port", taken.getsockname()[1])
    assert outcome.code == 2
    assert "--port" in outcome.err
    assert "Address already in use" in outcome.err


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


@dataclass
class Stage:
    """What ``serve`` was seen to do around a server that doesn't run."""

    during: Callable[[Any], None] = lambda _: None
    ready: list[tuple[str, bool]] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    worker: dict[str, Any] = field(default_factory=dict)
    config: Any = None
    closed: int = 0

    def serve(
        self, host: str = "127.0.0.1", limits: Limits | None = None, *, reject: bool = True
    ) -> None:
        serve(
            Run(Path("mine"), {}, {}),
            host=host,
            port=0,
            limits=limits or Limits(),
            reject=reject,
            ready=lambda address, others: self.ready.append((address, others)),
        )


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    found = Stage()

    class StubWorker:
        def __init__(self, run: Run, **options: Any) -> None:
            found.worker = options

        def close(self) -> None:
            found.closed += 1

    class StubServer:
        should_exit = False

        def __init__(self, config: uvicorn.Config) -> None:
            found.config = config

        def run(self, sockets: list[socket.socket]) -> None:
            (one,) = sockets
            with one:
                found.during(self)

    def build(run: Run, limits: Limits, worker: object, hosts: set[str]) -> Callable[..., None]:
        found.hosts = hosts
        return lambda: None

    monkeypatch.setattr(server, "Worker", StubWorker)
    monkeypatch.setattr(server, "build_app", build)
    monkeypatch.setattr(uvicorn, "Server", StubServer)
    monkeypatch.setattr(server, "reachable", lambda version: {4: "192.0.2.7", 6: "::7"}[version])
    monkeypatch.setattr(socket, "gethostname", lambda: "MyBox")
    return found


@pytest.mark.parametrize(
    ("host", "shown", "others"),
    [
        ("127.0.0.1", "127.0.0.1", False),
        ("127.0.0.2", "127.0.0.2", False),
        ("0.0.0.0", "192.0.2.7", True),
        ("::1", "[::1]", False),
        ("::", "[::7]", True),
    ],
)
def test_the_address_is_one_to_open_and_it_is_said_who_can_reach_it(
    stage: Stage, host: str, shown: str, others: bool
) -> None:
    if ":" in host:
        try:
            socket.create_server((host, 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6")
    stage.serve(host)
    ((address, reached),) = stage.ready
    head, _, port = address.removesuffix("/").rpartition(":")
    assert head == f"http://{shown}"
    assert int(port) > 0
    assert reached == others


def test_it_may_be_called_by_its_own_names_only(stage: Stage) -> None:
    stage.serve("LOCALHOST")
    assert stage.hosts == {"localhost", "mybox", "mybox.local"}
    stage.serve("127.0.0.1")
    assert stage.hosts == {"localhost", "127.0.0.1", "mybox", "mybox.local"}


def test_limits_reach_the_server_and_the_worker(stage: Stage) -> None:
    stage.serve(limits=Limits(queue=7, connections=11, seconds=2.5))
    assert stage.worker == {"reject": True, "queue": 7}
    stage.serve(reject=False)
    assert stage.worker == {"reject": False, "queue": Limits().queue}
    stage.serve(limits=Limits(queue=7, connections=11, seconds=2.5))
    assert stage.config.limit_concurrency == 11
    assert stage.config.timeout_graceful_shutdown == 3  # never less than an answer may take
    assert not stage.config.server_header


def test_a_signal_stops_it_and_the_handler_before_is_put_back(stage: Stage) -> None:
    exits: list[bool] = []

    def during(running: Any) -> None:
        exits.append(running.should_exit)
        signal.raise_signal(signal.SIGTERM)
        exits.append(running.should_exit)

    stage.during = during
    before = signal.getsignal(signal.SIGTERM)
    stage.serve()
    assert exits == [False, True]
    assert signal.getsignal(signal.SIGTERM) is before
    assert stage.closed == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("fault")])
def test_the_worker_is_closed_however_it_ends(stage: Stage, error: BaseException) -> None:
    def fail(_: object) -> None:
        raise error

    stage.during = fail
    before = signal.getsignal(signal.SIGTERM)
    quiet = contextlib.nullcontext()
    with quiet if isinstance(error, KeyboardInterrupt) else pytest.raises(OSError, match="fault"):
        stage.serve()
    assert stage.closed == 1
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    "host", ["x" * 300, "a..b", "nobody.invalid", "\udcff", "::1%nothing", "1:2"]
)
def test_what_is_no_address_is_wrong_use(host: str) -> None:
    with pytest.raises(UsageError, match="expected an address") as caught:
        listen(host, 0)
    assert "--" in caught.value.hint
    assert len(str(caught.value)) < 300
