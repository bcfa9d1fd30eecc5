"""An export is written whole or not at all, and only if it says what its run says."""

import errno
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.conftest import paint_set
from tests.export.conftest import THREE, chances, spoilt
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.images import Pixels, decode
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.export.export import CALIBRATING, Exported, export
from tl_catdog.export.formats import FORMATS, Format
from tl_catdog.export.parity import parity_reference
from tl_catdog.runs.folder import Run

ONNX = FORMATS["onnx"]


def written(
    run: Run, images: ImageSet, out: Path, kind: Format = ONNX, *, force: bool = False
) -> Exported:
    return export(run, kind, out, images, parity_reference(run, images), force=force)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "exports"


def test_it_is_published_with_all_that_a_stranger_needs(
    small: Run, images: ImageSet, out: Path
) -> None:
    found = written(small, images, out)
    assert found.path == out / "onnx"
    assert found.bytes == (out / "onnx" / "model.onnx").stat().st_size
    assert [path.name for path in out.iterdir()] == ["onnx"]
    files = [
        *("CARD.md", "LICENSE", "NOTICE", "README.md", "examples"),
        *("labels.txt", "metadata.json", "model.onnx", "prepare.py"),
    ]
    assert sorted(path.name for path in found.path.iterdir()) == files
    row = found.to_json()
    assert list(row) == [
        "format", "path", "bytes", "runtime", "n", "compared_on", "calibrated_on",
        "same_decisions", "greatest_difference", "ms", "accuracy", "encoded_same_decisions",
        "greatest_novelty_difference", "same_unsure", "worst",
    ]  # fmt: skip
    assert (row["format"], row["path"], row["worst"]) == ("onnx", str(out / "onnx"), [])
    for key in ("path", "bytes", "worst"):
        del row[key]
    assert json.loads((found.path / "metadata.json").read_text())["parity"] == row


def test_progress_counts_the_compared_pictures(small: Run, images: ImageSet, out: Path) -> None:
    heard: list[tuple[int, int]] = []
    export(
        small,
        ONNX,
        out,
        images,
        parity_reference(small, images),
        progress=lambda done, total: heard.append((done, total)),
    )
    assert heard == [(done, 9) for done in range(1, 10)]


@pytest.mark.parametrize("by", [2e-4, 0.5])
def test_what_says_something_else_is_not_written(
    small: Run, images: ImageSet, out: Path, by: float
) -> None:
    found = written(small, images, out, spoilt(ONNX, by))
    assert found.path is None
    assert found.bytes == 0
    assert found.parity.max_abs_diff > 1e-4
    assert len(found.parity.worst) == 5
    assert found.parity.worst[0].path.is_file()
    assert found.to_json()["worst"] == [str(item) for item in found.parity.worst]
    assert list(out.iterdir()) == []


def test_whole_numbers_that_decide_otherwise_are_not_written(
    small: Run, images: ImageSet, out: Path
) -> None:
    def turned(path: Path) -> Any:
        answer, name = ONNX.open(path)
        return lambda pictures: np.roll(chances(answer(pictures)), 1, axis=1), name

    kind = replace(ONNX, open=turned, exact=False, needs_calibration=True)
    found = written(small, images, out, kind)
    assert found.path is None
    assert found.parity.same < 0.995
    for worst in found.parity.worst:  # each was decided otherwise
        assert worst.export < 0.5
    assert list(out.iterdir()) == []


def test_the_gate_looks_at_the_file_that_was_written(
    small: Run, images: ImageSet, out: Path
) -> None:
    """A damaged weight in the file shows, since that file is what is run."""
    import onnx
    from onnx import numpy_helper

    def write(run: Run, folder: Path, pictures: Sequence[Pixels]) -> str:
        name = ONNX.write(run, folder, pictures)
        model = onnx.load(folder / name)
        (bias,) = (item for item in model.graph.initializer if item.name == "head_output/1")
        values = numpy_helper.to_array(bias) + np.array([3, 0, 0], np.float32)
        bias.CopyFrom(numpy_helper.from_array(values, bias.name))
        (folder / name).write_bytes(model.SerializeToString())
        return name

    found = written(small, images, out, replace(ONNX, write=write))
    assert found.path is None
    assert list(out.iterdir()) == []


def test_an_export_that_another_one_came_before_is_not_written(
    small: Run, images: ImageSet, out: Path
) -> None:
    def write(run: Run, folder: Path, pictures: Sequence[Pixels]) -> str:
        (out / "onnx").mkdir()  # meanwhile
        return ONNX.write(run, folder, pictures)

    with pytest.raises(UsageError, match="is there"):
        written(small, images, out, replace(ONNX, write=write))
    assert [path.name for path in out.iterdir()] == ["onnx"]
    assert list((out / "onnx").iterdir()) == []


def old_export(folder: Path) -> None:
    """Make what an export has left, in short."""
    folder.mkdir(parents=True)
    (folder / "old.txt").write_text("old")
    (folder / "metadata.json").write_text('{"model": "old.txt", "parity": {}}')


OLD = ["metadata.json", "old.txt"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_there_is_replaced_only_if_that_is_wanted(
    small: Run, images: ImageSet, out: Path
) -> None:
    old_export(out / "onnx")
    with pytest.raises(UsageError, match="expected a new folder") as caught:
        written(small, images, out, replace(ONNX, write=interrupt))  # before any work is done
    assert "--force" in caught.value.hint
    assert written(small, images, out, force=True).path == out / "onnx"
    assert not (out / "onnx" / "old.txt").exists()
    assert (out / "onnx" / "model.onnx").is_file()
    assert names(out) == ["onnx"]


def test_what_no_export_has_made_is_never_replaced(small: Run, images: ImageSet, out: Path) -> None:
    (out / "onnx").mkdir(parents=True)
    (out / "onnx" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"thesis\.txt"):
        written(small, images, out, replace(ONNX, write=interrupt), force=True)
    assert names(out / "onnx") == ["thesis.txt"]


def test_an_export_leaves_no_copy_but_its_own(small: Run, images: ImageSet, out: Path) -> None:
    """What a killed export left is swept, and its modes are those that the umask leaves."""
    rest = out / ".tl-catdog-01234567-onnx"
    old_export(rest)
    before = os.umask(0o027)
    try:
        found = written(small, images, out)
    finally:
        os.umask(before)
    assert found.path is not None
    assert names(out) == ["onnx"]
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o750
    for path in found.path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o750 if path.is_dir() else 0o640), path


@pytest.mark.parametrize("words", [False, True])
def test_a_full_disk_is_told_with_its_place(
    small: Run, images: ImageSet, out: Path, words: bool
) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(*_: object) -> str:
        raise RuntimeError(f"save failed: {full.strerror}") if words else full

    with pytest.raises(OSError, match="No space left") as caught:
        written(small, images, out, replace(ONNX, write=write))
    assert caught.value.filename == str(out / "onnx")
    assert list(out.iterdir()) == []


def test_two_exports_at_once_both_end_well(small: Run, images: ImageSet, out: Path) -> None:
    """The second begins and ends while the first is at work; with --force, both are published."""

    def write(run: Run, folder: Path, pictures: Sequence[Pixels]) -> str:
        assert written(small, images, out, force=True).path == out / "onnx"
        return ONNX.write(run, folder, pictures)

    assert written(small, images, out, replace(ONNX, write=write), force=True).path
    assert names(out) == ["onnx"]
    assert "model.onnx" in names(out / "onnx")


def interrupt(*_: object) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["write", "open", "nothing agrees"])
def test_an_old_export_stays_when_its_successor_comes_to_nothing(
    small: Run, images: ImageSet, out: Path, step: str
) -> None:
    old_export(out / "onnx")
    if step == "nothing agrees":
        assert written(small, images, out, spoilt(ONNX, 0.5), force=True).path is None
    else:
        kind = replace(ONNX, write=interrupt) if step == "write" else replace(ONNX, open=interrupt)
        with pytest.raises(KeyboardInterrupt):
            written(small, images, out, kind, force=True)
    assert names(out) == ["onnx"]
    assert names(out / "onnx") == OLD


def test_a_place_that_can_not_be_written_to_is_wrong_use(
    small: Run, images: ImageSet, out: Path
) -> None:
    out.write_text("a file")
    with pytest.raises(UsageError, match="expected a folder that can be written to"):
        written(small, images, out)


class Calibrated:
    """A format that needs calibration, and the pictures that it got."""

    def __init__(self) -> None:
        self.seen: list[Pixels] = []
        self.kind = replace(ONNX, name="odd", write=self.write, needs_calibration=True)

    def write(self, run: Run, folder: Path, pictures: Sequence[Pixels]) -> str:
        self.seen = list(pictures)
        return ONNX.write(run, folder, pictures)


@pytest.fixture
def calibrated(monkeypatch: pytest.MonkeyPatch) -> Calibrated:
    monkeypatch.setattr("tl_catdog.export.export.write_beside", lambda *_, **__: None)
    return Calibrated()


def colours(pictures: Sequence[Pixels]) -> list[int]:
    """Return the strongest channel of each picture: what tells the painted classes apart."""
    return [int(picture.mean(axis=(0, 1)).argmax()) for picture in pictures]


def test_it_is_calibrated_on_training_pictures_of_all_classes_black_and_white(
    small: Run, tmp_path: Path, out: Path, calibrated: Calibrated
) -> None:
    counts = {"train": 90, "validation": 1}
    images = load_set(paint_set(tmp_path / "large" / "set", counts, THREE))
    found = written(small, images, out, calibrated.kind)
    *pictures, black, white = calibrated.seen
    backwards = replace(images, examples=images.examples[::-1])  # validation comes first
    again = written(small, backwards, out / "again", calibrated.kind)
    assert again.parity.calibrated_on == "set, train"
    assert (CALIBRATING, len(pictures)) == (200, 200)
    assert np.bincount(colours(pictures)).tolist() == pytest.approx([67, 67, 67], abs=1)
    assert black.shape == white.shape == (32, 32, 3)
    assert (black.min(), black.max(), white.min(), white.max()) == (0, 0, 255, 255)
    assert found.parity.calibrated_on == "set, train"
    assert found.parity.compared_on == "set, validation"
    train = images.split("train")
    np.testing.assert_array_equal(pictures[0], decode(train[0].path, 32))
    np.testing.assert_array_equal(pictures[-1], decode(train[-1].path, 32))


def test_without_training_pictures_it_is_calibrated_on_what_there_is(
    small: Run, tmp_path: Path, out: Path, calibrated: Calibrated
) -> None:
    images = load_set(paint_set(tmp_path / "flat" / "set", {"": 2}, THREE))
    found = written(small, images, out, calibrated.kind)
    assert colours(calibrated.seen[:-2]) == [0, 0, 2, 2, 1, 1]
    assert found.parity.calibrated_on == f"set, {images.splits[0]}"


def test_what_can_not_be_read_calibrates_nothing(
    small: Run, images: ImageSet, out: Path, calibrated: Calibrated
) -> None:
    train = images.split("train")
    for example in train[1:]:
        example.path.write_bytes(b"broken")
    written(small, images, out, calibrated.kind)
    assert len(calibrated.seen) == 1 + 2
    train[0].path.write_bytes(b"broken")
    with pytest.raises(CatdogError, match="expected training pictures to calibrate on"):
        written(small, images, out / "again", calibrated.kind)


def test_other_formats_get_no_pictures(small: Run, images: ImageSet, out: Path) -> None:
    def write(run: Run, folder: Path, pictures: Sequence[npt.NDArray[np.uint8]]) -> str:
        assert list(pictures) == []
        return ONNX.write(run, folder, pictures)

    found = written(small, images, out, replace(ONNX, write=write))
    assert found.parity.calibrated_on is None
