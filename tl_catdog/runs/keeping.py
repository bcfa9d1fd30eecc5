"""Keeping in a run what later commands find out about it, so that its manifest stays true.

The manifest has a hash of each file. It and a file can't be replaced in one step, so the hash of
what is to come stands there beside that of what is there before the file is replaced, and alone
afterwards: whenever the program is killed, the manifest knows what is there.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from typing import Any

from tl_catdog.data.digest import file_digest
from tl_catdog.files import naming, write_json, write_text
from tl_catdog.runs.description import read_description
from tl_catdog.runs.folder import MANIFEST, Run, read_run
from tl_catdog.scratch import hold

PATIENCE = 10.0  # seconds that another process has for what takes a few milliseconds


def keep(run: Run, name: str, text: str) -> Run:
    """Write a file of a run, in place of an earlier one if there is one.

    Args:
        run: The run.
        name: The file's path within it.
        text: What is in it.

    Returns:
        The run as it is now.

    Raises:
        OSError: The run can't be written to; the error names the place.
        CatdogError: It can't be read any more.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    with _alone(run):
        manifest = dict(read_description(run.path).manifest)
        files: dict[str, Any] = dict(manifest.get("files") or {})
        if not files:  # a run of a version that knew no hashes
            write_text(run.path / name, text)
            return run
        there = file_digest(run.path / name)
        files[name] = [one for one in (there, digest) if one]
        _write(run, {**manifest, "files": files})
        write_text(run.path / name, text)
        files[name] = digest
        _write(run, {**manifest, "files": files})
        return read_run(run.path)


def _write(run: Run, manifest: dict[str, Any]) -> None:
    write_json(run.path / MANIFEST, manifest)


@contextlib.contextmanager
def _alone(run: Run) -> Iterator[None]:
    """Keep others from changing the manifest meanwhile, as far as the system's locks do."""
    end = time.monotonic() + PATIENCE
    with naming(run.path):
        while (lock := hold(run.path)) is None and time.monotonic() < end:
            time.sleep(0.01)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()
