"""Whole files as pictures, decoded by TensorFlow within a SavedModel, as near to ours as it can be.

A file that can't be read, or isn't one of ``READ``, gets no picture and leaves the others theirs.
JPEGs are decoded at the same reduced scale as by ``data.images``; pictures are turned upright by
the EXIF orientation of JPEG, PNG and WebP, and transparent PNG and WebP are laid over white.
TensorFlow's resizing rounds once where Pillow rounds twice: grey levels may differ by one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tl_catdog.data.images import MAX_PIXELS, ORIENTATION, least_side

READ = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
"""What TensorFlow decodes, WebP in version 2.21 (older ones may not); of an animation the first
frame."""

SEGMENTS = 64
"""So many parts of a file are looked through for its orientation, and so many tags."""


def pictures_of(encoded: Any, size: int) -> tuple[Any, Any]:
    """Return pictures and whether each could be read, in TensorFlow's graph.

    Args:
        encoded: Files, (B,), of bytes.
        size: S, in pixels.

    Returns:
        RGB in [0, 255], (B, S, S, 3), black where a file can't be read; and which can be, (B,).
    """
    import tensorflow as tf

    readable = _readable(encoded)

    def picture(item: Any) -> Any:
        data, good = item
        return tf.cond(good, lambda: _picture(data, size), lambda: tf.zeros((size, size, 3)))

    found = tf.map_fn(picture, (encoded, readable), fn_output_signature=tf.float32)
    return tf.ensure_shape(found, (None, size, size, 3)), readable


def _readable(encoded: Any) -> Any:
    """Return which files can be decoded, (B,).

    A loop fails as a whole; a dataset leaves out what fails. But each use of a dataset costs time
    for each step in it, so this one only tries to decode: all else is done in a loop.
    """
    import tensorflow as tf

    def tried(place: Any, data: Any) -> Any:
        def other() -> Any:
            return tf.size(tf.io.decode_image(data, expand_animations=False))

        pixels = tf.cond(_is_jpeg(data), lambda: tf.size(_jpeg_at(data, 8)), other)
        return place + 0 * tf.cast(pixels, tf.int64)

    count = tf.size(encoded, tf.int64)
    files = tf.data.Dataset.from_tensor_slices((tf.range(count), _bounded(encoded)))
    good = files.map(tried, tf.data.AUTOTUNE).ignore_errors().batch(tf.maximum(count, 1))
    places = good.with_options(_options()).reduce(tf.zeros([0], tf.int64), lambda _, last: last)
    return tf.scatter_nd(places[:, None], tf.ones_like(places), count[None]) > 0


def _options() -> Any:
    """Return what keeps a dataset of a few files from being studied before each of its uses."""
    import tensorflow as tf

    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    return options


def _picture(data: Any, size: int) -> Any:
    """Return one picture, (S, S, 3); the graph raises an error where it can't be decoded."""
    import tensorflow as tf

    jpeg, png, webp = _is_jpeg(data), _is_png(data), _is_webp(data)
    kinds = [(jpeg, lambda: _jpeg(data, least_side(size))), (png, lambda: _png(data))]
    picture = tf.case(kinds, lambda: _other(data, webp))
    picture = tf.ensure_shape(picture, (None, None, 3))
    turns = [(jpeg, _jpeg_turn), (png, _png_turn), (webp, _webp_turn)]
    cases = [(kind, functools.partial(turn_of, data)) for kind, turn_of in turns]
    turn = tf.case(cases, lambda: tf.constant(1))
    resized = tf.image.resize(_upright(picture, turn), (size, size), antialias=True)
    return tf.round(tf.ensure_shape(resized, (size, size, 3)))


def _is_jpeg(data: Any) -> Any:
    import tensorflow as tf

    return tf.strings.substr(data, 0, 3) == b"\xff\xd8\xff"


def _is_png(data: Any) -> Any:
    import tensorflow as tf

    return tf.strings.substr(data, 0, 4) == b"\x89PNG"


def _is_webp(data: Any) -> Any:
    import tensorflow as tf

    return tf.strings.substr(tf.strings.substr(data, 0, 12), -4, 4) == b"WEBP"


def _other(data: Any, transparent: Any) -> Any:
    """Return a picture of another kind, over white where its fourth channel is transparency."""
    import tensorflow as tf

    layers = tf.cast(tf.io.decode_image(data, expand_animations=False), tf.float32)
    layers = tf.ensure_shape(layers, (None, None, None))
    channels = tf.shape(layers)[-1]
    colours = tf.cond(
        channels < 3, lambda: tf.repeat(layers[..., :1], 3, axis=-1), lambda: layers[..., :3]
    )
    alpha = tf.where(transparent & (channels == 4), layers[..., -1:] / 255.0, 1.0)
    return tf.round(colours * alpha + 255.0 * (1.0 - alpha))


def _jpeg(data: Any, least: int) -> Any:
    import tensorflow as tf

    shape = tf.image.extract_jpeg_shape(data)
    scale = tf.minimum(shape[0] // least, shape[1] // least)

    def at(ratio: int) -> Any:
        return lambda: tf.cast(_jpeg_at(data, ratio), tf.float32)

    return tf.case([(scale >= ratio, at(ratio)) for ratio in (8, 4, 2)], at(1))


def _jpeg_at(data: Any, ratio: int) -> Any:
    import tensorflow as tf

    return tf.io.decode_jpeg(data, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE")


def _png(data: Any) -> Any:
    import tensorflow as tf

    layers = tf.cast(tf.io.decode_png(data, channels=4), tf.float32)
    # Grey of fewer bits than eight gets all its bits for an alpha, not 255: 1, 3 or 15.
    full = tf.cast(tf.bitwise.left_shift(1, _numbers(data, 24, 1)[0]) - 1, tf.float32)
    opaque = tf.reduce_all(layers[..., 3:] == full)
    alpha = tf.where(opaque, 1.0, layers[..., 3:] / 255.0)
    return tf.round(layers[..., :3] * alpha + 255.0 * (1.0 - alpha))


def _bounded(encoded: Any) -> Any:
    """Return files, (B,), and nothing in the place of those PNG that say they are too large."""
    import tensorflow as tf

    def bounded(data: Any) -> Any:
        sides = tf.cast(_numbers(data, 16, 8), tf.int64)
        large = _is_png(data) & (_big(sides[:4]) * _big(sides[4:]) > MAX_PIXELS)
        return tf.where(large, b"", data)

    return tf.map_fn(bounded, encoded)


def _numbers(data: Any, start: Any, length: int) -> Any:
    """Return so many bytes from a place on as numbers; zeros after the end."""
    import tensorflow as tf

    size = tf.strings.length(data)
    part = tf.strings.substr(data, tf.clip_by_value(start, 0, size), length)
    read = tf.io.decode_raw(part, tf.uint8)
    return tf.cast(tf.pad(read, [[0, length - tf.size(read)]])[:length], tf.int32)


def _big(numbers: Any) -> Any:
    """Return the number that bytes are, the greatest first."""
    import tensorflow as tf

    places = 256 ** tf.range(tf.size(numbers) - 1, -1, -1)
    return tf.reduce_sum(numbers * tf.cast(places, numbers.dtype))


def _jpeg_turn(data: Any) -> Any:
    """Return the EXIF orientation of a JPEG, 1 if it has none."""
    import tensorflow as tf

    def segment(at: Any) -> tuple[Any, Any]:
        head = _numbers(data, at, 10)
        exif = (head[1] == 0xE1) & tf.reduce_all(head[4:8] == [0x45, 0x78, 0x69, 0x66])
        over = (head[0] != 0xFF) | (head[1] == 0xDA)
        return at + 2 + _big(head[2:4]), tf.where(exif, at + 10, tf.where(over, 0, -1))

    return _turn(data, 2, segment)


def _png_turn(data: Any) -> Any:
    """Return the EXIF orientation of a PNG, 1 if it has none."""
    import tensorflow as tf

    def chunk(at: Any) -> tuple[Any, Any]:
        head = _numbers(data, at, 8)
        exif = tf.reduce_all(head[4:8] == [0x65, 0x58, 0x49, 0x66])
        return at + 12 + _big(head[:4]), tf.where(exif, at + 8, -1)

    return _turn(data, 8, chunk)


def _webp_turn(data: Any) -> Any:
    """Return the EXIF orientation of a WebP, 1 if it has none."""
    import tensorflow as tf

    def chunk(at: Any) -> tuple[Any, Any]:
        head = _numbers(data, at, 14)
        exif = tf.reduce_all(head[:4] == [0x45, 0x58, 0x49, 0x46])
        named = tf.reduce_all(head[8:12] == [0x45, 0x78, 0x69, 0x66])  # as in a JPEG
        length = _big(head[4:8][::-1])
        tiff = tf.where(named, at + 14, at + 8)
        return at + 8 + length + length % 2, tf.where(exif, tiff, -1)

    return _turn(data, 12, chunk)


def _turn(data: Any, begin: int, part: Callable[[Any], tuple[Any, Any]]) -> Any:
    """Return the EXIF orientation that is in one of a file's parts, 1 if it is in none.

    Args:
        data: The file's bytes.
        begin: Where its first part is.
        part: From a part's place to the next one's, and to that of its EXIF data: -1 if it has
            none, 0 if no later part has any.
    """
    import tensorflow as tf

    def going(at: Any, found: Any, left: Any) -> Any:
        return (found < 0) & (left > 0) & (at >= 0) & (at < tf.strings.length(data))

    def step(at: Any, found: Any, left: Any) -> Any:
        return *part(at), left - 1

    start = (tf.constant(begin), tf.constant(-1), tf.constant(SEGMENTS))
    _, tiff, _ = tf.while_loop(going, step, start)
    return _orientation(data, tiff)


def _orientation(data: Any, tiff: Any) -> Any:
    """Return the orientation that the EXIF data from a place on has; none at 0 or before."""
    import tensorflow as tf

    little = _numbers(data, tiff, 1)[0] == 0x49  # "II" or "MM"

    def number(at: Any, length: int) -> Any:
        numbers = _numbers(data, at, length)
        return _big(tf.where(little, numbers[::-1], numbers))

    table = tiff + number(tiff + 4, 4)
    count = tf.minimum(number(table, 2), SEGMENTS)

    def step(place: Any, found: Any) -> Any:
        entry = table + 2 + 12 * place
        ours = number(entry, 2) == ORIENTATION
        return place + 1, tf.where(ours, number(entry + 8, 2), found)

    start = (tf.constant(0), tf.constant(1))
    _, found = tf.while_loop(lambda place, _: place < count, step, start)
    return tf.where((tiff > 0) & (found >= 1) & (found <= 8), found, 1)


def _upright(picture: Any, turn: Any) -> Any:
    """Return a picture, (H, W, 3), turned as its orientation says."""
    import tensorflow as tf

    def turned(steps: str) -> Any:
        def make() -> Any:
            made = picture
            for name in steps:
                made = {
                    "t": lambda x: tf.transpose(x, (1, 0, 2)),
                    "h": lambda x: tf.reverse(x, (1,)),
                    "v": lambda x: tf.reverse(x, (0,)),
                }[name](made)
            return made

        return make

    # As ``data.images.UPRIGHT``: 2 mirrors, 3 turns half round, 6 turns right, 8 left.
    steps = ("", "h", "hv", "v", "t", "th", "thv", "tv")
    return tf.switch_case(turn - 1, [turned(item) for item in steps])
