"""Exporting a run: written aside, run in its own runtime, published only if it says the same."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TRAIN
from tl_catdog.data.images import Pixels, try_decode
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError, ImageError, UsageError
from tl_catdog.export.formats import Format
from tl_catdog.export.metadata import write_beside
from tl_catdog.export.parity import Parity, ParityReference, compare, source_of, spread_evenly
from tl_catdog.runs.folder import Run

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
    if kind.needs_calibration:
        split = TRAIN if TRAIN in images.splits else images.splits[0]
        seen, calibrated_on = _calibration(run, images, split), source_of(images, split)
    try:
        out.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{kind.name}.", dir=out))
    except OSError as error:
        raise UsageError(
            f"expected a folder that can be written to, found {out} ({error.strerror}).",
            "Type: --out FOLDER",
        ) from error
    try:
        folder = scratch / kind.name
        folder.mkdir()
        model = kind.write(run, folder, seen)
        size = _bytes(folder)
        parity = compare(
            run, kind, folder / model, reference, calibrated_on=calibrated_on, progress=progress
        )
        if parity.worst:
            return Exported(kind.name, None, 0, parity)
        write_beside(run, folder, kind, model, {"format": kind.name, **parity.to_json()})
        check_free(target, force=force)  # another export may have come first
        _publish(folder, target, scratch / "old")
        return Exported(kind.name, target, size, parity)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def check_free(target: Path, *, force: bool) -> None:
    """Make sure that an export may go there.

    Raises:
        UsageError: Something is there, and it isn't to be replaced.
    """
    if target.exists() and not force:
        raise UsageError(
            f"expected a new folder, found that {target} is there.", "Type: --force or --out DIR"
        )


def _publish(folder: Path, target: Path, old: Path) -> None:
    """Put a folder in its place; what was there comes back if that is interrupted."""
    try:
        if target.exists():
            target.rename(old)
        folder.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise


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
