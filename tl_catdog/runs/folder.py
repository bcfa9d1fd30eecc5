"""The run folder: everything that one training leaves and later commands read.

    models/<run>/
      config.json        the resolved settings
      manifest.json      versions, seed, data and its fingerprint, stages and timings, skipped files
      split.csv          which picture was in which split, with its SHA-256
      metrics.jsonl      a line for each epoch
      model.keras        the whole network, scaling included
      model.onnx         the same for ONNX Runtime, which predicts faster and without TensorFlow
      references.npz     the feature bank: training pictures' features, to tell what is unfamiliar
      head.npz           in place of these three in the run that ships: see prediction/head_only.py
      predictions/*.csv  predictions on the pictures of a split
      robustness.json    what `evaluate --robustness` found, where that was asked for

A run is built in a folder named ``<run>.unfinished-…`` and renamed when it is whole, so a folder
without that suffix is always a valid run, whenever the program was killed.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from tl_catdog.config import FLOAT32, INT8, Precision
from tl_catdog.data.folders import SPLITS
from tl_catdog.data.reading import read_file
from tl_catdog.errors import CatdogError, UsageError, listing

# Named twice, so that type checkers let others import from here what all files of a run are called.
from tl_catdog.runs.description import CONFIG as CONFIG
from tl_catdog.runs.description import FORMAT as FORMAT
from tl_catdog.runs.description import HELD_OUT as HELD_OUT
from tl_catdog.runs.description import MANIFEST as MANIFEST
from tl_catdog.runs.description import OUT_OF_FOLD as OUT_OF_FOLD
from tl_catdog.runs.description import read_description
from tl_catdog.scratch import REPLACED as REPLACED
from tl_catdog.scratch import mend

UNFINISHED = ".unfinished-"
SPLIT, METRICS, MODEL, ONNX, FEATURE_BANK, HEAD, ROBUSTNESS = (
    "split.csv",
    "metrics.jsonl",
    "model.keras",
    "model.onnx",
    "references.npz",
    "head.npz",
    "robustness.json",
)
OLDER_FEATURE_BANK = "references.npy"
PREDICTIONS = "predictions"
SHIPPED = "cats-dogs"
"""The name of the run in the package."""

MOST = 2**29
"""Bytes of a file of a run at most: what a line for each of some million pictures takes."""
MOST_OF_NETWORK = 2**31 - 1  # the format of ONNX holds no more

_NETWORK = {
    MODEL: "sha256",
    ONNX: "onnx_sha256",
    FEATURE_BANK: "feature_bank_sha256",
    OLDER_FEATURE_BANK: "references_sha256",
    HEAD: "head_sha256",
}
"""The keys of the manifest with the hashes of the network's files."""


@dataclass(frozen=True)
class Run:
    """A finished run."""

    path: Path
    config: Mapping[str, Any]
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name, which is what commands take."""
        name = self.path.name
        return self.path.resolve().name if name in ("", "..") else name

    @property
    def quoted(self) -> str:
        """Its name for a shell."""
        return shlex.quote(self.name)

    @property
    def typed(self) -> str:
        """What commands take from here, wherever the run is, for a shell."""
        path = self.path.absolute()
        here = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        return shlex.quote(self.name if self.ships else str(here))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the network's outputs."""
        return tuple(self.manifest["data"]["classes"])

    @property
    def image_size(self) -> int:
        """Height and width in pixels of the pictures that the network takes."""
        return int(self.config["image_size"])

    @property
    def compute(self) -> Precision:
        """In which precision its backbone computes, ``int8`` or ``float32``."""
        return INT8 if self.config.get("compute") == INT8 else FLOAT32

    @property
    def model_path(self) -> Path:
        """The network's file."""
        return self.path / MODEL

    @property
    def ships(self) -> bool:
        """Whether this is the run in the package."""
        return self.holds(HEAD)

    @property
    def out_of_fold(self) -> bool:
        """Whether its ``validation`` predictions are out-of-fold ones of the training pictures."""
        return bool(self.manifest.get("validation") == OUT_OF_FOLD)

    @property
    def train_again(self) -> str:
        """What to type when the network can't be used."""
        if self.ships:
            return "Type: pip install --force-reinstall tl-catdog"
        return f"Train a new one: tl-catdog train --arch {self.config['arch']}"

    def predictions_path(self, split: str) -> Path:
        """Return the file of the predictions on a split, whether it exists or not."""
        return self.path / PREDICTIONS / f"{split}.csv"

    def predicted_splits(self) -> tuple[str, ...]:
        """Return the splits that predictions are saved of, or were: a lost file is an error."""
        figures = self.manifest.get("evaluations", ())
        file = f"{PREDICTIONS}/{{}}.csv".format
        return tuple(name for name in sorted(SPLITS) if name in figures or self.has(file(name)))

    @property
    def temperature(self) -> float:
        """What logits are divided by; runs from before calibration leave them as they are."""
        return float(self.manifest.get("calibration", {}).get("temperature", 1.0))

    def holds(self, name: str) -> bool:
        """Return whether the training left one of the network's files: not all trainings do."""
        return name in _NETWORK and _NETWORK[name] in self.manifest["model"]

    def hash_of(self, name: str) -> str:
        """Return the SHA-256 of one of the network's files, as the training wrote it."""
        return str(self.manifest["model"][_NETWORK[name]])

    def _allows(self, name: str, digest: str) -> bool:
        """Return whether a file's content may be that of a hash; older runs know few hashes."""
        if self.holds(name) and self.hash_of(name) != digest:
            return False
        known = self.manifest.get("files")
        return known is None or digest in known.get(name, ())

    def has(self, name: str) -> bool:
        """Return whether there is a file of that path within the run, or should be."""
        return os.path.lexists(self.path / name) or name in self.manifest.get("files", ())

    def read(self, name: str, hint: str = "") -> bytes:
        """Return the bytes of one of the run's files, by its path within the run.

        Args:
            name: Its path.
            hint: What to type if it can't be used.

        Raises:
            CatdogError: It is missing, no file, too large, or not as it was written.
        """
        path = self.path / name
        try:
            content = read_file(path, MOST_OF_NETWORK if name in _NETWORK else MOST)
        except OSError as error:
            raise self._lacks(path, _state(error), hint) from error
        digest = hashlib.sha256(content).hexdigest()
        # Another process may have kept something in the run since its manifest was read.
        if not self._allows(name, digest) and not read_run(self.path)._allows(name, digest):
            raise self._lacks(path, "a changed one", hint)
        return content

    def _lacks(self, path: Path, found: str, hint: str) -> CatdogError:
        what = "the network that the run" if path.name in _NETWORK else "the file that the run"
        verb = "trained" if path.name in _NETWORK else "wrote"
        return CatdogError(
            f"expected {what} {self.name} {verb}, found {found}: {path}.",
            hint or self.train_again,
        )

    def read_checked(self, name: str) -> bytes:
        """Return the bytes of one of the network's files, if it is as the training wrote it.

        Raises:
            CatdogError: It is missing or its hash differs.
        """
        return self.read(name)

    def check_model(self) -> None:
        """Make sure that the Keras file is the one that the training wrote.

        Raises:
            CatdogError: It is missing or its hash differs.
        """
        self.read(MODEL)


def _state(error: OSError) -> str:
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    return "none" if missing else str(error.strerror)


@dataclass(frozen=True)
class RunList:
    """The runs of a folder.

    Attributes:
        runs: The finished ones, oldest first.
        unfinished: The names of those whose training was stopped before its end.
        unreadable: Why others can't be read, each with what to type.
    """

    runs: tuple[Run, ...]
    unfinished: tuple[str, ...]
    unreadable: tuple[CatdogError, ...] = ()


def list_runs(runs_dir: Path) -> RunList:
    """Return the runs of a folder; a missing folder holds none, and other folders are no runs."""
    runs, unfinished, unreadable = [], [], []
    mend(runs_dir)
    folders = sorted(runs_dir.iterdir()) if runs_dir.is_dir() else []
    for folder in folders:
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        if UNFINISHED in folder.name:
            unfinished.append(folder.name)
        elif REPLACED not in folder.name and _is_run(folder):
            try:
                runs.append(read_run(folder))
            except CatdogError as error:
                unreadable.append(error)
    runs.sort(key=lambda run: (str(run.manifest["created"]), run.name))
    return RunList(tuple(runs), tuple(unfinished), tuple(unreadable))


def read_run(folder: Path) -> Run:
    """Read one run folder.

    Raises:
        CatdogError: It isn't a finished run, comes from a newer version, or says what no run says.
    """
    name = folder.name
    if UNFINISHED in name:
        stem = shlex.quote(name.partition(UNFINISHED)[0])
        problem, hint = "it was never finished", f"Type: tl-catdog train --resume {stem}"
    elif REPLACED in name:
        problem, hint = "another run took its place", f"Type: ls {shlex.quote(str(folder.parent))}"
    else:
        try:
            found = read_description(folder)
            return Run(folder, found.config, found.manifest)
        except FileNotFoundError as error:
            problem = f"it has no {Path(error.filename).name}"
            hint = f"Type: ls {shlex.quote(str(folder))}"
    raise CatdogError(f"expected a finished run, found {folder}: {problem}.", hint)


def _is_run(folder: Path) -> bool:
    """Tell a run, or what is left of one, from another folder."""
    return any(os.path.lexists(folder / name) for name in (CONFIG, MANIFEST))


def find_run(reference: str, runs_dir: Path) -> Run:
    """Return the run of a name in ``runs_dir``, or of a path, or the one that ships.

    Raises:
        UsageError: There is no such run; the message names those there are.
        CatdogError: It isn't a finished run, comes from a newer version, or says what no run says.
    """
    mend(runs_dir)
    there = [path for path in (runs_dir / reference, Path(reference)) if path.is_dir()]
    runs = [path for path in there if _is_run(path)]  # they go before other folders
    if reference == SHIPPED and not runs:
        return shipped_run()
    if there:
        return read_run((runs or there)[0])
    names = [run.name for run in list_runs(runs_dir).runs]
    raise UsageError(
        f"expected a run in {runs_dir}, found no {reference!r}; there is {listing(names)}.",
        f"Type: tl-catdog evaluate {names[-1]}" if names else "Type: tl-catdog train",
    )


def shipped_run() -> Run:
    """Return the classifier of cats and dogs that ships with the package.

    Raises:
        CatdogError: The installation is damaged.
    """
    return read_run(Path(str(files(__package__))) / SHIPPED)


def latest_run(runs_dir: Path) -> Run:
    """Return the newest finished run of a folder; the one that ships where there is none.

    Raises:
        CatdogError: The installation is damaged.
    """
    runs = list_runs(runs_dir).runs
    return runs[-1] if runs else shipped_run()
