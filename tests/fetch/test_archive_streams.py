"""What libraries read of an archive before anybody can look at a member is bounded."""

from __future__ import annotations

import bz2
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from tl_catdog.fetch.archive import Bounds, unpack
from tl_catdog.fetch.archive_streams import ArchiveError

ENTRY = b"PK\x01\x02" + bytes(24) + struct.pack("<HHHHHLL", 1, 0, 0, 0, 0, 0, 0) + b"a"


def refused(path: Path, data: bytes, bounds: Bounds) -> str:
    """Return why an archive of these bytes is refused."""
    path.write_bytes(data)
    with pytest.raises(ArchiveError) as caught:
        unpack(path, path.parent, lambda name: None, bounds)
    return str(caught.value)


def test_a_directory_of_too_many_members_is_refused_before_it_is_taken_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, size = 1000, 1000 * len(ENTRY)
    end = struct.pack("<HHHHLLH", 0, 0, number, number, size, 30, 0)
    data = b"PK\x03\x04" + bytes(26) + ENTRY * number + b"PK\x05\x06" + end

    def made(*given: object) -> None:
        pytest.fail("a member was made")

    monkeypatch.setattr(zipfile, "ZipInfo", made)
    assert "at most 999 members" in refused(tmp_path / "a.zip", data, Bounds(members=999))


def test_headers_about_headers_are_a_damaged_archive(tmp_path: Path) -> None:
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 4
    data = (head.tobuf(tarfile.GNU_FORMAT) + b"abc".ljust(512, b"\0")) * 3000
    assert "damaged" in refused(tmp_path / "a.tar", data, Bounds())


def test_a_damaged_member_of_bzip2_is_a_damaged_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("a", "text")
    whole = (tmp_path / "a.zip").read_bytes()
    packed = bz2.compress(b"text")
    (tmp_path / "a.zip").write_bytes(whole.replace(packed, b"X" * len(packed)))
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(tmp_path / "a.zip", tmp_path, lambda name: name, Bounds())
