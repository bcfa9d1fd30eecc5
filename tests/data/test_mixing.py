"""Mixup and CutMix: what is mixed, by how much, with the targets that belong to it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from tl_catdog.data.mixing import Mixer

WAYS = [(0.4, 0.0), (0.0, 1.0), (0.4, 1.0)]
N, SIDE, CLASSES = 64, 20, 4

Rows = npt.NDArray[np.float32]


def moment(epoch: int = 0, step: int = 0) -> tf.Tensor:
    return tf.constant([epoch, step], tf.int64)


def told_apart() -> tuple[Rows, Rows, Rows]:
    """Return pictures whose channels tell the class and nothing else, so that a mean shows it."""
    targets = np.eye(CLASSES, dtype=np.float32)[np.arange(N) % CLASSES]
    pictures = np.ones((N, SIDE, SIDE, 1), np.float32) * targets[:, None, None, :]
    return pictures, targets, np.ones(N, np.float32)


def mixed(way: tuple[float, float], seed: int = 0, step: int = 0) -> tuple[Rows, Rows, Rows]:
    pictures, targets, weights = map(tf.constant, told_apart())
    found = Mixer(*way, seed)(pictures, targets, weights, moment(step=step))
    return found[0].numpy(), found[1].numpy(), found[2].numpy()


@pytest.mark.parametrize("way", WAYS)
def test_targets_say_what_is_in_the_picture(way: tuple[float, float]) -> None:
    """Of a rectangle too, what the border cuts off doesn't count: keras-cv's CutMix counts it."""
    pictures, targets, weights = mixed(way)
    assert np.allclose(pictures.mean(axis=(1, 2)), targets, atol=1e-5)
    assert np.allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert (weights == 1).all()
    assert (targets.max(axis=1) < 0.95).sum() > N / 8  # some are mixed indeed


def test_mixup_is_a_mean_and_cutmix_a_rectangle() -> None:
    blended = mixed((0.4, 0.0))[0]
    assert (blended == blended[:, :1, :1]).all()
    cut = mixed((0.0, 1.0))[0]
    assert set(np.unique(cut)) == {0.0, 1.0}
    for picture, whole in zip(cut, told_apart()[0], strict=True):
        rows, columns = np.nonzero((picture != whole).any(axis=2))
        box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1) if len(rows) else 0
        assert box == len(rows)


def test_with_both_a_batch_is_mixed_in_one_of_the_two_ways() -> None:
    even = [
        bool((mixed((0.4, 1.0), step=step)[0] == mixed((0.4, 0.0), step=step)[0]).all())
        for step in range(12)
    ]
    assert 2 <= sum(even) <= 10


def test_parts_are_drawn_from_the_beta_distribution() -> None:
    n = 20_000
    for alpha in (0.2, 1.0, 3.0):
        ones, rows = tf.ones((n,)), tf.cast(tf.range(n) % 2, tf.float32)[:, None]
        own = Mixer(alpha, 0.0, 5)(rows, rows, ones, moment())[0].numpy()[:, 0]
        # A row of 1 mixed with one of 0 is its part; with its like it stays: half of them each.
        parts = own[(own > 0) & (own < 1)]
        assert abs(parts.mean() - 0.5) < 0.02
        assert abs(parts.var() - 0.25 / (2 * alpha + 1)) < 0.01


def test_the_loss_of_a_mixed_row_is_the_mean_of_both_rows_with_their_weights() -> None:
    rng = np.random.default_rng(1)
    weights = rng.uniform(0.5, 2.0, N).astype(np.float32)
    labels = (np.arange(N) % 2).astype(np.float32)[:, None]
    # Each row's input says which it is, so that a mixed one says of which two it is made.
    rows = tf.constant(np.eye(N, dtype=np.float32))
    found, soft, total = Mixer(0.4, 0.0, 2)(
        rows, tf.constant(labels), tf.constant(weights), moment()
    )
    answers = rng.uniform(0.1, 0.9, (N, 1))
    losses = -labels * np.log(answers.T) - (1 - labels) * np.log(
        1 - answers.T
    )  # (label's, answer's)
    expected = (found.numpy() * (weights[:, None] * losses).T).sum(axis=1)
    target, answer = soft.numpy()[:, 0], answers[:, 0]
    got = total.numpy() * -(target * np.log(answer) + (1 - target) * np.log(1 - answer))
    assert np.allclose(got, expected, rtol=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_drawn_depends_on_seed_epoch_and_step_alone(way: tuple[float, float]) -> None:
    pictures, targets, weights = map(tf.constant, told_apart())

    def at(mixer: Mixer, *when: int) -> Rows:
        found: Rows = mixer(pictures, targets, weights, moment(*when))[0].numpy()
        return found

    one, other = Mixer(*way, 4), Mixer(*way, 4)
    at(other, 0, 0)  # whatever it did before
    first = at(one, 3, 1)
    assert np.array_equal(first, at(other, 3, 1))
    traced = tf.function(lambda when: one(pictures, targets, weights, when)[0])
    assert np.array_equal(first, traced(moment(3, 1)).numpy())
    for when in ((3, 2), (2, 1), (1, 3)):
        assert not np.array_equal(at(one, *when), first)
    assert not np.array_equal(at(Mixer(*way, 5), 3, 1), first)


@pytest.mark.parametrize("way", [*WAYS, (1e-4, 0.0), (0.0, 1e-4)])
def test_a_batch_of_one_stays_and_nothing_is_ever_no_number(way: tuple[float, float]) -> None:
    alone = tf.constant(told_apart()[0][:1])
    found, targets, weights = Mixer(*way, 0)(alone, tf.ones((1, 1)), tf.ones((1,)), moment())
    assert np.allclose(found, alone)
    assert np.allclose(targets, 1)
    assert np.allclose(weights, 1)
    assert all(np.isfinite(part).all() for part in mixed(way))
