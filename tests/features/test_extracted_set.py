"""A batch's pictures as a set: the same as of the folder, none of them opened."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import paint_set
from tests.support.batches import in_process, plan_of
from tl_catdog.api import train
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.planning import FeatureSettings
from tl_catdog.data.labelling import AS_IT_IS, Labelling
from tl_catdog.data.sets import divided, load_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.features.extracted_set import extracted_set
from tl_catdog.shards.closing import close
from tl_catdog.shards.listing import digest_of
from tl_catdog.shards.parts import write_part
from tl_catdog.shards.rows import Row
from tl_catdog.storage.places import Place

SMALL = FeatureSettings(image_size=32, compute="float32")


def stored(rows: list[Row], dest: Path, **changed: list[Any]) -> Path:
    """Write a closed batch of features that nobody computed."""
    plan = plan_of(rows, dest, kind="features", shard_size=len(rows))
    columns: dict[str, Any] = {
        "path": [row.path for row in rows],
        "sha256": [hashlib.sha256(row.path.encode()).hexdigest() for row in rows],
        "error": [None] * len(rows),
        "label": [row.label for row in rows],
        "split": [row.split for row in rows],
        "features": [[1.0, 2.0, 3.0]] * len(rows),
    }
    digest = digest_of(rows)
    part = write_part(Place.of(dest), plan, 0, columns | changed, digest)
    close(Place.of(dest), plan, {0: part}, [digest])
    return dest


def named(*names: str, labels: bool = True) -> list[Row]:
    return [Row(name, name.split("/")[0] if labels else None) for name in names]


FOUR = ("cat/1.jpg", "cat/2.jpg", "dog/tom_3.jpg", "dog/tom_4.jpg")


@pytest.mark.parametrize("counts", [{"": 4}, {"train": 3, "validation": 2, "test": 2}])
def test_it_is_the_folders_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: dict[str, int]
) -> None:
    root = paint_set(tmp_path / "set", counts)
    in_process(monkeypatch)
    batch("features", root, tmp_path / "out", features=SMALL, shard_size=3)
    folder, found = load_set(root), extracted_set(tmp_path / "out", AS_IT_IS)
    assert found.examples == folder.examples
    assert (found.classes, found.root) == (folder.classes, folder.root)
    assert found.fingerprint == folder.fingerprint
    assert found.address is None


def test_classes_come_from_a_table_or_a_pattern_where_the_listing_has_none(tmp_path: Path) -> None:
    dest = stored(named(*FOUR, labels=False), tmp_path / "out")
    with pytest.raises(UsageError, match="found that its listing has none"):
        extracted_set(dest, AS_IT_IS)
    table = tmp_path / "labels.csv"
    table.write_text("file,label\n" + "".join(f"{n},{i % 2}\n" for i, n in enumerate(FOUR)))
    found = extracted_set(dest, Labelling(table=str(table)))
    assert {item.name: item.label for item in found.examples} == {
        name: str(number % 2) for number, name in enumerate(FOUR)
    }
    by_pattern = extracted_set(dest, Labelling(pattern="^(cat|dog)/"))
    assert by_pattern.classes == ("cat", "dog")
    with pytest.raises(UsageError, match="expected a table for --label-column"):
        extracted_set(dest, Labelling(column="label"))


def test_groups_come_from_names_and_near_copies_are_not_looked_for(tmp_path: Path) -> None:
    dest = stored(named(*FOUR), tmp_path / "out")
    found = extracted_set(dest, Labelling(group_by="pattern:(tom)"))
    assert found.examples[2].group == found.examples[3].group
    assert len({item.group for item in found.examples}) == 3
    assert any("Near-copies aren't looked for" in note for note in found.notes)
    with pytest.raises(UsageError, match="which is in the pictures"):
        extracted_set(dest, Labelling(group_by="exif"))


def test_identical_pictures_are_one_group(tmp_path: Path) -> None:
    same = ["a" * 64, "a" * 64, "b" * 64, "c" * 64]
    found = extracted_set(stored(named(*FOUR), tmp_path / "out", sha256=same), AS_IT_IS)
    assert [item.group for item in found.examples] == same


def test_pictures_without_a_class_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [*named(*FOUR), Row("other.jpg")]
    found = extracted_set(stored(rows, tmp_path / "out"), AS_IT_IS)
    assert len(found.examples) == 4
    assert found.ignored == {"pictures without a class": 1}


@pytest.mark.parametrize(
    ("names", "changed", "says"),
    [
        (("cat/1.jpg", "cat/1.jpg", "dog/1.jpg", "dog/2.jpg"), {}, "each picture once"),
        (("cat/1.jpg", "../1.jpg", "dog/1.jpg", "dog/2.jpg"), {}, "names within the folder"),
        (FOUR, {"sha256": ["no hash"] * 4}, "a SHA-256"),
        (FOUR, {"split": ["everything"] * 4}, "a split"),
        (FOUR, {"label": ["../cat"] * 2 + ["dog"] * 2}, "classes that can be names"),
        (FOUR, {"label": ["cat"] * 4}, "two classes or more"),
    ],
)
def test_what_a_stranger_says_of_pictures_is_checked(
    tmp_path: Path, names: tuple[str, ...], changed: dict[str, list[Any]], says: str
) -> None:
    dest = stored(named(*names), tmp_path / "out", **changed)
    with pytest.raises(CatdogError, match=says):
        extracted_set(dest, AS_IT_IS)


def test_settings_that_take_pictures_are_refused(tmp_path: Path) -> None:
    place = str(tmp_path)
    for settings, says in (
        ({"finetune": True}, "--finetune"),
        ({"arch": "baseline"}, "--arch baseline"),
        ({"views": 2}, "--views 2"),
        ({"augment": "strong"}, "--augment strong"),
    ):
        with pytest.raises(UsageError, match=f"found {says}, which takes the pictures"):
            train(features=place, **settings)
    with pytest.raises(UsageError, match="found --data and --features"):
        train("pictures", features=place)
    with pytest.raises(UsageError, match="found neither"):
        train()


def test_a_picture_takes_a_few_bytes_of_memory(tmp_path: Path) -> None:
    count = 20_000
    rows = named(*(f"{'cat' if n % 2 else 'dog'}/picture-{n:09}.jpg" for n in range(count)))
    dest = stored(rows, tmp_path / "out")
    del rows
    extracted_set(dest, AS_IT_IS)  # what is imported isn't of the pictures
    tracemalloc.start()
    try:
        images = divided(
            extracted_set(dest, AS_IT_IS),
            seed=0,
            validation_fraction=0.2,
            test_fraction=0.1,
            split_file=None,
        )
        assert images.fingerprint
        assert not images.leaks()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # 28 for the name, 41 for that and for the hash and what tells them apart, 21 for the roles.
    print(kept / count)
    assert kept / count < 130
