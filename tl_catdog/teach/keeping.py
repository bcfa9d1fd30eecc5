"""Keeping what was taught: a run, its report, its exports, by the very commands that are shown.

Each is a process of its own, with the words that a person would type, so that the button and the
command give the same bits. What it says goes to a file: a server that is killed doesn't take a
training with it, which goes on to its run. The next server finds it, and what was done before.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tl_catdog.data.groups import COPIES, SUBFOLDER
from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.runs.folder import find_run, list_runs
from tl_catdog.runs.unfinished import (
    Unfinished,
    list_stopped,
    list_unfinished,
    read_begun,
    resume_command,
)
from tl_catdog.runs.writer import choose_name
from tl_catdog.teach.items import UNLABELLED
from tl_catdog.teach.job import DONE, Job
from tl_catdog.teach.records import FORMATS, Record, here
from tl_catdog.teach.steps import OWN
from tl_catdog.teach.working import Working
from tl_catdog.teach.zipped import zipped

STEM = "taught"  # a run's name where none is wanted: taught, taught-2, …


class Keeping(Working):
    """Runs commands on a folder, one after the other.

    Args:
        root: The folder of the pictures, as it was named.
        runs_dir: Where runs go, as the commands have it by themselves.
        exports_dir: Where exports and reports go; the same.
    """

    def __init__(
        self, root: Path, runs_dir: Path = Path("models"), exports_dir: Path = Path("exports")
    ) -> None:
        self.root, self.runs_dir, self.exports_dir = root, runs_dir, exports_dir
        super().__init__(root / OWN / "jobs")

    def close(self, tell: Callable[[str], None] = lambda words: None) -> tuple[Job, ...]:
        """End what is being done, as ``cancel`` does, and wait for that; return what was ended.

        Args:
            tell: Told what ends, and what to type to go on with it.
        """
        ended = super().close(tell)
        names = [job.run for job in ended if job.kind == "train"]
        for one in self.unfinished() if names else ():
            if one["name"] in names:
                tell(f"To go on with it, type: {resume_command(self.runs_dir, one['word'])}")
        return ended

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs that there are, newest last: their names."""
        return [{"name": run.name} for run in list_runs(self.runs_dir).runs]

    def unfinished(self) -> list[dict[str, Any]]:
        """Return the trainings on this folder that were stopped or killed, and can go on.

        Each has its run's ``name``, and the ``word`` that tells it from others of that name.
        """
        found = [*list_unfinished(self.runs_dir), *list_stopped(self.runs_dir)]
        mine = [one for one in found if not one.running and self._is_mine(one)]
        names = Counter(one.name for one in mine)
        return [
            {"name": one.name, "word": one.name if names[one.name] == 1 else one.path.name}
            for one in mine
        ]

    def start_resume(self, word: str) -> str:
        """Go on with a training that was stopped or killed; return the job's id.

        Args:
            word: Of ``unfinished``.

        Raises:
            UsageError: Something is being done already, or there is no such training.
        """
        for one in self.unfinished():
            if one["word"] == word:
                words = ("train", "--resume", word, *self._runs_dir())
                return self.start("train", one["name"], words)
        raise UsageError(
            f"expected a training in {self.runs_dir} that was stopped, found none of the name "
            f"{word!r}.",
            "Save a run",
        )

    def start_run(self, name: str | None = None, *, finetune: bool = False) -> str:
        """Begin a training on the folder; return the job's id.

        Args:
            name: Of the run; None for a free one.
            finetune: Whether to train the backbone's upper part as well, which takes minutes.

        Raises:
            UsageError: Something is being done already, or the name can't be had.
        """
        with self._lock:
            chosen = choose_name(name, STEM, self.runs_dir, force=False)
            more = ("--finetune",) if finetune else ()
            return self.start("train", chosen, self.training(chosen, more))

    def training(self, name: str, more: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the words of the command that trains on the folder as it is now.

        Bursts are folders below those of the classes. Where there is none, near-copies alone are
        kept together, as they are with bursts.
        """
        by = SUBFOLDER if self._has_bursts() else COPIES
        words = ("train", "--data", _named(self.root), "--group-by", by, "--run", name, *more)
        return (*words, *self._runs_dir())

    def start_export(self, run: str, kind: str) -> str:
        """Begin to export a run; return the job's id.

        Args:
            run: Its name.
            kind: One of ``FORMATS``.

        Raises:
            UsageError: Something is being done already; there is no such run or format.
        """
        if kind not in FORMATS:
            raise UsageError(
                f"expected one of the formats {listing(FORMATS)}, found {kind!r}.",
                f"Choose {FORMATS[0]}",
            )
        name, out = self._run(run), self.exports_dir
        words = ("export", name, "--format", kind, "--force", *self._runs_dir())
        words = (*words, "--out", _named(out / name))
        return self.start("export", name, words, kind)

    def start_report(self, run: str) -> str:
        """Begin to write the report on a run; return the job's id. Errors are those of exports."""
        name = self._run(run)
        out = self.exports_dir / f"{name}.html"
        words = ("report", name, "--out", _named(out), *self._runs_dir())
        return self.start("report", name, words)

    def start_compare(self, runs: Sequence[str]) -> str:
        """Begin to compare runs; what it says is the comparison. Errors are those of exports."""
        names = [self._run(run) for run in runs]
        if len(names) < 2:
            raise UsageError("expected two runs to compare, found fewer.", "Choose another one")
        return self.start("compare", names[0], ("compare", *names, *self._runs_dir()))

    def stream_zip(self, id: str) -> Iterator[bytes]:
        """Yield the bytes of a zip archive of what a job left; no more than a piece is in memory.

        Raises:
            UsageError: There is no such job.
            CatdogError: It left nothing, or that is gone.
        """
        job = self.job(id)
        if job.state != DONE or job.out is None or not job.out.exists():
            raise CatdogError("expected something to download, found none.", "Begin it anew")
        return zipped(job.out)

    def _out(self, record: Record) -> Path | None:
        """Return where a job's result is; nothing is taken from what a stranger may have written.

        Results of another working folder aren't looked for.
        """
        if record.folder != here():
            return None
        if record.kind == "export":
            return self.exports_dir / record.run / record.format
        return self.exports_dir / f"{record.run}.html" if record.kind == "report" else None

    def _was_stopped(self, run: str) -> bool:
        return any(one.name == run for one in list_stopped(self.runs_dir))

    def _is_mine(self, one: Unfinished) -> bool:
        with contextlib.suppress(CatdogError, OSError):
            return Path(read_begun(one.path).root).resolve() == self.root.resolve()
        return False

    def _run(self, name: str) -> str:
        """Return the name of a run of the folder of runs; no path is taken."""
        there = [run.name for run in list_runs(self.runs_dir).runs]
        if name not in there:
            raise UsageError(
                f"expected a run of {self.runs_dir}, found {name!r}.", "Keep one first"
            )
        return find_run(name, self.runs_dir).name

    def _runs_dir(self) -> tuple[str, ...]:
        named = _named(self.runs_dir)
        return () if named == "models" else ("--runs-dir", named)

    def _has_bursts(self) -> bool:
        with contextlib.suppress(OSError):
            for folder in self.root.iterdir():
                if folder.name.startswith(".") or folder.name == UNLABELLED or not folder.is_dir():
                    continue
                if any(inner.is_dir() and any(inner.iterdir()) for inner in folder.iterdir()):
                    return True
        return False


def _named(path: Path) -> str:
    """Return a path that isn't taken for an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)
