"""Measure whether what teaching says of itself holds: "enough", and figures of bursts (ADR 045).

usage: python tools/measure_teach_figures.py DIR (--enough | --bursts) [--sets NAME]... [--seeds 3]
       python tools/measure_teach_figures.py --promises

DIR holds sets as ``measure_active.py`` takes them. A line of JSON for each world. Test pictures are
30 % of a set, drawn anew for each seed.

--enough: labels are drawn by lot, or chosen as the product does; at each size what twice as many
should gain, as the page is told, and what they do gain on the test pictures.
--bursts: of so many pictures a part comes as bursts, 20 copies of their features with noise of 0.3
standard deviations; what the page is told, resting on groups and not, and what test pictures say.
--promises: of so many checks at an accuracy, how many more are said to narrow its interval to ± 2
points, and how often it then is within ± 2.5; "plain": reckoned with the accuracy as it was seen.
"""

import argparse
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from measure_active import holds, loaded
from threadpoolctl import threadpool_limits

from tl_catdog.features.forecast import JUDGED, TURNOVER
from tl_catdog.statistics import Estimate, score_interval
from tl_catdog.teach import choice
from tl_catdog.teach.estimate import accuracy, more_answers
from tl_catdog.teach.heads import Fit, Store, fit
from tl_catdog.teach.judging import FIRST, Judge, Judged
from tl_catdog.teach.learned import ENOUGH

BURST, NOISE = 20, 0.3


class World:
    """A set with test pictures of its own, its features as the learner has them."""

    def __init__(self, s: dict[str, np.ndarray], seed: int) -> None:
        order = np.random.default_rng((seed, 30)).permutation(len(s["y"]))
        test, pool = np.split(order, [round(0.3 * len(order))])
        self.x, self.y, self.test_y = s["x"][pool], s["y"][pool], s["y"][test]
        self.classes, self.seed = int(s["y"].max()) + 1, seed
        self.names = [str(name) for name in pool]
        self.store = Store()
        self.store.add(self.names, self.x)
        self.store.settle()
        self.rows = self.store.rows(self.names)
        self.store.add([f"test {i}" for i in test], s["x"][test])
        self.test = self.store.rows([f"test {i}" for i in test])

    def right(self, head: Fit) -> float:
        return float((head.chances(self.test, self.classes).argmax(1) == self.test_y).mean())

    def orders(self, kind: str, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which pictures are labelled first to last, and the lots of all."""
        drawn = np.random.default_rng((self.seed, 5)).random(len(self.y))
        if kind == "lot":
            return np.argsort(drawn)[:most], drawn
        labels, order = np.full(len(self.y), -1), list[int]()
        head: Fit | None = None
        while len(order) < most:
            n = min(max(5, len(order) // 20), most - len(order))
            said = None if head is None else head.chances(self.rows, self.classes)
            for q in choice.next_questions(self.rows, labels, drawn, said, n, asked=len(order)):
                labels[q.position] = self.y[q.position]
                order.append(q.position)
            known = np.array(order)
            if len(np.unique(labels[known])) > 1:
                head = fit(self.rows[known], self.y[known], FIRST, self.store.spread, head)
        return np.array(order), drawn


def searched(judge: Judge) -> Judged:
    found = judge.best(judge.at(FIRST))
    assert found is not None
    return found


def enough(world: World) -> list[dict[str, Any]]:
    found, count = [], len(world.y)
    sizes = [size for size in (50, 100, 200, 400, 800, 1100) if 2 * size <= count]
    for kind in ("lot", "product"):
        order, drawn = world.orders(kind, 2 * sizes[-1])
        for size in sizes:
            some, twice = order[:size], order[: 2 * size]
            if len(np.unique(world.y[some])) < 2:
                continue
            labels = np.full(count, -1)
            labels[some] = world.y[some]
            check = choice.check_sample(drawn, labels)[some]
            groups = [world.names[i] for i in some]
            args = world.rows[some], world.y[some], groups, check, world.store.spread
            judge = Judge(*args, world.classes)
            judged = searched(judge)
            told, measured = judge.gain(judged), judge.gain(judged, judged_by=JUDGED)
            if told is None or measured is None:
                continue
            now, then = (
                world.right(fit(world.rows[k], world.y[k], judged.strength, world.store.spread))
                for k in (some, twice)
            )
            ends, wide = told.gain.interval, measured.gain.interval
            chance = 1.96 * math.sqrt(TURNOVER * now * (1 - now) / len(world.test_y))
            low, high = (
                told.gain.value + sign * math.hypot(end - told.gain.value, chance)
                for sign, end in ((-1, ends.low), (1, ends.high))
            )
            found.append({
                "kind": kind, "labels": size, "checked": int(check.sum()), "now": now,
                "told": told.gain.value, "low": ends.low, "high": ends.high,
                "enough": ends.high < ENOUGH, "of 200": wide.high < ENOUGH, "gain": then - now,
                "held": low <= then - now <= high, "test": len(world.test_y),
            })  # fmt: skip
    return found


def by_pictures(right: np.ndarray, sizes: np.ndarray) -> Estimate:
    """Return the part of pictures that is right, with Kish's effective number of groups."""
    n = float(sizes.sum()) ** 2 / float((sizes.astype(float) ** 2).sum())
    return Estimate(float(right.mean()), score_interval(float(right.mean()), n, 1.96), int(n))


def bursts(world: World) -> list[dict[str, Any]]:
    found, rng = [], np.random.default_rng((world.seed, 7))
    noise = NOISE * world.x.std(axis=0)
    for size in (30, 60, 120):
        for part in (0.0, 0.2, 1.0):
            if size > len(world.y):
                continue
            some = rng.permutation(len(world.y))[:size]
            times = np.where(np.arange(size) < round(part * size), BURST, 1)
            every = np.repeat(some, times)
            own = world.x[every] + noise * rng.standard_normal((len(every), len(noise)))
            names = [f"{world.seed} {size} {part} {i}" for i in range(len(every))]
            world.store.add(names, own.astype(np.float32))
            rows, y = world.store.rows(names), world.y[every]
            if len(np.unique(y)) < 2:
                continue
            check = np.ones(len(every), bool)
            truth = world.right(fit(rows, y, FIRST, world.store.spread))
            told = {}
            for kind, groups in (("groups", every.astype(str)), ("none", np.array(names))):
                judge = Judge(rows, y, groups.tolist(), check, world.store.spread, world.classes)
                right = judge.said(judge.at(FIRST)) == y
                e = accuracy(right, check, judge.groups)
                assert e is not None
                told[kind] = e.estimate
                if kind == "groups":
                    told["groups, by pictures"] = by_pictures(right, times)
            for kind, of in told.items():
                found.append({
                    "groups": size, "part": part, "kind": kind, "n": of.n, "value": of.value,
                    "truth": truth, "held": holds(of, truth, len(world.test_y)),
                    "half": (of.interval.high - of.interval.low) / 2,
                })  # fmt: skip
    return found


def promises(worlds: int = 400) -> None:
    rng, more = np.random.default_rng(0), cache(more_answers)
    for part in (0.8, 0.9, 0.95, 0.99):
        for n in (10, 30, 100, 200):
            within: dict[str, list[bool]] = {"told": [], "plain": []}
            counts: dict[str, list[int]] = {"told": [], "plain": []}
            for right in rng.binomial(n, part, worlds):
                found = accuracy(np.arange(n) < right, np.ones(n, bool), [str(i) for i in range(n)])
                assert found is not None
                plain = more(right / n, n)
                for kind, said in (("told", found.more_for_narrow), ("plain", plain)):
                    then = right + rng.binomial(said, part)
                    ends = score_interval(then / (n + said), n + said, 1.96)
                    within[kind].append((ends.high - ends.low) / 2 <= 0.025)
                    counts[kind].append(said)
            line = {
                kind: [float(np.median(counts[kind])), np.mean(within[kind])] for kind in counts
            }
            print(json.dumps({"accuracy": part, "checks": n, **line}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("dir", type=Path, nargs="?")
    parser.add_argument("--sets", action="append")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--enough", action="store_true")
    parser.add_argument("--bursts", action="store_true")
    parser.add_argument("--promises", action="store_true")
    asked = parser.parse_args()
    if asked.promises or asked.dir is None:
        promises()
        return
    with threadpool_limits(1):
        for name in asked.sets or sorted(p.name for p in asked.dir.iterdir() if p.is_dir()):
            s = loaded(asked.dir / name)
            for seed in range(asked.seeds):
                world = World(s, seed)
                rows = (enough(world) if asked.enough else []) + (
                    bursts(world) if asked.bursts else []
                )
                for row in rows:
                    print(json.dumps({"set": name, "seed": seed, **row}), flush=True)


if __name__ == "__main__":
    main()
