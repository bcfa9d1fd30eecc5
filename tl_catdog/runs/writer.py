"""Writes a run folder: built beside its place, renamed when it is whole."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tl_catdog.errors import UsageError
from tl_catdog.files import write_json, write_text
from tl_catdog.runs.folder import (
    CONFIG,
    FORMAT,
    MANIFEST,
    METRICS,
    PREDICTIONS,
    REPLACED,
    SPLIT,
    UNFINISHED,
    Run,
    read_run,
)

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$")


def choose_name(wanted: str | None, stem: str, runs_dir: Path, *, force: bool) -> str:
    """Return the name for a new run: the one wanted, or the first free of stem, stem-2, …

    Raises:
        UsageError: The wanted name can't be a folder's name, or a run has it already.
    """
    if wanted is None:
        taken = {entry.name for entry in runs_dir.iterdir()} if runs_dir.is_dir() else set()
        names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)
    if not NAME.match(wanted) or UNFINISHED in wanted or REPLACED in wanted:
        raise UsageError(
            f"expected a run's name of letters, digits, '.', '_', '+' and '-', found {wanted!r}.",
            f"Type: --run {stem}",
        )
    if (runs_dir / wanted).exists() and not force:
        raise UsageError(
            f"expected a new name, found that the run {wanted} exists in {runs_dir}.",
            f"Type: --run {wanted}-2, or --force to replace it",
        )
    return wanted


class RunWriter:
    """Builds a run in a folder beside its place, and moves it there when it is whole.

    Use it as a context manager: leaving the block without ``publish`` removes what was written.
    """

    def __init__(self, runs_dir: Path, name: str, *, force: bool = False) -> None:
        try:
            runs_dir.mkdir(parents=True, exist_ok=True)
            self.path = Path(tempfile.mkdtemp(prefix=f"{name}{UNFINISHED}", dir=runs_dir))
        except OSError as error:
            raise UsageError(
                f"expected a folder that can be written to, found {runs_dir} ({error.strerror}).",
                "Type: --runs-dir FOLDER",
            ) from error
        self.path.chmod(0o755)
        self.target = runs_dir / name
        self.force = force

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write the resolved settings."""
        write_json(self.path / CONFIG, dict(config))

    def write_split(self, text: str) -> None:
        """Write which picture is in which split, as CSV."""
        write_text(self.path / SPLIT, text)

    def write_predictions(self, split: str, text: str) -> None:
        """Write the predictions on a split, as CSV."""
        write_text(self.path / PREDICTIONS / f"{split}.csv", text)

    def write_bytes(self, name: str, content: bytes) -> str:
        """Write one of the network's files; return its SHA-256."""
        (self.path / name).write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def append_metrics(self, row: Mapping[str, Any]) -> None:
        """Add an epoch's line."""
        with (self.path / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(row)) + "\n")

    def publish(self, manifest: Mapping[str, Any]) -> Run:
        """Write the manifest and give the run its name, in one rename.

        If another training has taken the name meanwhile, the next free one is used.
        """
        write_json(self.path / MANIFEST, {"format": FORMAT, **manifest})
        runs_dir, name = self.target.parent, self.target.name
        if self.target.exists() and self.force:
            old = Path(tempfile.mkdtemp(prefix=f"{name}{REPLACED}", dir=runs_dir))
            self.target.rename(old / name)
            self.path.rename(self.target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            name = choose_name(None, name, runs_dir, force=False)
            self.path.rename(runs_dir / name)
        return read_run(runs_dir / name)
