"""A check of parts finds what a check of the folder finds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import paint_set
from tests.support.batches import in_process
from tests.support.odd_pictures import odd_pictures, scene
from tl_catdog.audit.check import check
from tl_catdog.audit.findings import ordered
from tl_catdog.audit.outliers import outliers
from tl_catdog.cluster import checking as module
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.checking import RowFiles, checked, write_page
from tl_catdog.cluster.planning import FeatureSettings
from tl_catdog.data.parallel import Progress
from tl_catdog.drawings import draw_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.shards.listing import open_source
from tl_catdog.shards.plan import CHECK, PAGE, PARTS, Plan, part_name
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


def test_it_is_compared_once(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_process(monkeypatch)
    out = Place.of(tmp_path / "out")
    batch("check", source, tmp_path / "out", shard_size=4)
    first = checked(out, silent)
    written = (tmp_path / "out" / CHECK).read_bytes()
    with monkeypatch.context() as context:
        context.setattr(module, "judged", None)  # whoever compares fails
        assert said(checked(out, silent)) == said(first)
    # Of another version, damaged, or a stranger's: it is made again, the same.
    for other in (
        written.replace(b'"version": "', b'"version": "0.0'),
        written[:-20],
        written.replace(b'"kind": "leak"', b'"kind": "lark"'),
        b"[" * 100_000,
        b"\xff",
        None,
    ):
        if other is None:
            (tmp_path / "out" / CHECK).unlink()
        else:
            (tmp_path / "out" / CHECK).write_bytes(other)
        assert said(checked(out, silent)) == said(first)
        assert (tmp_path / "out" / CHECK).read_bytes() == written


def test_of_other_pictures_it_is_compared_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    out = Place.of(tmp_path / "out")
    batch("check", source, tmp_path / "out", shard_size=4)
    checked(out, silent)
    written = (tmp_path / "out" / CHECK).read_bytes()
    # The same names, sizes and times, so the plan is the same, but another picture in a part.
    gone = source / "validation" / "bee" / "same.png"
    times, size = gone.stat(), gone.stat().st_size
    gone.write_bytes(b"x" * size)
    os.utime(gone, ns=(times.st_atime_ns, times.st_mtime_ns))
    for shard in range(len(list((tmp_path / "out" / PARTS).iterdir()))):
        (tmp_path / "out" / PARTS / part_name(shard)).unlink()
    batch("check", source, tmp_path / "out", shard_size=4)
    audit = checked(out, silent)
    assert json.loads(written)["plan"] == json.loads((tmp_path / "out" / CHECK).read_text())["plan"]
    assert (tmp_path / "out" / CHECK).read_bytes() != written
    assert any("validation/bee/same.png" in item.paths for item in audit.of("not-a-picture"))


def test_the_page_has_the_pictures_of_any_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an archive, say, whose pictures are no files."""
    in_process(monkeypatch)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        scene(90, 60, 1).save(folder / name)
    (folder / "c.png").write_bytes(b"nothing")
    with tarfile.open(tmp_path / "some.tar", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    batch("check", tmp_path / "some.tar", tmp_path / "out")
    out = Place.of(tmp_path / "out")
    audit = checked(out, silent)
    write_page(out, audit, "")
    html = (tmp_path / "out" / PAGE).read_text()
    assert html.count('src="data:image') == 2
    assert html.count("can't be shown") == 1
    # It is left as it is, until there is another check.
    (tmp_path / "some.tar").unlink()
    write_page(out, checked(out, silent), "")
    assert (tmp_path / "out" / PAGE).read_text() == html
    (tmp_path / "out" / CHECK).unlink()
    (tmp_path / "some.tar").write_bytes(b"")
    with contextlib.suppress(CatdogError):
        checked(out, silent)
        assert not (tmp_path / "out" / PAGE).exists()


def test_features_of_a_batch_tell_what_is_unlike_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same findings as those of ``data check``, and none without features."""
    in_process(monkeypatch)
    source = tmp_path / "pictures"
    draw_set(source, counts={"train": 22, "validation": 1}, size=96, workers=1)
    rng = np.random.default_rng(0)
    strange = rng.integers(0, 255, (96, 96, 3)).astype(np.uint8)
    Image.fromarray(strange).save(source / "train" / "cats" / "noise.png")
    batch("check", source, tmp_path / "out")
    settings = FeatureSettings(mirror="no")
    batch("features", source, tmp_path / "features", features=settings)
    out = Place.of(tmp_path / "out")
    assert "outlier" not in checked(out, silent).tally()
    found = checked(out, silent, str(tmp_path / "features"))
    expected, usable = check(source, silent)
    odd = outliers(usable, lambda done, total: None)
    assert odd
    assert found.findings == ordered([*expected.findings, *odd])
    assert "outlier" not in checked(out, silent).tally()
    # Of other pictures they tell nothing.
    (source / "train" / "cats" / "noise.png").unlink()
    batch("features", source, tmp_path / "fewer", features=settings)
    with pytest.raises(CatdogError, match="features of"):
        checked(out, silent, str(tmp_path / "fewer"))
