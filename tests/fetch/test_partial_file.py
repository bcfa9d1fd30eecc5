"""A file that is partly here: its bytes, and of which version they are."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import pytest

from tl_catdog.fetch.partial_file import PartialFile, validator_of

ONE, TWO = {"ETag": '"one"'}, {"ETag": '"two"'}


@pytest.fixture
def part(tmp_path: Path) -> PartialFile:
    return PartialFile(tmp_path / "few.zip.part", "https://example.org/few.zip")


def written(part: PartialFile, data: bytes, start: int = 0, headers: dict[str, str] = ONE) -> None:
    with part.begin(start, headers) as file:
        file.write(data)


def facts(part: PartialFile) -> tuple[int, str, bool]:
    return part.size(), part.validator(), part.joined()


def test_where_nothing_is_nothing_is_known(part: PartialFile) -> None:
    assert facts(part) == (0, "", False)
    part.drop()
    assert facts(part) == (0, "", False)


def test_a_first_answer_is_of_one_piece(part: PartialFile) -> None:
    written(part, b"abcdef")
    assert facts(part) == (6, '"one"', False)


def test_going_on_keeps_the_first_bytes_and_the_version(part: PartialFile) -> None:
    written(part, b"abcdef")
    written(part, b"XY", 4, TWO)
    assert part.path.read_bytes() == b"abcdXY"
    assert facts(part) == (6, '"one"', True)
    written(part, b"Z", 1, {})
    assert part.path.read_bytes() == b"aZ"
    assert facts(part) == (2, '"one"', True)


def test_beginning_anew_forgets_the_old_bytes_and_version(part: PartialFile) -> None:
    written(part, b"abcdef")
    written(part, b"g", 6)
    written(part, b"XY", 0, TWO)
    assert part.path.read_bytes() == b"XY"
    assert facts(part) == (2, '"two"', False)


def test_notes_of_another_address_say_nothing_of_the_version(part: PartialFile) -> None:
    written(part, b"abc")
    assert PartialFile(part.path, f"{part.url}?v=2").validator() == ""


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b'"url"', b"\xff"])
def test_damaged_notes_are_none(part: PartialFile, text: bytes) -> None:
    written(part, b"abc")
    written(part, b"d", 3)
    (notes,) = set(part.path.parent.iterdir()) - {part.path}
    notes.write_bytes(text)
    assert facts(part) == (4, "", False)


def test_old_bytes_never_stand_beside_a_new_versions_notes(
    part: PartialFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    part.path.write_bytes(b"old")
    opened: list[IO[Any]] = []
    path_open = Path.open

    def recording(path: Path, mode: str = "r", **other: Any) -> IO[Any]:
        opened.append(path_open(path, mode, **other))
        return opened[-1]

    monkeypatch.setattr(Path, "open", recording)
    part.path.with_name("few.zip.part.json").mkdir()  # so that notes can't be written
    with pytest.raises(OSError, match=r"few\.zip\.part\.json"):
        part.begin(0, ONE)
    assert part.size() == 0
    assert opened
    assert all(file.closed for file in opened)


def test_a_finished_file_has_its_name_and_no_notes(part: PartialFile, tmp_path: Path) -> None:
    written(part, b"abc")
    (tmp_path / "few.zip").write_bytes(b"older")
    part.finish(tmp_path / "few.zip")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"few.zip": b"abc"}


def test_a_dropped_file_leaves_nothing(part: PartialFile, tmp_path: Path) -> None:
    written(part, b"abc")
    part.drop()
    assert list(tmp_path.iterdir()) == []


CHANGED = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"one"'}, '"one"'),
        ({"ETag": '"one"', "Last-Modified": CHANGED}, '"one"'),
        ({"ETag": 'W/"one"', "Last-Modified": CHANGED}, CHANGED),
        ({"Last-Modified": CHANGED}, CHANGED),
        ({"ETag": 'W/"one"'}, ""),
        ({}, ""),
    ],
)
def test_the_version_is_a_strong_etag_else_the_last_change(
    headers: dict[str, str], validator: str
) -> None:
    assert validator_of(headers) == validator
