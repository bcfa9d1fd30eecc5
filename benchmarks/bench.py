"""What every section needs: our command and the peers', folders of links, runs to read."""

from __future__ import annotations

import itertools
import json
import random
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import BenchmarkError, Job, read_json_line, remove, run_process

from tl_catdog.data.folders import images_below
from tl_catdog.files import read_json

HERE = Path(__file__).resolve().parent
SPLITS = ("train", "validation")
CAMERA = 12_000_000
"""Pixels of a picture from a camera or telephone."""


@dataclass(frozen=True)
class Bench:
    """The pictures, the programs and the folder to work in.

    Attributes:
        data: Pictures as train/<class>, validation/<class> and, maybe, test/<class>.
        work: An empty folder for runs, caches and links; all paths are absolute.
        weights: The backbone's weights for the tutorial.
        program: Our command.
        python: The interpreter that the peers run in.
        note: Hears what is being prepared.
        sets: A folder of picture sets, for section g.
        cache: Where section g keeps features; by default in ``work``.
    """

    data: Path
    work: Path
    weights: Path | None = None
    program: str = ""
    python: str = sys.executable
    note: Callable[[str], None] = lambda text: None
    sets: Path | None = None
    cache: Path | None = None

    def fresh(self) -> Path:
        """Return a new, empty folder."""
        return Path(tempfile.mkdtemp(prefix="job-", dir=self.work))

    def ours(self, *words: object) -> list[str]:
        """Return a command line of ours."""
        return [self.program, *map(str, words)]

    def script(self, name: str, *words: object) -> list[str]:
        """Return a command line of a script in this folder."""
        return [self.python, str(HERE / name), *map(str, words)]

    def test_words(self) -> list[str]:
        """Return the peers' option that names the test pictures, if there are some."""
        return ["--test", str(self.data / "test")] if (self.data / "test").is_dir() else []

    def train(
        self, *words: object, seed: int, cache: Path | None = None, data: Path | None = None
    ) -> Job:
        """Return a training of ours, by default with a cold cache of its own."""
        folder = self.fresh()
        runs = folder / "runs"
        command = self.ours(
            *("train", *words, "--data", data or self.data),
            *("--runs-dir", runs, "--run", "run", "--seed", seed),
        )
        env = {"XDG_CACHE_HOME": str(cache or folder / "cache")}
        return Job(command, lambda stdout: read_run(runs / "run"), env, drop=(folder,))

    def predict(self, run: Path, *words: object) -> Job:
        """Return a prediction of ours with a cold cache."""
        folder = self.fresh()
        command = self.ours("predict", "--run", run.name, "--runs-dir", run.parent, *words)
        return Job(command, read_answers, {"XDG_CACHE_HOME": str(folder)}, drop=(folder,))

    def peer(self, name: str, *words: object) -> Job:
        """Return a peer that prints its figures as JSON."""
        return Job(self.script(name, *words), read_json_line)

    def untimed(self, what: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Run something that isn't measured."""
        self.note(f"preparing: {what}")
        folder = self.fresh()
        run_process(command, folder, env)
        remove(folder)

    def trained(self, name: str, *words: object, data: Path | None = None) -> Path:
        """Return a run to predict with, trained once without being measured."""
        run = self.work / "trained" / name
        if not run.is_dir():
            job = self.train(*words, seed=0, data=data)
            self.untimed(f"the run {name}", job.command, job.env)
            run.parent.mkdir(exist_ok=True)
            shutil.move(job.drop[0] / "runs" / "run", run)
            remove(job.drop[0])
        return run

    def shown(self, command: Sequence[str], env: Mapping[str, str]) -> str:
        """Return a command as readers elsewhere can use it: without this machine's folders."""
        names = {self.python: "python", self.program: "tl-catdog"}
        words = [*(f"{key}={value}" for key, value in env.items()), *command]
        return " ".join(shlex.quote(self.plain(names.get(word, word))) for word in words)

    def plain(self, text: str) -> str:
        """Return a text with short names for this machine's folders."""
        places = ((self.sets, "SETS"), (self.cache, "CACHE"), (self.data, "DIR"))
        known = [(path, name) for path, name in places if path is not None]
        known += [(self.work, "TMP"), (HERE, "benchmarks")]
        if self.weights is not None:
            known.append((self.weights, self.weights.name))
        # The longest first: one of the folders may lie in another.
        for path, name in sorted(known, key=lambda item: -len(str(item[0]))):
            text = text.replace(str(path), name)
        return text


def find_program(python: str = sys.executable) -> str:
    """Return our installed command: the one beside the interpreter, else the first on the path."""
    beside = Path(python).parent / "tl-catdog"
    found = str(beside) if beside.is_file() else shutil.which("tl-catdog")
    if found is None:
        raise BenchmarkError("expected tl-catdog to be installed; type: pip install -e .")
    return found


def read_run(run: Path) -> dict[str, Any]:
    """Return the figures of a run of ours: accuracies, stages, and a clock like the peers'."""
    try:
        manifest = read_json(run / "manifest.json")
        lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        epochs = [json.loads(line) for line in lines]
        kept = ("name", "seconds", "val_accuracy")
        return {
            "accuracy": {name: item["accuracy"] for name, item in manifest["evaluations"].items()},
            "stages": [{key: stage[key] for key in kept} for stage in manifest["stages"]],
            "timings": manifest["timings"],
            "clock": [
                (epoch["elapsed"], epoch["val_accuracy"]) for epoch in epochs if "elapsed" in epoch
            ],
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"expected a run of tl-catdog in {run}: {error!r}") from error


def read_answers(stdout: Path) -> dict[str, Any]:
    """Return how many answers ``predict --json`` gave, and the mean output to check them by."""
    n, errors, total = 0, 0, 0.0
    with stdout.open(encoding="utf-8") as lines:
        for line in lines:
            answer = json.loads(line)
            n += 1
            if answer["probabilities"] is None:
                errors += 1
            else:
                total += list(answer["probabilities"].values())[-1]
    return {"n": n, "errors": errors, "mean_output": round(total / max(n - errors, 1), 4)}


def link_pictures(data: Path, folder: Path, limit: int | None = None) -> int:
    """Fill a flat folder with links to all pictures of a set, or to ``limit`` of them.

    Returns:
        How many links there are.
    """
    found = list(images_below(data))
    if limit is not None and limit < len(found):
        # Evenly, so that every class and split is there.
        found = [found[index * len(found) // limit] for index in range(limit)]
    folder.mkdir(parents=True)
    for number, path in enumerate(found):
        (folder / f"{number:06}{path.suffix.lower()}").symlink_to(path.resolve())
    return len(found)


def enlarge_pictures(data: Path, folder: Path, count: int, pixels: int) -> None:
    """Fill a flat folder with JPEGs as large as a camera's, made of pictures of a set.

    Args:
        data: The set.
        folder: Is made.
        count: How many, taken evenly; repeated if there are fewer.
        pixels: How many each of them has, about.
    """
    from PIL import Image  # the starter stays small

    found = list(images_below(data))
    folder.mkdir(parents=True)
    for number in range(count):
        with Image.open(found[number * len(found) // count % len(found)]) as picture:
            factor = (pixels / (picture.width * picture.height)) ** 0.5
            size = round(picture.width * factor), round(picture.height * factor)
            large = picture.convert("RGB").resize(size, Image.Resampling.BICUBIC)
        large.save(folder / f"{number:06}.jpg", quality=92)


def grow(data: Path, folder: Path, count: int) -> None:
    """Make a split picture set of ``count`` links: a fifth for validation, classes balanced.

    Training pictures are links to training pictures, validation pictures to validation ones, each
    linked as often as it takes, so that no picture is in both.
    """
    classes = sorted(entry.name for entry in (data / "train").iterdir() if entry.is_dir())
    validation = count // 5
    for split, total in (("train", count - validation), ("validation", validation)):
        for place, label in enumerate(classes):
            source = [path.resolve() for path in images_below(data / split / label)]
            if not source:
                raise BenchmarkError(f"expected pictures in {data / split / label}, found none")
            # In a fixed random order: a small set is then a fair sample, not the first names.
            random.Random(0).shuffle(source)
            target = folder / split / label
            target.mkdir(parents=True)
            share = total // len(classes) + (place < total % len(classes))
            for number, path in enumerate(itertools.islice(itertools.cycle(source), share)):
                (target / f"{label}.{number:06}{path.suffix.lower()}").symlink_to(path)
