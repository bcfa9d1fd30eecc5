"""A command that a page began: it does what the words after it say, as if they were typed.

Which process it is, and how it ended, it writes beside its log: a server that is started anew finds
what an earlier one began.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from tl_catdog.files import write_text

PROCESS, END = ".pid", ".end"
"""Suffixes of files beside a log: number and start of the process, and its exit code."""


def command(log: Path, words: Sequence[str]) -> tuple[str, ...]:
    """Return what is to be started so that the words are done and their end is written down."""
    return (sys.executable, "-m", __name__, str(log), *words)


def main(log: Path, words: Sequence[str]) -> None:
    """Do what the words say, and end as they do.

    Args:
        log: Where what they say goes already; this process is named beside it.
        words: What is typed after ``tl-catdog``.

    Raises:
        SystemExit: Always.
    """
    _write(log.with_suffix(PROCESS), f"{os.getpid()} {psutil.Process().create_time():.3f}")
    sys.argv = ["tl-catdog", *words]
    code = 1
    try:
        runpy.run_module("tl_catdog", run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    finally:
        _write(log.with_suffix(END), str(code))


def _write(path: Path, text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk: what is done counts more
        write_text(path, text, follow=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
