"""``python -m tests.faults.teach_kills``: the server of ``teach`` is killed again and again.

Three clients of one page add pictures, bursts and archives, label, remove, rename, undo and do
again, all at once, until ``kill -9`` at a random moment. Then the folder is opened anew: every
picture that was told as added is there once, the page shows what the disk has, and in a copy of
the folder all is undone back to the start, to the byte.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.teach.pictures import picture, there
from tl_catdog.teach.items import ALL
from tl_catdog.teach.state import State

ADDRESS = re.compile(r"at (http://\S+)")
OWN = ".teach/"


@dataclass
class Pages:
    """What pages say, and what they were told.

    Attributes:
        seed: Of what they say.
        told: The hashes of the pictures that were told as added.
        said: How many requests of each kind were answered.
    """

    seed: int
    told: set[str] = field(default_factory=set)
    said: Counter[str] = field(default_factory=Counter)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1000))

    def work(self, address: str, round: int) -> list[threading.Thread]:
        """Begin to say things, until the server is gone."""
        ways = (self._add, self._label, self._change)
        threads = []
        for place, way in enumerate(ways):
            rng = random.Random(f"{self.seed} {round} {place}")
            client = httpx.Client(base_url=address, timeout=30)
            thread = threading.Thread(target=self._again, args=(way, client, rng))
            thread.start()
            threads.append(thread)
        return threads

    def _again(
        self, way: Callable[[httpx.Client, random.Random], None], http: httpx.Client, rng: Any
    ) -> None:
        with contextlib.suppress(httpx.HTTPError), http:
            while True:
                way(http, rng)

    def _add(self, http: httpx.Client, rng: random.Random) -> None:
        made = {f"{n}.png": picture(n) for n in itertools.islice(self._numbers, rng.randint(1, 4))}
        kind = rng.choice(("files", "archive", "burst"))
        query = (
            f"tab=page&burst=burst-{rng.random():.9f}".replace(".", "") if kind == "burst" else ""
        )
        if kind == "archive":
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as file:
                for name, data in made.items():
                    file.writestr(f"{rng.choice('abc')}/{name}", data)
            answer = http.post(
                "teach/pictures?tab=page&folders=1&name=a.zip", content=out.getvalue()
            )
        else:
            files = [("files", pair) for pair in made.items()]
            answer = http.post(f"teach/pictures?{query or 'tab=page'}", files=files)
        if answer.status_code == 200:
            found = {hashlib.sha256(data).hexdigest() for data in made.values()}
            self.told |= {sha for sha in found if sha[:20] in answer.json()["ids"]}
        self._note(kind, answer)

    def _label(self, http: httpx.Client, rng: random.Random) -> None:
        classes = [one["name"] for one in http.get("teach/state").json()["classes"]]
        shown = http.get("teach/pictures?limit=500").json()["pictures"]
        some = rng.sample(shown, min(len(shown), rng.choice((1, 1, 1, 5, 40))))
        fields: dict[str, Any] = {"ids": [one["id"] for one in some], "tab": "page"}
        kind = rng.choice(("label", "label", "label", "remove", "skip", "keep", "undo"))
        if kind in ("label", "remove"):
            fields["seen"] = {one["id"]: one["mark"] for one in some}
        if kind == "label":
            fields["label"] = rng.choice([*classes, None])
        self._note(kind, http.post(f"teach/{kind}", json=fields))

    def _change(self, http: httpx.Client, rng: random.Random) -> None:
        classes = [one["name"] for one in http.get("teach/state").json()["classes"]]
        kind = rng.choice(("classes", "classes/rename", "classes/remove", "undo", "redo", "undo"))
        name = rng.choice([*classes, "new"])
        fields = {"name": name, "from": name, "to": f"class {rng.randrange(9)}", "tab": "page"}
        if kind == "classes":
            fields["name"] = f"class {rng.randrange(9)}"
        self._note(kind, http.post(f"teach/{kind}", json=fields))
        time.sleep(rng.uniform(0, 0.1))

    def _note(self, kind: str, answer: httpx.Response) -> None:
        if answer.status_code == 200:
            self.said[kind] += 1
        elif answer.status_code >= 500:
            raise AssertionError(f"{kind}: {answer.text}")


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a server; return it and its address."""
    command = [sys.executable, "-m", "tl_catdog", "teach", str(folder), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    found = ADDRESS.search(process.stdout.readline())
    assert found is not None
    return process, found[1]


def outside(root: Path) -> dict[str, str]:
    """Return the pictures that a folder shows, with their hashes."""
    return {place: sha for place, sha in there(root).items() if not place.startswith(OWN)}


def checked(root: Path, told: set[str]) -> list[str]:
    """Open a folder after a kill; return what is wrong with it."""
    state = State.open(root)
    wrong = [note for note in state.notes() if "cut off" not in note]
    held = Counter(there(root).values())
    wrong += [f"{sha[:8]} is gone" for sha in told if not held[sha]]
    wrong += [f"{sha[:8]} is there {count} times" for sha, count in held.items() if count > 1]
    if {item.place: item.sha256 for item in state.items(ALL, 0, 10**6)} != outside(root):
        wrong.append("the page shows something else than the disk has")
    if list((root / ".teach" / "incoming").glob("*")):
        wrong.append("a rest of what came")
    state.close()
    return wrong


def undone(root: Path, first: dict[str, str]) -> list[str]:
    """Undo all in a copy of a folder; return what isn't as it was at first."""
    with tempfile.TemporaryDirectory(dir=root.parent) as place:
        copy = Path(place) / "copy"
        shutil.copytree(root, copy)
        state = State.open(copy)
        left = 0
        while (done := state.undo("last")) is not None:
            left += len(done.left)
        wrong = [f"an undo left {left} as they were"] if left else []
        if outside(copy) != first:
            wrong.append("not all is as it was at first")
        state.close()
    return wrong


def main() -> int:
    """Kill as often as is asked for; return 1 if something was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.teach_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "pets"
        for number in range(12):
            path = root / ("cats", "dogs/deep", "")[number % 3] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(number))
        first = outside(root)
        pages = Pages(asked.seed, set(first.values()))
        for round in range(asked.kills):
            process, address = start(root)
            threads = pages.work(address, round)
            time.sleep(rng.uniform(0.05, 1.5))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            for thread in threads:
                thread.join()
            wrong = checked(root, pages.told)
            if round % 10 == 9 or round == asked.kills - 1:
                wrong += undone(root, first)
            failed += bool(wrong)
            for line in wrong:
                print(f"kill {round}: {line}", flush=True)
        lines = len((root / ".teach" / "journal.jsonl").read_bytes().splitlines())
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(pages.said.items()))
    print(f"{asked.kills - failed} of {asked.kills} kills survived; answered: {said}; ", end="")
    print(f"{len(pages.told) - len(first)} pictures added, {lines} lines of journal")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
