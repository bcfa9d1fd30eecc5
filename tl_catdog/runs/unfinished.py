"""Trainings that ended before their time: what they were told, where they are, what goes on.

A training's folder, ``<run>.unfinished-…``, says from its first moment what was asked for
(``begun.json``), and at each epoch's end where it stands (``checkpoint.dat``). What nobody holds
any more was killed, and can go on. A training that was asked to stop leaves a run of the best so
far, with both files in it: that can go on, too.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tl_catdog.data.reading import read_file
from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.files import write_json
from tl_catdog.runs.folder import METRICS, UNFINISHED, Run, read_run
from tl_catdog.scratch import discard, is_rest

BEGUN, CHECKPOINT = "begun.json", "checkpoint.dat"
FORMAT = 1
FREE = ("run", "runs_dir", "force")
"""Settings that change nothing of what is trained."""
MOST = 2**20  # bytes of begun.json; it has two thousand


@dataclass(frozen=True)
class Begun:
    """What a training was asked for.

    Attributes:
        settings: As they were given, by their names; paths as they were typed.
        root: The folder of its pictures, absolute.
        drawn: Whether these are drawings.
        folder: The working folder then, which paths are relative to.
        files: SHA-256 of files that the settings name, by their settings.
        versions: Of this program and of packages.
    """

    settings: Mapping[str, Any]
    root: str
    drawn: bool
    folder: str
    files: Mapping[str, str]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Unfinished:
    """A training that ended before its time.

    Attributes:
        path: Its folder.
        name: The run's name, as it was given or chosen.
        running: Whether another process is at it.
        checkpoint: Whether an epoch was through.
    """

    path: Path
    name: str
    running: bool
    checkpoint: bool

    @property
    def resume(self) -> str:
        """What to type to go on."""
        return resume_command(self.path.parent, self.name)

    @property
    def bytes(self) -> int:
        """How much room it takes."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):
                    total += (Path(folder) / name).lstat().st_size
        return total


def resume_command(runs_dir: Path, name: str) -> str:
    """Return what to type to go on with a training that was stopped."""
    where = "" if runs_dir == Path("models") else f" --runs-dir {shlex.quote(str(runs_dir))}"
    return f"tl-catdog train --resume {shlex.quote(name)}{where}"


def write_begun(folder: Path, begun: Begun) -> None:
    """Write what a training was asked for, as its folder's first file."""
    write_json(folder / BEGUN, {"format": FORMAT, **asdict(begun)})


def read_begun(folder: Path) -> Begun:
    """Read what a training was asked for.

    Raises:
        CatdogError: The file isn't such a description.
    """
    path = folder / BEGUN
    try:
        values = json.loads(read_file(path, MOST))
        if values.pop("format") != FORMAT:
            raise ValueError("it is of another version of tl-catdog")
        begun = Begun(**values)
        texts = (begun.root, begun.folder, *begun.files.values(), *begun.versions.values())
        if not all(isinstance(text, str) and "\0" not in text for text in texts):
            raise ValueError("a path or version in it is none")
        if not isinstance(begun.settings, dict) or not isinstance(begun.drawn, bool):
            raise ValueError("its settings are none")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CatdogError(
            f"expected what a training was asked for, found {path}, which can't be used: {error}.",
            "Begin it anew: tl-catdog train --run NAME",
        ) from error
    return begun


def list_unfinished(runs_dir: Path) -> tuple[Unfinished, ...]:
    """Return the trainings of a folder that were killed or are running, by name; oldest first."""
    found = sorted(_folders(runs_dir), key=lambda path: (_name(path), _began(path), path.name))
    return tuple(
        Unfinished(path, _name(path), not is_rest(path), (path / CHECKPOINT).is_file())
        for path in found
        if (path / BEGUN).is_file()
    )


def _folders(runs_dir: Path) -> list[Path]:
    """Return the folders of trainings that have no name yet, whatever is in them."""
    try:
        return [path for path in runs_dir.iterdir() if UNFINISHED in path.name and path.is_dir()]
    except OSError:
        return []


def _name(path: Path) -> str:
    return path.name.rpartition(UNFINISHED)[0]


def _began(path: Path) -> float:
    try:
        return (path / BEGUN).stat().st_mtime
    except OSError:
        return 0.0


def find_unfinished(name: str | None, runs_dir: Path) -> Unfinished:
    """Return the training that is to go on.

    Args:
        name: The run's name, or the folder's; None for the only one there is. Of equal trainings
            the furthest goes on.
        runs_dir: Folder of the runs.

    Raises:
        UsageError: There is none, several are, or it is still being trained.
    """
    everything = list_unfinished(runs_dir)
    mine = everything + list_stopped(runs_dir)
    if name is not None:
        wanted = Path(name).name
        mine = tuple(item for item in mine if wanted in (item.name, item.path.name))
    stopped = _furthest(item for item in mine if not item.running)
    if not stopped:
        found = f"that {mine[0].name} is still being trained" if mine else "none"
        there = listing(dict.fromkeys(item.name for item in everything if not item.running))
        named = "" if name is None else f" of the name {name!r}"
        raise UsageError(
            f"expected a training{named} in {runs_dir} that was stopped, found {found}; "
            f"there is {there}.",
            "Wait for it, or stop it." if mine else "Type: tl-catdog train",
        )
    if len(stopped) > 1:
        names = [item.name for item in stopped]
        if len(set(names)) < len(names):  # of one name, with other settings
            names = [item.path.name for item in stopped]
        raise UsageError(
            f"expected one training that was stopped, found {listing(names)}.",
            f"Type: {resume_command(runs_dir, names[-1])}",
        )
    return stopped[-1]


def list_stopped(runs_dir: Path) -> tuple[Unfinished, ...]:
    """Return the runs of trainings that were asked to stop, and could go on."""
    try:
        found = sorted(path.parent for path in runs_dir.glob(f"*/{BEGUN}"))
    except OSError:
        return ()
    return tuple(
        Unfinished(path, path.name, False, (path / CHECKPOINT).is_file())
        for path in found
        if UNFINISHED not in path.name and _was_interrupted(path)
    )


def _was_interrupted(folder: Path) -> bool:
    """Return whether a folder is the run of a training that was asked to stop."""
    try:
        return bool(read_run(folder).manifest["interrupted"])
    except CatdogError:
        return False


def finished_already(name: str | None, runs_dir: Path) -> Run | None:
    """Return the run of a training that was killed when only tidying was left, and tidy.

    Args:
        name: The run's name; None for any.
        runs_dir: Folder of the runs.

    Raises:
        OSError: What is left can't be removed.
    """
    for path in sorted(runs_dir.glob(f"*/{BEGUN}")):
        folder = path.parent
        if UNFINISHED in folder.name or (name is not None and Path(name).name != folder.name):
            continue
        try:
            run = read_run(folder)
        except CatdogError:
            continue
        if not run.manifest["interrupted"]:
            equal = asked(folder)
            for left in (CHECKPOINT, BEGUN):
                (folder / left).unlink(missing_ok=True)
            tidy(runs_dir, folder.name, equal)
            return run
    return None


def asked(folder: Path) -> str | None:
    """Return what tells one training from another: settings and pictures; None if that's unknown.

    Two of which it is equal end with the same weights, so that either may go on.
    """
    try:
        begun = read_begun(folder)
    except CatdogError:
        return None
    settings = {name: value for name, value in begun.settings.items() if name not in FREE}
    return json.dumps([settings, begun.root, begun.files], sort_keys=True)


def _furthest(items: Iterable[Unfinished]) -> tuple[Unfinished, ...]:
    """Return of equal trainings of one name the one that is furthest."""
    groups: dict[tuple[str, str], list[Unfinished]] = {}
    for item in items:
        key = item.name, asked(item.path) or item.path.name
        groups.setdefault(key, []).append(item)
    return tuple(max(group, key=_progress) for group in groups.values())


def _progress(item: Unfinished) -> tuple[bool, int, float]:
    try:
        lines = (item.path / METRICS).stat().st_size  # a line for each epoch
    except OSError:
        lines = 0
    return item.checkpoint, lines, _began(item.path)


def tidy(runs_dir: Path, name: str, finished: str | None = None) -> None:
    """Remove what killed trainings left, where nothing is lost with it.

    That is folders in which nothing was begun; of equal trainings of a name all but the furthest;
    and those that are equal to one that is finished.

    Args:
        runs_dir: Folder of the runs.
        name: The run whose trainings to look at, besides those in which nothing was begun.
        finished: What was ``asked`` of a training of the name that is finished now.
    """
    for path in _folders(runs_dir):
        if not (path / BEGUN).is_file():
            discard(path)
    mine = [item for item in list_unfinished(runs_dir) if item.name == name and not item.running]
    kept = [item for item in _furthest(mine) if finished is None or asked(item.path) != finished]
    for item in mine:
        if item not in kept:
            discard(item.path)
