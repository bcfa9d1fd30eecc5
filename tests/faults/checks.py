"""What must be whole whatever happened: runs, pictures, exports; and what a refusal must say."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.faults.process import Done
from tests.faults.world import Snapshot
from tl_catdog import scratch
from tl_catdog.errors import CatdogError
from tl_catdog.runs.folder import REPLACED, UNFINISHED, list_runs, read_run

TEMPORARY = (UNFINISHED, REPLACED, scratch.MARK)
EMPTY = hashlib.sha256(b"").hexdigest()


def is_temporary(path: str) -> bool:
    """Return whether a path is below what is being written."""
    return any(mark in part for part in path.split("/") for mark in TEMPORARY)


def broken_runs(runs_dir: Path) -> list[str]:
    """Return what is wrong with runs that are under their names."""
    said = []
    for folder in sorted(runs_dir.iterdir()) if runs_dir.is_dir() else ():
        if is_temporary(folder.name) or not folder.is_dir():
            continue
        try:
            run = read_run(folder)
        except CatdogError as error:
            said.append(f"the run {folder.name} can't be read: {error}")
            continue
        files = run.manifest.get("files", {})
        for name, digests in files.items():
            path = folder / name
            may_be = [digests] if isinstance(digests, str) else digests
            found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            if found not in may_be and (found or isinstance(digests, str)):
                # What `evaluate` adds later is written anew by it.
                said.append(f"the run {folder.name} has another {name} than it says")
        if not files:
            said.append(f"the run {folder.name} has no hashes of its files")
        said += [
            f"{name} counts as predictions"
            for name in run.predicted_splits()
            if name not in ("train", "validation", "test")
        ]
    if any(is_temporary(run.path.name) for run in list_runs(runs_dir).runs):
        said.append("what is unfinished counts as a run")
    return said


CONTAINERS = re.compile(
    r"^(exports|exports/mine|models|data|home\b.*|set\..*|models/mine/(review|predictions)"
    r"|(checked|answers|features)(/(listing|parts|network|failed))?"
    r"|set/train/(unlabelled|\.teach)(/.*)?)$"
)
"""Folders that fill piece by piece, each piece whole."""
WATCHED = re.compile(r"^(home/|models/\w+/manifest\.json$|.*/(applied|undone)-\d+\.jsonl$)")
"""What has states between before and after that are no damage, and checks of its own."""


def halves(found: Snapshot, before: Snapshot, after: Sequence[Snapshot]) -> list[str]:
    """Return what has its name already, or still, without being whole."""
    said = []
    for path, held in found.items():
        if is_temporary(path) or WATCHED.match(path):
            continue
        may_be = {state[path] for state in (before, *after) if path in state}
        moving = held == EMPTY and path.startswith(("set.", "set/"))  # a name that is reserved
        settled = len({state.get(path) for state in after}) == 1  # it doesn't hold the time
        if held not in may_be and settled and not moving and path in after[0]:
            said.append(f"it isn't whole: {path}")
        if held == "folder" and path not in before and not CONTAINERS.match(path):
            inside = [name for name in after[0] if name.startswith(f"{path}/")]
            said += [f"{path} is there without {name}" for name in inside if name not in found]
    return said


def pictures(root: Path, folders: Iterable[str]) -> Counter[str]:
    """Return how often each picture is in some folders, by its SHA-256; reserved names aren't."""
    found: Counter[str] = Counter()
    for name in folders:
        for path in (root / name).rglob("*"):
            relative = path.relative_to(root).as_posix()
            if path.is_file() and path.suffix != ".jsonl" and not is_temporary(relative):
                found[hashlib.sha256(path.read_bytes()).hexdigest()] += 1
    del found[EMPTY]
    return found


def lost(before: Counter[str], now: Counter[str]) -> list[str]:
    """Return which pictures are gone, or are there more often than before."""
    said = [f"{digest[:8]} is gone" for digest in before if now[digest] < before[digest]]
    more = [digest for digest in now if now[digest] > before[digest]]
    return said + [f"{digest[:8]} is there {now[digest]} times" for digest in more]


def rests(root: Path) -> list[str]:
    """Return what was being written and is still there."""
    found = []
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            if any(mark in name for mark in TEMPORARY):
                found.append(f"a rest: {(Path(folder) / name).relative_to(root)}")
        folders[:] = [name for name in folders if not is_temporary(name)]
    return found


def rude(done: Done) -> list[str]:
    """Return what no command may do, whatever happens to it."""
    said = []
    if done.hung:
        said.append("it hangs")
    if "Traceback (most recent call last)" in done.said:
        said.append("a traceback")
    if "fault of tl-catdog" in done.said or "unexpected " in done.err:
        said.append("it calls it a fault of its own")
    if not done.hung and done.code not in (0, 1, 2):
        said.append(f"exit code {done.code}")
    lines = [line for line in done.err.splitlines() if line.startswith("Error: ")]
    # Files that are named one by one, as those that can't be read, have lines of their own.
    if done.code and not done.hung and (len(lines) > 1 or not done.said.strip()):
        said.append(f"{len(lines)} lines of error")
    if "rm -r" in done.err:
        said.append("it advises to delete")
    return said


REASONS = (
    "No space left on device",
    "Read-only file system",
    "Input/output error",
    "Disk quota exceeded",
    "disk is full",
    "room on the disk",
    "disk I/O error",
    "readonly database",
    "unable to open database",
)


def unexplained(done: Done, root: Path, path: str, made: Iterable[str]) -> list[str]:
    """Return whether a failure hides its reason, or the place.

    Args:
        done: What the command said.
        root: The working folder.
        path: What the error of the disk was about; any part of it will do.
        made: What the command makes, by the paths in the folder.
    """
    if not done.code:
        return []
    line = " ".join(line for line in done.err.splitlines() if line.startswith("Error: "))
    said = [] if any(reason in line for reason in REASONS) else ["it hides the reason"]
    names = {entry.name for entry in root.iterdir()} | {str(root)}
    names |= {item.split("/")[0] for item in made}
    parts = Path(path).parts[len(root.parts) :]
    names |= {
        part[len(scratch.MARK) + 9 :] if scratch.SCRATCH.match(part) else part for part in parts
    }
    if not any(name in line for name in names):
        said.append("it doesn't name the place")
    return said


def dump(value: object) -> str:
    """Return a value as JSON, for files of results."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
