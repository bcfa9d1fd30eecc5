"""An edited list: what is understood, what is refused, and where each picture would go."""

import csv
import io
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint, paint_set
from tests.support.made_up import made_up_run
from tl_catdog.data.digest import file_digest
from tl_catdog.errors import UsageError
from tl_catdog.journal.moves import Move
from tl_catdog.review.label_issues import LabelIssue, to_csv
from tl_catdog.review.review_list import COLUMNS, Edit, plan, read_list, train_anew
from tl_catdog.runs.contents import own_images
from tl_catdog.runs.folder import Run


def edit(run: Run, name: str, action: str, **other: str) -> Edit:
    """Return a row of the list that is right but for what is named."""
    path = Path(run.manifest["data"]["root"]) / name
    label = next((part for part in (*path.parts[::-1], "") if part in run.classes), "")
    row = {"name": name, "label": label or path.name.split(".")[0], "digest": file_digest(path)}
    return Edit(action, **{**row, **other})


def places(moves: tuple[Move, ...]) -> dict[str, str]:
    return {move.source: move.target for move in moves}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    data = paint_set(tmp_path / "set", {"train": 4, "validation": 2})
    return made_up_run(data, tmp_path / "runs")


def written(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(COLUMNS)
    writer.writerow([" bee ", 'train/a,"b;.png', "ant", "bee", "0.1", "0.1", "f00d"])
    path.write_text(out.getvalue(), encoding=encoding)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_list_is_read_as_spreadsheets_save_it(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    (found,) = read_list(written(tmp_path / "list.csv", delimiter, encoding))
    assert found == Edit("bee", 'train/a,"b;.png', "ant", "f00d")


def test_names_that_a_spreadsheet_takes_for_formulas_come_back(tmp_path: Path) -> None:
    """Nobody's spreadsheet computes what a folder is called, and the picture is found again."""
    items = [
        LabelIssue(name, label, "@b", 0.5, 0.5, likely=True, sha256="f00d")
        for name, label in (("=1/+2.png", "=1"), ("'=1/2.png", "'=1"), (" a/\r\n.png ", "-c"))
    ]
    edits = {(item.name, "f00d"): Edit("@b", item.name, item.label, "f00d") for item in items}
    text = to_csv(items, edits)
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
    path = tmp_path / "list.csv"
    path.write_text(text, newline="")
    assert read_list(path) == tuple(edits.values())


def test_no_pipe_and_no_device_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.csv")
    for path in (tmp_path / "list.csv", Path("/dev/zero")):
        with pytest.raises(UsageError, match=r"expected an edited review list, found none at .*"):
            read_list(path)


def test_the_heading_tells_what_parts_the_cells_whatever_is_in_names(tmp_path: Path) -> None:
    name = "train/a" + ";" * 30 + ".png"
    (tmp_path / "list.csv").write_text(f"{','.join(COLUMNS)}\nkeep,{name},ant,bee,0.1,0.1,f00d\n")
    assert read_list(tmp_path / "list.csv") == (Edit("keep", name, "ant", "f00d"),)


@pytest.mark.parametrize("content", [None, b"", b"name,action\n", b"PK\x03\x04\x00\x00\xff"])
def test_what_is_no_list_is_wrong_use(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "list.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"expected .* found"):
        read_list(path)


def test_a_relabelled_picture_keeps_its_split_and_subfolders(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 3, "validation": 2})
    paint(data / "train" / "ant" / "far" / "off.png", COLOURS[0], 99)
    run = made_up_run(data, tmp_path / "runs")
    paint(data / "train" / "bee" / "far" / "off-2.png", COLOURS[0], 98)
    moves = plan(run, [edit(run, "train/ant/far/off.png", "bee")])
    assert places(moves) == {"set/train/ant/far/off.png": "set/train/bee/far/off.png"}
    (data / "train" / "bee" / "far" / "off.png").touch()
    moves = plan(run, [edit(run, "train/ant/far/off.png", "bee")])
    assert moves[0].target == "set/train/bee/far/off-3.png"


def test_class_folders_without_splits_do_as_well(tmp_path: Path) -> None:
    run = made_up_run(paint_set(tmp_path / "set", {"": 5}), tmp_path / "runs")
    moves = plan(run, [edit(run, "ant/004.png", "bee")])
    assert places(moves) == {"set/ant/004.png": "set/bee/004-2.png"}


def test_a_wrapping_folder_of_a_classs_name_is_no_class(tmp_path: Path) -> None:
    paint_set(tmp_path / "set" / "ant", {"train": 3, "validation": 2})
    run = made_up_run(tmp_path / "set", tmp_path / "runs")
    moves = plan(run, [edit(run, "ant/train/ant/002.png", "bee", label="ant")])
    assert moves[0].target == "set/ant/train/bee/002-2.png"


def test_flat_names_get_the_next_free_number(tmp_path: Path) -> None:
    data = tmp_path / "set"
    for number in range(6):
        for label, colour in zip(("ant", "bee"), COLOURS, strict=False):
            paint(data / f"{label}.{number}.png", colour, number + 100 * len(label + str(number)))
    paint(data / "bee.41.png", COLOURS[1], 999)
    run = made_up_run(data, tmp_path / "runs")
    edits = [edit(run, name, "bee", label="ant") for name in ("ant.2.png", "ant.3.png")]
    edits.append(edit(run, "bee.1.png", "ant", label="bee"))
    assert places(plan(run, edits)) == {
        "set/ant.2.png": "set/bee.42.png",
        "set/ant.3.png": "set/bee.43.png",
        "set/bee.1.png": "set/ant.6.png",
    }


def test_where_no_picture_of_a_class_is_left_its_numbers_begin_at_zero(tmp_path: Path) -> None:
    data = tmp_path / "set"
    for number in range(6):
        for label, colour in zip(("ant", "bee"), COLOURS, strict=False):
            paint(data / f"{label}.{number}.png", colour, number + 100 * len(label + str(number)))
    run = made_up_run(data, tmp_path / "runs")
    for path in data.glob("bee.*"):
        path.unlink()
    moves = plan(run, [edit(run, "ant.2.png", "bee", label="ant")])
    assert places(moves) == {"set/ant.2.png": "set/bee.0.png"}


def test_a_folder_is_a_classs_only_beside_those_of_all_others(tmp_path: Path) -> None:
    classes = ("ant", "bee", "fly")
    paint_set(tmp_path / "set" / "ant", {"train": 3, "validation": 2}, classes)
    run = made_up_run(tmp_path / "set", tmp_path / "runs")
    (tmp_path / "set" / "bee").mkdir()  # but none for flies
    moves = plan(run, [edit(run, "ant/train/ant/002.png", "bee", label="ant")])
    assert moves[0].target == "set/ant/train/bee/002-2.png"


def test_a_split_may_lack_other_classes(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 3, "validation": 2}, ("ant", "bee", "fly"))
    run = made_up_run(data, tmp_path / "runs")
    shutil.rmtree(data / "validation" / "fly")
    moves = plan(run, [edit(run, "validation/ant/000.png", "bee")])
    assert moves[0].target == "set/validation/bee/000-2.png"
    with pytest.raises(UsageError, match="expected a folder for fly"):
        plan(run, [edit(run, "validation/ant/000.png", "fly")])


def test_folders_of_a_class_may_be_spelt_otherwise(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 3, "validation": 2})
    (data / "validation" / "ant").rename(data / "validation" / "Ant ")
    (data / "validation" / "bee").rename(data / "validation" / "BEE")
    run = made_up_run(data, tmp_path / "runs")
    moves = plan(run, [edit(run, "validation/Ant /000.png", "bee", label="ant")])
    assert moves[0].target == "set/validation/BEE/000-2.png"


@pytest.mark.parametrize("label", ["keep", "remove"])
def test_classes_called_like_an_action_are_refused(tmp_path: Path, label: str) -> None:
    data = paint_set(tmp_path / "set", {"train": 3, "validation": 2}, ("ant", label))
    run = made_up_run(data, tmp_path / "runs")
    with pytest.raises(UsageError, match=rf"called like an action, found {label}\."):
        plan(run, [edit(run, "train/ant/000.png", label)])
    assert (data / "train" / "ant" / "000.png").exists()


def test_two_pictures_never_get_the_same_place(run: Run) -> None:
    # Each takes the other's name, which is not free before the other is gone.
    edits = [edit(run, "train/ant/000.png", "bee"), edit(run, "train/bee/000.png", "ant")]
    moves = plan(run, edits)
    assert [move.target for move in moves] == ["set/train/bee/000-2.png", "set/train/ant/000-2.png"]


def test_what_is_removed_goes_to_the_same_place_beside_the_data(run: Run) -> None:
    root = Path(run.manifest["data"]["root"])
    paint(root.parent / "set.removed" / "train" / "ant" / "001.png", COLOURS[0], 5)
    moves = plan(run, [edit(run, f"train/ant/00{n}.png", "remove") for n in (0, 1)])
    assert [move.target for move in moves] == [
        "set.removed/train/ant/000.png",
        "set.removed/train/ant/001-2.png",
    ]


def test_keep_and_the_pictures_own_class_move_nothing(run: Run) -> None:
    edits = [edit(run, "train/ant/000.png", "keep"), edit(run, "train/ant/001.png", "ant")]
    Path(run.manifest["data"]["root"], "train/ant/000.png").unlink()
    assert plan(run, edits) == ()


@pytest.mark.parametrize(
    ("name", "action", "other", "message"),
    [
        ("train/ant/000.png", "wasp", {}, "actions keep, remove, ant, bee, found 'wasp'"),
        ("train/ant/000.png", "", {}, "found ''"),
        ("../other/ant/000.png", "bee", {"label": "ant"}, "found '../other/ant/000.png'"),
        ("/etc/passwd", "remove", {"label": "ant"}, "found '/etc/passwd'"),
        ("train/ant/new.png", "bee", {}, "trained with, found 'train/ant/new.png'"),
        ("train/ant/000.png", "bee", {"digest": "f00d"}, "found other bytes"),
        ("train/ant/000.png", "bee", {"label": "bee"}, "the column to edit is action"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(
    run: Run, name: str, action: str, other: dict[str, str], message: str
) -> None:
    good = edit(run, "train/bee/000.png", "ant")
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        plan(run, [good, edit(run, name, action, **other)])


def test_a_picture_named_twice_is_refused(run: Run) -> None:
    rows = [edit(run, "train/ant/000.png", action) for action in ("bee", "remove")]
    with pytest.raises(UsageError, match="one row for each picture, found 2"):
        plan(run, rows)


def test_a_picture_that_has_changed_or_is_gone_is_refused(run: Run) -> None:
    path = Path(run.manifest["data"]["root"], "train/ant/000.png")
    row = edit(run, "train/ant/000.png", "bee")
    paint(path, COLOURS[0], 77)
    for changed in (row, edit(run, "train/ant/000.png", "bee")):
        with pytest.raises(UsageError, match="found other bytes"):
            plan(run, [changed])
    path.unlink()
    with pytest.raises(UsageError, match="found no such file"):
        plan(run, [row])


def test_pictures_whose_folder_is_gone_are_told_so(run: Run) -> None:
    root = Path(run.manifest["data"]["root"])
    row = edit(run, "train/ant/000.png", "bee")
    root.rename(root.with_name("elsewhere-entirely"))
    with pytest.raises(UsageError, match=r"no such folder\. Name where they are now: --data DIR"):
        plan(run, [row])


def test_a_class_without_a_folder_is_refused(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 3, "validation": 2})
    paint(data / "train" / "ant" / "ant.7.png", COLOURS[0], 99)
    run = made_up_run(data, tmp_path / "runs")
    (data / "train" / "bee").rename(data / "train" / "wasp")
    for name in ("000.png", "ant.7.png"):
        with pytest.raises(UsageError, match="expected a folder for bee"):
            plan(run, [edit(run, f"train/ant/{name}", "bee")])


def test_a_link_that_would_lead_astray_is_refused(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 3, "validation": 2})
    paint(tmp_path / "pool" / "a.png", COLOURS[0], 99)
    (data / "train" / "ant" / "link.png").symlink_to("../../../pool/a.png")
    run = made_up_run(data, tmp_path / "runs")
    with pytest.raises(UsageError, match="lead astray"):
        plan(run, [edit(run, "train/ant/link.png", "remove")])


def test_drawings_are_refused(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 3, "validation": 2})
    run = made_up_run(data, tmp_path / "runs", drawn=True)
    with pytest.raises(UsageError, match="drawings"):
        plan(run, [edit(run, "train/ant/000.png", "bee")])
    assert train_anew(run) == "tl-catdog train --arch mobilenet"


def test_a_new_training_is_on_the_same_folder(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "my set", {"train": 3, "validation": 2})
    run = made_up_run(data, tmp_path / "runs", finetune=True)
    assert train_anew(run) == f"tl-catdog train --arch mobilenet --finetune --data '{data}'"


def test_where_classes_come_from_a_table_pictures_are_removed_but_not_relabelled(
    tmp_path: Path,
) -> None:
    """Moving such a picture would change nothing, even if there were folders called so."""
    data = paint_set(tmp_path / "set", {"": 12})
    names = sorted(path.relative_to(data).as_posix() for path in data.glob("*/*.png"))
    lines = [f"{name},{'ant' if n % 2 else 'bee'}" for n, name in enumerate(names)]
    (data / "labels.csv").write_text("file,label\n" + "\n".join(lines))
    run = made_up_run(data, tmp_path / "runs")
    trained = own_images(run).examples
    other = {"ant": "bee", "bee": "ant"}
    edits = [Edit(other[e.label], e.name, e.label, e.digest) for e in trained]
    with pytest.raises(UsageError, match=r"found labels from labels\.csv, column label") as caught:
        plan(run, edits[:1])
    assert "train anew: tl-catdog train" in caught.value.hint
    (move,) = plan(run, [replace(edits[0], action="remove")])
    assert move.target.startswith("set.removed/")
