"""How unlike a picture is to those that a network learnt from."""

import io

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from tl_catdog.prediction import novelty
from tl_catdog.prediction.novelty import FeatureBank


def features(n: int, seed: int) -> np.ndarray:
    return np.abs(np.random.default_rng(seed).normal(size=(n, 24))).astype(np.float32)


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def reader(known: np.ndarray) -> novelty.Read:
    def read(positions: np.ndarray) -> np.ndarray:
        assert (np.diff(positions) > 0).all()  # each once, in order: a file is read from the front
        return np.take(known, positions, axis=0)

    return read


@pytest.mark.parametrize("neighbours", [1, 2, 10])
def test_the_distance_is_that_to_a_neighbour_as_scikit_learn_has_it(neighbours: int) -> None:
    known, others = features(200, 0), features(30, 1)
    ours = FeatureBank.of(reader(known), 200, neighbours=neighbours).distance(others)
    search = NearestNeighbors(n_neighbors=neighbours, metric="cosine").fit(known)
    theirs = search.kneighbors(others)[0][:, -1]
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_the_nearest_picture_counts() -> None:
    known, others = features(200, 0), features(30, 1)
    expected = (1 - unit(others) @ unit(known).T).min(axis=1)
    assert FeatureBank.of(reader(known), 200).distance(others) == pytest.approx(expected, abs=1e-3)


def test_the_distance_is_the_same_alone_and_in_company() -> None:
    bank = FeatureBank.of(reader(features(200, 0)), 200, features(70, 2), closest=0.1)
    others = features(40, 1)
    alone = [bank.distance(row[None])[0] for row in others]
    assert bank.distance(others).tolist() == alone


def test_small_distances_count_as_the_smallest_that_means_anything() -> None:
    known, others = features(200, 0), features(60, 1)
    plain = FeatureBank.of(reader(known), 200).distance(others)
    limit = float(np.median(plain))
    floored = FeatureBank.of(reader(known), 200, closest=limit).distance(others)
    assert floored.tolist() == np.maximum(plain, limit).tolist()
    assert (floored == limit).sum() == 30


def test_what_is_nearer_to_a_picture_of_nothing_is_more_novel_by_as_much() -> None:
    known, strange, others = features(200, 0), features(20, 2), features(60, 1)
    others[:10] = strange[:10] * 3  # the pictures of nothing themselves, brighter
    plain = FeatureBank.of(reader(known), 200).distance(others)
    bank = FeatureBank.of(reader(known), 200, strange)
    nearest = (1 - unit(others) @ unit(strange).T).min(axis=1)
    expected = plain + np.maximum(0, plain - nearest)
    assert bank.distance(others) == pytest.approx(expected, abs=1e-3)
    assert bank.distance(others)[:10] == pytest.approx(2 * plain[:10], abs=2e-3)
    assert (bank.distance(others)[10:] == plain[10:]).any()
    # A small distance that counts as a greater one is no excuse for being nearer to nothing.
    floored = FeatureBank.of(reader(known), 200, strange, closest=0.9).distance(others)
    assert floored == pytest.approx(0.9 + np.maximum(0, plain - nearest), abs=1e-3)


def test_novelty_is_two_at_most() -> None:
    known, strange = np.eye(4, dtype=np.float32)[:3], -np.eye(4, dtype=np.float32)[:1]
    bank = FeatureBank(known, strange)
    assert bank.distance(strange).tolist() == [2.0]


@pytest.mark.parametrize("n", [40, 700])
def test_no_picture_is_compared_with_itself(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty, "KEPT", 500)
    bank = FeatureBank.of(reader(features(n, 0)), n)
    assert len(bank.rows) == min(n, 500)
    own, naive = (bank.distances(reader(features(n, 0)), n, own=own) for own in (True, False))
    assert len(own) == n
    assert (own >= naive).all()
    assert (own > naive).sum() == len(bank.rows)


@pytest.mark.parametrize("n", [8, 12, 300, 700])
def test_distances_are_those_of_each_picture_to_the_others_of_the_bank(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In steps of 256, with part of the pictures in the bank or all: as by brute force."""
    monkeypatch.setattr(novelty, "KEPT", 500)
    known, strange = features(n, 3), features(9, 4)
    bank = FeatureBank.of(reader(known), n, strange, neighbours=10, closest=0.05)
    read = reader(known)
    assert bank.distances(read, n, own=False) == pytest.approx(bank.distance(known), abs=1e-6)
    own = bank.distances(read, n, own=True)
    itself = {
        int(np.argmin(np.linalg.norm(unit(known) - row, axis=1))): index
        for index, row in enumerate(bank.rows)
    }
    assert len(itself) == min(n, 500)
    for position, row in enumerate(unit(known)):
        rows = bank.rows
        if position in itself:
            rows = np.delete(rows, itself[position], axis=0)
        # A picture outside the bank has one neighbour more, and is still counted as the others.
        nearest = min(10, len(bank.rows) - 1)
        distance = np.sort(1 - rows @ row)[nearest - 1]
        excess = max(0.0, distance - (1 - bank.strangers @ row).min())
        assert own[position] == pytest.approx(max(distance, 0.05) + excess, abs=1e-6)


def test_a_feature_bank_survives_being_saved() -> None:
    known = reader(features(50, 0))
    bank = FeatureBank.of(known, 50, features(7, 2), neighbours=3, closest=0.21)
    restored = FeatureBank.from_bytes(bank.to_bytes())
    assert (restored.distance(features(9, 1)) == bank.distance(features(9, 1))).all()
    assert (restored.neighbours, restored.closest, restored.split) == (3, 0.21, "train")
    bare = FeatureBank.from_bytes(FeatureBank.of(known, 50).to_bytes())
    assert bare.strangers.shape == (0, 24)


def test_a_feature_bank_of_before_counts_the_tenth_of_the_validation_pictures() -> None:
    rows = unit(features(50, 0)).astype(np.float16)
    out = io.BytesIO()
    np.save(out, rows)
    bank = FeatureBank.from_bytes(out.getvalue())
    assert (bank.neighbours, bank.closest, bank.split) == (10, 0.0, "validation")
    others = features(9, 1)
    expected = np.sort(1 - unit(others) @ rows.astype(np.float32).T, axis=1)[:, 9]
    assert bank.distance(others) == pytest.approx(expected, abs=1e-6)


def test_a_single_picture_is_not_unfamiliar_to_itself() -> None:
    bank = FeatureBank.of(reader(features(1, 0)), 1, features(5, 1), closest=0.3)
    assert bank.distances(reader(features(1, 0)), 1, own=True).tolist() == [0.3]


def test_ten_neighbours_count_and_fewer_where_there_are_fewer() -> None:
    known, others = features(15, 0), features(4, 1)
    for count, neighbour in ((15, 9), (11, 9), (10, 9), (9, 8), (1, 0)):
        bank = FeatureBank.of(reader(known), count, neighbours=10)
        expected = np.sort(1 - unit(others) @ unit(known[:count]).T, axis=1)[:, neighbour]
        assert bank.distance(others) == pytest.approx(expected, abs=1e-3)


def test_of_many_pictures_a_thousand_are_kept_always_the_same_ones() -> None:
    known = features(2500, 0)
    first, second = (FeatureBank.of(reader(known), 2500) for _ in range(2))
    assert first.rows.shape == (1000, 24)
    assert np.array_equal(first.rows, second.rows)
    assert FeatureBank.of(reader(known), 1000).rows.shape == (1000, 24)


def test_rows_have_length_one_whatever_the_features_were() -> None:
    known = features(30, 0) * 1000
    known[3] = 0  # says nothing, and must not become nan
    bank = FeatureBank.of(reader(known), 30, known[:5])
    lengths = np.linalg.norm(bank.rows, axis=1)
    assert np.delete(lengths, 3) == pytest.approx(1, abs=1e-3)
    assert lengths[3] == 0
    assert np.isfinite(bank.distance(known)).all()
