"""Train on sets from their pictures and from features of a batch, and say what differs.

    python tools/compare_extracted.py OUT SEEDS SET... [--set NAME=VALUE ...]

Each SET is a folder of pictures, SEEDS are numbers with commas between them, OUT keeps batches and
runs. ``--set arch=efficientnet-lite0`` and the like go to both trainings. The table in ADR 040 is
made by it.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path
from typing import Any

import h5py

import tl_catdog as tl
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.planning import FeatureSettings
from tl_catdog.runs.folder import MODEL, SPLIT, Run

OF_FEATURES = ("arch", "compute", "mirror", "image_size")
"""Settings of a training that decide about features, too."""


def weights(run: Run) -> dict[str, Any]:
    """Return the arrays in a run's Keras file, by their places in it."""
    with zipfile.ZipFile(run.path / MODEL) as archive:
        raw = archive.read("model.weights.h5")
    found: dict[str, Any] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(io.BytesIO(raw)) as file:
        file.visititems(keep)
    return found


def differences(one: tl.Classifier, other: tl.Classifier, data: Path, features: Path) -> list[str]:
    """Return what isn't the same, to the bit, of two runs and of their answers."""
    pair = one.run, other.run
    found = [
        key
        for key in ("onnx_sha256", "feature_bank_sha256")
        if pair[0].manifest["model"][key] != pair[1].manifest["model"][key]
    ]
    first, second = map(weights, pair)
    if first.keys() != second.keys() or any((first[k] != second[k]).any() for k in first):
        found.append("weights")
    for name in (SPLIT, *(f"predictions/{split}.csv" for split in pair[0].predicted_splits())):
        if pair[0].read(name) != pair[1].read(name):
            found.append(name)
    said = [run.evaluate(data) for run in (one, other)]
    said += [run.evaluate(features=features) for run in (one, other)]
    if len({item.predictions.to_csv() for item in said}) > 1:
        found.append("answers")
    figures = [{**run.evaluate().to_json(), "run": ""} for run in (one, other)]
    return found if figures[0] == figures[1] else [*found, "figures"]


def main() -> None:
    """Compare, and print a line for each set and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("seeds")
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    settings: dict[str, Any] = dict(item.split("=", 1) for item in given.settings)
    if "image_size" in settings:
        settings["image_size"] = int(settings["image_size"])
    own = FeatureSettings(**{k: v for k, v in settings.items() if k in OF_FEATURES})
    for data in given.sets:
        features = given.out / data.name / "-".join(("features", *map(str, settings.values())))
        if not batch("features", data, features, features=own).closed:
            raise SystemExit(f"{features} isn't closed.")
        for seed in map(int, given.seeds.split(",")):
            how = {
                **settings,
                "seed": seed,
                "force": True,
                "runs_dir": str(features.parent / "runs"),
            }
            one = tl.train(data, run="pictures", **how)
            other = tl.train(features=features, run="features", **how)
            metrics = one.evaluate().metrics
            print(
                f"{data.name} {given.settings} seed {seed}, {one.run.compute}: "
                f"{metrics.accuracy:.4f} of {metrics.n}; "
                f"{', '.join(differences(one, other, data, features)) or 'all the same'}",
                flush=True,
            )


if __name__ == "__main__":
    main()
