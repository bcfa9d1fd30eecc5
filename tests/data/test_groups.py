"""Groups: by folders, names, cameras and columns, and united by whatever links pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.folders import ImageFile
from tl_catdog.data.groups import (
    EXIF_IFD,
    FRACTION,
    GAP,
    TAKEN,
    content_keys,
    group_keys,
    grouping_of,
    united,
)
from tl_catdog.data.table_rows import Named
from tl_catdog.data.tables import Table
from tl_catdog.errors import UsageError


def images(*names: str, label: str = "cat") -> list[ImageFile]:
    return [ImageFile(Path("/set", name), label, name) for name in names]


def rows(**cells: list[str]) -> Named:
    """Return a table whose rows name 0.jpg, 1.jpg, …"""
    columns = ("file", *cells)
    body = [(f"{n}.jpg", *row) for n, row in enumerate(zip(*cells.values(), strict=True))]
    table = Table(Path("labels.csv"), columns, tuple(body), tuple(range(2, len(body) + 2)))
    return Named(table, "file", tuple(row[0] for row in body), {})


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["cat/Tom/1", "cat/Tom/deep/2", "cat/3"], ["Tom", "Tom", ""]),
        (["train/cat/Tom/1", "val/cat/Tom/2"], ["Tom", "Tom"]),  # which a split then parts
        (["wrap/Cat /Tom/1", "wrap/Cat /Kim/2"], ["Tom", "Kim"]),
        (["images/p1/1", "images/p2/2", "images/3"], ["p1", "p2", ""]),  # labels from a table
        (["images/train/p1/1", "images/test/p1/2"], ["p1", "p1"]),
    ],
)
def test_the_folder_below_the_class_is_a_group(names: list[str], keys: list[str]) -> None:
    assert group_keys(images(*names), "subfolder") == keys


def test_copies_alone_tell_nothing_and_are_no_error() -> None:
    assert group_keys(images("cat/1.jpg", "cat/Tom/2.jpg"), "copies") == ["", ""]


def test_a_folder_of_one_name_in_two_classes_is_one_group() -> None:
    both = [*images("cat/Tom/1"), *images("dog/Tom/2", label="dog")]
    assert group_keys(both, "subfolder") == ["Tom", "Tom"]


@pytest.mark.parametrize(
    "by",
    [
        r"pattern:^.*/(\w+?)_\d+",
        r"^.*/(\w+?)_\d+",
        "{group}_{number}",
        "pattern:{group}_{number}",
        r"(?P<other>x)?(?P<group>Tom|Kim)",
    ],
)
def test_a_pattern_in_the_name_is_a_group(by: str) -> None:
    found = group_keys(images("cat/Tom_1.jpg", "cat/Kim_2.jpg", "cat/Tom_9.jpg", "cat/x.jpg"), by)
    assert found == ["Tom", "Kim", "Tom", ""]


@pytest.mark.parametrize("by", ["who", "column:who", "column:WHO"])
def test_a_column_of_the_table_is_a_group(by: str) -> None:
    table = rows(label=["x", "y", "x"], who=["Tom", "", "Kim"])
    assert group_keys(images("0.jpg", "1.jpg", "2.jpg", "3.jpg"), by, table) == [
        "Tom", "", "Kim", "",
    ]  # fmt: skip


def test_a_column_called_like_another_way_is_named_as_a_column() -> None:
    table = rows(subfolder=["a", "b"])
    pictures = images("0.jpg", "1.jpg")
    assert group_keys(pictures, "column:subfolder", table) == ["a", "b"]
    assert group_keys(pictures, "subfolder", table) == ["a", "b"]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("patient", r"found 'patient' \(columns: file, who\)"),
        ("column:patient", "a column 'patient'"),
        ("pattern:none", "a group in parentheses"),
        ("(none)", "says nothing of any of 2, such as 0.jpg"),
        ("subfolder", "says nothing of any of 2"),
        ("exif", "says nothing of any of 2"),
        ("exif:soon", "seconds after exif:, found 'soon'"),
        ("exif:-1", "found '-1'"),
        ("exif:nan", "found 'nan'"),
    ],
)
def test_what_makes_no_groups_is_refused(by: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        group_keys(images("0.jpg", "1.jpg"), by, rows(who=["Tom", "Kim"]))


def test_a_column_without_a_table_is_refused() -> None:
    with pytest.raises(UsageError, match="a table for --group-by column:who"):
        group_keys(images("0.jpg"), "column:who")


def photograph(path: Path, when: str | None, camera: str = "One", fraction: str = "") -> ImageFile:
    exif = Image.Exif()
    exif[0x0110] = camera
    if when is not None:
        inner = exif.get_ifd(EXIF_IFD)
        inner[TAKEN] = when
        if fraction:
            inner[FRACTION] = fraction
    Image.new("RGB", (4, 4)).save(path, exif=exif)
    return ImageFile(path, "cat", path.name)


def test_pictures_of_one_camera_and_moment_are_a_group(tmp_path: Path) -> None:
    taken = {
        "a": ("2024:05:01 10:00:00", "One"),
        "b": ("2024:05:01 10:00:59", "One"),
        "c": ("2024:05:01 10:01:58", "One"),  # a minute at most from each to the next
        "d": ("2024:05:01 10:02:59", "One"),
        "e": ("2024:05:01 10:00:30", "Two"),
        "f": ("2024:05:02 10:00:00", "One"),
        "g": (None, "One"),
        "h": ("yesterday", "One"),
    }
    pictures = [
        photograph(tmp_path / f"{name}.jpg", when, camera)
        for name, (when, camera) in reversed(taken.items())
    ]
    (tmp_path / "i.jpg").write_bytes(b"no picture")
    pictures.append(ImageFile(tmp_path / "i.jpg", "cat", "i.jpg"))
    keys = dict(zip([image.name[0] for image in pictures], group_keys(pictures, "exif"),
                    strict=True))  # fmt: skip
    assert keys["a"] == keys["b"] == keys["c"] == "One 2024-05-01 10:00:00"
    assert len({keys[name] for name in "adef"}) == 4
    assert [keys[name] for name in "ghi"] == ["", "", ""]
    assert GAP == 60
    wide = dict(zip(keys, group_keys(pictures, "exif:61"), strict=True))
    assert wide["a"] == wide["d"]
    narrow = dict(zip(keys, group_keys(pictures, "exif:58"), strict=True))
    assert len({narrow[name] for name in "abcd"}) == 4


def test_fractions_of_seconds_count(tmp_path: Path) -> None:
    pictures = [
        photograph(tmp_path / f"{n}.jpg", "2024:05:01 10:00:00", fraction=fraction)
        for n, fraction in enumerate(["05", "1", "900"])
    ]
    keys = group_keys(pictures, "exif:0.1")
    assert keys[0] == keys[1] != keys[2]


@given(st.binary(max_size=60))
def test_whatever_a_file_says_of_its_time_is_no_error(said: bytes) -> None:
    import io
    import tempfile

    exif = Image.Exif()
    exif[0x0110] = said
    exif[0x0132] = said.decode("latin-1")
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "JPEG", exif=exif)
    with tempfile.TemporaryDirectory() as folder:
        good = photograph(Path(folder, "good.jpg"), "2024:05:01 10:00:00")
        path = Path(folder, "bad.jpg")
        path.write_bytes(out.getvalue())
        keys = group_keys([good, ImageFile(path, "cat", "bad.jpg")], "exif")
    assert keys[0]
    assert keys[1].isprintable()


def test_pictures_are_united_by_content_by_what_they_say_and_by_copies() -> None:
    contents = ["a", "b", "c", "d", "b", "e"]
    keys = ["Tom", "Tom", "", "Kim", "", ""]
    assert united(contents, keys) == ["Tom", "Tom", "c", "Kim", "Tom", "e"]
    # Chains hold: f is a near-copy of c, which is one of a picture of Kim's.
    assert united(contents, keys, [0, 1, 3, 3, 4, 3]) == ["Tom", "Tom", "Kim", "Kim", "Tom", "Kim"]
    # Two patients that share a picture are one group, called by the first of them.
    assert united(["a", "a", "b"], ["Tom", "Kim", "Tom"]) == ["Kim", "Kim", "Kim"]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "p", "q", "r"]),
                          st.integers(0, 5)), min_size=1, max_size=12))  # fmt: skip
def test_groups_are_the_finest_that_hold_all_links(said: list[tuple[str, str, int]]) -> None:
    contents, keys, copies = (list(part) for part in zip(*said, strict=True))
    found = united(contents, keys, copies)
    expected = list(range(len(said)))  # the least picture that each is linked with
    for _ in said:
        for one, (content, key, copy) in enumerate(said):
            for other in range(len(said)):
                if content == contents[other] or (key and key == keys[other]) or (
                    copy == copies[other]
                ):  # fmt: skip
                    expected[one] = min(expected[one], expected[other])
    partition = {tuple(n for n in range(len(said)) if found[n] == g) for g in found}
    assert partition == {tuple(n for n in range(len(said)) if expected[n] == g) for g in expected}


def test_groups_are_counted() -> None:
    found = grouping_of("subfolder", ["x", "x", "y", "z", "z", "z"], ["x", "x", "", "z", "z", ""])
    assert found.to_json() == {"by": "subfolder", "groups": 2, "grouped": 5, "alone": 2}


def test_pictures_that_cannot_be_read_have_contents_of_their_own() -> None:
    found = content_keys(["aa", "aa", UNREADABLE, UNREADABLE], images("1", "2", "3", "4"))
    assert found[0] == found[1] != found[2] != found[3]
