"""How fast this machine reads, decodes and looks at pictures, measured here and now."""

from __future__ import annotations

import itertools
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tl_catdog.config import TrainConfig
from tl_catdog.data.digest import file_digests
from tl_catdog.data.folders import TRAIN, ImageFolder, images_below
from tl_catdog.data.images import try_decode
from tl_catdog.data.parallel import chunks, map_threaded
from tl_catdog.drawings import draw_set
from tl_catdog.errors import CatdogError, ImageError
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.models.build import build
from tl_catdog.models.forward import milliseconds
from tl_catdog.models.layout import POOLING

SAMPLE = 64
"""Pictures to measure with; drawn ones are fewer, because drawing takes longer than decoding."""

DRAWN, DRAWN_SIZE = 8, 400


@dataclass(frozen=True)
class Rates:
    """What was measured, in pictures a second.

    Attributes:
        digest: Reading and hashing, the first time.
        decode: Decoding, by the size that pictures are resized to, in pixels.
        forward: The frozen backbone's forward pass.
        sample: How many pictures that was measured with.
        unreadable: How many of them couldn't be decoded.
    """

    digest: float
    decode: Mapping[int, float]
    forward: float
    sample: int
    unreadable: int

    def to_json(self) -> dict[str, Any]:
        """Return the rates for ``--json``."""
        return asdict(self)


def measure_rates(
    folder: ImageFolder | None,
    config: TrainConfig,
    sizes: Sequence[int],
    seconds: float = 1.0,
) -> Rates:
    """Measure without TensorFlow what training and predicting mostly consist of.

    Args:
        folder: Pictures to take a sample of; None draws some.
        config: Resolved settings that name the backbone and the size of its pictures.
        sizes: What pictures are resized to, in pixels.
        seconds: About how long to measure each rate.

    Raises:
        CatdogError: The backbone's weights can't be loaded, or no picture can be decoded.
    """
    assert config.image_size is not None
    with tempfile.TemporaryDirectory(prefix="tl-catdog-doctor-") as scratch:
        paths = _sample(folder, Path(scratch))
        # The first time, as they may not be in the system's cache yet: so it will be in earnest.
        digest = _rate(file_digests, paths, 0.0)
        found = list(map_threaded(lambda path: try_decode(path, sizes[0]), paths))
        bad = [pixels for pixels in found if isinstance(pixels, ImageError)]
        if len(bad) == len(found):
            raise CatdogError(
                f"expected pictures that can be decoded, found none among {len(found)}; "
                f"for one, {paths[0]}: {bad[0].message}.",
                "Add pictures that open in a viewer.",
            )
        decode = {size: _rate(_decoding(size), paths, seconds / len(sizes)) for size in sizes}
    forward = frozen_backbone(config, (POOLING,), lambda: build(config, 2)).load()
    quick = milliseconds(forward, config.image_size, 8)
    calls = max(8, int(1000 * seconds / quick))
    return Rates(
        digest, decode, 1000 / milliseconds(forward, config.image_size, calls), len(paths), len(bad)
    )


def _sample(folder: ImageFolder | None, scratch: Path) -> list[Path]:
    """Return some pictures from all over a folder, or ones drawn into ``scratch``."""
    if folder is None:
        draw_set(scratch / "set", counts={TRAIN: DRAWN // 2}, size=DRAWN_SIZE, workers=1)
        return list(images_below(scratch / "set"))
    paths = [image.path for images in folder.splits.values() for image in images]
    return paths[:: math.ceil(len(paths) / SAMPLE)]


def _decoding(size: int) -> Callable[[Sequence[Path]], object]:
    return lambda paths: [None for _ in map_threaded(lambda path: try_decode(path, size), paths)]


def _rate(work: Callable[[Sequence[Path]], object], paths: Sequence[Path], seconds: float) -> float:
    """Return how many files a second ``work`` gets through, over and over for a while."""
    done, began, taken = 0, time.perf_counter(), 0.0
    for some in chunks(itertools.cycle(paths), len(paths)):
        work(some)
        done += len(some)
        taken = time.perf_counter() - began
        if taken >= seconds:
            break
    return done / max(taken, 1e-9)
