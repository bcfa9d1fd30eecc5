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
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from tl_catdog.data.examples import ImageSet
from tl_catdog.data.split_file import from_csv
from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.files import read_json, read_text

FORMAT = 1
UNFINISHED = ".unfinished-"
REPLACED = ".replaced-"
CONFIG, MANIFEST, SPLIT, METRICS, MODEL, ONNX, FEATURE_BANK, HEAD, ROBUSTNESS = (
    "config.json",
    "manifest.json",
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
HELD_OUT, OUT_OF_FOLD = "held-out", "out-of-fold"
"""Which pictures the predictions called ``validation`` are of: some that weren't trained on; or all
training pictures, each predicted by models that were trained without it."""
SHIPPED = "cats-dogs"
"""The name of the run in the package."""


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
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the network's outputs."""
        return tuple(self.manifest["data"]["classes"])

    @property
    def image_size(self) -> int:
        """Height and width in pixels of the pictures that the network takes."""
        return int(self.config["image_size"])

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
        command = f"tl-catdog train --arch {self.config['arch']} --run {self.name} --force"
        return f"Train it again: {command}"

    def predictions_path(self, split: str) -> Path:
        """Return the file of the predictions on a split, whether it exists or not."""
        return self.path / PREDICTIONS / f"{split}.csv"

    def predicted_splits(self) -> tuple[str, ...]:
        """Return the splits that predictions are saved of."""
        return tuple(sorted(path.stem for path in (self.path / PREDICTIONS).glob("*.csv")))

    @property
    def temperature(self) -> float:
        """What logits are divided by; runs from before calibration leave them as they are."""
        return float(self.manifest.get("calibration", {}).get("temperature", 1.0))

    def holds(self, name: str) -> bool:
        """Return whether the training left one of the network's files: not all trainings do."""
        return name in self._hashes

    @property
    def _hashes(self) -> dict[str, str]:
        model = self.manifest["model"]
        keys = {
            MODEL: "sha256",
            ONNX: "onnx_sha256",
            FEATURE_BANK: "feature_bank_sha256",
            OLDER_FEATURE_BANK: "references_sha256",
            HEAD: "head_sha256",
        }
        return {name: model[key] for name, key in keys.items() if model.get(key)}

    def hash_of(self, name: str) -> str:
        """Return the SHA-256 of one of the network's files, as the training wrote it."""
        return self._hashes[name]

    def read_checked(self, name: str) -> bytes:
        """Return the bytes of one of the network's files, if it is as the training wrote it.

        Raises:
            CatdogError: It is missing or its hash differs.
        """
        path = self.path / name
        try:
            content = path.read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != self._hashes[name]:
            state = "a changed one" if content else "none"
            raise CatdogError(
                f"expected the network that the run {self.name} trained, found {state}: {path}.",
                self.train_again,
            )
        return content

    def check_model(self) -> None:
        """Make sure that the Keras file is the one that the training wrote.

        Raises:
            CatdogError: It is missing or its hash differs.
        """
        self.read_checked(MODEL)


@dataclass(frozen=True)
class RunList:
    """The runs of a folder: the finished ones, and the names of folders that aren't."""

    runs: tuple[Run, ...]
    unfinished: tuple[str, ...]


def list_runs(runs_dir: Path) -> RunList:
    """Return the runs of a folder, oldest first; a missing folder holds none."""
    runs, unfinished = [], []
    folders = sorted(runs_dir.iterdir()) if runs_dir.is_dir() else []
    for folder in folders:
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        try:
            runs.append(read_run(folder))
        except CatdogError:
            unfinished.append(folder.name)
    runs.sort(key=lambda run: (str(run.manifest["created"]), run.name))
    return RunList(tuple(runs), tuple(unfinished))


def read_run(folder: Path) -> Run:
    """Read one run folder.

    Raises:
        CatdogError: It isn't a finished run.
    """
    problem = "it was never finished"
    rest = UNFINISHED in folder.name or REPLACED in folder.name
    if not rest:
        try:
            config, manifest = read_json(folder / CONFIG), read_json(folder / MANIFEST)
            if manifest["format"] == FORMAT:
                return Run(folder, config, manifest)
            problem = f"its format {manifest['format']} isn't {FORMAT}"
        except FileNotFoundError as error:
            problem = f"it has no {Path(error.filename).name}"
        except (OSError, ValueError, KeyError, TypeError) as error:
            problem = f"its description can't be read ({type(error).__name__})"
    raise CatdogError(
        f"expected a finished run, found {folder}: {problem}.",
        # What isn't the rest of a run may be anything, such as a folder of all runs, or pictures.
        f"Type: rm -r {folder}" if rest or _is_run(folder) else f"Type: ls {folder}",
    )


def _is_run(folder: Path) -> bool:
    """Tell a run, or what is left of one, from another folder."""
    return (folder / CONFIG).is_file()


def find_run(reference: str, runs_dir: Path) -> Run:
    """Return the run of a name in ``runs_dir``, or of a path, or the one that ships.

    Raises:
        UsageError: There is no such run; the message names those there are.
        CatdogError: It isn't a finished run.
    """
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


def read_metrics(run: Run) -> list[dict[str, Any]]:
    """Return the lines of ``metrics.jsonl``, one for each epoch of each stage."""
    text = (run.path / METRICS).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def read_split(run: Run) -> str:
    """Return the CSV of which picture was in which split.

    Raises:
        CatdogError: The file is gone.
    """
    try:
        path = run.path / SPLIT
        return read_text(path)
    except OSError as error:
        raise CatdogError(
            f"expected the split that the run {run.name} was trained on, found no {path}.",
            "Name the folder to evaluate: --data DIR",
        ) from error


def own_images(run: Run) -> ImageSet:
    """Return the pictures that a run was trained and evaluated on; none of them is opened.

    Raises:
        CatdogError: The list of them is gone.
    """
    data = run.manifest["data"]
    return from_csv(read_split(run), Path(data["root"]), run.classes, drawn=data["drawn"])
