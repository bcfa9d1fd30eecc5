"""Drawn sets whose pictures look alike and are none the less different ones, for tests.

Each kind stands for sets that people train on: things on a plain board, series in front of one
backdrop, radiographs, forms, screenshots, icons, characters, textures, microscope slides, satellite
tiles, aligned faces, products in several colours, skies. No two pictures of a kind show the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates

SIZE = 224
"""Height and width of most kinds; icons and characters have ICON."""

ICON = 64
Values = npt.NDArray[np.float64]
Random = np.random.Generator

WORDS = [
    "invoice", "total", "amount", "date", "number", "street", "city",
    "name", "phone", "order", "item", "price", "tax", "paid",
    "due", "north", "south", "river", "market", "garden", "paper",
    "window", "station", "summer", "winter", "yellow", "bottle", "engine",
]  # fmt: skip


def _noise(rng: Random, sigma: float, size: int = SIZE) -> Values:
    """Return smooth noise of variance 1, (size, size), that repeats at its borders."""
    noise = gaussian_filter(rng.normal(size=(size, size)), sigma, mode="wrap")
    return np.asarray((noise - noise.mean()) / noise.std())


def _picture(values: Values) -> Image.Image:
    """Return grey values, (H, W), or colours, (H, W, 3), as a picture."""
    pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).convert("RGB")


def _with_noise(image: Image.Image, rng: Random, sigma: float = 2.0) -> Image.Image:
    values = np.asarray(image, np.float64)
    return _picture(values + rng.normal(0, sigma, values.shape))


def _colour(rng: Random, low: int = 20, high: int = 235) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _thing(draw: ImageDraw.ImageDraw, rng: Random, x: float, y: float, radius: float) -> None:
    """Draw a thing of random form and colour, with something on it."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 9))))
    reach = radius * rng.uniform(0.6, 1.0, len(angles))
    outline = [(x + r * np.cos(a), y + r * np.sin(a)) for a, r in zip(angles, reach, strict=True)]
    draw.polygon(outline, fill=_colour(rng))
    r = radius * rng.uniform(0.1, 0.4)
    dx, dy = rng.uniform(-r, r, 2)
    draw.ellipse((x + dx - r, y + dy - r, x + dx + r, y + dy + r), fill=_colour(rng))
    draw.line((x - radius / 2, y, x + radius / 2, y + dy), fill=_colour(rng), width=3)


def _light(rng: Random) -> Values:
    """Return a plain board under a lamp: brighter on one side, darker in the corners."""
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    slope = 12 * (rng.uniform(-1, 1) * x + rng.uniform(-1, 1) * y)
    return np.asarray(205 + slope - rng.uniform(5, 20) * (x**2 + y**2))


def board(rng: Random, set_rng: Random) -> Image.Image:
    image = _picture(_light(rng))
    x, y = SIZE / 2 + rng.normal(0, 8, 2)
    _thing(ImageDraw.Draw(image), rng, x, y, rng.uniform(25, 45))
    return _with_noise(image, rng)


def bottle(rng: Random, set_rng: Random) -> Image.Image:
    """Things of one form on a board: they differ in colour, place, size and label."""
    image = _picture(_light(rng))
    draw = ImageDraw.Draw(image)
    x, y, s = *(SIZE / 2 + rng.normal(0, 5, 2)), rng.uniform(0.9, 1.1)
    colour = _colour(rng, 20, 110)
    draw.rounded_rectangle((x - 26 * s, y - 40 * s, x + 26 * s, y + 80 * s), 12, fill=colour)
    draw.rounded_rectangle((x - 10 * s, y - 85 * s, x + 10 * s, y - 30 * s), 5, fill=colour)
    draw.rectangle((x - 26 * s, y, x + 26 * s, y + 45 * s), fill=_colour(rng, 120, 250))
    draw.text((x - 22 * s, y + 10), str(rng.choice(WORDS)), fill=_colour(rng, 0, 90), font_size=14)
    return _with_noise(image, rng)


def backdrop(rng: Random, set_rng: Random) -> Image.Image:
    """A camera on a tripod: the same backdrop, and each time something small in front of it."""
    scene = 120 + 30 * _noise(set_rng, 12) + 12 * _noise(set_rng, 2)
    image = _picture(np.roll(scene, rng.integers(-1, 2, 2), (0, 1)))
    x, y = SIZE / 2 + rng.normal(0, 12, 2)
    _thing(ImageDraw.Draw(image), rng, x, y, rng.uniform(13, 20))
    return _with_noise(image, rng)


def radiograph(rng: Random, set_rng: Random) -> Image.Image:
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    x = x * rng.uniform(0.93, 1.07) + 0.03 * _noise(rng, 30)
    y = y * rng.uniform(0.93, 1.07) + 0.03 * _noise(rng, 30)
    body = 170 * np.exp(-((x / 0.95) ** 6)) - 25 * y**2
    lungs = sum(
        np.exp(-((((x - side) / 0.28) ** 2 + ((y + 0.05) / 0.62) ** 2) ** 2))
        for side in (-0.42, 0.42)
    )
    ribs = np.cos((y + 0.35 * np.abs(x)) * rng.uniform(19, 21) + rng.uniform(-0.5, 0.5))
    spine = 35 * np.exp(-((x / 0.09) ** 2))
    heart = 50 * np.exp(
        -((((x - 0.16) / rng.uniform(0.2, 0.27)) ** 2 + ((y - 0.3) / 0.3) ** 2) ** 2)
    )
    values = body - 75 * lungs + 14 * lungs * ribs + spine + heart + 4 * _noise(rng, 3)
    return _picture(values + rng.normal(0, 1.5, values.shape))


def form(rng: Random, set_rng: Random) -> Image.Image:
    """A printed form, filled in anew each time."""
    image = Image.new("RGB", (SIZE, int(1.3 * SIZE)), (250, 250, 248))
    draw = ImageDraw.Draw(image)
    draw.text((12, 8), "Order form 27 B", fill=(20, 20, 20), font_size=16)
    draw.line((10, 32, SIZE - 10, 32), fill=(30, 30, 30), width=2)
    for row in range(11):
        top = 40 + 22 * row
        draw.text((12, top), WORDS[row], fill=(40, 40, 40), font_size=11)
        draw.rectangle((70, top, SIZE - 14, top + 17), outline=(120, 120, 120))
        words = " ".join(rng.choice(WORDS, 2)) + f" {rng.integers(10, 999)}"
        draw.text((74, top + 2), words, fill=(30, 30, 110), font_size=11)
    return image


def text_page(rng: Random, set_rng: Random) -> Image.Image:
    image = Image.new("L", (SIZE, int(1.3 * SIZE)), 248)
    draw = ImageDraw.Draw(image)
    for row in range(19):
        words = " ".join(rng.choice(WORDS, 12))
        draw.text((14, 14 + 14 * row), words[: int(rng.integers(26, 34))], fill=30, font_size=10)
    return image.convert("RGB")


def screenshot(rng: Random, set_rng: Random) -> Image.Image:
    """One program's window with other content."""
    image = Image.new("RGB", (int(1.5 * SIZE), SIZE), (245, 246, 248))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, image.width, 22), fill=(40, 60, 100))
    draw.rectangle((0, 22, 76, SIZE), fill=(225, 229, 236))
    draw.text((8, 4), "Mail", fill=(255, 255, 255), font_size=13)
    for row in range(8):
        draw.text((8, 32 + 22 * row), WORDS[row], fill=(60, 60, 60), font_size=11)
    for row in range(7):
        top = 28 + 27 * row
        draw.line((84, top + 25, image.width - 8, top + 25), fill=(210, 210, 215))
        draw.ellipse((86, top + 2, 104, top + 20), fill=_colour(rng, 80, 220))
        draw.text((110, top), " ".join(rng.choice(WORDS, 4)), fill=(30, 30, 30), font_size=11)
        draw.text(
            (110, top + 12), " ".join(rng.choice(WORDS, 5)), fill=(120, 120, 120), font_size=9
        )
    return image


def icon(rng: Random, set_rng: Random) -> Image.Image:
    """A sign on a tile: all tiles have the same form, most signs a few strokes."""
    image = Image.new("RGB", (4 * ICON, 4 * ICON), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((16, 16, 240, 240), 48, fill=_colour(rng, 30, 180))
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(70, 186, 2)
        r, kind = rng.uniform(16, 60), int(rng.integers(4))
        if kind == 0:
            draw.ellipse((x - r, y - r, x + r, y + r), outline=(255, 255, 255), width=16)
        elif kind == 1:
            draw.rectangle((x - r, y - r / 2, x + r, y + r / 2), fill=(255, 255, 255))
        elif kind == 2:
            draw.line((x - r, y - r, x + r, y + r), fill=(255, 255, 255), width=18)
        else:
            draw.regular_polygon((x, y, r), 3, int(rng.integers(360)), fill=(255, 255, 255))
    return image.resize((ICON, ICON), Image.Resampling.LANCZOS)


def character(rng: Random, set_rng: Random) -> Image.Image:
    """A handwritten sign of ten: the same one, and yet never the same picture."""
    image = Image.new("L", (4 * ICON, 4 * ICON), 0)
    draw = ImageDraw.Draw(image)
    sign = "0123456789"[int(rng.integers(10))]
    draw.text((128, 128), sign, fill=255, font_size=int(rng.uniform(180, 210)), anchor="mm")
    y, x = np.mgrid[: 4 * ICON, : 4 * ICON].astype(np.float64)
    y += 7 * _noise(rng, 40, 4 * ICON) + rng.uniform(-8, 8)
    x += 7 * _noise(rng, 40, 4 * ICON) + rng.uniform(-8, 8) + rng.uniform(-0.2, 0.2) * (y - 128)
    written = map_coordinates(np.asarray(image, np.float64), (y, x), order=1)
    return _picture(written).resize((ICON, ICON), Image.Resampling.LANCZOS)


def texture(rng: Random, set_rng: Random) -> Image.Image:
    """Woven cloth, or stone."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float64)
    if rng.random() < 0.5:
        x, y = x + 1.5 * _noise(rng, 20), y + 1.5 * _noise(rng, 20)
        pitch = set_rng.uniform(12, 13)
        phase = rng.uniform(0, 2 * np.pi, 2)
        weave = np.sin(2 * np.pi * x / pitch + phase[0]) * np.sin(2 * np.pi * y / pitch + phase[1])
        return _picture(120 + 45 * weave + 8 * _noise(rng, 1.5))
    return _picture(130 + 25 * _noise(rng, 3) + 15 * _noise(rng, 1))


def slide(rng: Random, set_rng: Random) -> Image.Image:
    """Cells under a microscope."""
    image = _picture(
        np.stack(
            [232 + 3 * _noise(rng, 20), 195 + 4 * _noise(rng, 15), 215 + 0 * _noise(rng, 5)], 2
        )
    )
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(35, 55))):
        x, y = rng.uniform(0, SIZE, 2)
        r = rng.uniform(9, 13)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(205, 120, 170), outline=(180, 90, 150))
        if rng.random() < 0.3:
            draw.ellipse((x - r / 2, y - r / 2, x + r / 2, y + r / 2), fill=(95, 50, 130))
    return _with_noise(image, rng)


def tile(rng: Random, set_rng: Random) -> Image.Image:
    """Fields from above."""
    centres = rng.uniform(0, SIZE, (14, 2))
    y, x = np.mgrid[:SIZE, :SIZE]
    far = (y[..., None] - centres[:, 0]) ** 2 + (x[..., None] - centres[:, 1]) ** 2
    colours = np.array([70, 95, 50]) + rng.normal(0, 18, (14, 3))
    values = (
        colours[far.argmin(2)] + 5 * _noise(rng, 1.5)[..., None] + 6 * _noise(rng, 12)[..., None]
    )
    return _picture(values)


def face(rng: Random, set_rng: Random) -> Image.Image:
    """A face, aligned by its eyes, in front of a grey wall."""
    image = _picture(150 + 10 * _noise(rng, 40))
    draw = ImageDraw.Draw(image)
    skin = tuple(int(value) for value in np.array([205, 165, 140]) * rng.uniform(0.6, 1.1))
    w, h, hair = rng.uniform(62, 72), rng.uniform(80, 92), _colour(rng, 15, 110)
    draw.ellipse((112 - w - 8, 108 - h - 14, 112 + w + 8, 112 + h * rng.uniform(0, 0.8)), fill=hair)
    draw.ellipse((112 - w, 116 - h, 112 + w, 116 + h), fill=skin)
    for x in (86, 138):
        draw.ellipse((x - 11, 94, x + 11, 94 + rng.uniform(9, 14)), fill=(245, 245, 245))
        draw.ellipse((x - 5, 95, x + 5, 105), fill=_colour(rng, 20, 120))
        tilt = rng.uniform(-4, 4)
        draw.line((x - 14, 84 + tilt, x + 14, 84 - tilt), fill=hair, width=int(rng.integers(3, 6)))
    draw.line((112, 100, 112 + rng.uniform(-5, 5), 134), fill=(120, 85, 70), width=3)
    m = rng.uniform(16, 26)
    draw.arc(
        (112 - m, 140, 112 + m, 140 + rng.uniform(14, 28)), 10, 170, fill=(150, 50, 60), width=5
    )
    soft = gaussian_filter(np.asarray(image, np.float64), (1.5, 1.5, 0))
    return _with_noise(_picture(soft + 4 * _noise(rng, 3)[..., None]), rng)


def product(rng: Random, set_rng: Random) -> Image.Image:
    """Shirts, cut alike, of many colours and prints, on white."""
    image = Image.new("RGB", (SIZE, SIZE), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    colour = _colour(rng, 30, 220)
    draw.polygon(
        [
            (60, 40),
            (164, 40),
            (205, 90),
            (180, 110),
            (160, 90),
            (160, 195),
            (64, 195),
            (64, 90),
            (44, 110),
            (19, 90),
        ],
        fill=colour,
    )
    draw.ellipse((92, 28, 132, 56), fill=(255, 255, 255))
    if rng.random() < 0.7:
        x, y = 112 + rng.normal(0, 4, 2)
        _thing(draw, rng, x, y + 10, rng.uniform(14, 26))
    return image


def sky(rng: Random, set_rng: Random) -> Image.Image:
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    values = 160 + 40 * (rng.uniform(-1, 1) * x + rng.uniform(-1, 1) * y) + 6 * _noise(rng, 45)
    return _picture(np.stack([values - 30, values, values + 40], 2))


KINDS: dict[str, Callable[[Random, Random], Image.Image]] = {
    draw.__name__: draw
    for draw in (
        board, bottle, backdrop, radiograph, form, text_page, screenshot, icon, character,
        texture, slide, tile, face, product, sky,
    )
}  # fmt: skip


def look_alikes(kind: str, count: int, seed: int = 0) -> list[Image.Image]:
    """Return different pictures of one of ``KINDS``; the set's traits hang on the seed alone."""
    return [
        KINDS[kind](np.random.default_rng((seed, number)), np.random.default_rng(seed))
        for number in range(count)
    ]
