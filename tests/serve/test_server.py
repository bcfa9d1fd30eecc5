"""Saying the address to people, and stopping without leaving anything behind."""

from __future__ import annotations

import io
import ipaddress
import json
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from tl_catdog.runs.folder import Run
from tl_catdog.serve import hosting, server
from tl_catdog.serve.bodies import Limits
from tl_catdog.serve.door import Door
from tl_catdog.serve.guard import Access, Seen
from tl_catdog.serve.hosting import Server
from tl_catdog.serve.server import serve


@dataclass
class Stage:
    """What ``serve`` was seen to do around a server that doesn't run."""

    during: Callable[[Any], None] = lambda _: None
    ready: list[tuple[str, bool]] = field(default_factory=list)
    access: Access = field(default_factory=lambda: Access(()))
    door: Door | None = None
    told: Callable[[Seen], None] = lambda seen: None
    worker: dict[str, Any] = field(default_factory=dict)
    config: Any = None
    closed: int = 0

    def serve(
        self,
        host: str = "127.0.0.1",
        limits: Limits | None = None,
        *,
        reject: bool = True,
        **options: Any,
    ) -> None:
        serve(
            Run(Path("mine"), {}, {}),
            host=host,
            port=0,
            limits=limits or Limits(),
            reject=reject,
            ready=lambda address, others: self.ready.append((address, others)),
            **options,
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

        handle_exit = Server.handle_exit
        ending = Server.ending

        def run(self, sockets: list[socket.socket]) -> None:
            (one,) = sockets
            with one:
                found.during(self)

    def build(
        run: Run,
        limits: Limits,
        worker: object,
        access: Access,
        door: Door,
        told: Callable[[Seen], None],
    ) -> FastAPI:
        found.access, found.door, found.told = access, door, told
        app = FastAPI()
        app.state.told = told
        return app

    monkeypatch.setattr(server, "Worker", StubWorker)
    monkeypatch.setattr(server, "build_app", build)
    monkeypatch.setattr(hosting, "Server", StubServer)
    monkeypatch.setattr(hosting, "reachable", lambda version: {4: "192.0.2.7", 6: "::7"}[version])
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
    assert stage.access.hosts == {"localhost", "mybox", "mybox.local"}
    stage.serve("127.0.0.1", access=Access({"cats.example.org"}))
    names = {"localhost", "127.0.0.1", "mybox", "mybox.local", "cats.example.org"}
    assert stage.access.hosts == names


def test_limits_reach_the_server_and_the_worker(stage: Stage) -> None:
    stage.serve(limits=Limits(queue=7, connections=11, each=5, seconds=2.5, max_pixels=99))
    assert stage.worker == {"reject": True, "queue": 7, "max_pixels": 99}
    assert stage.config.timeout_graceful_shutdown == 3  # never less than an answer may take
    assert not stage.config.server_header
    assert stage.door is not None
    assert (stage.door.most, stage.door.each) == (11, 5)
    stage.serve(reject=False)
    assert not stage.worker["reject"]


def test_only_a_proxy_that_was_named_is_believed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    stage.serve()
    assert not stage.config.proxy_headers
    stage.serve(proxies=[ipaddress.ip_network("10.0.0.1"), ipaddress.ip_network("::1")])
    assert stage.config.proxy_headers
    assert stage.config.forwarded_allow_ips == ["10.0.0.1", "::1"]


def test_the_token_is_in_the_part_of_the_address_that_browsers_keep(stage: Stage) -> None:
    stage.serve(access=Access((), token="0123456789/+=~.-"))
    ((address, _),) = stage.ready
    head, _, secret = address.partition("/#token=")
    assert head.startswith("http://127.0.0.1:")
    assert secret == "0123456789%2F%2B%3D~.-"


def test_requests_are_logged_where_it_was_asked_for(stage: Stage) -> None:
    lines = io.StringIO()
    stage.during = lambda _: stage.told(Seen("192.0.2.7", "GET", "/", 200))
    stage.serve(log=lines)
    assert json.loads(lines.getvalue())["client"] == "192.0.2.7"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once_with_the_signal_s_code(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)

    def during(running: Any) -> None:
        signal.raise_signal(number)
        assert ended == []
        signal.raise_signal(number)

    stage.during = during
    stage.serve()
    assert ended == [128 + number]


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


def test_the_worker_is_closed_however_it_ends(stage: Stage) -> None:
    def fail(_: object) -> None:
        raise OSError("fault")

    stage.during = fail
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(OSError, match="fault"):
        stage.serve()
    assert stage.closed == 1
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_what_waits_is_told_of_the_end_by_the_first_signal(stage: Stage) -> None:
    ended: list[str] = []

    def build(access: Access, door: Door, told: Callable[[Seen], None]) -> FastAPI:
        app = FastAPI()
        app.state.told = told
        return app

    stage.during = lambda _: signal.raise_signal(signal.SIGTERM)
    hosting.host(
        socket.create_server(("127.0.0.1", 0)),
        build,
        name="localhost",
        limits=Limits(),
        ready=lambda address, others: None,
        ending=lambda: ended.append("now"),
        grace=1.5,
    )
    assert ended == ["now"]
    assert stage.config.timeout_graceful_shutdown == 2
