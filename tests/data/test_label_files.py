"""Which files are taken for tables of labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from tl_catdog.data.label_files import likely_tables, named_tables, other_tables
from tl_catdog.errors import UsageError


def planted(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def found(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): split for path, split in likely_tables(root).items()}


@pytest.mark.parametrize(
    ("names", "tables"),
    [
        (["metadata.csv", "labels.csv", "train.csv"], {"metadata.csv": ""}),
        (["Labels.TSV", "x.jpg"], {"Labels.TSV": ""}),
        (["train_labels.csv"], {"train_labels.csv": ""}),
        (["_classes.csv"], {"_classes.csv": ""}),
        (["wrapping/labels.csv"], {"wrapping/labels.csv": ""}),
        (["wrapping/labels.csv", "beside.jpg"], {}),
        (["train.csv", "test.csv", "val.csv", "other.csv"],
         {"train.csv": "train", "test.csv": "test", "val.csv": "validation"}),
        (["train.csv", "train/1.jpg", "sample_submission.csv"], {"train.csv": ""}),
        (["test.csv", "val.csv"], {}),
        (["train/metadata.jsonl", "test/metadata.jsonl", "metadata_old.csv"],
         {"train/metadata.jsonl": "train", "test/metadata.jsonl": "test"}),
        (["Training/_classes.csv", "valid/_classes.csv"],
         {"Training/_classes.csv": "train", "valid/_classes.csv": "validation"}),
        (["test/metadata.csv"], {}),
        ([".labels.csv", "labels.txt", "labels.csv/x"], {}),
    ],
)  # fmt: skip
def test_tables_called_like_ones_are_found_with_their_splits(
    tmp_path: Path, names: list[str], tables: dict[str, str]
) -> None:
    assert found(planted(tmp_path, *names)) == tables


def test_the_tables_of_splits_begin_with_that_of_training(tmp_path: Path) -> None:
    planted(tmp_path, "a_test/labels.csv", "train/labels.csv", "eval/labels.csv")
    assert next(iter(found(tmp_path))) == "train/labels.csv"


def test_other_tables_may_be_called_anything_but_predictions(tmp_path: Path) -> None:
    planted(tmp_path, "birds.csv", "sample_submission.csv", "predictions.csv", "x.txt", "y.jsonl")
    assert [path.name for path in other_tables(tmp_path)] == ["birds.csv", "y.jsonl"]


def test_a_table_is_named_from_here_from_the_folder_or_from_its_splits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = planted(tmp_path / "set", "mine.csv", "train/each.csv", "val/each.csv")
    planted(tmp_path, "mine.csv", "here.csv")
    monkeypatch.chdir(tmp_path)
    assert named_tables(root, "here.csv") == {tmp_path / "here.csv": ""}
    assert named_tables(root, "mine.csv") == {tmp_path / "mine.csv": ""}
    assert named_tables(root, str(root / "mine.csv")) == {root / "mine.csv": ""}
    monkeypatch.chdir(root / "train")
    assert named_tables(root, "mine.csv") == {root / "mine.csv": ""}
    monkeypatch.chdir(tmp_path)
    assert named_tables(root, "each.csv") == {
        root / "train" / "each.csv": "train",
        root / "val" / "each.csv": "validation",
    }
    with pytest.raises(UsageError, match=r"no file other\.csv"):
        named_tables(root, "other.csv")
