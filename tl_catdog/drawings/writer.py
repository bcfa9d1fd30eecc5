"""Writes a whole set of drawn pictures into a folder."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, TypeAlias

import numpy as np

from tl_catdog.cores import usable_cores
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError
from tl_catdog.files import naming
from tl_catdog.scratch import scratch_folder

from .picture import KINDS, LARGEST, SMALLEST, VERSION, draw

SPLITS: tuple[str, str, str] = ("train", "validation", "test")
DEFAULT_COUNTS: Mapping[str, int] = MappingProxyType({"train": 400, "validation": 100, "test": 100})

Box: TypeAlias = tuple[int, int, int, int]

# Starting a worker takes about as long as drawing twenty pictures.
_WORTH_A_WORKER = 40
_SEED_ROOM = 1 << 24
_QUALITY = (70, 95)


@dataclass(frozen=True)
class DrawnSet:
    """A set on disk; ``size`` is a picture's side in pixels, ``counts`` are of a class by split."""

    root: Path
    seed: int
    size: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class _Task:
    name: str
    kind: str
    seed: int


def draw_set(
    root: Path,
    *,
    counts: Mapping[str, int] = DEFAULT_COUNTS,
    size: int = 192,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> DrawnSet:
    """Write ``root``/{train,validation,test}/{cats,dogs}/NNNN.jpg, boxes.json and drawn.json.

    The folder appears as a whole or not at all, and the same arguments give the same bytes
    whatever the number of workers. A root that already holds this very set is left as it is.

    Args:
        root: The folder.
        counts: Pictures of each class, 1 or more, by split: any of train, validation and test.
        size: Side in pixels, 16..2048.
        seed: 0 or more; other seeds give other pictures.
        workers: Processes to draw with, 1 or more; 1 draws in this process, None takes one for
            each core that it may use.
        progress: Called with (done, total) in this thread, after each picture.

    Raises:
        ValueError: An argument is outside these.
        FileExistsError: The root holds anything else.
        OSError: It can't be written.
        CatdogError: A worker process was killed.
        RuntimeError: A worker process fails.
    """
    ordered = _checked(counts, size, seed, workers)
    size, seed = int(size), int(seed)  # Numpy's integers overflow, and JSON refuses them.
    result = DrawnSet(Path(root), seed, size, MappingProxyType(ordered))
    root = Path(root).resolve()  # so that ``.`` has a name, and a link to a folder stays
    about = {"version": VERSION, "seed": seed, "size": size, "counts": ordered}
    if _holds(root, about):
        return result
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise FileExistsError(f"{root} exists and is not this drawn set: choose another folder")
    with naming(root):
        root.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(root) as made:
            tasks = _tasks(ordered, seed)
            for folder in {(made / task.name).parent for task in tasks}:
                folder.mkdir(parents=True, exist_ok=True)
            boxes: dict[str, Box] = {}
            for task, box in zip(tasks, _draw_all(made, about, tasks, workers), strict=True):
                boxes[task.name] = box
                if progress is not None:
                    progress(len(boxes), len(tasks))
            lines = [f"{json.dumps(name)}: {json.dumps(boxes[name])}" for name in sorted(boxes)]
            _write(made / "boxes.json", "{\n" + ",\n".join(lines) + "\n}\n")
            _write(made / "drawn.json", json.dumps(about, indent=2, sort_keys=True) + "\n")
            _put(made, root, about)
    return result


def _checked(
    counts: Mapping[str, int], size: int, seed: int, workers: int | None
) -> dict[str, int]:
    """Return counts in the order of ``SPLITS``, or raise ValueError."""
    unknown = sorted(set(counts) - set(SPLITS))
    if unknown or not counts:
        raise ValueError(f"counts must be by split, of {', '.join(SPLITS)}, not {unknown}")
    if min(counts.values()) < 1 or 2 * sum(counts.values()) >= _SEED_ROOM:
        raise ValueError(f"counts must be 1 or more and below {_SEED_ROOM} in all: {dict(counts)}")
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size {size} is outside {SMALLEST}..{LARGEST} pixels")
    if seed < 0:
        raise ValueError(f"seed {seed} is negative")
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be 1 or more, not {workers}")
    return {split: int(counts[split]) for split in SPLITS if split in counts}


def _tasks(counts: Mapping[str, int], seed: int) -> list[_Task]:
    """Return all pictures in a fixed order, numbered through so that no two share a seed."""
    out: list[_Task] = []
    for split, count in counts.items():
        for kind in KINDS:
            for number in range(1, count + 1):
                name = f"{split}/{kind}s/{number:04d}.jpg"
                out.append(_Task(name, kind, seed * _SEED_ROOM + len(out)))
    return out


def _holds(root: Path, about: Mapping[str, object]) -> bool:
    # drawn.json arrives together with everything else, so it stands for the whole set.
    file = root / "drawn.json"
    try:
        return file.is_file() and bool(json.loads(file.read_text("utf-8")) == about)
    except (OSError, ValueError, RecursionError):
        return False


def _write(path: Path, text: str) -> None:
    with naming(path):
        path.write_text(text, encoding="utf-8", newline="\n")


def _put(made: Path, root: Path, about: Mapping[str, object]) -> None:
    """Move the finished folder into place, unless another process was first with the same set."""
    try:
        if root.is_dir():
            root.rmdir()  # Empty; Windows would not replace it.
        made.rename(root)
    except OSError as error:
        if _holds(root, about):
            return
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise FileExistsError(f"{root} has come meanwhile: choose another folder") from error
        raise


def _draw_one(made: Path, task: _Task, size: int) -> Box:
    drawing = draw(task.kind, task.seed, size)
    quality = int(np.random.default_rng([task.seed, 1]).integers(_QUALITY[0], _QUALITY[1] + 1))
    with naming(made / task.name):
        drawing.image.save(made / task.name, "JPEG", quality=quality)
    return drawing.box


def _draw_all(
    made: Path, about: Mapping[str, object], tasks: Sequence[_Task], workers: int | None
) -> Iterator[Box]:
    """Draw all tasks and give their boxes in order."""
    if workers is None:
        workers = min(usable_cores(), len(tasks) // _WORTH_A_WORKER)
    workers = min(workers, len(tasks))
    if workers > 1 and sys.executable:
        yield from _draw_in_workers(made, about, tasks, workers)
        return
    size = int(str(about["size"]))
    for task in tasks:
        yield _draw_one(made, task, size)


# Why not multiprocessing: a fork of a program that has TensorFlow loaded may hang, and a spawned
# worker first imports the main program once more, which may load TensorFlow again, and fails where
# that program has no file or no ``__name__`` guard. A plain interpreter that runs
# ``draw_as_ordered`` has none of these troubles. Worker k of n takes the tasks k, k + n, ... and
# prints one line for each, so that reading the workers in turn gives the boxes in order, and no
# lines pile up. A line of JSON says what the system refused.
_WORKER = (
    "import sys; sys.path[:] = {path!r}; from {module} import draw_as_ordered; draw_as_ordered()"
)


def _draw_in_workers(
    made: Path, about: Mapping[str, object], tasks: Sequence[_Task], workers: int
) -> Iterator[Box]:
    code = _WORKER.format(path=[entry or str(Path.cwd()) for entry in sys.path], module=__name__)
    running: list[subprocess.Popen[str]] = []
    with ThreadPoolExecutor(workers) as pool:
        try:
            for k in range(workers):
                order = {"made": str(made), "about": about, "first": k, "step": workers}
                process = subprocess.Popen(
                    [sys.executable, "-c", code, json.dumps(order)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="replace",
                )
                running.append(process)
            # A process waits for ever if nobody reads what it says.
            errors = [pool.submit(_read, process.stderr) for process in running]
            for number in range(len(tasks)):
                process = running[number % workers]
                line = process.stdout.readline() if process.stdout else ""
                if not line.endswith("\n") or line.startswith("["):
                    raise _failure(process, line, errors[number % workers])
                left, top, right, bottom = (int(v) for v in line.split())
                yield left, top, right, bottom
        finally:
            # Wait for them to be gone: one still writing would bring the folder back.
            for process in running:
                process.kill()
                process.wait()
                if process.stdout:
                    process.stdout.close()


def _read(pipe: IO[str] | None) -> str:
    if pipe is None:
        return ""
    with pipe:
        return pipe.read()


def _failure(process: subprocess.Popen[str], line: str, errors: Future[str]) -> Exception:
    """Return what a worker's last line says of its failure."""
    if line.startswith("["):
        return OSError(*json.loads(line))
    if process.wait() < 0:
        return CatdogError(
            "expected enough memory for a process on each core, found one was killed.",
            "Close other programs, then type the command again.",
        )
    return RuntimeError(f"a drawing process failed: {errors.result()[-2000:].strip()}")


def draw_as_ordered() -> None:
    """Draw, in a worker process, what its first argument orders; print a box a line."""
    # Ctrl-C reaches the whole group; the parent ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = json.loads(sys.argv[1])
    about = order["about"]
    tasks = _tasks(about["counts"], about["seed"])
    for task in tasks[order["first"] :: order["step"]]:
        try:
            print(*_draw_one(Path(order["made"]), task, about["size"]), flush=True)
        except OSError as error:
            print(json.dumps([error.errno, error.strerror or str(error), error.filename]))
            return
