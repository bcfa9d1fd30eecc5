"""Nonsense in whatever people and strangers write: settings, manifests, splits, lists, logs.

True files are changed by Hypothesis: in their structure where they are JSON, TOML or CSV, and as
bytes. Each command then ends well, or says in one line what is wrong.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.faults import checks
from tests.faults.commands import APPLY, DAMAGED, EDITED, FIX, words
from tests.faults.results import Fault
from tests.faults.world import Step, World

DEEP = "[" * 3000 + "]" * 3000
JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**70, 0.5, -1e308, 1e400, "", " ", "x" * 5000, "\0", "\x1b[31m",
    "../../../etc/passwd", "/etc/passwd", "/dev/zero", "/proc/self/mem", "‮", [], {}, [[]],
    [None], {"a": {}}, {"": ""}, ["a"] * 1000, "NaN", "=1+1", "cats", "\ud800", "-1", "1e9",
)  # fmt: skip
SETTINGS = """arch = "baseline"
image_size = 32
epochs = 1
learning_rate = 0.001
augment = "light"
finetune = false
batch_size = 8
seed = 3
"""


@dataclass(frozen=True)
class Document:
    """A file that somebody wrote, and who reads it.

    Attributes:
        name: For people.
        path: Where it is.
        readers: What is typed, in turn.
        world: What is there.
        text: What is in it, where it isn't there.
    """

    name: str
    path: str
    readers: tuple[tuple[object, ...], ...]
    world: tuple[Step, ...]
    text: str = ""


RUN_READERS = tuple(
    words(line)
    for line in (
        "evaluate mine --split validation",
        "compare mine",
        "predict set/validation/cats --run mine",
        "report mine",
        "evaluate mine --again",
        "review mine --undo",
        "export mine --format onnx --force",
        "compare",
    )
)

DOCUMENTS = (
    Document("settings", "mine.toml", (words("train --config mine.toml --data nowhere"),), (),
             SETTINGS),
    Document("manifest", "models/mine/manifest.json", RUN_READERS, EDITED),
    Document("run's settings", "models/mine/config.json", RUN_READERS, EDITED),
    Document("run's split", "models/mine/split.csv", RUN_READERS, EDITED),
    Document("predictions", "models/mine/predictions/validation.csv", RUN_READERS[:4], EDITED),
    Document("curves", "models/mine/metrics.jsonl", (words("report mine"), words("compare")),
             EDITED),
    Document("split file", "set.split.csv",
             (words("evaluate mine --data set --labels set.split.csv"),
              words("train --data set --split set.split.csv --arch baseline --image-size 32 "
                    "--epochs 1 --backbone-weights nowhere")),
             (*EDITED, words("data split set --again"))),
    Document("review list", "models/mine/review/review.csv", (APPLY,), EDITED),
    Document("log of review", "models/mine/review/applied-1.jsonl",
             (words("review mine --undo"),), (*EDITED, APPLY)),
    Document("log of data fix", "set.quarantine/applied-1.jsonl", (words("data fix set --undo"),),
             (*DAMAGED, FIX)),
)  # fmt: skip


def changed(text: str, draw: Callable[[Any], Any]) -> bytes:
    """Return a document with one to three changes, drawn by Hypothesis."""
    data = text.encode("utf-8", "surrogateescape")
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(("value", "value", "value", "bytes", "cut", "insert", "line")))
        if way == "value":
            data = _other_value(data, draw)
        elif way == "cut":
            data = data[: draw(st.integers(0, len(data)))]
        elif way == "insert":
            at = draw(st.integers(0, len(data)))
            what = draw(st.sampled_from((b"\0", b"\xff\xfe", DEEP.encode(), b'"', b"\n", b",,,")))
            data = data[:at] + what + data[at:]
        elif way == "line":
            lines = data.split(b"\n")
            at = draw(st.integers(0, len(lines) - 1))
            lines[at : at + 1] = draw(st.sampled_from(([], [lines[at]] * 2, lines[::-1], [b"{}"])))
            data = b"\n".join(lines)
        elif data:
            at = draw(st.integers(0, len(data) - 1))
            data = data[:at] + draw(st.binary(min_size=0, max_size=8)) + data[at + 1 :]
    return data


def _other_value(data: bytes, draw: Callable[[Any], Any]) -> bytes:
    """Put junk in the place of a value: of JSON, or of a cell."""
    text = data.decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    whole = text.lstrip().startswith(("{", "["))
    try:
        if whole and not _is_rows(lines):
            value = json.loads(text)
            return _encoded(_changed_json(value, draw))
        at = draw(st.integers(0, len(lines) - 1))
        if lines[at].startswith("{"):
            lines[at] = json.dumps(_changed_json(json.loads(lines[at]), draw))
            return "\n".join(lines).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return data
    mark = "=" if " = " in text else ","
    cells = lines[at].split(mark)
    cells[draw(st.integers(0, len(cells) - 1))] = str(draw(st.sampled_from(JUNK)))
    lines[at] = mark.join(cells)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _is_rows(lines: list[str]) -> bool:
    return sum(line.startswith("{") for line in lines) > 1


def _encoded(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _changed_json(value: Any, draw: Callable[[Any], Any]) -> Any:
    """Put junk in the place of a value somewhere in a tree, or take it out."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 7)) == 0:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: _changed_json(value[key], draw)}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], _changed_json(value[at], draw), *value[at + 1 :]]
    return draw(st.sampled_from(JUNK))


def malformed(document: Document, world: World, seed: int, count: int) -> Iterator[Fault]:
    """Show so many malformed documents to whatever reads them; yield what came of each."""
    world.make(document.world)
    path = world.root / document.path
    if document.text:
        path.write_text(document.text, encoding="utf-8")
    true = path.read_text(encoding="utf-8", errors="surrogateescape")
    examples: list[bytes] = []

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(st.data())
    def collect(data: Any) -> None:
        examples.append(changed(true, data.draw))

    collect()
    for number, example in enumerate(examples[:count]):
        world.make(document.world)
        path.write_bytes(example)
        outside = _outside(world)
        typed = document.readers[number % len(document.readers)]
        done = world.type(typed)
        said = checks.rude(done)
        if len(done.err) > 4000:
            said.append("it says it at length")
        if _outside(world) != outside:
            said.append("it moves files from outside the set")
        where = f"example {number}: {' '.join(map(str, typed))}"
        last = " ".join(done.err.split())[-300:]
        yield Fault(f"malformed: {document.name}", where, last, tuple(dict.fromkeys(said)))


def specials(world: World, seed: int) -> Iterator[Fault]:
    """Put what is no file in a document's place: a folder, a named pipe, a device, a link."""
    rng = random.Random(seed)
    for document in DOCUMENTS:
        for kind in ("folder", "pipe", "device", "itself", "empty", "huge"):
            world.make(document.world)
            path = world.root / document.path
            path.unlink(missing_ok=True)
            _special(path, kind)
            typed = rng.choice(document.readers)
            done = world.type(typed)
            last = " ".join(done.err.split())[-300:]
            wrong = checks.rude(done)
            if done.memory > 2 * 2**20:
                wrong.append(f"it takes {done.memory >> 10} MB")
            where = f"{document.name} is a {kind}: {' '.join(map(str, typed))}"
            yield Fault(f"no file where one should be: {document.name}", where, last, tuple(wrong))


def _special(path: Path, kind: str) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "itself":
        path.symlink_to(path)
    elif kind == "empty":
        path.touch()
    else:
        with path.open("wb") as file:
            file.truncate(5 * 2**30)


def _outside(world: World) -> list[str]:
    """Return what lies beside the working folder: nothing may come from there, or go there."""
    return sorted(path.name for path in world.place.iterdir())
