"""Make the classifier that ships: train it with our own command, keep its head, measure that.

usage: python tools/make_shipped.py DATA [--check]

DATA is a folder of photographs with the splits train, validation and test. The run that ships is
written to tl_catdog/runs/cats-dogs/, with its model card; --check makes it anew and only tells
whether it has the same weights and predictions.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from tl_catdog.data.digest import file_digest
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.sets import load_set
from tl_catdog.evaluation.robustness import robustness
from tl_catdog.export.card import card
from tl_catdog.files import write_json, write_text
from tl_catdog.prediction.head_only import pack
from tl_catdog.prediction.novelty import FeatureBank
from tl_catdog.prediction.predictor import Predictor, predict_examples
from tl_catdog.runs.folder import (
    CONFIG,
    FEATURE_BANK,
    HEAD,
    MANIFEST,
    METRICS,
    ONNX,
    PREDICTIONS,
    ROBUSTNESS,
    SHIPPED,
    SPLIT,
    Run,
    read_run,
    shipped_run,
)

TARGET = Path(__file__).parents[1] / "tl_catdog" / "runs" / SHIPPED
CARD = "CARD.md"
COMMAND = ("train", "--arch", "mobilenet", "--compute", "int8", "--seed", "0", "--run", SHIPPED)
SPLITS = ("validation", "test")
TOLERANCE = 2e-3  # of probabilities, where another machine's sums differ


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trained = train(options.data, Path(folder))
        every = 40 if options.check else 1  # nobody looks at the robustness that it measures
        made = keep_head(trained, options.data, Path(folder, "kept", SHIPPED), every)
        if options.check:
            sys.exit(0 if same(made, shipped_run()) else 1)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(made.path, TARGET)
    size = sum(path.stat().st_size for path in TARGET.rglob("*") if path.is_file())
    print(f"{TARGET}: {size / 1e6:.2f} MB, of which the head {(TARGET / HEAD).stat().st_size:,} B")


def train(data: Path, folder: Path) -> Run:
    words = [*COMMAND, "--data", str(data), "--runs-dir", str(folder), "--cache-size", "0"]
    subprocess.run([sys.executable, "-m", "tl_catdog", *words], check=True)
    return read_run(folder / SHIPPED)


def keep_head(trained: Run, data: Path, folder: Path, every: int) -> Run:
    """Write the run that keeps the head alone, with what that head says of the pictures.

    Its robustness is measured on each so many-th test picture.
    """
    graph = onnx.load_from_string(trained.read_checked(ONNX))
    numbers = {item.name: numpy_helper.to_array(item) for item in graph.graph.initializer}
    feature_bank = FeatureBank.from_bytes(trained.read_checked(FEATURE_BANK))
    folder.mkdir(parents=True)
    (folder / HEAD).write_bytes(pack(numbers, feature_bank))
    for name in (SPLIT, METRICS):
        shutil.copy2(trained.path / name, folder / name)
    write_json(folder / CONFIG, {**trained.config, "data": data.name, "runs_dir": "models"})
    write_json(folder / MANIFEST, manifest_of(trained, data, folder))
    run = read_run(folder)
    measure(run, load_set(data), every)
    return run


def manifest_of(trained: Run, data: Path, folder: Path) -> dict[str, Any]:
    from hashlib import sha256

    manifest = dict(trained.manifest)
    kept = ("bytes", "params", "trainable_params", "ms_per_image", "engine")
    model = {key: manifest["model"][key] for key in kept}
    model["head_sha256"] = sha256((folder / HEAD).read_bytes()).hexdigest()
    described = {**manifest["data"], "root": data.name}
    for key in ("evaluations", "files"):  # of the run as it was trained
        del manifest[key]
    return {
        **manifest,
        "name": SHIPPED,
        "git_commit": None,  # of whatever folder the tool was started in
        "data": described,
        "model": model,
    }


def measure(run: Run, pictures: ImageSet, every: int) -> None:
    """Judge the pictures with the head as it is kept, and write the card."""
    predictor = Predictor.load(run)
    for split in SPLITS:
        examples = pictures.split(split)
        found = predict_examples(predictor, examples)
        write_text(run.path / PREDICTIONS / f"{split}.csv", found.predictions.to_csv())
    conditions = robustness(predictor, pictures.split("test")[::every])
    rows = [item.to_json() for item in conditions]
    write_json(run.path / ROBUSTNESS, {"split": "test", "conditions": rows})
    write_text(run.path / CARD, card(run))
    files = {name: file_digest(run.path / name) for name in files_of(run.path)}
    write_json(run.path / MANIFEST, {**run.manifest, "files": files})


def files_of(folder: Path) -> list[str]:
    """Return the paths of a run's files, the manifest's and the card's left out."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if path.name not in (CARD, MANIFEST))


def same(made: Run, shipped: Run) -> bool:
    """Say whether two runs have the same weights and say the same of every picture."""
    with np.load(made.path / HEAD) as ours, np.load(shipped.path / HEAD) as theirs:
        if set(ours.files) != set(theirs.files):
            print(f"other arrays: {sorted(set(ours.files) ^ set(theirs.files))}")
            return False
        names = sorted(ours.files)
        differ = [name for name in names if not np.array_equal(ours[name], theirs[name])]
    print(f"of {len(names)} arrays {len(names) - len(differ)} are the same, bit for bit")
    from tl_catdog.prediction.predictions import read_predictions

    apart = 0.0
    for split in SPLITS:
        a, b = (read_predictions(run, split) for run in (made, shipped))
        if a.digests != b.digests:
            print(f"{split}: other pictures")
            return False
        apart = max(apart, float(np.abs(a.probabilities - b.probabilities).max()))
    print(f"greatest difference of a probability: {apart:.2g}")
    print(f"versions: {json.dumps(made.manifest['versions'])}")
    return apart <= TOLERANCE


if __name__ == "__main__":
    main()
