"""The ways in which pictures may be given from Python, each made what the decoder takes.

Everything is read or copied at once, in the thread that asks for it: files may be closed and
buffers filled again as soon as the next picture is asked for, though decoding lags behind.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from tl_catdog.data.folders import images_below, is_folder
from tl_catdog.data.images import (
    ORIENTATION,
    ImageSource,
    opened,
    refuse_large,
    to_rgb,
    told,
    upright,
)
from tl_catdog.data.jpeg import is_jpeg
from tl_catdog.data.mirror import on_disk
from tl_catdog.data.reading import MAX_BYTES, is_address
from tl_catdog.data.tiff import as_grey
from tl_catdog.errors import ImageError, UsageError, shown
from tl_catdog.runtime import ProcessLock
from tl_catdog.storage.places import is_store

GivenImage = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | IO[bytes]
    | Image.Image
    | npt.NDArray[Any]
)
"""One picture as a program has it, or a folder of some."""

BATCHED = 4  # dimensions of an array of several pictures
AT_ONCE = 2**20  # bytes; a file is asked for no more, since some make room for all at once

_loading = ProcessLock()
"""Pillow reads a picture's file when its pixels are first asked for, and not for two threads."""


def image_sources(
    images: GivenImage | Iterable[GivenImage], left_out: Counter[str] | None = None
) -> Iterator[ImageSource]:
    """Yield pictures one by one; a folder stands for all pictures below it, in order.

    Args:
        images: One or many, as ``Classifier.predict`` takes them.
        left_out: Counts what else is in folders, by what it is.

    Raises:
        UsageError: An item is nothing that a picture can be given as.

    >>> from PIL import Image
    >>> [type(source).__name__ for source in image_sources(["a.jpg", Image.new("L", (4, 3))])]
    ['PosixPath', 'ndarray']
    """
    if _is_like_an_array(images):
        images = _array(images)
    for item in [images] if _is_one(images) else cast("Iterable[GivenImage]", images):
        if isinstance(item, (str, os.PathLike)):
            path = _path(item)
            if is_folder(path):
                yield from images_below(path, left_out, follow=True)
            else:
                yield path
        else:
            yield _source(item)


def one_source(image: GivenImage) -> ImageSource:
    """Return a single picture.

    Raises:
        UsageError: It is nothing that a picture can be given as, several, or a folder.
    """
    if not _is_one(_array(image) if _is_like_an_array(image) else image):
        raise UsageError(
            f"expected one picture, found several ({_kind(image)}).", "Give one at a time."
        )
    if isinstance(image, (str, os.PathLike)):
        path = _path(image)
        if is_folder(path):
            raise UsageError(f"expected one picture, found the folder {path}.", "Name a file.")
        return path
    return _source(image)


def _is_one(images: Any) -> bool:
    """Return whether it is to be taken as one item, be it a right one or a wrong one."""
    if isinstance(images, np.ndarray):
        several = images.ndim >= BATCHED or (images.ndim == 1 and images.dtype.kind in "SUO")
        return not several
    if isinstance(images, (str, bytes, bytearray, memoryview, Mapping, Image.Image)):
        return True
    # Files and answers from the web can be gone through as well: by lines, or by blocks.
    return not isinstance(images, Iterable) or any(
        hasattr(images, name) for name in ("read", "iter_content")
    )


def _is_like_an_array(item: Any) -> bool:
    return hasattr(item, "__array__") and not isinstance(item, (np.ndarray, Image.Image))


def _array(item: Any) -> npt.NDArray[Any]:
    """Return the array that another library's tensor or series is.

    Raises:
        UsageError: It is on another device, say, or a mere number.
    """
    try:
        values = np.asarray(item)
    except Exception as error:
        raise UsageError(
            f"expected values of pictures, found {_kind(item)} that is no array ({error}).",
            "Give it as a NumPy array.",
        ) from error
    if values.ndim == 0:
        raise _refusal(item)
    return values


def _path(item: str | os.PathLike[str]) -> Path:
    """Return the path of a file or folder; what is at an object store's address is fetched.

    Raises:
        UsageError: It is empty, an address of the web, or one without pictures.
        CatdogError: It can't be fetched.
    """
    path = os.fsdecode(item)
    if not path:
        raise UsageError("expected a file, found an empty name.", "Give the file's path.")
    if isinstance(item, str) and is_store(item):
        return on_disk(item)
    if isinstance(item, str) and is_address(item):
        raise UsageError(
            f"expected a file, found the address of one, {shown(item)}.",
            "Download it, or give what urllib.request.urlopen(…) returns.",
        )
    return Path(path)


def _source(item: Any) -> ImageSource:
    """Return what the decoder takes for a picture that isn't given by its path.

    Raises:
        UsageError: It is nothing that a picture can be given as.
    """
    if isinstance(item, Image.Image):
        return _of_pillow(item)
    if isinstance(item, np.ndarray):
        return item.copy()
    if isinstance(item, (bytes, bytearray)):
        return bytes(item)
    if isinstance(item, memoryview):
        if item.itemsize != 1 or item.ndim != 1:
            raise UsageError(
                f"expected a view of encoded bytes, found one of shape {item.shape} of "
                f"{item.format!r}.",
                "For a picture's values, give numpy.asarray(view).",
            )
        return item.tobytes()
    if _is_like_an_array(item):
        return _array(item).copy()
    if hasattr(item, "read"):
        return content_of(item)
    raise _refusal(item)


def _refusal(item: Any) -> UsageError:
    return UsageError(
        "expected files, folders, encoded bytes, open files, pictures of Pillow's or arrays as "
        f"pictures, found {_kind(item)}.",
        "Give one of these, or a list of them.",
    )


def _kind(item: Any) -> str:
    return type(item).__name__


def content_of(file: Any) -> bytes | ImageError:
    """Return what an open file holds from where it stands; it stays open, and stands at its end.

    Raises:
        UsageError: It is closed, or can't be read for bytes.
    """
    if getattr(file, "closed", False) is True:
        raise UsageError("expected an open file, found a closed one.", "Give its path.")
    try:
        return _read(file)
    except UsageError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, ValueError):
            return ImageError(f"can't be read ({error.strerror or error})")
        raise UsageError(
            f"expected a file that is open for reading, found {_kind(file)} "
            f"({' '.join(str(error).split()) or _kind(error)}).",
            "Type: open(path, 'rb')",
        ) from error


def _read(file: Any) -> bytes | ImageError:
    """Return what is left of a file; raw ones and pipes give it in parts of any length.

    Raises:
        UsageError: It doesn't give bytes.
        Exception: Whatever it raises.
    """
    whole = bytearray()
    while len(whole) <= MAX_BYTES:
        part = file.read(AT_ONCE)
        if not isinstance(part, (bytes, bytearray)):
            what = "text" if isinstance(part, str) else _kind(part)
            if hasattr(part, "close") and hasattr(part, "send"):
                part.close()  # of an asynchronous reader, so that nothing is said of it later
            raise UsageError(
                f"expected a file that is open for reading bytes, found {what} in {_kind(file)}.",
                "Type: open(path, 'rb')",
            )
        if not part:
            return bytes(whole)
        whole += part
    return ImageError(f"can't be read (more bytes than the {MAX_BYTES:,} allowed)")


def _of_pillow(image: Image.Image) -> ImageSource:
    """Return a picture that Pillow has opened, or a program has made with it.

    Turned upright and converted as files are. A JPEG whose pixels nobody has asked for goes to the
    decoder as its file: a large one is decoded at a part of its size there (``least_side``).

    Raises:
        UsageError: It is closed.
    """
    try:
        with told():
            refuse_large(image)
            if 0 in image.size:
                raise ImageError("it has no pixels")
            with _loading:
                data = _unread_jpeg(image)
                if data is not None:
                    return data
                image.load()
                pixels = as_grey(image)
            turned = upright(image, pixels)
            if turned.mode in ("I", "F"):
                return _numbers(np.asarray(turned))
            return np.asarray(to_rgb(turned))
    except ImageError as error:
        if _is_closed(image):
            raise UsageError(
                "expected an open picture, found one of Pillow's that is closed.",
                "Give its path, or load it before it is closed: picture.load()",
            ) from error
        return error


def _unread_jpeg(image: Image.Image) -> bytes | None:
    """Return the file of a JPEG that is as it was opened; of all else None."""
    if not isinstance(image, ImageFile.ImageFile) or not is_jpeg(image):
        return None
    if not image.tile or not image.fp or image.tell():
        return None
    position = image.fp.tell()
    try:
        image.fp.seek(0)  # where Pillow begins as well
        data = _read(image.fp)
    finally:
        image.fp.seek(position)
    if isinstance(data, ImageError):
        raise data
    with opened(data) as fresh:
        return data if _header(fresh) == _header(image) else None


def _header(image: Image.Image) -> tuple[object, ...]:
    """Return what a program can change of a picture before its pixels are read."""
    return image.size, image.mode, image.getexif().get(ORIENTATION, 1)


def _numbers(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values of a picture of 32-bit numbers as 0..255, or as they are.

    Whole numbers above 255 are 16-bit grey; the decoder refuses what is neither.
    """
    if values.dtype.kind == "i" and values.min() >= 0 and 255 < values.max() <= 65535:
        return np.asarray(to_rgb(Image.fromarray(values.astype(np.uint16))))
    return values


def _is_closed(image: Image.Image) -> bool:
    if getattr(image, "tile", None) and getattr(image, "fp", None) is None:
        return True
    try:
        image.load()
    except Exception as error:
        return "closed image" in str(error)
    return False
