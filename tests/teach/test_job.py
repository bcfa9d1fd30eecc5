"""A job tells what its command said last, as it may be shown."""

from __future__ import annotations

import os
from pathlib import Path

from tl_catdog.teach.job import DONE, LINES, Job, last_lines


def test_the_last_lines_are_told_without_control_characters(tmp_path: Path) -> None:
    log = tmp_path / "1.log"
    log.write_bytes(b"".join(b"line %d\n\n" % n for n in range(5000)) + b"\x1b[31mred\xff\n")
    found = last_lines(log)
    assert len(found) == LINES
    assert found[-2] == "line 4999"
    assert "\x1b" not in found[-1]
    assert last_lines(tmp_path / "none") == ()


def test_there_is_something_to_download_once_it_is_done(tmp_path: Path) -> None:
    assert not Job("1", "export", "mine", "", out=tmp_path).download
    assert Job("1", "export", "mine", "", DONE, out=tmp_path).download
    assert not Job("1", "train", "mine", "", DONE).to_json()["download"]


def test_no_link_and_no_pipe_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "1.log").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "2.log")
    assert last_lines(tmp_path / "1.log") == last_lines(tmp_path / "2.log") == ()
