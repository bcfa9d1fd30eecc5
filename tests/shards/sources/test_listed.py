"""Lists of pictures: texts, tables and Hugging Face's metadata, on disks and at addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tl_catdog.errors import ImageError, UsageError
from tl_catdog.shards.sources import open_other
from tl_catdog.shards.sources.listed import MOST_LINE, ListedSource
from tl_catdog.storage.places import Place

Found = list[tuple[str, str | None, str | None]]


def source_of(text: str | Path) -> ListedSource:
    source = open_other(str(text))
    assert isinstance(source, ListedSource)
    return source


def found(source: ListedSource) -> Found:
    return [(row.path, row.label, row.split) for row in source.rows()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("cats/1.jpg", "val/dogs/2.jpg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_a_line_is_a_path_or_an_address(folder: Path) -> None:
    Place.of("memory://other/3.jpg").write(b"three")
    listed = folder / "list.txt"
    outside = folder / "cats" / "1.jpg"
    listed.write_text(
        f"# pictures\ncats/1.jpg\r\n\nval/dogs/2.jpg\nmemory://other/3.jpg\n{outside}"
    )
    source = source_of(listed)
    assert found(source)[:3] == [
        ("cats/1.jpg", "cats", None),
        ("val/dogs/2.jpg", "dogs", "validation"),
        ("memory://other/3.jpg", None, None),
    ]
    data = [source.read(row) for row in source.rows()]
    assert data == [b"cats/1.jpg", b"val/dogs/2.jpg", b"three", b"cats/1.jpg"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "path,label,split\ncats/1.jpg,cat,train\nval/dogs/2.jpg,dog,\n"),
        ("t.csv", '\ufefffile_name;species;set\r\n"cats/1.jpg";cat;train\r\nval\\dogs\\2.jpg;dog;'),
        ("t.tsv", "image\tclass\tsplit\ncats/1.jpg\tcat\ttrain\nval/dogs/2.jpg\tdog\t\n"),
        (
            "t.jsonl",
            '{"file_name": "cats/1.jpg", "label": "cat", "split": "train"}\n'
            '{"label": "dog", "file_name": "val/dogs/2.jpg"}',
        ),
    ],
)
def test_tables_have_classes_and_splits(folder: Path, name: str, text: str) -> None:
    (folder / name).write_bytes(text.encode())
    rows = found(source_of(folder / name))
    assert rows[0] == ("cats/1.jpg", "cat", "train")
    assert rows[1][:2] == ("val/dogs/2.jpg", "dog")


def test_what_is_listed_and_not_there_is_the_rows_error(folder: Path) -> None:
    (folder / "list.txt").write_text("cats/none.jpg\nmemory://other/none.jpg\n")
    source = source_of(folder / "list.txt")
    for row in source.rows():
        with pytest.raises(ImageError):
            source.read(row)


def test_a_list_at_an_address_leads_nowhere_on_this_machine(folder: Path) -> None:
    Place.of("memory://lists/a/1.jpg").write(b"one")
    for line in ("/etc/hostname", "../../etc/hostname", "file:///etc/hostname", "C:\\a.jpg"):
        Place.of("memory://lists/list.txt").write(f"a/1.jpg\n{line}\n".encode())
        with pytest.raises(UsageError, match="line 2"):
            list(source_of("memory://lists/list.txt").rows())
    Place.of("memory://lists/list.txt").write(b"a/1.jpg\n")
    source = source_of("memory://lists/list.txt")
    assert [source.read(row) for row in source.rows()] == [b"one"]


def test_the_web_is_not_fetched(folder: Path) -> None:
    (folder / "list.txt").write_text("https://a.org/1.jpg\n")
    with pytest.raises(UsageError, match="web address"):
        list(source_of(folder / "list.txt").rows())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "a,b\n1,2\n"),
        ("t.csv", "1.jpg,cat\n2.jpg,dog\n"),
        ("t.jsonl", "[1]\n"),
        ("t.jsonl", "{\n"),
        ("t.jsonl", '{"label": "cat"}\n'),
        ("t.txt", "x" * (MOST_LINE + 1)),
        ("t.csv", "path\n" + "x" * (MOST_LINE + 1)),
    ],
)
def test_other_files_are_told_by_their_line(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(UsageError, match="line") as caught:
        list(source_of(folder / name).rows())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_folder_of_pictures_with_metadata_at_an_address(ending: str) -> None:
    top = Place.of(f"memory://imagefolder-{ending}")
    for split in ("train", "test"):
        (top / f"{split}/1.jpg").write(split.encode())
        text = f"file_name,label\n1.jpg,of {split}\n"
        if ending == "jsonl":
            text = f'{{"file_name": "1.jpg", "label": "of {split}"}}\n'
        (top / f"{split}/metadata.{ending}").write(text.encode())
    source = source_of(str(top))
    assert found(source) == [
        ("test/1.jpg", "of test", "test"),
        ("train/1.jpg", "of train", "train"),
    ]
    assert [source.read(row) for row in source.rows()] == [b"test", b"train"]


def test_lists_are_streamed(folder: Path) -> None:
    (folder / "long.txt").write_text("cats/1.jpg\n" * 10_000 + "/\0")
    rows = source_of(folder / "long.txt").rows()
    assert next(rows).path == "cats/1.jpg"
