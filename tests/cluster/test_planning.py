"""A plan is held to what a place has: what differs is named, and nothing of it is changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Trained, paint
from tests.support.batches import in_process, pictures, predicted
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.planning import FeatureSettings
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.runs.folder import find_run
from tl_catdog.shards.listing import write_shard
from tl_catdog.shards.plan import LISTING, PLAN, read_plan
from tl_catdog.shards.rows import Row
from tl_catdog.storage.places import Place


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    in_process(monkeypatch)


@pytest.fixture
def done(tmp_path: Path) -> tuple[Path, Path]:
    source, dest = pictures(tmp_path / "pictures", 3), tmp_path / "out"
    predicted(source, dest)
    return source, dest


def test_another_network_is_named(done: tuple[Path, Path], trained: Trained) -> None:
    source, dest = done
    run = find_run("tuned", trained.runs_dir)
    with pytest.raises(UsageError, match="found that it is another: the network"):
        batch("predict", source, dest, run=run, shard_size=4)


def test_another_shard_size_is_named(done: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match=r"the shard size \(4 there, 5 asked for\)"):
        predicted(*done, shard_size=5)


def test_other_work_is_named(done: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="the work"):
        batch("check", *done, shard_size=4)


def test_another_folder_is_named(done: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the source's place"):
        predicted(pictures(tmp_path / "others", 3), done[1])


def test_a_picture_that_was_written_again_is_named(done: tuple[Path, Path]) -> None:
    os.utime(done[0] / "ant" / "000.png", ns=(1, 1))
    with pytest.raises(UsageError, match=r"the pictures; 'ant/000.png' has changed"):
        predicted(*done)


def test_the_first_picture_that_is_new_or_gone_is_named(done: tuple[Path, Path]) -> None:
    source, dest = done
    more = paint(source / "ant" / "001a.png", (1, 2, 3), 7)
    with pytest.raises(UsageError, match=r"the number of pictures .*; 'ant/001a.png' is new"):
        predicted(source, dest)
    more.unlink()
    (source / "bee" / "001.png").rename(dest / "elsewhere.png")
    with pytest.raises(UsageError, match=r"'bee/001.png' is gone"):
        predicted(source, dest)
    (dest / "elsewhere.png").rename(source / "top.png")  # a folder's own come first
    with pytest.raises(UsageError, match=r"'top.png' is new"):
        predicted(source, dest)


@pytest.mark.parametrize(
    ("name", "there"),
    [("engine_of", "the engine"), ("decoder_key", "the decoder"), ("run_key", "versions")],
)
def test_other_versions_are_named(
    name: str, there: str, done: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"tl_catdog.cluster.networks.{name}", lambda *_: "another 1.0")
    with pytest.raises(UsageError, match=there) as raised:
        predicted(*done)
    assert "--out" in raised.value.hint


def test_a_place_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    source, dest = pictures(tmp_path / "pictures", 3), tmp_path / "out"
    (dest / "sub").mkdir(parents=True)
    (dest / "sub" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"expected an empty place .* found 'sub/thesis.txt'"):
        predicted(source, dest)
    assert [path.name for path in dest.iterdir()] == ["sub"]
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(UsageError, match="found the file"):
        predicted(source, file)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", ["listing", "parts", "failed", "network"])
def test_a_place_whose_folders_are_links_is_refused(
    name: str, done: tuple[Path, Path], tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "part-00000.json").write_text("mine")
    folder = done[1] / name
    if folder.exists():
        folder.rename(tmp_path / "aside")
    folder.symlink_to(mine)
    with pytest.raises(UsageError, match="found a link"):
        predicted(*done)
    assert [path.name for path in mine.iterdir()] == ["part-00000.json"]


def test_a_source_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="expected pictures, found none"):
        predicted(tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out" / PLAN).exists()


def test_killed_while_it_listed_it_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, dest = pictures(tmp_path / "pictures", 3), tmp_path / "out"

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tl_catdog.cluster.planning.write_plan", killed)
        with pytest.raises(KeyboardInterrupt):
            predicted(source, dest)
    assert (dest / LISTING).is_dir()
    paint(source / "bee" / "more.png", (1, 2, 3), 7)
    assert predicted(source, dest).plan.rows == 7


def test_a_listing_that_another_command_wrote_over_is_mended(
    done: tuple[Path, Path], tmp_path: Path
) -> None:
    source, dest = done
    (dest / "parts" / "part-00001.parquet").unlink()
    write_shard(Place.of(dest), 1, [Row("ant/000.png"), Row("ant/001.png")])
    assert predicted(source, dest).closed
    (dest / "parts" / "part-00001.parquet").unlink()
    (dest / LISTING / "part-00001.parquet").unlink()
    assert predicted(source, dest).closed


def test_a_damaged_plan_is_refused(done: tuple[Path, Path]) -> None:
    text = (done[1] / PLAN).read_text()
    (done[1] / PLAN).write_text(text.replace('"rows": 6', '"rows": 5'))
    with pytest.raises(CatdogError, match="expected a plan"):
        predicted(*done)


@pytest.mark.parametrize(
    ("mirror", "small", "views"),
    [
        ("auto", 1000, ("plain", "mirror")),
        ("auto", 2, ("plain",)),
        ("no", 1000, ("plain",)),
        ("yes", 2, ("plain", "mirror")),
    ],
)
def test_small_sets_have_mirror_images_too(
    mirror: str, small: int, views: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_catdog.cluster.planning.SMALL", small)
    source, dest = pictures(tmp_path / "pictures", 3), tmp_path / "out"
    wanted = FeatureSettings(image_size=32, mirror=mirror)
    for _ in range(2):  # the second command finds the first one's
        found = batch("features", source, dest, features=wanted, shard_size=4)
        assert found.plan.views == views
    assert read_plan(Place.of(dest)) == found.plan


def test_other_views_are_named(tmp_path: Path) -> None:
    source, dest = pictures(tmp_path / "pictures", 3), tmp_path / "out"
    batch("features", source, dest, features=FeatureSettings(image_size=32, mirror="no"))
    with pytest.raises(UsageError, match="the views"):
        batch("features", source, dest, features=FeatureSettings(image_size=32, mirror="yes"))
    with pytest.raises(UsageError, match="the picture size"):
        batch("features", source, dest, features=FeatureSettings(image_size=64, mirror="no"))
