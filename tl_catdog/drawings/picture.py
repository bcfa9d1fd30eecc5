"""One drawn picture: an animal in a scene, lit and taken with an imperfect camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from .animals import Animal, animal, extent
from .scenes import background, foreground
from .shapes import Canvas, oval, place, placed

KINDS: tuple[str, str] = ("cat", "dog")
VERSION = 1
"""Version of the drawing code: raise it whenever the same seed gives another picture."""

SMALLEST, LARGEST = 16, 2048


@dataclass(frozen=True)
class Drawing:
    """A drawn picture.

    Attributes:
        image: RGB, ``size`` × ``size`` pixels.
        kind: One of ``KINDS``.
        box: Left, top, right and bottom of the animal's visible pixels, right and bottom exclusive
            as in Pillow, within the picture.
        mask: Grey, of the same size: 255 where the animal is visible, else 0.
        head: x, y and radius of the circle around its head, in pixels.
    """

    image: Image.Image
    kind: str
    box: tuple[int, int, int, int]
    mask: Image.Image
    head: tuple[float, float, float]


def draw(kind: str, seed: int, size: int = 192) -> Drawing:
    """Draw a cat or a dog.

    The same arguments always give the same picture, and the same kind and seed the same
    composition at every size.

    Args:
        kind: One of ``KINDS``.
        seed: 0 or more.
        size: Side of the picture, 16..2048 pixels.

    Raises:
        ValueError: An argument is outside these.
    """
    return compose(kind, seed, size)


def compose(kind: str, seed: int, size: int, *, with_animal: bool = True) -> Drawing:
    """Draw as ``draw`` does; without the animal, the same scene with the box (0, 0, 0, 0)."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}: expected one of {', '.join(KINDS)}")
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size {size} is outside {SMALLEST}..{LARGEST} pixels")
    if seed < 0:
        raise ValueError(f"seed {seed} is negative")
    # One stream for each thing drawn, so that a change in one does not move the others.
    root = np.random.SeedSequence([KINDS.index(kind), seed])
    scene_rng, animal_rng, front_rng, camera_rng = map(np.random.default_rng, root.spawn(4))
    noise_rng = np.random.default_rng([KINDS.index(kind), seed, size])

    # Painted larger and shrunk: Pillow draws hard edges.
    over = 2 if size >= 128 else 4
    canvas = Canvas(size * over)
    canvas.paint(background(scene_rng))
    # The scene a little hazy, as out of focus, so that the animal stands out from it.
    canvas.haze(scene_rng.uniform(0.3, 0.6))
    subject = _posed(animal(kind, animal_rng), animal_rng)
    if with_animal:
        low, high = extent(subject.shapes)
        foot = oval((low[0] + high[0]) / 2, high[1] - 0.01, (high[0] - low[0]) * 0.48, 0.022)
        canvas.veil(foot, (20, 18, 24), 0.3)
        canvas.paint(subject.shapes, mask=255)
    canvas.paint(foreground(front_rng, subject.head), mask=0)
    mask = canvas.mask.reduce(over).point(lambda v: 255 if v >= 128 else 0)
    image = _photographed(canvas.image.reduce(over), camera_rng, noise_rng)
    x, y, r = (size * part for part in subject.head)
    return Drawing(image, kind, mask.getbbox() or (0, 0, 0, 0), mask, (x, y, r))


def _posed(subject: Animal, rng: np.random.Generator) -> Animal:
    """Return an animal turned, scaled and moved into the picture.

    Scale and place follow from the animal's extent, drawn alike for both kinds: otherwise long
    muzzles and long tails would show in the size and the place of the animal alone.
    """
    turn, flip = rng.normal(0, 0.06), bool(rng.random() < 0.5)
    shapes = placed(subject.shapes, 1.0, turn, (0.0, 0.0), flip)
    low, high = extent(shapes)
    wide, tall = (float(v) for v in high - low)
    x, y, r = subject.head
    x, y = place(np.array([(-x if flip else x, y)]), 1.0, turn, (0.0, 0.0))[0]

    biggest = rng.uniform(0.27, 0.37)
    scale = rng.uniform(0.62, 1.0) / np.sqrt(wide * tall)
    scale = float(min(scale, 1.12 / max(wide, tall), biggest / r))
    if subject.close_up:
        scale = biggest / r
    low, high, wide, tall = low * scale, high * scale, wide * scale, tall * scale
    x, y, r = x * scale, y * scale, r * scale

    if subject.close_up:
        # The head anywhere that leaves the end of the chest below the picture.
        to = np.array([rng.uniform(0.3, 0.7) - x, max(rng.uniform(0.45, 0.62) - y, 1.02 - high[1])])
    else:
        spare = 1.0 - wide
        left = rng.uniform(min(0.02, spare - 0.02), max(spare - 0.02, 0.02))
        bottom = rng.uniform(min(max(tall, 0.7), 0.96), 1.05)
        to = np.array([left - low[0], bottom - high[1]])
        if rng.random() < 0.25:
            # Partly out of the picture, but on the side away from the head or below.
            away = -1.0 if x > (low[0] + high[0]) / 2 else 1.0
            to += (away * wide * rng.uniform(0.05, 0.3), tall * rng.uniform(0.0, 0.2))
    at = np.array([x, y]) + to
    # Ears need more room above the head than there need be around the rest of it.
    to += np.clip(at, (r * 1.05, r * 1.3), 1.0 - r * 1.05) - at
    shift = (float(to[0]), float(to[1]))
    return Animal(tuple(placed(shapes, scale, 0.0, shift)), (x + shift[0], y + shift[1], r))


def _photographed(
    image: Image.Image, rng: np.random.Generator, noise_rng: np.random.Generator
) -> Image.Image:
    """Return an image with blur, light, tint, contrast and sensor noise."""
    size = image.width
    blur, sharp = rng.uniform(0.002, 0.006), rng.random() < 0.55
    if not sharp:
        image = image.filter(ImageFilter.GaussianBlur(blur * size))
    gain = rng.uniform(0.8, 1.15) * rng.uniform(0.92, 1.08, 3)
    contrast, grey = rng.uniform(0.8, 1.1), rng.random() < 0.06
    slope = rng.uniform(-0.25, 0.25, 2)
    sigma = 1.0 + 7.0 * rng.random() ** 2
    if grey:
        image = image.convert("L").convert("RGB")
    pixels = np.asarray(image, dtype=np.float32)
    ramp = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    light = 1 + np.float32(slope[0]) * ramp[None, :] + np.float32(slope[1]) * ramp[:, None]
    pixels = (pixels - 118) * np.float32(contrast) + 118
    pixels *= light[:, :, None]
    pixels *= gain.astype(np.float32)
    noise = noise_rng.standard_normal((size, size, 3), dtype=np.float32)
    noise *= np.float32(sigma)
    pixels += noise
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
