"""Writes a run folder: built beside its place, renamed when it is whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tl_catdog.data.digest import file_digest
from tl_catdog.errors import UsageError
from tl_catdog.files import naming, write_json, write_lines, write_text
from tl_catdog.runs.folder import (
    CONFIG,
    FORMAT,
    MANIFEST,
    METRICS,
    MOST_OF_NETWORK,
    PREDICTIONS,
    REPLACED,
    SPLIT,
    UNFINISHED,
    Run,
    read_run,
)
from tl_catdog.runs.unfinished import BEGUN, CHECKPOINT, Begun, asked, tidy, write_begun
from tl_catdog.scratch import Lock, hold, put_in_place, remove, sync, sync_folder

TENSORBOARD = "tensorboard"
"""The folder of TensorBoard's logs, in a run; TensorBoard may add to it later."""
GOES_ON = (BEGUN, CHECKPOINT, SPLIT)
"""What a training goes on from; the rest it writes anew."""
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
    if not NAME.fullmatch(wanted) or UNFINISHED in wanted or REPLACED in wanted:
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

    The folder is locked meanwhile (``scratch.hold``), so that what a killed training left is told
    from what is being trained. Use it as a context manager: leaving the block without ``publish``
    removes what was written, but for a training that can go on.

    Args:
        runs_dir: Folder of the runs; made if need be.
        name: The run's name.
        force: Whether to replace a run of that name.
        earlier: What an earlier process left of this training: its own folder, which is used on,
            or a run of the best it had.

    Raises:
        UsageError: The folder can't be written to, or another process is at what was left.
    """

    def __init__(
        self, runs_dir: Path, name: str, *, force: bool = False, earlier: Path | None = None
    ) -> None:
        self.published: Run | None = None
        self._finished: str | None = None
        try:
            runs_dir.mkdir(parents=True, exist_ok=True)
            if earlier is not None and UNFINISHED in earlier.name:
                self.path, self._lock = earlier, _reopened(earlier)
            else:
                self.path, self._lock = _new_folder(runs_dir, name)
                if earlier is not None:
                    _copy_what_goes_on(earlier, self.path)
        except OSError as error:
            raise UsageError(
                f"expected a folder that can be written to, found {runs_dir} ({error.strerror}).",
                "Type: --runs-dir FOLDER",
            ) from error
        self.target = runs_dir / name
        self.force = force

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self.published is not None or not (self.path / CHECKPOINT).is_file():
            remove(self.path, self._lock)
        self._lock.release()
        tidy(self.target.parent, self.target.name, self._finished)

    def begin(self, begun: Begun) -> None:
        """Write what was asked for: from now on, a training that is killed can go on."""
        write_begun(self.path, begun)
        tidy(self.target.parent, self.target.name)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write the resolved settings."""
        write_json(self.path / CONFIG, dict(config))

    def write_split(self, lines: Iterable[str]) -> None:
        """Write which picture is in which split, as CSV."""
        write_lines(self.path / SPLIT, lines)

    def write_predictions(self, split: str, lines: Iterable[str]) -> None:
        """Write the predictions on a split, as CSV."""
        write_lines(self.path / PREDICTIONS / f"{split}.csv", lines)

    def write_bytes(self, name: str, content: bytes) -> str:
        """Write one of the network's files; return its SHA-256."""
        with naming(self.path / name):
            (self.path / name).write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def write_metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the lines of all epochs so far anew."""
        write_text(self.path / METRICS, "".join(json.dumps(dict(row)) + "\n" for row in rows))

    def append_metrics(self, row: Mapping[str, Any]) -> None:
        """Add an epoch's line."""
        path = self.path / METRICS
        with naming(path), path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(row)) + "\n")

    def publish(self, manifest: Mapping[str, Any]) -> Run:
        """Write the manifest, with a hash of each file, and give the run its name in one step.

        If another training has taken the name meanwhile, the next free one is used; with ``force``
        the other run goes.

        Raises:
            OSError: The disk is full; the error names the place.
        """
        done_with = () if manifest.get("interrupted") else (CHECKPOINT, BEGUN)
        names = [name for name in _files_of(self.path) if name not in done_with]
        files = {name: file_digest(self.path / name, MOST_OF_NETWORK) for name in names}
        write_json(self.path / MANIFEST, {"format": FORMAT, **manifest, "files": files})
        sync(self.path)
        finished = asked(self.path) if done_with else None
        runs_dir, target = self.target.parent, self.target
        while not self.force:
            target = runs_dir / choose_name(None, self.target.name, runs_dir, force=False)
            try:
                self.path.rename(target)
                break
            except OSError:
                if not target.exists():  # otherwise another training was faster
                    raise
        else:
            put_in_place(self.path, target)
        for name in done_with:  # only now: until it has its name, a kill leaves what can go on
            (target / name).unlink(missing_ok=True)
        sync_folder(target)
        sync_folder(runs_dir)
        self._finished = finished
        self.published = read_run(target)
        return self.published


def _new_folder(runs_dir: Path, name: str) -> tuple[Path, Lock]:
    """Make a locked folder for a run that isn't whole yet.

    Raises:
        OSError: It can't be made.
    """
    while True:
        path = runs_dir / f"{name}{UNFINISHED}{secrets.token_hex(4)}"
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            lock = hold(path)
            if lock is not None:
                return path, lock


def _reopened(folder: Path) -> Lock:
    """Lock the folder of a training that was killed, and drop what is written anew.

    Raises:
        UsageError: Another process is at it.
    """
    lock = hold(folder)
    if lock is None:
        raise UsageError(
            f"expected a training that was stopped, found that {folder} is still being trained.",
            "Wait for it, or stop it.",
        )
    for path in folder.iterdir():
        if path.name not in (*GOES_ON, TENSORBOARD):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return lock


def _copy_what_goes_on(run: Path, folder: Path) -> None:
    for name in GOES_ON:
        if (run / name).is_file():
            shutil.copyfile(run / name, folder / name)


def _files_of(folder: Path) -> list[str]:
    """Return the files of a run by their paths within it, those of TensorBoard left out."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if path.parts[0] != TENSORBOARD)
