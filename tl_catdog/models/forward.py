"""From pictures to a network's outputs, in order, with memory that stays flat.

A result depends on its picture alone, so several processes or machines may share a list of files.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tl_catdog.cores import usable_cores
from tl_catdog.data.corruptions import corrupt
from tl_catdog.data.images import ImageSource, Pixels, try_decode
from tl_catdog.data.parallel import chunks, map_threaded
from tl_catdog.errors import ImageError
from tl_catdog.models.engine import Forward, Outputs

PLAIN, MIRROR = "plain", "mirror"

TOGETHER = 4
"""Pictures that a thread decodes before it sends them through the network one by one: decoder and
network push each other's code and data out of a core's caches, and so do it less often. Four take
6 % less processor time than one, sixteen no less than four (ADR 032)."""

Job = tuple[ImageSource, tuple[str, ...]]
"""A picture and the views of it that are wanted: plain, mirror, or one of ``CORRUPTIONS``."""


def view_of(pixels: Pixels, view: str) -> Pixels:
    """Return a view of a picture, (S, S, 3): plain, mirrored or corrupted."""
    if view == PLAIN:
        return pixels
    return pixels[:, ::-1] if view == MIRROR else corrupt(pixels, view)


def forward_files(
    forward: Forward, jobs: Iterable[Job], size: int
) -> Iterator[tuple[ImageSource, Outputs | ImageError]]:
    """Decode pictures and send them through a network, on all cores.

    Decoding and the network share threads, so neither waits for the other.

    Args:
        forward: The network.
        jobs: Which pictures, in which views.
        size: Height and width that the network takes, in pixels.

    Yields:
        For each job its picture and its outputs, each (views, …), or why it can't be decoded.

    Raises:
        CatdogError: A picture has changed since it was hashed.
    """

    def work(some: list[Job]) -> list[tuple[ImageSource, Outputs | ImageError]]:
        decoded = [try_decode(source, size) for source, _ in some]
        pairs = list(zip(some, decoded, strict=True))
        return [found for part in chunks(pairs, forward.batch) for found in _forward(forward, part)]

    # A few jobs ahead of the reader are enough to keep every core busy.
    together = max(forward.batch, TOGETHER)
    for found in map_threaded(work, chunks(jobs, together), ahead=2 * usable_cores()):
        yield from found


def _forward(
    forward: Forward, decoded: Sequence[tuple[Job, Pixels | ImageError]]
) -> Iterator[tuple[ImageSource, Outputs | ImageError]]:
    """Send decoded pictures through a network in one call; see ``forward_files``."""
    views = [
        view_of(pixels, view)
        for (_, wanted), pixels in decoded
        if not isinstance(pixels, ImageError)
        for view in wanted
    ]
    outputs = forward(np.stack(views)) if views else ()
    start = 0
    for (source, wanted), pixels in decoded:
        if isinstance(pixels, ImageError):
            yield source, pixels
            continue
        end = start + len(wanted)
        yield source, tuple(output[start:end] for output in outputs)
        start = end


def milliseconds(forward: Forward, size: int, count: int = 32) -> float:
    """Measure the network's forward pass: wall time for a picture, all cores busy, in ms."""
    noise = np.random.default_rng(0).integers(0, 256, (forward.batch, size, size, 3))
    images = noise.astype(np.float32)
    forward(images)  # the first one pays for starting up
    calls = -(-count // forward.batch)
    began = time.perf_counter()
    for _ in map_threaded(lambda _: forward(images), range(calls)):
        pass
    return 1000.0 * (time.perf_counter() - began) / (calls * forward.batch)
