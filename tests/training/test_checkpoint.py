"""The checkpoint: everything comes back as it was, and damage is no checkpoint."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tl_catdog.training.callbacks import BestWeights, StageProgress
from tl_catdog.training.checkpoint import Checkpoint, CheckpointFile, restore, values_of
from tl_catdog.training.stages import COMPLETED, LINEAR, StageResult

BUILT = [np.zeros((3, 2), np.float32), np.ones(4, np.float32), np.arange(3, dtype=np.uint32)]


def checkpoint() -> Checkpoint:
    moved = [BUILT[0] + 0.5, BUILT[1], BUILT[2]]
    best = BestWeights(latest=True, accuracy=0.75, loss=0.5, epoch=2, weights=moved)
    result = StageResult(LINEAR, COMPLETED, 1, 1, 0.7, 0.6, 0.0, 1.5, 3, ("head_dense",))
    return Checkpoint(
        stage=1,
        progress=StageProgress(epochs=4, waited=2, stopped=True),
        seconds=12.5,
        results=(result,),
        linear_share=0.5,
        rows=({"epoch": 1, "loss": float("inf")}, {"epoch": 2}),
        best=best,
        found=BestWeights(),
        variables=[np.full((3, 2), 0.1, np.float32), np.array([7, 8], np.uint32)],
        optimizer=[np.array(17, np.int64)],
        resumed=3,
        devices=(2, 4),
    )


def test_everything_comes_back_to_the_bit(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "checkpoint.dat", BUILT)
    file.write(checkpoint())
    found = file.read()
    assert found is not None
    wanted = checkpoint()
    arrays = ("variables", "optimizer", "best", "found")
    blank: dict[str, Any] = {name: [] for name in arrays}
    assert replace(found, **blank) == replace(wanted, **blank)
    for name in ("variables", "optimizer"):
        pairs = zip(getattr(found, name), getattr(wanted, name), strict=True)
        assert all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)
    assert (found.best.latest, found.best.accuracy, found.best.loss) == (True, 0.75, 0.5)
    assert all(map(np.array_equal, found.best.weights, wanted.best.weights))
    assert found.found is not None
    assert found.found.weights == []
    assert list(tmp_path.iterdir()) == [file.path]


def test_weights_as_they_were_built_take_no_room(tmp_path: Path) -> None:
    large = [np.random.default_rng(0).random(100_000, np.float32)]
    file = CheckpointFile(tmp_path / "checkpoint.dat", large)
    best = BestWeights(accuracy=1.0, weights=[large[0].copy()])
    file.write(replace(checkpoint(), best=best))
    assert file.path.stat().st_size < 10_000
    found = file.read()
    assert found is not None
    assert np.array_equal(found.best.weights[0], large[0])


def test_no_flipped_bit_gives_another_checkpoint(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "checkpoint.dat", BUILT)
    file.write(checkpoint())
    whole = file.path.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(0, 8 * len(whole), 400):
        content = bytearray(whole)
        content[place // 8] ^= 1 << (place % 8)
        file.path.write_bytes(content)
        assert file.read() is None
    file.path.write_bytes(whole)
    assert file.read() is not None


@pytest.mark.parametrize("content", [b"", b"PK", b"\x00" * 100])
def test_rubbish_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    file = CheckpointFile(tmp_path / "checkpoint.dat", BUILT)
    assert file.read() is None  # nor is nothing
    file.path.write_bytes(content)
    assert file.read() is None


def test_one_of_another_network_is_none(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.dat"
    CheckpointFile(path, BUILT).write(checkpoint())
    others = [np.zeros((5, 2), np.float32), *BUILT[1:]]
    assert CheckpointFile(path, others).read() is None


def test_a_file_that_would_unpack_to_more_than_there_is_room_for_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_catdog.training.checkpoint.MOST_TEXT", 10_000)
    path = tmp_path / "checkpoint.dat"
    archive = io.BytesIO()
    np.savez_compressed(archive, header=np.zeros(1_000_000, np.uint8))
    content = archive.getvalue()
    assert len(content) < 10_000
    path.write_bytes(hashlib.sha256(content).digest() + content)
    assert CheckpointFile(path, BUILT).read() is None


def test_a_full_disk_leaves_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = CheckpointFile(tmp_path / "checkpoint.dat", BUILT)
    file.write(checkpoint())

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"checkpoint\.dat"):
        file.write(replace(checkpoint(), stage=2))
    found = file.read()
    assert found is not None
    assert found.stage == 1
    assert list(tmp_path.iterdir()) == [file.path]


def test_variables_are_restored_all_or_none() -> None:
    import keras

    first, second = (keras.Variable(np.zeros(size, np.float32)) for size in (2, 3))
    with pytest.raises(ValueError, match="expected"):
        restore([first, second], [np.ones(2, np.float32), np.ones(4, np.float32)])
    assert not np.asarray(first).any()
    restore([first, second], [np.ones(2, np.float32), np.ones(3, np.float32)])
    assert [value.sum() for value in values_of([first, second])] == [2, 3]
