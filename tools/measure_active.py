"""Measure how many labels active choice saves, and which accuracy holds (docs/adr/044).

usage: python tools/measure_active.py DIR [--sets NAME]... [--strategies NAME]... [--seeds 10]
                                      [--curves FILE.csv] [--estimates]

DIR holds sets with train, validation and test (without test, validation is what is judged by). All
other pictures are the pool. A line of JSON for each set and strategy: labels needed to reach the
accuracy that all labels give less 0.005, and that accuracy itself, by the mean curve of all seeds,
smoothed over three steps; and how many that is of those random choice needs, with a bootstrapped
95 % interval over seeds. With --estimates: how often intervals hold the accuracy on new pictures.

The head is the product's: logistic regression on features of length 1, here on 256 principal
components of the pool, with C = 10,000 / labels. Labels come in steps of 5 up to 100, then of 5 %.
"""

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from active_strategies import STRATEGIES, random_choice
from scipy.optimize import minimize

from tl_catdog.statistics import Estimate, proportion, score_interval
from tl_catdog.teach import choice

COMPONENTS, STRENGTH, PART = 256, 1e4, 0.7
Set = dict[str, np.ndarray]


class Head:
    """Logistic regression that begins where the last fit ended."""

    def __init__(self, rows: np.ndarray, classes: int) -> None:
        self.rows, self.classes, self.w = rows, classes, np.zeros((rows.shape[1] + 1, classes))

    def fit(self, some: np.ndarray, labels: np.ndarray, steps: int = 60) -> "Head":
        known = np.unique(labels)
        x, n, k = self.rows[some], len(some), len(known)
        y = np.zeros((n, k), np.float32)
        y[np.arange(n), np.searchsorted(known, labels)] = 1

        def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            w = flat.reshape(-1, k)
            p = _softmax(x @ w[:-1].astype(np.float32) + w[-1].astype(np.float32))
            rest = (p - y) / n
            gradient = np.vstack([x.T @ rest + w[:-1] / STRENGTH, rest.sum(axis=0)])
            value = -np.log(np.maximum((p * y).sum(axis=1), 1e-30)).mean()
            return float(value + (w[:-1] ** 2).sum() / 2 / STRENGTH), gradient.ravel()

        options = {"maxiter": steps, "gtol": 1e-5, "ftol": 1e-7}
        start = self.w[:, known].ravel()
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
        self.w = np.zeros_like(self.w)
        self.w[:, known] = found.x.reshape(-1, k)
        self.known = known
        return self

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        w = self.w[:, self.known].astype(np.float32)
        found = np.zeros((len(rows), self.classes))
        found[:, self.known] = _softmax(rows @ w[:-1] + w[-1])
        return found


def _softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sizes_of(pool: int) -> list[int]:
    sizes = [10]
    while sizes[-1] < pool:
        sizes.append(min(pool, sizes[-1] + max(5, sizes[-1] // 20)))
    return sizes


def curve(s: Set, name: str, seed: int) -> list[float]:
    """Return test accuracy at each of ``sizes_of``, up to PART of the pool (random: to all)."""
    x, y, t, ty = s["X"], s["y"], s["T"], s["ty"]
    head, labels, found = Head(x, int(y.max()) + 1), np.full(len(y), -1), []
    p = None
    for size in sizes_of(len(y)):
        if name != "random" and size > PART * len(y):
            break
        known, left = np.flatnonzero(labels >= 0), np.flatnonzero(labels < 0)
        n = size - len(known)
        if name == "product":
            some = [
                q.position
                for q in choice.next_questions(x, labels, p, n, asked=len(known), seed=seed)
            ]
        elif name.startswith("typical") and choice.needs_typical(labels):
            some = choice.typical(x, known, left, n, seed=seed)
        elif p is None:
            some = random_choice(x, p, left, known, n, seed)
        else:
            some = STRATEGIES[name](x, p, left, known, n, seed)
        labels[some] = y[some]
        known = np.flatnonzero(labels >= 0)
        if len(np.unique(labels[known])) > 1:
            head.fit(known, labels[known])
            p = head.probabilities(x) if name != "random" else x
            found.append(float((head.probabilities(t).argmax(axis=1) == ty).mean()))
        else:
            found.append(float((ty == labels[known[0]]).mean()))
    return found


def needed(curves: np.ndarray, sizes: list[int], goal: float) -> float:
    """Return labels at which the mean curve, smoothed over three steps, first reaches a goal."""
    mean = curves.mean(axis=0)
    smooth = np.convolve(np.pad(mean, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    over = np.flatnonzero(smooth >= goal - 1e-9)
    return float(sizes[over[0]]) if len(over) else np.inf


def figures(active: np.ndarray, random: np.ndarray, sizes: list[int], full: float) -> dict:
    """Return labels needed and ratios, with intervals; what isn't reached is set to the pool."""
    rng, found = np.random.default_rng(0), {}
    for name, goal in (("less 0.005", full - 0.005), ("exact", full)):

        def count(c: np.ndarray, goal: float = goal) -> float:
            return min(needed(c, sizes, goal), sizes[-1])

        ratios = []
        for _ in range(1000):
            a, r = (c[rng.integers(len(c), size=len(c))] for c in (active, random))
            ratios.append(count(a) / count(r))
        each = [count(c[None]) for c in active]
        found[name] = {
            "labels": count(active),
            "random": count(random),
            "reached": bool(np.isfinite(needed(active, sizes, goal))),
            "ratio": round(count(active) / count(random), 3),
            "ci": np.percentile(ratios, [2.5, 97.5]).round(3).tolist(),
            "per seed, median": float(np.median(each)),
        }
    steps = active.shape[1]
    found["area"] = round(float(active.mean()), 4)
    found["area, random"] = round(float(random[:, :steps].mean()), 4)
    return found


def features_of(root: Path) -> Set:
    """Return the pool and the test pictures on the principal components of the pool."""
    from tl_catdog import runtime

    runtime.prepare_libraries()
    from tl_catdog.config import TrainConfig
    from tl_catdog.data.sets import load_set
    from tl_catdog.features.linear_probe import pooled

    found = load_set(root)
    ready = pooled(TrainConfig().resolved(), list(found.examples))
    y = np.array([list(found.classes).index(e.label) for e in ready.examples])
    split = np.array([e.split for e in ready.examples])
    test = split == ("test" if "test" in split else "validation")
    x = ready.features / np.linalg.norm(ready.features, axis=1, keepdims=True)
    x = x - x[~test].mean(axis=0)
    axes = np.linalg.svd(x[~test], full_matrices=False)[2][:COMPONENTS].T
    return {"X": x[~test] @ axes, "y": y[~test], "T": x[test] @ axes, "ty": y[test]}


def loaded(path: Path) -> Set:
    return dict(np.load(path)) if path.suffix == ".npz" else features_of(path)


def estimates(s: Set, seed: int, sizes: tuple[int, ...] = (20, 50, 100, 200, 500)) -> list[dict]:
    """Return, at each size of the product's choice, each estimate and the accuracy it is of."""
    x, y, t, ty = s["X"], s["y"], s["T"], s["ty"]
    classes, labels, p, found = int(y.max()) + 1, np.full(len(y), -1), None, []
    reasons, order, head = [], [], Head(x, int(y.max()) + 1)
    ends = [size for size in sizes if size <= PART * len(y)]
    while len(order) < ends[-1]:
        n = min(max(5, len(order) // 10), min(e for e in ends if e > len(order)) - len(order))
        for q in choice.next_questions(x, labels, p, n, asked=len(order), seed=seed):
            labels[q.position] = y[q.position]
            reasons.append(q.reason)
            order.append(q.position)
        some = np.array(order)
        if len(np.unique(y[some])) > 1:
            p = head.fit(some, y[some], 30).probabilities(x)
        if len(order) in ends and p is not None:
            new = np.concatenate([x[labels < 0], t])
            true = np.concatenate([y[labels < 0], ty])
            truth = float((head.probabilities(new).argmax(axis=1) == true).mean())
            right = np.zeros(len(some), bool)
            part = np.random.default_rng(seed).permutation(len(some)) % 5
            for fold in range(5):
                rest, these = some[part != fold], some[part == fold]
                if len(np.unique(y[rest])) > 1:
                    out = Head(x, classes).fit(rest, y[rest])
                    right[part == fold] = out.probabilities(x[these]).argmax(axis=1) == y[these]
            check = np.array([r == choice.Reason.CHECK for r in reasons])
            for name, e in candidates(right, check, len(y) - len(some)).items():
                found.append({
                    "size": len(some), "estimate": name, "value": e.value, "truth": truth,
                    "held": e.interval.low <= truth <= e.interval.high,
                    "half": (e.interval.high - e.interval.low) / 2,
                })  # fmt: skip
    return found


def candidates(right: np.ndarray, check: np.ndarray, left: int) -> dict[str, Estimate]:
    """Return each estimate to compare; ``random`` is that of ``teach/estimate.py``.

    Weighted: what was chosen stands for itself, what was drawn for all other pictures. LURE
    (Farquhar 2021) is the same where chosen pictures have a chance of 1 to be asked.
    """
    others = left + int(check.sum())
    weights = np.where(check, others / int(check.sum()), 1.0)
    weights /= weights.sum()
    value = float(weights @ right)
    interval = score_interval(value, 1 / float((weights**2).sum()), 1.959964)
    return {
        "all": proportion(int(right.sum()), len(right)),
        "random": proportion(int(right[check].sum()), int(check.sum())),
        "weighted": Estimate(value, interval, len(right)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--sets", action="append")
    parser.add_argument("--strategies", action="append")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--curves", type=Path)
    parser.add_argument("--estimates", action="store_true")
    asked = parser.parse_args()
    for name in asked.sets or sorted(p.name for p in asked.dir.iterdir() if p.is_dir()):
        s = loaded(asked.dir / name)
        if asked.estimates:
            rows: list[dict[str, Any]] = [
                row for seed in range(asked.seeds) for row in estimates(s, seed)
            ]
            for row in rows:
                print(json.dumps({"set": name, **row}), flush=True)
            continue
        everything = np.arange(len(s["y"]))
        head = Head(s["X"], int(s["y"].max()) + 1).fit(everything, s["y"])
        full = float((head.probabilities(s["T"]).argmax(axis=1) == s["ty"]).mean())
        names = ["random", *[n for n in asked.strategies or STRATEGIES if n != "random"]]
        sizes, curves = sizes_of(len(s["y"])), {}
        for strategy in names:
            curves[strategy] = np.array([curve(s, strategy, k) for k in range(asked.seeds)])
            if asked.curves:
                with asked.curves.open("a", newline="") as file:
                    csv.writer(file).writerows(
                        (name, strategy, k, size, round(value, 4))
                        for k, row in enumerate(curves[strategy])
                        for size, value in zip(sizes, row, strict=False)
                    )
            got = figures(curves[strategy], curves["random"], sizes, full)
            line = {"set": name, "strategy": strategy, "full": round(full, 4), **got}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
