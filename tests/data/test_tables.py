"""Tables as people have them: delimiters, encodings, line ends, and what is no table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tl_catdog.data.tables import CELL, read_table
from tl_catdog.errors import UsageError

ROWS = (("a 1.jpg", "Kätzchen"), ("b.jpg", "Hündchen"))


def written(tmp_path: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiters_line_ends_and_encodings_are_told(
    tmp_path: Path, delimiter: str, end: str, encoding: str
) -> None:
    lines = [("file_name", "label"), *ROWS]
    text = end.join(delimiter.join(line) for line in lines) + end
    found = read_table(written(tmp_path, text.encode(encoding)))
    assert found.columns == ("file_name", "label")
    assert found.rows == ROWS
    assert found.lines == (2, 3)
    assert found.column("label") == ["Kätzchen", "Hündchen"]


def test_a_comma_within_quotes_parts_nothing(tmp_path: Path) -> None:
    found = read_table(written(tmp_path, 'file;label\n"a, b.jpg";"x;y"\nc.jpg; z \n'))
    assert found.rows == (("a, b.jpg", "x;y"), ("c.jpg", "z"))


def test_a_text_of_commas_is_not_taken_for_columns(tmp_path: Path) -> None:
    text = "file;caption\na.jpg;one, two, three\nb.jpg;four\nc.jpg;five, six\n"
    assert read_table(written(tmp_path, text)).columns == ("file", "caption")


def test_a_spreadsheets_own_first_line_names_the_delimiter(tmp_path: Path) -> None:
    found = read_table(written(tmp_path, "sep=;\r\nfile;label\r\na.jpg;x\r\n"))
    assert found.rows == (("a.jpg", "x"),)
    assert found.lines == (3,)


def test_a_list_parted_by_spaces_is_read_too(tmp_path: Path) -> None:
    found = read_table(written(tmp_path, "images/1.jpg 0\nimages/2.jpg 1\n", "train.txt"))
    assert found.without_header().rows == (("images/1.jpg", "0"), ("images/2.jpg", "1"))


def test_columns_get_names_of_their_own(tmp_path: Path) -> None:
    found = read_table(written(tmp_path, ",file,label,label\n0,a.jpg,x,y\n"))
    assert found.columns == ("1", "file", "label", "label (4)")


def test_without_a_header_the_first_line_is_a_row(tmp_path: Path) -> None:
    found = read_table(written(tmp_path, "a.jpg,x\nb.jpg,y\n")).without_header()
    assert found.columns == ("1", "2")
    assert found.rows == (("a.jpg", "x"), ("b.jpg", "y"))
    assert found.lines == (1, 2)


def test_rows_of_other_lengths_are_told_by_their_lines(tmp_path: Path) -> None:
    found = read_table(written(tmp_path, "file,label\na.jpg,x\nb,c.jpg,y\n\nd.jpg\ne.jpg,z\n"))
    assert found.rows == (("a.jpg", "x"), ("e.jpg", "z"))
    assert found.uneven == (3, 5)


@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.ndjson", "metadata.JSONL"])
def test_json_lines_have_the_columns_of_all_objects(tmp_path: Path, name: str) -> None:
    lines = [
        {"file_name": "1.jpg", "label": 3},
        {"file_name": "2.jpg", "label": "x", "good": True, "box": {"a": 1}, "none": None},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    found = read_table(written(tmp_path, text, name))
    assert found.columns == ("file_name", "label", "good", "box", "none")
    assert found.rows == (("1.jpg", "3", "", "", ""), ("2.jpg", "x", "true", "", ""))


def test_a_json_list_of_objects_is_a_table(tmp_path: Path) -> None:
    text = '[{"file": "1.jpg", "label": "x"}, {"file": "2.jpg", "label": "y"}]'
    assert read_table(written(tmp_path, text, "labels.json")).rows == (
        ("1.jpg", "x"),
        ("2.jpg", "y"),
    )


def test_a_json_object_says_the_class_of_each_file(tmp_path: Path) -> None:
    found = read_table(written(tmp_path, '{\n"1.jpg": "x",\n"2.jpg": 7}', "labels.json"))
    assert found.columns == ("file", "label")
    assert found.rows == (("1.jpg", "x"), ("2.jpg", "7"))


def test_halves_of_characters_are_spelt_out_so_that_they_can_be_written(tmp_path: Path) -> None:
    text = '{"file": "1.jpg", "who\\ud800": "Tom\\udfff\\u00e4"}'
    found = read_table(written(tmp_path, text, "labels.jsonl"))
    assert found.columns == ("file", "who\\ud800")
    assert found.rows == (("1.jpg", "Tom\\udfffä"),)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"file": "1.jpg"}\n{"file"', 2),
        ('{"file": "1.jpg"}\n[1]\n', 2),
        ("7\n", 1),
        ("[" * 100_000, 1),
        ('[{"file": 1}, 2]', 1),
        ('{"n": ' + "9" * 5000 + "}", 1),
    ],
)
def test_what_is_no_json_is_told_by_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(UsageError, match=rf"in line {line} of .*labels\.jsonl"):
        read_table(written(tmp_path, text, "labels.jsonl"))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"PK\x03\x04" + b"\0" * 50, "a spreadsheet"),
        (b"PAR1" + b"\0" * 50, "a Parquet file"),
        (b"a,b\n\0,1\n", "bytes that are no text"),
    ],
)
def test_other_kinds_of_files_are_told(tmp_path: Path, data: bytes, found: str) -> None:
    with pytest.raises(UsageError, match=found) as caught:
        read_table(written(tmp_path, data))
    assert "--labels" in caught.value.hint


def test_a_quotation_mark_that_is_never_closed_is_named_with_its_line(tmp_path: Path) -> None:
    text = 'file,label\na.jpg,x\nb.jpg,"y\n' + "c.jpg,z\n" * (CELL // 8 + 1)
    with pytest.raises(UsageError, match=r"can't be read at line \d") as caught:
        read_table(written(tmp_path, text))
    assert "quotation mark" in caught.value.hint


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    for text in ("file,label\n", "", "\n\n"):
        with pytest.raises(UsageError, match="expected rows"):
            read_table(written(tmp_path, text))


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("none.csv", "folder.csv"):
        with pytest.raises(UsageError, match=name):
            read_table(tmp_path / name)
