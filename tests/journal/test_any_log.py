"""Whatever a log says, undoing it loses no picture and touches nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.journal_room import Room
from tl_catdog.errors import CatdogError

CONTENTS = {"set/a.jpg": b"a", "set/cats/b.jpg": b"b", "set/empty.jpg": b"", "outside.jpg": b"out"}
ASIDE = {"set.aside/leak/c.jpg": b"c", "set.aside/leak/cats/d.jpg": b"d", "set.aside/e.jpg": b"e"}
DIGESTS = [hashlib.sha256(data).hexdigest() for data in (*CONTENTS.values(), *ASIDE.values())]

places = st.sampled_from(
    [
        *CONTENTS, *ASIDE, "set/new.jpg", "set/cats/new/c.jpg", "set/link/x.jpg", "set/cats",
        "set.aside/new.jpg", "set.aside/applied-1.jsonl", "../x.jpg", "set/../outside.jpg",
        "set/../../x.jpg", "/etc/passwd", "/tmp", "", ".", "..", "set", "set/", "set//a.jpg",
        "set/a.jpg/below.jpg", "set/\0.jpg", "set/\ud800.jpg", "set/" + "d/" * 3000,
    ]
)  # fmt: skip
nonsense: st.SearchStrategy[Any] = st.sampled_from([None, 7, [], {}, True, 1e400])
rows = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["leak", "keep"]) | nonsense,
        "from": places | nonsense,
        "to": places | nonsense,
        "sha256": st.sampled_from([*DIGESTS, "", "0" * 64, "A" * 64]) | nonsense,
        "link": st.sampled_from(["", "/etc/passwd", "outside.jpg"]) | nonsense,
    },
)
fitting = st.builds(
    lambda source, target, digest: {
        "action": "leak", "from": source, "to": target, "sha256": digest,
    },
    st.sampled_from(["set/new.jpg", "set/cats/new/c.jpg", "set/empty.jpg", "set/a.jpg"]),
    st.sampled_from([*ASIDE, "set.aside/new.jpg", "set/cats/b.jpg"]),
    st.sampled_from(DIGESTS),
)  # fmt: skip
heads: st.SearchStrategy[Any] = st.sampled_from(
    [{"data": "set"}, {"data": "/x/set"}, {"data": "/etc"}, {}, [], None]
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(fitting | rows, max_size=4), heads, st.booleans())
def test_no_log_loses_a_picture_or_leaves_the_set(
    tmp_path_factory: pytest.TempPathFactory, moves: list[Any], head: Any, cut: bool
) -> None:
    base = tmp_path_factory.mktemp("room")
    room = Room(base)
    for name, content in (CONTENTS | ASIDE).items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(content)
    (room.data / "link").symlink_to(base)
    text = "".join(json.dumps(row) + "\n" for row in (head, *moves))
    (room.journal.folder / "applied-1.jsonl").write_text(text[:-9] if cut else text)
    before = pictures(base)
    with contextlib.suppress(CatdogError, OSError):
        room.journal.undo()
    assert +pictures(base) == +before
    assert (base / "outside.jpg").read_bytes() == b"out"
    assert sorted(path.name for path in base.iterdir()) == ["outside.jpg", "set", "set.aside"]
    with contextlib.suppress(CatdogError):
        room.journal.check_finished()


def pictures(base: Path) -> Counter[bytes]:
    """Return how often each content is there; empty files may be reserved names."""
    found = Counter(path.read_bytes() for path in base.rglob("*") if path.suffix == ".jpg")
    del found[b""]
    return found
