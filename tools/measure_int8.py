"""Measure what int8 features are worth beside those of single precision, on several sets.

usage: python tools/measure_int8.py SETS --keep FOLDER [--arch mobilenet …] [--splits 8]

SETS holds sets of pictures, each with train, val or validation, and perhaps test; a set without
test pictures is judged on those to validate on. On L2-normalised pooled features of either
precision a logistic regression is trained, its C chosen on the validation pictures. ``a -> b`` is
trained on features of precision a, and judged on those of b. FOLDER keeps the features, since they
take minutes. See docs/adr/029.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.preprocessing import normalize

from tl_catdog.architectures import PRETRAINED
from tl_catdog.data.images import decode
from tl_catdog.data.parallel import map_threaded
from tl_catdog.features.linear_probe import STRENGTHS, log_loss, probe_predictions
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.engine import OnnxForward
from tl_catdog.models.graph import extraction_graph
from tl_catdog.models.layout import POOLING
from tl_catdog.models.weights import packaged_weights
from tl_catdog.statistics import PairedCounts, mcnemar_exact

SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}
SURE = 0.25
Rows = np.ndarray


class Pictures:
    """All pictures of all sets, with set, split and class of each."""

    def __init__(self, root: Path) -> None:
        self.paths: list[Path] = []
        where: list[tuple[str, str, int]] = []
        self.sets = sorted(path.name for path in root.iterdir() if (path / "train").is_dir())
        for name in self.sets:
            classes = sorted(path.name for path in (root / name / "train").iterdir())
            for folder in sorted((root / name).iterdir()):
                for path in sorted(folder.rglob("*")) if folder.name in SPLITS else ():
                    if path.is_file():
                        self.paths.append(path)
                        where.append((name, SPLITS[folder.name], classes.index(path.parent.name)))
        names, splits, labels = zip(*where, strict=True)
        self.set, self.split, self.label = np.array(names), np.array(splits), np.array(labels)

    def of(self, name: str, split: str) -> Rows:
        found = np.flatnonzero((self.set == name) & (self.split == split))
        return found if len(found) or split != "test" else self.of(name, "val")


def features(pictures: Pictures, arch: str, precision: str, keep: Path) -> Rows:
    """Return the pooled features of all pictures, (N, F)."""
    path = keep / f"{arch}-{precision}.npy"
    if path.is_file():
        found: Rows = np.load(path)
        return found
    spec = backbone_of(arch)
    weights, size = packaged_weights(spec), spec.image_size
    forward = OnnxForward(extraction_graph(spec, weights, size, (POOLING,), precision))
    began = time.perf_counter()
    rows = np.concatenate(
        [
            found[0]
            for found in map_threaded(lambda p: forward(decode(p, size)[None]), pictures.paths)
        ]
    )
    print(
        f"{arch} {precision}: {1000 * (time.perf_counter() - began) / len(rows):.1f} ms a picture"
    )
    np.save(path, rows)
    return rows


def chosen(pictures: Pictures, rows: Rows, others: Rows, name: str) -> tuple[float, Rows, Rows]:
    """Choose C by the log loss on the validation pictures.

    Returns:
        It, and what that probe says of the test pictures: by the same features, and by others.
    """
    train, val, test = (pictures.of(name, split) for split in ("train", "val", "test"))
    asked = np.concatenate([rows[val], rows[test], others[test]])
    jobs = ((rows[train], pictures.label[train], asked, strength) for strength in STRENGTHS)
    found = list(probe_predictions(jobs))
    losses = [log_loss(said[: len(val)], pictures.label[val]) for said in found]
    best = int(np.argmin(losses))
    _, own, other = np.split(found[best], [len(val), len(val) + len(test)])
    return STRENGTHS[best], own, other


def resampled(pictures: Pictures, rows: Rows, name: str, strength: float, splits: int) -> Rows:
    """Return accuracies on other splits of a set: 60 % of each class, 600 pictures at most."""
    random = np.random.default_rng(0)
    labels = pictures.label
    everything = np.flatnonzero(pictures.set == name)
    classes = np.unique(labels[everything])
    jobs, rests = [], []
    for _ in range(splits):
        train, rest = [], []
        for label in classes:
            mine = random.permutation(everything[labels[everything] == label])
            count = min(int(0.6 * len(mine)), 600 // len(classes))
            train.append(mine[:count])
            rest.append(mine[count:])
        some = np.concatenate(train)
        rests.append(np.concatenate(rest))
        jobs.append((rows[some], labels[some], rows[rests[-1]], strength))
    answers = zip(probe_predictions(jobs), rests, strict=True)
    return np.array([(said.argmax(1) == labels[rest]).mean() for said, rest in answers])


def noise(ours: Rows, theirs: Rows) -> float:
    """Return the variance of features over that of their difference."""
    error = theirs - ours
    return float(((ours - ours.mean(0)) ** 2).sum() / ((error - error.mean(0)) ** 2).sum())


def measure(pictures: Pictures, arch: str, keep: Path, splits: int) -> None:
    rows = {p: normalize(features(pictures, arch, p, keep)) for p in ("float32", "int8")}
    right: dict[tuple[str, str], list[Rows]] = {}
    same: list[Rows] = []
    alike: list[Rows] = []
    cosine = float((rows["float32"] * rows["int8"]).sum(axis=1).mean())
    print(f"\n{arch}, cosine {cosine:.4f}")
    print("set, n | float32 | int8 | float32 -> int8 | int8 -> float32 | other splits | signal")
    for name in pictures.sets:
        test = pictures.of(name, "test")
        answers: dict[tuple[str, str], Rows] = {}
        strengths = {}
        for a, b in (("float32", "int8"), ("int8", "float32")):
            strengths[a], answers[a, a], answers[a, b] = chosen(pictures, rows[a], rows[b], name)
        cells = []
        for a, b in (("float32",) * 2, ("int8",) * 2, ("float32", "int8"), ("int8", "float32")):
            said = answers[a, b]
            hits = said.argmax(axis=1) == pictures.label[test]
            right.setdefault((a, b), []).append(hits)
            cells.append(f"{hits.mean():.4f} {log_loss(said, pictures.label[test]):.4f}")
        own, other = answers["int8", "int8"], answers["int8", "float32"]
        ordered = np.sort(own, axis=1)
        same.append(own.argmax(axis=1) == other.argmax(axis=1))
        alike.append(same[-1] | (ordered[:, -1] - ordered[:, -2] < SURE))
        strength = strengths["float32"]
        splits_of = [resampled(pictures, rows[p], name, strength, splits) for p in rows]
        gain = 100 * (splits_of[1] - splits_of[0])
        signal = noise(rows["float32"][test], rows["int8"][test])
        more = f"{gain.mean():+.2f} ± {gain.std(ddof=1) / splits**0.5:.2f} | {signal:.0f}"
        print(f"{name}, {len(test)} | " + " | ".join(cells) + f" | {more}", flush=True)
    single = np.concatenate(right["float32", "float32"])
    for key, parts in right.items():
        hits = np.concatenate(parts)
        mean = np.mean([part.mean() for part in parts])
        text = f"{' -> '.join(key)}: mean {mean:.4f}, all {len(hits)} pictures {hits.mean():.4f}"
        counts = PairedCounts.of(single, hits)
        lost, won = counts.only_a, counts.only_b
        print(f"{text}; lost {lost}, won {won}, p {mcnemar_exact(counts):.2f}")
    decided, sure = np.concatenate(same), np.concatenate(alike)
    text = f"int8 -> float32: same decision {decided.mean():.4f}"
    print(f"{text}, or a lead below {SURE}: {sure.mean():.4f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", type=Path)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--arch", nargs="+", default=list(PRETRAINED))
    parser.add_argument("--splits", type=int, default=8)
    arguments = parser.parse_args()
    arguments.keep.mkdir(parents=True, exist_ok=True)
    pictures = Pictures(arguments.sets)
    for arch in arguments.arch:
        measure(pictures, arch, arguments.keep, arguments.splits)


if __name__ == "__main__":
    main()
