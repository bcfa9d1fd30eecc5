"""What came is sorted out by its bytes; what isn't taken is said by name, in short lines."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.teach.sites import picture
from tl_catdog.errors import CatdogError
from tl_catdog.fetch.archive import Bounds
from tl_catdog.teach.intake import MOST_TOLD, aside, sorted_out, sweep, told
from tl_catdog.teach.uploads import Upload


def test_pictures_are_told_by_their_bytes_not_by_their_names(tmp_path: Path) -> None:
    for name, data in {"0": picture(1), "1": b"GIF8 no", "2": b""}.items():
        (tmp_path / name).write_bytes(data)
    uploads = [Upload(f"{i}.jpg", tmp_path / str(i)) for i in range(4)]
    found = sorted_out(uploads, tmp_path, Bounds())
    assert [one.name for one in found.pictures] == ["0.jpg"]
    assert [name for name, _ in found.refused] == ["1.jpg", "2.jpg", "3.jpg"]


def test_an_archive_beyond_the_bounds_gives_nothing(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for i in range(5):
            file.writestr(f"{i}.png", picture(i))
    (tmp_path / "a").write_bytes(out.getvalue())
    upload = Upload("many.zip", tmp_path / "a")
    found = sorted_out([upload], tmp_path, Bounds(members=4))
    assert found.pictures == ()
    assert found.refused[0][0] == "many.zip"
    assert "at most 4 members" in found.refused[0][1]


def test_refusals_are_told_of_some_and_counted_of_all(tmp_path: Path) -> None:
    (tmp_path / "0").write_bytes(b"text")
    uploads = [Upload(f"{i}.txt", tmp_path / "0") for i in range(MOST_TOLD + 7)]
    refused = sorted_out(uploads, tmp_path, Bounds()).refused
    assert len(refused) == MOST_TOLD + 1
    assert refused[-1][0] == "7 more files"


def test_rests_of_a_kill_are_swept_but_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    sweep(tmp_path / "in")
    assert not (tmp_path / "in").exists()
    (tmp_path / "kept").mkdir()
    (tmp_path / "in").symlink_to(tmp_path / "kept")
    sweep(tmp_path / "in")
    assert (tmp_path / "kept").is_dir()


def test_a_stranger_s_name_is_one_short_line() -> None:
    assert told("a/b\x1b[2J\u202e\n.jpg") == "b·[2J··.jpg"
    assert len(told("x" * 3000)) <= 60


def test_a_disk_without_room_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(CatdogError, match="No space left"), aside(tmp_path):
        pass


def archive(path: Path, *numbers: int) -> Upload:
    """Write an archive of pictures, with a text."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("text.txt", "text")
        for number in numbers:
            file.writestr(f"{number}.png", picture(number))
    return Upload(path.name, path)


def test_archives_are_bounded_all_together_and_leave_only_pictures(tmp_path: Path) -> None:
    uploads = [archive(tmp_path / f"{name}.zip", 1, 2) for name in "abc"]
    found = sorted_out(uploads, tmp_path, Bounds(members=8))
    assert len(found.pictures) == 4
    assert [name for name, _ in found.refused] == ["text.txt", "text.txt", "c.zip"]
    assert "at most 2 members" in found.refused[-1][1]
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {
        one.path for one in found.pictures
    }


def test_an_archive_is_unpacked_as_far_as_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([1, 2])

    def full(folder: Path) -> None:
        if next(calls, None) is None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tl_catdog.teach.intake.check_room", full)
    found = sorted_out([archive(tmp_path / "a.zip", 1, 2, 3)], tmp_path, Bounds())
    assert found.pictures == ()
    assert found.refused == (("a.zip", "can't be read or unpacked (No space left on device)"),)
    assert not list(tmp_path.iterdir())
