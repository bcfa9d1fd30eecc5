"""A check of parts finds what a check of the folder finds."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import paint_set
from tests.support.batches import in_process
from tests.support.odd_pictures import odd_pictures, scene
from tl_catdog.audit.check import check
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.checking import RowFiles, checked
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.shards.listing import open_source
from tl_catdog.shards.plan import CHECK, Plan
from tl_catdog.storage.places import Place


@contextlib.contextmanager
def silent(_: str) -> Iterator[Progress]:
    yield lambda done, total: None


def said(audit: Any) -> dict[str, Any]:
    return {**audit.to_json(), "seconds": 0}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a set with copies, near-copies, leaks, broken and odd pictures."""
    root = paint_set(tmp_path / "pictures", {"train": 6, "validation": 4})
    for seed in range(3):
        picture = scene(300, 200, seed)
        picture.save(root / "train" / "ant" / f"scene-{seed}.png")
        picture.resize((150, 100)).save(root / "validation" / "bee" / f"small-{seed}.png")
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(
            root / "train" / "bee" / f"mirrored-{seed}.jpg"
        )
    odd_pictures(root / "train" / "ant" / "odd")
    shutil.copy(root / "train" / "ant" / "000.png", root / "validation" / "bee" / "same.png")
    (root / "train" / "bee" / "empty.jpg").write_bytes(b"")
    (root / "train" / "ant" / "notes.txt").write_text("x")
    return root


def test_it_finds_what_data_check_finds(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    expected, _ = check(source, silent)
    kinds = expected.tally()
    assert {"leak", "label-conflict", "not-a-picture"} <= set(kinds)
    batch("check", source, tmp_path / "out", shard_size=4)
    found = checked(Place.of(tmp_path / "out"), silent)
    assert said(found) == said(expected)
    written = json.loads((tmp_path / "out" / CHECK).read_text())
    assert written["findings"] == expected.to_json()["findings"]


def test_a_folder_without_classes_is_checked_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    source = tmp_path / "pictures"
    source.mkdir()
    for name in ("a.png", "b.png"):
        scene(90, 60, 1).save(source / name)
    expected, _ = check(source, silent)
    batch("check", source, tmp_path / "out")
    assert said(checked(Place.of(tmp_path / "out"), silent)) == said(expected)


def test_what_is_not_closed_is_not_compared(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        checked(Place.of(tmp_path), silent)


def test_findings_of_unknown_kinds_are_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    monkeypatch.setattr("tl_catdog.shards.folder.LEFT_OUT", "made-up")
    batch("check", source, tmp_path / "out")
    with pytest.raises(CatdogError, match="known kinds"):
        checked(Place.of(tmp_path / "out"), silent)


def test_pictures_are_looked_up_in_the_listing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    plan: Plan = batch("check", source, tmp_path / "out", shard_size=4).plan
    opened = open_source(str(source), "check")
    files = RowFiles(Place.of(tmp_path / "out"), plan, opened)
    rows = list(opened.rows())
    assert len(files) == len(rows)
    assert [file.row for file in files[3:6]] == rows[3:6]
    assert files[5].read() == (source / rows[5].path).read_bytes()
