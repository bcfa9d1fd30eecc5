"""A real server, as the command starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.conftest import paint_set
from tests.support.asked_app import Send, StubWorker, sender
from tests.support.made_up import made_up_run
from tl_catdog.runs.folder import SHIPPED, Run

ADDRESS = re.compile(r"answers at (http://\S+)/")


@dataclass
class Served:
    """A server and where it answers."""

    process: subprocess.Popen[str]
    address: str

    def memory(self) -> int:
        """Return its resident memory in bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def stop(self) -> tuple[int, str]:
        """Ask it to end, as service managers do; return its exit code and what it said."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


Start = Callable[..., Served]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start servers that end with the module."""
    folder = tmp_path_factory.mktemp("served")
    servers: list[Served] = []

    def run(*words: object, run: str | Path = SHIPPED) -> Served:
        process = subprocess.Popen(
            [sys.executable, "-m", "tl_catdog", "serve", "--run", str(run), "--port", "0"]
            + [str(word) for word in words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        found = ADDRESS.search(process.stdout.readline())
        assert found, process.communicate()[1]
        served = Served(process, found[1])
        servers.append(served)
        return served

    yield run
    for served in servers:
        if served.process.poll() is None:
            served.process.kill()
            served.process.communicate()


@pytest.fixture(scope="module")
def served(start: Start) -> Served:
    return start()


@pytest.fixture(scope="module")
def bare_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("bare")
    data = paint_set(folder / "set", {"train": 2, "validation": 3, "test": 4})
    return made_up_run(data, folder / "runs")


@pytest.fixture
def worker() -> StubWorker:
    return StubWorker()


@pytest.fixture
def send(bare_run: Run, worker: StubWorker) -> Send:
    """Send one request to an application of its own, whose limits may differ."""
    return sender(bare_run, worker)
