"""A command that a page began says which process it is and how it ended, and does what is typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tl_catdog.teach import child


def test_a_command_does_what_is_typed_and_writes_down_its_end(tmp_path: Path) -> None:
    log = tmp_path / "3.log"
    words = ("compare", "x", "--runs-dir", str(tmp_path / "models"))
    typed = subprocess.run([sys.executable, "-m", "tl_catdog", *words], capture_output=True)
    begun = subprocess.run(child.command(log, words), capture_output=True)
    assert (begun.returncode, begun.stdout, begun.stderr) == (2, typed.stdout, typed.stderr)
    assert log.with_suffix(child.END).read_text() == "2"
    assert int(log.with_suffix(child.PROCESS).read_text().split()[0]) > 1


def test_what_cannot_be_written_down_is_done_all_the_same(tmp_path: Path) -> None:
    words = ("--version",)
    done = subprocess.run(child.command(tmp_path / "gone" / "3.log", words), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
