"""kill -9 of the server amid what clients send: what was told as done is there, and is undone."""

from __future__ import annotations

import contextlib
import itertools
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.teach.conftest import Start
from tests.teach.sites import picture

pytestmark = pytest.mark.slow

LIMIT = 60  # seconds that anything may take here


class Client:
    """Sends what a page sends, and notes what it was told that is done."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=address, timeout=LIMIT)
        self.added: dict[str, str | None] = {}  # id to class, as the server last said
        self.given: list[str] = []  # each class that it said was given

    def post(self, path: str, **fields: Any) -> Any:
        answer = self.http.post(f"teach/{path}", json={**fields, "tab": "t"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def add(self, number: int) -> None:
        files = [("files", (f"{number}.png", picture(number)))]
        answer = self.http.post("teach/pictures?tab=t", files=files)
        assert answer.status_code == 200, answer.text
        for id in answer.json()["ids"]:
            self.added.setdefault(id, None)

    def label(self, id: str, label: str) -> None:
        mark = self.http.get(f"teach/pictures/{id}").json()["mark"]
        self.post("label", ids=[id], label=label, seen={id: mark})
        self.added[id] = label
        self.given.append(label)

    def labels(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        while True:  # 500 of them are told at a time
            path = f"teach/listed?limit=10000&offset={len(found)}"
            rows = self.http.get(path).json()["pictures"]
            if not rows:
                return found
            found |= {id: label for id, _, label in rows}


def meanwhile(work: Callable[[], None]) -> threading.Thread:
    """Do something again and again, until the server is gone."""

    def run() -> None:
        with contextlib.suppress(httpx.HTTPError):
            while True:
                work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def killed(process: subprocess.Popen[str], *threads: threading.Thread) -> None:
    """End a server as a power cut does."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT)
    for thread in threads:
        thread.join(LIMIT)


def test_kills_amid_uploads_and_labels_lose_nothing_that_was_told_as_done(
    start: Start, tmp_path: Path
) -> None:
    pets = tmp_path / "pets"
    numbers, turns = itertools.count(), itertools.count()
    told: dict[str, str | None] = {}
    for round in range(2):
        process, address = start("pets")
        client, other = Client(address), Client(address)
        client.added = other.added = told
        now = client.labels()
        assert told.keys() <= now.keys()
        # One label may be there that nobody was told of any more.
        assert sum(now[id] != label for id, label in told.items()) <= round
        if not round:
            client.post("classes", name="cats")
            client.post("classes", name="dogs")

        def upload(client: Client = client) -> None:
            client.add(next(numbers))

        def label(other: Client = other) -> None:
            if waiting := list(other.added):
                turn = next(turns)
                other.label(waiting[turn % len(waiting)], ("cats", "dogs")[turn % 3 == 0])
            time.sleep(0.01)

        threads = [meanwhile(upload), meanwhile(label)]
        end = time.monotonic() + LIMIT
        while len(other.given) < 4 or len(told) < 5 * (round + 1):
            assert time.monotonic() < end, (other.given, told)
            time.sleep(0.1)
        time.sleep(0.37 * round)
        killed(process, *threads)
        assert set(other.given) == {"cats", "dogs"}
    _, address = start("pets")
    client = Client(address)
    now = client.labels()
    # One change may have been done that nobody was told of any more, one of each kind a kill.
    assert told.keys() <= now.keys()
    assert len(now) <= len(told) + 2
    assert sum(now[id] != label for id, label in told.items()) <= 2
    files = [path for path in pets.rglob("*.png") if ".teach" not in path.parts]
    assert len(files) == len(now)
    assert {path.read_bytes() for path in files} <= {picture(i) for i in range(next(numbers))}

    # Undo goes back over both kills, to the empty folder, and redo comes again.
    steps = 0
    while client.post("undo") is not None:
        steps += 1
    assert client.labels() == {}
    assert not [path for path in pets.rglob("*.png") if ".teach" not in path.parts]
    for _ in range(steps):
        client.post("redo")
    assert client.labels() == now
