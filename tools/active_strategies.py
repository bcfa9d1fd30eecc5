"""Strategies of active choice that tools/measure_active.py compares.

Each takes rows of features, (N, F), the head's probabilities, (N, C), positions unlabelled and
labelled, how many to choose, and a seed; it returns the positions chosen.
"""

import numpy as np

from tl_catdog.teach import choice


def random_choice(rows, p, left, known, n, seed):
    return np.random.default_rng((seed, len(left))).choice(left, n, replace=False)


def _margin(rows, p, left, known, n, seed):
    return left[np.argsort(choice.margins(p[left]), kind="stable")[:n]]


def _entropy(rows, p, left, known, n, seed):
    q = np.maximum(p[left], 1e-12)
    return left[np.argsort((q * np.log(q)).sum(axis=1), kind="stable")[:n]]


def _least_confident(rows, p, left, known, n, seed):
    return left[np.argsort(p[left].max(axis=1), kind="stable")[:n]]


def _diverse(rows, p, left, known, n, seed):
    return choice.uncertain_and_diverse(rows, p, left, n, seed=seed)


def _diverse_tenth(rows, p, left, known, n, seed):
    few = left[np.argsort(choice.margins(p[left]), kind="stable")[: max(n, len(left) // 10)]]
    return few[choice.k_centre(rows[few], n)]


def _k_means(rows, p, left, known, n, seed):
    few = left[np.argsort(choice.margins(p[left]))[: max(n, len(left) // 10)]]
    return few[choice.k_means_pp(rows[few], n, np.random.default_rng((seed, len(left))))]


def _badge(rows, p, left, known, n, seed):
    """k-means++ on gradients (Ash 2020); products of both factors, never the outer product."""
    g = p[left].copy()
    g[np.arange(len(left)), g.argmax(axis=1)] -= 1
    x, norms = rows[left], (g**2).sum(axis=1) * (rows[left] ** 2).sum(axis=1)
    rng, chosen = np.random.default_rng((seed, len(left))), [int(norms.argmax())]
    nearest = np.full(len(left), np.inf)
    while len(chosen) < n:
        c = chosen[-1]
        between = norms + norms[c] - 2 * (x @ x[c]) * (g @ g[c])
        nearest = np.maximum(np.minimum(nearest, between), 0)
        nearest[chosen] = 0
        chosen.append(int(rng.choice(len(left), p=nearest / nearest.sum())))
    return left[chosen]


def _core_set(rows, p, left, known, n, seed):
    x = rows[left]
    squares = (x**2).sum(axis=1)
    nearest = (squares[:, None] - 2 * x @ rows[known].T + (rows[known] ** 2).sum(axis=1)).min(1)
    chosen = []
    for _ in range(n):
        chosen.append(int(nearest.argmax()))
        c = chosen[-1]
        nearest = np.minimum(nearest, squares + squares[c] - 2 * x @ x[c])
        nearest[c] = -1
    return left[chosen]


def _density(rows, p, left, known, n, seed):
    """Margin times the mean likeness to all others (Settles 2008)."""
    x = rows[left]
    like = x @ x.mean(axis=0) / np.linalg.norm(x, axis=1)
    score = (1 - choice.margins(p[left])) * np.maximum(like - like.min(), 1e-6) ** 0.5
    return left[np.argsort(-score, kind="stable")[:n]]


def _balanced(rows, p, left, known, n, seed):
    """The least margins of each class in turn that was guessed."""
    guesses, m = p[left].argmax(axis=1), choice.margins(p[left])
    place = np.zeros(len(left))
    for guess in np.unique(guesses):
        those = np.flatnonzero(guesses == guess)
        place[those[np.argsort(m[those])]] = np.arange(len(those))
    return left[np.lexsort((m, place))[:n]]


STRATEGIES = {
    "random": random_choice,
    "margin": _margin,  # after a random start
    "typical, margin": _margin,
    "typical, entropy": _entropy,
    "typical, least confident": _least_confident,
    "typical, margin, k-centre": _diverse,  # of twice as many
    "typical, margin, k-centre of a tenth": _diverse_tenth,
    "typical, margin, k-means++": _k_means,
    "typical, BADGE": _badge,
    "typical, core set": _core_set,
    "typical, margin x density": _density,
    "typical, balanced margin": _balanced,
    "product": None,  # typical, then margin and k-centre, every fifth at random
}
