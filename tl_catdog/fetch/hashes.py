"""SHA-256 of archives: the publisher's, or what the first download had."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.errors import CatdogError
from tl_catdog.fetch.catalogue import Archive
from tl_catdog.files import read_json, write_json

CHUNK = 1 << 20


def sha256_of(path: Path, progress: Callable[[int], None] = lambda done: None) -> str:
    """Return a file's SHA-256 in hexadecimal.

    Args:
        path: The file.
        progress: Called with the bytes read so far.
    """
    whole, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            whole.update(data)
            done += len(data)
            progress(done)
    return whole.hexdigest()


@dataclass(frozen=True)
class Hashes:
    """The hashes that first downloads had, in the JSON file ``path``."""

    path: Path

    def of(self, archive: Archive) -> str:
        """Return the hash that the archive must have; empty if none is known."""
        return archive.sha256 or str(self._all().get(archive.name, {}).get("sha256", ""))

    def check(self, archive: Archive, digest: str) -> None:
        """Compare a file's hash with what is known.

        Raises:
            CatdogError: It is another one.
        """
        wanted = self.of(archive)
        if wanted in ("", digest):
            return
        known = "" if archive.sha256 else " as at the first download"
        hint = "Get the archive anew."
        if not archive.sha256:
            hint += f" If the publisher has changed it: rm {self.path}"
        raise CatdogError(
            f"expected {archive.name} with SHA-256 {wanted}{known}, found {digest}.", hint
        )

    def record(self, archive: Archive, digest: str) -> bool:
        """Keep a hash that no publisher gives; return whether it is new."""
        if self.of(archive):
            return False
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        entry = {"sha256": digest, "url": archive.url, "recorded": now}
        write_json(self.path, {**self._all(), archive.name: entry})
        return True

    def _all(self) -> dict[str, dict[str, Any]]:
        with contextlib.suppress(OSError, ValueError):
            known = read_json(self.path)
            if isinstance(known, dict):
                return {name: entry for name, entry in known.items() if isinstance(entry, dict)}
        return {}
