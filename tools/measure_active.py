"""Measure how many labels active choice saves, and which accuracy holds (docs/adr/044).

usage: python tools/measure_active.py DIR [--sets NAME]... [--strategies NAME]... [--seeds 10]
                                      [--redraw] [--curves FILE.csv] [--estimates]

DIR holds sets with train, validation and test (without test, validation is what is judged by). All
other pictures are the pool. A line of JSON for each set and strategy: labels needed to reach the
accuracy that all labels give less 0.005, and that accuracy itself, by the mean curve of all seeds,
smoothed over three steps; and how many that is of those random choice needs, with a bootstrapped
95 % interval over seeds. With --redraw each seed draws its own test pictures, 30 % of all, so that
chance in which those are is averaged and in the interval. With --estimates: what each estimate of
accuracy says at some sizes, its interval, and the accuracy on the test pictures, drawn so as well.

The head is the product's: logistic regression on features of length 1, here on 256 principal
components of the pool, with C = 10,000 / labels. Labels come in steps of 5 up to 100, then of 5 %.
"""

import argparse
import csv
import json
import math
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
    p, drawn = None, np.random.default_rng((seed, 5)).random(len(y))
    for size in sizes_of(len(y)):
        if name != "random" and size > PART * len(y):
            break
        known, left = np.flatnonzero(labels >= 0), np.flatnonzero(labels < 0)
        n = size - len(known)
        if name == "product":
            some = [
                q.position
                for q in choice.next_questions(x, labels, drawn, p, n, asked=len(known), seed=seed)
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


def figures(active: np.ndarray, random: np.ndarray, sizes: list[int]) -> dict[str, Any]:
    """Return labels needed and ratios, with intervals; what isn't reached is set to the pool.

    The curves are accuracies less that of all labels, (seeds, steps).
    """
    rng, found = np.random.default_rng(0), {}
    for name, goal in (("less 0.005", -0.005), ("exact", 0.0)):

        def count(c: np.ndarray, goal: float = goal) -> float:
            return min(needed(c, sizes, goal), sizes[-1])

        ratios = []
        for _ in range(1000):
            some = rng.integers(len(active), size=len(active))  # the same test pictures
            a, r = active[some], random[some]
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


def redrawn(s: Set, seed: int) -> Set:
    """Return the set with other test pictures: a random 30 % of all."""
    x, y = np.concatenate([s["X"], s["T"]]), np.concatenate([s["y"], s["ty"]])
    order = np.random.default_rng((seed, 30)).permutation(len(y))
    test, pool = np.split(order, [round(0.3 * len(y))])
    return {"X": x[pool], "y": y[pool], "T": x[test], "ty": y[test]}


def full_accuracy(s: Set) -> float:
    head = Head(s["X"], int(s["y"].max()) + 1).fit(np.arange(len(s["y"])), s["y"])
    return float((head.probabilities(s["T"]).argmax(axis=1) == s["ty"]).mean())


def loaded(path: Path) -> Set:
    return dict(np.load(path)) if path.suffix == ".npz" else features_of(path)


def estimates(s: Set, seed: int, sizes: tuple[int, ...] = (20, 50, 100, 200, 500)) -> list[dict]:
    """Return, at each size of the product's choice, each estimate and the accuracy on test."""
    x, y, t, ty = s["X"], s["y"], s["T"], s["ty"]
    labels, p, found = np.full(len(y), -1), None, []
    order, before, drawn = [], [], np.random.default_rng((seed, 5)).random(len(y))
    head = Head(x, int(y.max()) + 1)
    ends = [size for size in sizes if size <= PART * len(y)]
    while len(order) < ends[-1]:
        n = min(max(5, len(order) // 20), min(e for e in ends if e > len(order)) - len(order))
        questions = choice.next_questions(x, labels, drawn, p, n, asked=len(order), seed=seed)
        for q in questions:
            before.append(p is not None and p[q.position].argmax() == y[q.position])
            labels[q.position] = y[q.position]
            order.append(q.position)
        some = np.array(order)
        if len(np.unique(y[some])) > 1:
            p = head.fit(some, y[some]).probabilities(x)
        if len(order) in ends and p is not None:
            check = choice.check_sample(drawn, labels)[some]
            truth = float((head.probabilities(t).argmax(axis=1) == ty).mean())
            for name, e in candidates(head, some, y, check, np.array(before)).items():
                found.append({
                    "size": len(some), "estimate": name, "value": e.value, "truth": truth,
                    "held": holds(e, truth, len(ty)),
                    "half": (e.interval.high - e.interval.low) / 2,
                })  # fmt: skip
    return found


def holds(e: Estimate, truth: float, n: int) -> bool:
    """Return whether an interval holds an accuracy that n test pictures tell, with their chance."""
    chance = 1.959964 * math.sqrt(truth * (1 - truth) / n)
    low = e.value - math.hypot(e.value - e.interval.low, chance)
    return low <= truth <= e.value + math.hypot(e.interval.high - e.value, chance)


def left_out(head: Head, some: np.ndarray, y: np.ndarray, judged: np.ndarray, folds: int):
    """Return whether judged pictures are right by heads without their fold, all others kept."""
    places = np.flatnonzero(judged)
    part, right = np.full(len(some), -1), np.zeros(len(some), bool)
    part[places] = np.random.default_rng(0).permutation(len(places)) % folds
    for fold in range(min(folds, len(places))):
        rest, these = some[part != fold], some[part == fold]
        if len(np.unique(y[rest])) > 1:
            out = Head(head.rows, head.classes)
            out.w = head.w.copy()  # only where the fit begins; it goes on to the optimum
            said = out.fit(rest, y[rest]).probabilities(head.rows[these])
            right[part == fold] = said.argmax(axis=1) == y[these]
    return right[places]


def candidates(head: Head, some: np.ndarray, y: np.ndarray, check: np.ndarray, before: np.ndarray):
    """Return each estimate to compare.

    Weighted: what was chosen stands for itself, what was drawn for all other pictures; LURE
    (Farquhar 2021) is the same where chosen pictures have a chance of 1 to be asked.
    """
    every = left_out(head, some, y, np.ones(len(some), bool), 5)
    weights = np.where(check, (len(y) - (~check).sum()) / max(1, check.sum()), 1.0)
    weights /= weights.sum()
    value = float(weights @ every)
    interval = score_interval(value, 1 / float((weights**2).sum()), 1.959964)
    recent = before[check][check.sum() // 2 :]
    return {
        "all, out of fold": _proportion(every),
        "random, out of fold": _proportion(every[check]),
        "weighted, out of fold": Estimate(value, interval, len(some)),
        "random, chosen kept": _proportion(left_out(head, some, y, check, 10)),
        "random, before learned": _proportion(before[check]),
        "random, before learned, later half": _proportion(recent),
    }


def _proportion(right: np.ndarray) -> Estimate:
    return proportion(int(right.sum()), len(right))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--sets", action="append")
    parser.add_argument("--strategies", action="append")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--curves", type=Path)
    parser.add_argument("--redraw", action="store_true")
    parser.add_argument("--estimates", action="store_true")
    asked = parser.parse_args()
    for name in asked.sets or sorted(p.name for p in asked.dir.iterdir() if p.is_dir()):
        s = loaded(asked.dir / name)
        if asked.estimates:
            for row in (r for k in range(asked.seeds) for r in estimates(redrawn(s, k), k)):
                print(json.dumps({"set": name, **row}), flush=True)
            continue
        drawn = [redrawn(s, seed) if asked.redraw else s for seed in range(asked.seeds)]
        full = np.array([full_accuracy(d) for d in (drawn if asked.redraw else drawn[:1])])
        names = ["random", *[n for n in asked.strategies or STRATEGIES if n != "random"]]
        sizes, curves = sizes_of(len(drawn[0]["y"])), {}
        for strategy in names:
            got = np.array([curve(d, strategy, seed) for seed, d in enumerate(drawn)])
            if asked.curves:
                with asked.curves.open("a", newline="") as file:
                    csv.writer(file).writerows(
                        (name, strategy, seed, size, round(value, 4))
                        for seed, row in enumerate(got)
                        for size, value in zip(sizes, row, strict=False)
                    )
            curves[strategy] = got - full[:, None]
            found = figures(curves[strategy], curves["random"], sizes)
            line = {"set": name, "strategy": strategy, "full": round(float(full.mean()), 4)}
            print(json.dumps(line | found), flush=True)


if __name__ == "__main__":
    main()
