"""Where classes come from: a table that is found or named, names, or folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.trees import plant
from tl_catdog.data.folders import ImageFolder
from tl_catdog.data.labelling import Labelling, labelled
from tl_catdog.errors import UsageError

CELLS = ("0.png,cat", "1.png,dog", "2.png,cat", "3.png,dog")


def flat(root: Path, folder: str = "") -> Path:
    """Return a folder with four pictures, 0.png to 3.png."""
    return plant(root, *(f"{folder}{number}.png" for number in range(4)))


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def classes(folder: ImageFolder) -> dict[str, str]:
    return {image.name: image.label for images in folder.splits.values() for image in images}


LABELS = {"0.png": "cat", "1.png": "dog", "2.png": "cat", "3.png": "dog"}


@pytest.mark.parametrize(
    ("name", "header", "column"),
    [
        ("metadata.csv", "file_name,label", "label"),
        ("labels.csv", "filename,label", "label"),
        ("labels.csv", "id,breed", "breed"),
        ("train.csv", "image,diagnosis", "diagnosis"),
        ("birds of mine.csv", "image,label", "label"),
    ],
)
def test_a_table_beside_pictures_is_found_by_itself(
    tmp_path: Path, name: str, header: str, column: str
) -> None:
    write(flat(tmp_path) / name, header, *CELLS)
    found = labelled(tmp_path)
    assert found.folder.layout == f"labels from {name}, column {column}"
    assert classes(found.folder) == LABELS
    assert found.folder.ignored == {}
    assert found.notes == ()


def test_json_lines_in_each_split_are_found(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        lines = [json.dumps({"file_name": f"{n}.png", "label": "ab"[n % 2]}) for n in range(4)]
        write(flat(tmp_path / split) / "metadata.jsonl", *lines)
    found = labelled(tmp_path).folder
    assert {split: len(images) for split, images in found.splits.items()} == {
        "train": 4,
        "validation": 4,
    }
    assert classes(found)["validation/1.png"] == "b"


def test_tables_called_like_splits_are_splits_and_one_without_classes_is_left_out(
    tmp_path: Path,
) -> None:
    root = plant(tmp_path, *(f"images/{n}.png" for n in range(9)))
    write(root / "train.csv", "id,breed", "0,x", "1,y", "2,x", "3,y")
    write(root / "val.csv", "breed,id", "x,4", "y,5")
    write(root / "test.csv", "id", "6", "7")
    found = labelled(root).folder
    assert classes(found) == {f"images/{n}.png": "xy"[n % 2] for n in range(6)}
    assert [image.name for image in found.splits["validation"]] == ["images/4.png", "images/5.png"]
    assert found.ignored == {
        "rows of train.csv without a class, such as '6' in line 2": 2,
        "pictures that train.csv doesn't name": 1,
    }


def test_what_the_competitions_have_is_read_from_the_labelled_half(tmp_path: Path) -> None:
    root = plant(tmp_path, *(f"{half}/{n}.png" for half in ("train", "test") for n in range(4)))
    write(root / "train.csv", "id,breed", "0,x", "1,y", "2,x", "3,y")
    write(root / "sample_submission.csv", "id,x,y", "0,0.5,0.5")
    found = labelled(root).folder
    assert classes(found) == {f"train/{n}.png": "xy"[n % 2] for n in range(4)}
    assert list(found.splits) == ["all"]
    assert found.ignored["pictures that train.csv doesn't name"] == 4


def test_folders_that_are_classes_count_unless_a_column_is_called_so(tmp_path: Path) -> None:
    root = plant(tmp_path, "x/0.png", "x/1.png", "y/2.png", "y/3.png")
    folders = {"x/0.png": "x", "x/1.png": "x", "y/2.png": "y", "y/3.png": "y"}
    write(root / "metadata.csv", "file_name,camera", *CELLS)
    found = labelled(root)
    assert classes(found.folder) == folders
    assert found.notes == (
        "metadata.csv isn't used for classes; if it should be: --labels metadata.csv",
    )
    assert found.rows is not None
    named = labelled(root, Labelling(table="metadata.csv"))
    assert set(classes(named.folder).values()) == {"cat", "dog"}

    write(root / "metadata.csv", "file_name,label", *CELLS)
    found = labelled(root)
    assert set(classes(found.folder).values()) == {"cat", "dog"}
    assert found.notes == ("Classes are those of metadata.csv; for x, y: --labels folders",)
    assert classes(labelled(root, Labelling(table="folders")).folder) == folders


def test_a_table_that_says_the_same_as_the_folders_is_not_mentioned(tmp_path: Path) -> None:
    root = plant(tmp_path, "x/0.png", "x/1.png", "y/2.png", "y/3.png")
    write(root / "labels.csv", "file,label", "x/0.png,x", "1.png,x", "2.png,y")
    found = labelled(root)
    assert found.folder.layout == "class folders"
    assert found.notes == ()


def test_a_table_that_cannot_be_used_is_mentioned_where_folders_are_classes(
    tmp_path: Path,
) -> None:
    root = plant(tmp_path, "x/0.png", "x/1.png", "y/2.png", "y/3.png")
    write(root / "metadata.csv", "name,a,b", "0,p,q", "1,q,q", "2,p,r", "3,q,r")
    found = labelled(root)
    assert found.folder.layout == "class folders"
    assert found.notes[0].startswith("metadata.csv isn't used: expected one column of classes")
    with pytest.raises(UsageError, match="column 'c'"):
        labelled(root, Labelling(column="c"))
    assert set(classes(labelled(root, Labelling(column="b")).folder).values()) == {"q", "r"}


def test_a_table_of_groups_alone_leaves_the_classes_to_the_folders(tmp_path: Path) -> None:
    root = plant(tmp_path, "x/0.png", "x/1.png", "y/2.png", "y/3.png")
    write(root / "metadata.csv", "file_name,who", "0.png,Tom", "1.png,Ann", "2.png,Tom", "3,Ann")
    found = labelled(root, Labelling(group_by="who"))
    assert found.folder.layout == "class folders"
    assert found.notes == ()
    assert found.rows is not None
    assert found.rows.table.column("who") == ["Tom", "Ann", "Tom", "Ann"]


def test_a_table_elsewhere_can_be_named_and_may_begin_with_the_folders_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = flat(tmp_path / "pets")
    write(tmp_path / "of pets.csv", "file,label", *(f"pets/{cell}" for cell in CELLS))
    monkeypatch.chdir(tmp_path)
    assert classes(labelled(Path("pets"), Labelling(table="of pets.csv")).folder) == LABELS
    assert root.is_dir()


def test_two_tables_that_could_be_it_are_named(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        write(flat(tmp_path) / name, "file,label", *CELLS)
    with pytest.raises(UsageError, match=r"found 2 in .*: one\.csv, two\.csv") as caught:
        labelled(tmp_path)
    assert caught.value.hint == "Name one: --labels one.csv"


def test_what_a_table_does_not_name_is_counted_beside_other_files(tmp_path: Path) -> None:
    root = flat(tmp_path, "images/")
    plant(root, "images/more.png", "notes.txt")
    write(root / "labels.csv", "file,label", *CELLS, "4.png,dog")
    assert labelled(root).folder.ignored == {
        ".txt": 1,
        "pictures that labels.csv doesn't name": 1,
        "rows of labels.csv: no such file, such as '4.png' in line 6": 1,
    }


def test_no_file_outside_of_the_folder_is_ever_read(tmp_path: Path) -> None:
    root = flat(tmp_path / "set")
    plant(tmp_path, "secret.png")
    outside = tmp_path / "secret.png"
    cells = ["../secret.png,dog", "../secret.png,dog", f"{outside},cat"]
    write(root / "labels.csv", "file,label", *CELLS, *cells)
    found = labelled(root).folder
    assert classes(found) == LABELS
    assert sorted(found.ignored.values()) == [1, 2]
    words = "rows of labels.csv: files outside of the folder, such as '../secret.png' in line 6"
    assert found.ignored[words] == 2


def test_names_are_read_by_a_pattern_and_one_is_suggested(tmp_path: Path) -> None:
    names = [f"{label}_{n}.png" for label in ("Maine_Coon", "pug") for n in range(3)]
    root = plant(tmp_path, *names)
    with pytest.raises(UsageError, match="seem to hold 2 classes: Maine_Coon, pug") as caught:
        labelled(root)
    assert caught.value.hint == "Type: --label-pattern '{label}_{number}'"
    found = labelled(root, Labelling(pattern="{label}_{number}")).folder
    assert found.classes == ("Maine_Coon", "pug")
    assert found.layout == "labels from names, {label}_{number}"


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    root = flat(tmp_path / "set")
    with pytest.raises(UsageError, match="--labels and --label-pattern"):
        labelled(root, Labelling(table="a.csv", pattern="{label}"))
    with pytest.raises(UsageError, match="for --label-column, found none"):
        labelled(root, Labelling(column="breed"))
    with pytest.raises(UsageError, match="no file none"):
        labelled(root, Labelling(table="none.csv"))
    with pytest.raises(UsageError, match="no such folder"):
        labelled(tmp_path / "nowhere", Labelling(table="none.csv"))


def test_a_folder_without_pictures_says_so_whatever_tables_it_has(tmp_path: Path) -> None:
    write(tmp_path / "labels.csv", "file,label", *CELLS)
    with pytest.raises(UsageError, match="found none below"):
        labelled(tmp_path)


def test_a_run_s_classes_are_known(tmp_path: Path) -> None:
    write(flat(tmp_path) / "labels.csv", "file,label", "0.png,CAT", "1.png,cat", "2.png,cat")
    with pytest.raises(UsageError, match="two classes"):
        labelled(tmp_path, Labelling(table="labels.csv"))
    found = labelled(tmp_path, Labelling(table="labels.csv", known=("Cat", "Dog"))).folder
    assert found.classes == ("Cat",)


def test_any_table_that_names_the_pictures_is_mentioned_where_folders_are_classes(
    tmp_path: Path,
) -> None:
    """A public set of skin lesions has two folders, part 1 and part 2, and a table beside them."""
    root = plant(tmp_path, "part_1/0.png", "part_1/1.png", "part_2/2.png", "part_2/3.png")
    write(root / "HAM.csv", "lesion,id,dx,sex", "a,0,x,m", "b,1,x,f", "a,2,y,m", "b,3,y,m")
    found = labelled(root)
    assert found.folder.classes == ("part_1", "part_2")
    assert found.notes[0].startswith("HAM.csv isn't used: expected one column of classes")
    asked = labelled(root, Labelling(column="dx", group_by="lesion"))
    assert asked.folder.classes == ("x", "y")
    assert asked.rows is not None
    write(root / "notes.csv", "id,x", "0,1", "2,1", "3,0", "4,0", "5,1")
    assert labelled(root).notes == (
        "HAM.csv, notes.csv aren't used; if one should be: --labels HAM.csv",
    )


def test_what_this_program_wrote_is_no_table_of_labels(tmp_path: Path) -> None:
    root = plant(tmp_path, "x/0.png", "x/1.png", "y/2.png", "y/3.png")
    write(root / "set.split.csv", "split,label,sha256,name", "train,x,aa,x/0.png")
    assert labelled(root).notes == ()
    write(root / "unrelated.csv", "a,b", "p,q")
    assert labelled(root).notes == ()
