"""Thousands of damaged pictures, shown to check, train, evaluate and predict.

No traceback, no hang, no more memory than for whole ones; and no silent wrong answer: a picture is
named as unreadable, by all of them alike, or it gets the answer that Pillow's pixels get.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.faults import checks
from tests.faults.commands import words
from tests.faults.process import Done
from tests.faults.results import Fault
from tests.faults.world import World
from tests.support.hostile_bytes import encoded, see_through
from tl_catdog import runtime
from tl_catdog.drawings import draw

SIDE = 64
BATCH = 500
"""Pictures that a command is shown at a time."""
LARGEST = 2**20
"""Pixels of what is compared."""
PATIENCE = 300.0
MEMORY = 3 * 2**20
"""Kilobytes of memory that no command may exceed; TensorFlow alone takes 1 GB."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000")

KINDS: dict[str, tuple[str, dict[str, object]]] = {
    "jpeg": (".jpg", {"format": "JPEG", "quality": 90}),
    "progressive": (".jpg", {"format": "JPEG", "quality": 90, "progressive": True}),
    "png": (".png", {"format": "PNG"}),
    "alpha": (".png", {"format": "PNG"}),
    "webp": (".webp", {"format": "WEBP", "quality": 90}),
    "lossless": (".webp", {"format": "WEBP", "lossless": True}),
    "gif": (".gif", {"format": "GIF"}),
    "bmp": (".bmp", {"format": "BMP"}),
    "tiff": (".tif", {"format": "TIFF"}),
    "avif": (".avif", {"format": "AVIF"}),
    "jpeg 2000": (".jp2", {"format": "JPEG2000"}),
}


def whole(kind: str, animal: str, seed: int) -> bytes:
    """Return a drawing in a format."""
    picture = draw(animal, seed=seed, size=SIDE).image
    options = dict(KINDS[kind][1])
    form = str(options.pop("format"))
    if kind == "alpha":
        picture = see_through(picture)
    if kind == "gif":
        picture = picture.quantize(64)
    return encoded(picture, form, **options)


def mutated(data: bytes, other: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Return a way of damage and what it leaves of a file."""
    way = rng.choice(("bits", "bytes", "cut", "splice", "header", "repeat", "drop", "tail"))
    changed = bytearray(data)
    if way == "bits":
        for _ in range(rng.randint(1, 8)):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    elif way == "bytes":
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(changed))] = rng.choice((0, 255, rng.randrange(256)))
    elif way == "cut":
        del changed[rng.randrange(len(changed)) :]
    elif way == "splice":
        at = rng.randrange(len(changed))
        changed[at:] = other[rng.randrange(len(other)) :]
    elif way == "header":
        place = rng.randrange(min(64, len(changed)))
        changed[place : place + 4] = rng.randbytes(4)
    elif way == "repeat":
        at, size = rng.randrange(len(changed)), rng.randrange(1, 400)
        changed[at:at] = changed[at : at + size] * rng.randint(1, 4)
    elif way == "drop":
        at = rng.randrange(len(changed))
        del changed[at : at + rng.randrange(1, 200)]
    else:
        changed += rng.randbytes(rng.randrange(1, 500))
    return way, bytes(changed)


def pillow_pixels(data: bytes) -> Image.Image | None:
    """Return what Pillow alone makes of a file, upright and over white; None if it can't."""
    runtime.ignore_pillow_warnings()
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.load()
            turned = _turned(image)
            if turned.has_transparency_data:
                layers = turned.convert("RGBA")
                page = Image.new("RGBA", layers.size, (255, 255, 255, 255))
                return Image.alpha_composite(page, layers).convert("RGB")
            if turned.mode.startswith("I") or turned.mode == "F":
                values = np.rint(np.asarray(turned, dtype=np.float64) / 257.0)
                return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).convert("RGB")
            return turned.convert("RGB")
    except Exception:  # whatever Pillow says of broken bytes
        return None


def _turned(image: Image.Image) -> Image.Image:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    turn = turns.get(image.getexif().get(274, 1))
    return image.copy() if turn is None else image.transpose(turn)


def pictures(world: World, seed: int, count: int) -> Iterator[Fault]:
    """Show so many damaged pictures to all that reads pictures; yield what came of each."""
    rng = random.Random(seed)
    world.make((words(f"data draw set --train 8 --validation 4 --test 0 --size {SIDE}"),))
    judge = f"train --arch baseline --data set --image-size {SIDE} --epochs 2 --run judge"
    done = world.type(words(judge))
    assert done.code == 0, done.err
    world.keep("judge")
    left = count
    while left > 0:
        world.put_back("judge")
        names = _plant(world.root, rng, min(BATCH, left))
        yield from _shown(world, names)
        left -= BATCH


def _plant(root: Path, rng: random.Random, count: int) -> dict[str, str]:
    """Write damaged pictures into ``odd``, and what Pillow sees in them into ``seen``.

    Returns:
        Of each name, what was done; what shows very many pixels is left out.
    """
    names = {}
    for index in range(count):
        kind = rng.choice(list(KINDS))
        animal, other = ("cat", "dog") if index % 2 else ("dog", "cat")
        data = whole(kind, animal, rng.randrange(10**6))
        way, changed = mutated(data, whole(rng.choice(list(KINDS)), other, index), rng)
        name = f"{animal}s/{index:04}-{kind}-{way}{KINDS[kind][0]}"
        path = root / "odd" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(changed)
        names[name] = way
        pixels = pillow_pixels(changed)
        if pixels is not None and pixels.width * pixels.height > LARGEST:
            path.unlink()  # a header that claims to be huge: saving what it shows takes minutes
            del names[name]
        elif pixels is not None:
            seen = (root / "seen" / name).with_suffix(".png")
            seen.parent.mkdir(parents=True, exist_ok=True)
            pixels.save(seen)
    for animal in ("cats", "dogs"):  # so that there is something to train on
        (root / "odd" / animal / "whole.png").write_bytes(whole("png", animal[:-1], 7))
    return names


def _shown(world: World, names: dict[str, str]) -> Iterator[Fault]:
    odd = _predicted(world, "odd")
    seen = _predicted(world, "seen")
    checked = _type(world, "data check odd --json --fail-on none --no-outliers")
    judged = _type(world, "evaluate judge --data odd --json")
    size = f"--image-size {SIDE} --epochs 1 --run odd"
    trained = _type(world, f"train --arch baseline --data odd {size}")
    said: dict[str, list[str]] = {name: [] for name in names}
    general = [
        f"{command}: {item}"
        for command, done in (("check", checked), ("evaluate", judged), ("train", trained))
        for item in checks.rude(done)
    ]
    if max(done.memory for done in (checked, judged, trained)) > MEMORY:
        general.append("it takes too much memory")
    refused = {name for name in names if odd.get(name) == "unreadable"}
    for name in names:
        answer = odd.get(name)
        truth = seen.get(str(Path(name).with_suffix(".png")))
        if answer is None:
            said[name].append("predict says nothing of it")
        elif answer != "unreadable" and truth is None:
            said[name].append("predict answers what Pillow can't read")
        elif answer not in ("unreadable", truth):
            said[name].append("predict answers something else than what Pillow reads")
    for command, found in (
        ("check", _checked(checked)),
        ("evaluate", _skipped(judged.out, "odd/")),
        ("train", _train_skipped(world.root)),
    ):
        for name in names:
            stricter = command == "check" and name in found  # it decodes JPEGs twice, all of them
            if (name in found) != (name in refused) and not stricter:
                said[name].append(f"{command} and predict don't agree on it")
    for name, way in names.items():
        wrong = [*said[name], *general]
        yield Fault(f"damaged pictures: {way}", name, "", tuple(wrong))


def _type(world: World, text: str) -> Done:
    return world.type(words(text), None, patience=PATIENCE)


def _predicted(world: World, folder: str) -> dict[str, str]:
    """Return the answer to each picture of a folder: its probabilities, or ``unreadable``."""
    done = _type(world, f"predict {folder} --run judge --json")
    assert not checks.rude(done), done.err[-500:]
    rows = [json.loads(line) for line in done.out.splitlines()]
    return {
        row["path"].removeprefix(f"{folder}/"): (
            "unreadable" if row["error"] else json.dumps(row["probabilities"])
        )
        for row in rows
    }


FATAL = ("unreadable", "not-a-picture", "corrupt", "truncated", "huge")


def _checked(done: Done) -> set[str]:
    found = json.loads(done.out)["findings"] if done.out else []
    return {path for item in found if item["kind"] in FATAL for path in item["paths"]}


def _skipped(text: str, folder: str) -> set[str]:
    found = json.loads(text)["skipped"] if text else []
    return {item["path"].partition(folder)[2] for item in found}


def _train_skipped(root: Path) -> set[str]:
    path = root / "models" / "odd" / "manifest.json"
    found = json.loads(path.read_text(encoding="utf-8"))["skipped"] if path.exists() else []
    return {str(item["path"]).rpartition("/odd/")[2].removeprefix("odd/") for item in found}


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
