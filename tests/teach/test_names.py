"""Names that are asked for become such as any disk takes, or are refused."""

from __future__ import annotations

import pytest

from tl_catdog.errors import UsageError
from tl_catdog.teach.names import burst_name, file_name, folded, new_class_name, why_no_name


@pytest.mark.parametrize("name", ["COM1", "lpt9.x", "aux", "a:b", "a*", "a?", "a|b", "x" * 101])
def test_what_windows_or_a_disk_takes_for_no_folder_is_said_why(name: str) -> None:
    assert why_no_name(name)


@pytest.mark.parametrize("name", ["cats", "Schäfer hunde", "猫", "a.b", "no_1", "🐕", "console"])
def test_usual_names_will_do(name: str) -> None:
    assert new_class_name(f"  {name} ", ["dogs"]) == name


def test_names_that_one_disk_takes_for_another_are_taken() -> None:
    assert folded("STRASSE") == folded("straße")
    with pytest.raises(UsageError, match="Straße"):
        new_class_name("STRASSE", ["Straße"])


@pytest.mark.parametrize(
    ("given", "data", "expected"),
    [
        ("photo", b"\x89PNG\r\n\x1a\n", "photo.png"),
        ("photo.gif.exe", b"\xff\xd8\xff\xe0", "photo.gif.exe.jpg"),
        ("/a/b/../c.JPG", b"", "c.JPG"),
        ("...", b"\xff\xd8\xff\xe0", "picture.jpg"),
        ("", b"\xff\xd8\xff\xe0", "picture.jpg"),
        ("thumbs.db", b"\xff\xd8\xff\xe0", "thumbs.db.jpg"),
        ("e\u0301.png", b"", "\u00e9.png"),
        ("a\ud800.png", b"", "a?.png"),
    ],
)
def test_a_file_gets_a_name_of_a_picture_and_of_no_folder(
    given: str, data: bytes, expected: str
) -> None:
    assert file_name(given, data) == expected.replace("?", "-")


def test_long_names_are_cut_by_their_bytes_too() -> None:
    assert len(file_name("ü" * 500 + ".jpg", b"").encode()) <= 200
    assert len(file_name("猫" * 500 + ".jpg", b"").encode()) <= 200


@pytest.mark.parametrize("name", ["../x", ".x", "a b", "x" * 61, "a/b"])
def test_bursts_have_plain_names(name: str) -> None:
    assert burst_name("burst-1") == "burst-1"
    assert burst_name(None) == ""
    with pytest.raises(UsageError):
        burst_name(name)
