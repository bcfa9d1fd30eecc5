"""Which columns of a Parquet file hold pictures and classes, and what the classes are called."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tl_catdog.errors import UsageError, listing
from tl_catdog.shards.arrow import arrow
from tl_catdog.storage.places import Place

IMAGE_COLUMNS = ("image", "img", "picture", "photo", "jpg", "image_bytes", "bytes", "data")
LABEL_COLUMNS = ("label", "labels", "class", "target", "category", "fine_label", "breed", "species")


@dataclass(frozen=True)
class Columns:
    """Where a file's pictures and classes are.

    Attributes:
        image: The leaf with the bytes, such as ``image.bytes``.
        path: The leaf with their names; None if there is none.
        label: The column of classes; None if there is none.
        names: Of classes that are numbers; empty if nobody says.
    """

    image: str
    path: str | None
    label: str | None
    names: tuple[str, ...]


def columns_of(schema: Any, place: Place) -> Columns:
    """Find the columns of pictures and of classes.

    Raises:
        UsageError: No column holds bytes that could be pictures, or several do.
    """
    types = arrow().types
    images: dict[str, tuple[str, str | None]] = {}
    for field in schema:
        if types.is_struct(field.type):
            inner = {part.name: part.type for part in field.type}
            if "bytes" in inner and _is_binary(inner["bytes"]):
                path = f"{field.name}.path" if "path" in inner else None
                images[field.name] = f"{field.name}.bytes", path
        elif _is_binary(field.type):
            images[field.name] = field.name, None
    known = [name for name in IMAGE_COLUMNS if name in images]
    chosen = known[:1] or list(images)
    if len(chosen) != 1:
        found = listing(chosen) if chosen else f"no column of bytes among {listing(schema.names)}"
        raise UsageError(
            f"expected a column of pictures, called such as image, in {place}, found {found}.",
            "Rename the column to image",
        )
    label = next(
        (
            name
            for name in LABEL_COLUMNS
            if name in schema.names and _is_label(schema.field(name).type)
        ),
        None,
    )
    names = class_names(schema.metadata or {}, label) if label is not None else ()
    return Columns(*images[chosen[0]], label, names)


def _is_binary(kind: Any) -> bool:
    types = arrow().types
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _is_label(kind: Any) -> bool:
    types = arrow().types
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_integer(kind) or types.is_string(kind) or types.is_large_string(kind))


def class_names(metadata: dict[bytes, bytes], label: str) -> tuple[str, ...]:
    """Return the names that Hugging Face's ``ClassLabel`` gives to numbers; none if it doesn't.

    >>> said = b'{"info": {"features": {"kind": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}'
    >>> class_names({b"huggingface": said}, "kind"), class_names({b"huggingface": b"["}, "kind")
    (('cat', 'dog'), ())
    """
    try:
        said = json.loads(metadata.get(b"huggingface", b"{}"))
        names = said["info"]["features"][label]["names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    whole = isinstance(names, list) and all(isinstance(name, str) and name for name in names)
    return tuple(names) if whole and len(set(names)) == len(names) else ()
