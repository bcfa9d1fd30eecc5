"""Clusters of Dask and Ray on loopback, whose workers and nodes can be killed.

A node is the processes that one command starts, with one core. What runs on it tells a tally which
pictures it opens, so that work done twice can be counted.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil

PATIENCE = 60.0
"""Seconds for what may take some, on a machine that is busy."""

PICTURES, TALLY = "FAULTS_PICTURES", "FAULTS_TALLY"

TYPED = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "7" * 64,
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
"""Environment of a command that joins one: Ray then looks for it on loopback."""

SOON = dict.fromkeys(("period_ms", "initial_delay_ms"), "500") | {"failure_threshold": "4"}
RAYS = {f"RAY_health_check_{name}": value for name, value in SOON.items()}
RAYS |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1", "RAY_worker_niceness": "0"}
"""Environment of a node of Ray's, whose death is seen soon."""

COUNTING = f"""
import os, sys

def heard(event, words, root=os.environ.get("{PICTURES}"), tally=os.environ.get("{TALLY}")):
    if event == "open" and root and words[1] is None:  # the system's call, not Python's
        path = os.fsdecode(words[0])
        if path.startswith(root + "/"):
            there = sys.modules["os"].open(tally, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(there, os.fsencode(path) + b"\\n")
            os.close(there)

sys.addaudithook(heard)
"""
"""Imported by each Python of a node when it starts, as ``sitecustomize``."""


@dataclass
class Node:
    """A node of a cluster: a command, and all that it started."""

    command: subprocess.Popen[bytes]
    log: Path
    _known: list[psutil.Process] = field(default_factory=list)

    def processes(self) -> list[psutil.Process]:
        """Return its processes, the command first; those too that left its tree."""
        with contextlib.suppress(psutil.Error):
            own = psutil.Process(self.command.pid)
            for process in (own, *own.children(recursive=True)):
                if process not in self._known:
                    self._known.append(process)
        return [process for process in self._known if runs(process)]

    def pin(self, cores: Sequence[int]) -> None:
        """Let it, which has just been started, use these cores alone, if there are any."""
        if cores:
            psutil.Process(self.command.pid).cpu_affinity(list(cores))

    def kill(self) -> None:
        """Kill all of it at once, as a power cut would, and wait until nothing of it runs."""
        # Stopped first, or what is killed first would be replaced by what isn't yet.
        found = self.processes()
        for sent in (signal.SIGSTOP, signal.SIGKILL):
            for process in (*found, *self.processes()):
                with contextlib.suppress(psutil.Error):
                    process.send_signal(sent)
        self.command.wait()
        until(lambda: not self.processes(), "a node's processes to end")


class Kind(Protocol):
    """What is to know of an engine's commands."""

    name: str
    ready: bytes  # what a node says when it has joined

    def head(self, folder: Path) -> list[str]: ...

    def node(self, folder: Path) -> list[str]: ...

    def address(self, folder: Path) -> str | None: ...

    def is_worker(self, words: str) -> bool: ...


class Dask:
    """A scheduler, and nannies with one worker each."""

    name = "dask"
    ready = b"Registered to:"

    def head(self, folder: Path) -> list[str]:
        """Return the command of the head, which does no work."""
        words = "-m dask scheduler --host 127.0.0.1 --port 0 --no-dashboard --dashboard-address :0"
        return [sys.executable, *words.split(), "--scheduler-file", str(folder / "scheduler.json")]

    def node(self, folder: Path) -> list[str]:
        """Return the command of a node."""
        words = "-m dask worker --host 127.0.0.1 --no-dashboard --nworkers 1 --nthreads 1"
        words += f" --memory-limit 0 --local-directory {folder}"
        return [sys.executable, *words.split(), "--scheduler-file", str(folder / "scheduler.json")]

    def address(self, folder: Path) -> str | None:
        """Return the address to join, once there is one."""
        found = folder / "scheduler.json"
        return str(found) if found.exists() and found.stat().st_size else None

    def is_worker(self, words: str) -> bool:
        """Return whether a process that was started by these words works."""
        return "spawn_main" in words


class Ray:
    """A head, and nodes with one worker each."""

    name = "ray"
    ready = b"Ray runtime started"

    def __init__(self) -> None:
        self.port = free_port()

    def head(self, folder: Path) -> list[str]:
        """Return the command of the head, which does no work."""
        words = f"--head --port {self.port} --num-cpus 0 --include-dashboard false"
        return self._words(f"{words} --temp-dir {folder / 'ray'}")

    def node(self, folder: Path) -> list[str]:
        """Return the command of a node."""
        return self._words(f"--address 127.0.0.1:{self.port} --num-cpus 1")

    def _words(self, words: str) -> list[str]:
        # Ray takes another address of the machine for 127.0.0.1, where others could reach it.
        start = "from ray._private import services; from ray.scripts.scripts import main; "
        start += "services.resolve_ip_for_localhost = lambda host: host; main()"
        same = "--block --node-ip-address 127.0.0.1 --num-gpus 0"
        same += f" --object-store-memory {80 * 2**20} --disable-usage-stats"
        return [sys.executable, "-c", start, "start", *words.split(), *same.split()]

    def address(self, folder: Path) -> str | None:
        """Return the address to join, once there is one."""
        del folder
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return f"127.0.0.1:{self.port}"
        return None

    def is_worker(self, words: str) -> bool:
        """Return whether a process that was started by these words works."""
        return words.startswith("ray::on_one_core")


KINDS: Mapping[str, Callable[[], Kind]] = {"dask": Dask, "ray": Ray}


@dataclass
class Cluster:
    """A cluster.

    Attributes:
        kind: Of which engine.
        folder: For its files.
        env: The environment of its nodes.
        head: Its head; None before it is started.
        nodes: Its nodes, those that were killed left out; ``started`` counts all.
    """

    kind: Kind
    folder: Path
    env: dict[str, str]
    head: Node | None = None
    nodes: list[Node] = field(default_factory=list)
    started: int = 0

    @property
    def address(self) -> str:
        """What the command is told to join."""
        return str(until(lambda: self.kind.address(self.folder), "the cluster"))

    def begin(self) -> None:
        """Start the head, and wait until it can be joined."""
        self.head = self._node(self.kind.head(self.folder))
        assert self.address

    def add(self) -> Node:
        """Start a node."""
        self.nodes.append(self._node(self.kind.node(self.folder)))
        return self.nodes[-1]

    def all_up(self, patience: float = PATIENCE, cores: Sequence[int] = ()) -> None:
        """Wait until nodes have joined, on their cores; Ray's give up after 30 s: begun anew."""
        for number, node in enumerate(self.nodes):
            end = time.monotonic() + patience
            node.pin(cores[number : number + 1])
            while self.kind.ready not in node.log.read_bytes():
                if time.monotonic() > end:
                    raise TimeoutError(f"waited {patience:g} s for a node to join")
                if node.command.poll() is not None:
                    node.kill()
                    node = self.nodes[number] = self._node(self.kind.node(self.folder))
                    node.pin(cores[number : number + 1])
                time.sleep(0.05)

    def kill_node(self, node: Node) -> None:
        """Kill a node, all of it."""
        self.nodes.remove(node)
        node.kill()

    def kill_worker(self) -> bool:
        """Kill a process that works, if there is one."""
        for node in self.nodes:
            for process in node.processes():
                with contextlib.suppress(psutil.Error):
                    if self.kind.is_worker(" ".join(process.cmdline())):
                        process.kill()
                        return True
        return False

    def end(self) -> None:
        """Kill all of it."""
        for node in (*self.nodes, *([self.head] if self.head else [])):
            node.kill()
        self.nodes.clear()

    def _node(self, command: list[str]) -> Node:
        self.started += 1
        path = self.folder / f"{self.started}.log"
        with path.open("ab") as log:
            none, own = subprocess.DEVNULL, True
            started = subprocess.Popen(
                command, env=self.env, stdin=none, stdout=log, stderr=log, start_new_session=own
            )
        return Node(started, path)


@contextlib.contextmanager
def counting(pictures: Path, tally: Path) -> Iterator[dict[str, str]]:
    """Return the environment of a Python that tells a tally which pictures it opens."""
    with tempfile.TemporaryDirectory(prefix="counting-") as folder:
        Path(folder, "sitecustomize.py").write_text(COUNTING)
        path = f"{folder}{os.pathsep}{Path(__file__).parents[2]}"
        yield {"PYTHONPATH": path, PICTURES: str(pictures), TALLY: str(tally)}


@contextlib.contextmanager
def cluster(name: str, pictures: Path, tally: Path, nodes: int = 2) -> Iterator[Cluster]:
    """Start a cluster of an engine's, and kill it at the end of the block.

    Args:
        name: ``dask`` or ``ray``.
        pictures: The folder whose opened pictures are counted.
        tally: The file that they are written to, a line each.
        nodes: How many nodes of one core it has.
    """
    # Sockets have short names, so a test's own folder won't do.
    folder = Path(tempfile.mkdtemp(prefix="c-", dir="/tmp"))
    with counting(pictures, tally) as counted:
        started = Cluster(KINDS[name](), folder, {**os.environ, **TYPED, **counted, **RAYS})
        try:
            started.begin()
            for _ in range(nodes):
                started.add()
            yield started
        finally:
            started.end()
            shutil.rmtree(folder, ignore_errors=True)


def runs(process: psutil.Process) -> bool:
    """Return whether a process is there, and hasn't ended."""
    with contextlib.suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def opened(tally: Path) -> Counter[str]:
    """Return how often each picture was opened by the nodes."""
    return Counter(tally.read_text().splitlines() if tally.exists() else ())


def free_port() -> int:
    """Return a port that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def until(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until something is, and return it.

    Raises:
        TimeoutError: It isn't in time.
    """
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(f"waited {patience:g} s for {what}")
