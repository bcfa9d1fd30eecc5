"""A folder of any size is sent as an archive, piece by piece."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from tl_catdog.teach.zipped import PIECE, zipped


def test_files_come_whole_and_names_are_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "onnx" / "in").mkdir(parents=True)
    (tmp_path / "onnx" / "in" / "a.bin").write_bytes(b"a" * (3 * PIECE + 1))
    (tmp_path / "onnx" / "empty").write_bytes(b"")
    pieces = list(zipped(tmp_path / "onnx"))
    assert max(map(len, pieces)) < 2 * PIECE
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.namelist() == ["onnx/empty", "onnx/in/a.bin"]
        assert archive.testzip() is None


def test_a_single_file_is_an_archive_too(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("<p>")
    with zipfile.ZipFile(io.BytesIO(b"".join(zipped(tmp_path / "report.html")))) as archive:
        assert archive.read("report.html") == b"<p>"
