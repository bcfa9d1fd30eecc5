"""Exporting a run: written aside, run in its own runtime, published only if it says the same."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TRAIN
from tl_catdog.data.images import Pixels, try_decode
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError, ImageError, UsageError, refusal_in
from tl_catdog.export.formats import Format
from tl_catdog.export.metadata import write_beside
from tl_catdog.export.parity import Parity, ParityReference, compare, source_of, spread_evenly
from tl_catdog.export.place import check_free, publish, real_target
from tl_catdog.files import naming
from tl_catdog.runs.folder import Run
from tl_catdog.scratch import scratch_folder, sync

CALIBRATING = 200
"""Training pictures at most that set the ranges of whole numbers."""


@dataclass(frozen=True)
class Exported:
    """What came of one format.

    Attributes:
        format: Its name.
        path: Its folder; None if it wasn't published, since it doesn't agree.
        bytes: Of what is loaded; 0 if it wasn't published.
        parity: How far it agrees with the run.
    """

    format: str
    path: Path | None
    bytes: int
    parity: Parity

    def to_json(self) -> dict[str, Any]:
        """Return the row as ``export --json`` prints it."""
        return {
            "format": self.format,
            "path": self.path and str(self.path),
            "bytes": self.bytes,
            **self.parity.to_json(),
            "worst": [str(item) for item in self.parity.worst],
        }


def export(
    run: Run,
    kind: Format,
    out: Path,
    images: ImageSet,
    reference: ParityReference,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Export a run in one format, if the result agrees with it.

    Args:
        run: The run.
        kind: The format.
        out: The folder that gets a folder of the format's name.
        images: Training pictures, for formats that are calibrated on some.
        reference: What to agree on.
        force: Whether to replace what is there.
        progress: Called with (done, total) compared pictures.

    Returns:
        What came of it; ``path`` is None if it doesn't agree, and ``parity.worst`` says why.

    Raises:
        UsageError: The place is taken or can't be written to; a package is missing.
        CatdogError: The network can't be read or converted.
    """
    target = out / kind.name
    check_free(target, force=force)
    seen: list[Pixels] = []
    calibrated_on = None
    if kind.needs_calibration and kind.needs_pictures(run):
        split = TRAIN if TRAIN in images.splits else images.splits[0]
        seen, calibrated_on = _calibration(run, images, split), source_of(images, split)
    _make_folder(out)
    with refused(target), scratch_folder(real_target(target)) as folder:
        model = kind.write(run, folder, seen)
        size = _bytes(folder)
        parity = compare(
            run, kind, folder / model, reference, calibrated_on=calibrated_on, progress=progress
        )
        if parity.worst:
            return Exported(kind.name, None, 0, parity)
        write_beside(
            run,
            folder,
            kind,
            model,
            {"format": kind.name, **parity.to_json()},
            novelty=parity.novelty_diff is not None,
            plain=reference.plain,
        )
        sync(folder)
        publish(folder, target, force=force)
        return Exported(kind.name, target, size, parity)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in MISPLACED:
            raise
        raise UsageError(
            f"expected a folder that can be written to, found {out} ({error.strerror}).",
            "Type: --out FOLDER",
        ) from error


MISPLACED = (
    *(errno.EEXIST, errno.ENOTDIR, errno.ENOENT),
    *(errno.EACCES, errno.EPERM, errno.EROFS),
)
"""What is wrong with the place that was named, rather than with the disk."""


@contextlib.contextmanager
def refused(target: Path) -> Iterator[None]:
    """Name a place in what the system refuses, whichever library says so, and however.

    Raises:
        OSError: The disk is full, or the like; it names the place.
    """
    try:
        with naming(target):
            yield
    except CatdogError:
        raise
    except Exception as error:
        number = refusal_in(error)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(target)) from error


def _calibration(run: Run, images: ImageSet, split: str) -> list[Pixels]:
    """Return pictures of all classes that set the ranges of whole numbers."""
    examples = spread_evenly(images.split(split), CALIBRATING)
    decoded = [try_decode(example.path, run.image_size) for example in examples]
    found = [pixels for pixels in decoded if not isinstance(pixels, ImageError)]
    if not found:
        raise CatdogError(
            f"expected training pictures to calibrate on, found none in {images.root}.",
            "Name a folder of pictures: --data DIR",
        )
    # Ranges start and end where pictures do, so that 0 to 255 stay what they are.
    extremes = [np.zeros_like(found[0]), np.full_like(found[0], 255)]
    return [*found, *extremes]


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
