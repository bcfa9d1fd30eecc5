"""Classes of a folder under the names that a run has for them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folder_names import class_key
from tl_catdog.data.packed import column, relabelled
from tl_catdog.errors import UsageError, listing

LIKE = 0.6
"""How alike a name has to be to a class's to be proposed for it, 0..1; difflib's own default."""

LEFT_OUT = ""
"""In a map: pictures of this name are left out."""

PROPOSED = 6  # pairs in an error's command


def read_map(pairs: Iterable[str]) -> dict[str, str]:
    """Read pairs such as ``Cat=cats``; nothing after the sign leaves the pictures out.

    Raises:
        UsageError: One isn't a pair, or a name comes twice.

    >>> read_map(["Cat=cats", "Fox="])
    {'Cat': 'cats', 'Fox': ''}
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, label = (part.strip() for part in pair.rpartition("="))
        if not sign or not name:
            raise UsageError(
                f"expected a name and a class for --map, such as Cat=cats, found {pair!r}.",
                "Type: --map NAME=CLASS",
            )
        if found.setdefault(name, label) != label:
            raise UsageError(
                f"expected one class for {name!r}, found {found[name]!r} and {label!r}.",
                f"Type: {_option(name, label)}",
            )
    return found


def renamed(
    images: ImageSet, classes: Sequence[str], label_map: Mapping[str, str] | None = None
) -> ImageSet:
    """Return a set whose classes have a run's names.

    Names that differ in capitals, spaces or the bytes of accents are the same.

    Args:
        images: The set.
        classes: The run's classes.
        label_map: A name of the set → its class, or nothing to leave its pictures out. Several may
            have one class.

    Raises:
        UsageError: A name is no class and isn't mapped; the map names what the set or the run
            hasn't got; nothing is left.
    """
    wanted = {class_key(label): label for label in classes}
    here = {class_key(label): label for label in images.classes}
    chosen = {key: wanted[key] for key in here if key in wanted}
    for name, label in (label_map or {}).items():
        if class_key(name) not in here:
            raise UsageError(
                f"expected names of {images.root} for --map, found {name!r}; "
                f"there is {listing(images.classes)}.",
                f"Type: {_option(images.classes[0], label)}",
            )
        if label and class_key(label) not in wanted:
            near = get_close_matches(class_key(label), wanted, 1, LIKE) or list(wanted)
            raise UsageError(
                f"expected one of the run's classes, {listing(classes)}, for {name!r}, "
                f"found {label!r}.",
                f"Type: {_option(name, wanted[near[0]])}",
            )
        chosen[class_key(name)] = wanted[class_key(label)] if label else LEFT_OUT
    unknown = [label for key, label in here.items() if key not in chosen]
    if unknown:
        raise _unknown(unknown, wanted, images.root)
    to = {label: chosen[key] for key, label in here.items()}
    examples = relabelled(images.examples, to)
    if not examples:
        raise UsageError(
            f"expected pictures of {listing(classes)}, found that --map leaves out all in "
            f"{images.root}.",
            f"Type: {_option(images.classes[0], classes[0])}",
        )
    gone = Counter(label for label in column(images.examples, "label") if not to[label])
    ignored = {**images.ignored, **{f"pictures of {label}": n for label, n in gone.items()}}
    present = set(column(examples, "label"))
    return replace(
        images,
        classes=tuple(label for label in classes if label in present),
        examples=examples,
        ignored=ignored,
    )


def _unknown(names: Sequence[str], wanted: Mapping[str, str], root: Path) -> UsageError:
    """Return the error that proposes a class for each name: the one most alike, or none."""
    proposed = []
    for name in names[:PROPOSED]:
        near = get_close_matches(class_key(name), wanted, 1, LIKE)
        proposed.append(_option(name, wanted[near[0]] if near else LEFT_OUT))
    more = " and so on" if len(names) > PROPOSED else ""
    return UsageError(
        f"expected pictures of {listing(wanted.values())}, found {listing(names)} in {root}.",
        f"Say which is which, or leave one out: {' '.join(proposed)}{more}",
    )


def _option(name: str, label: str) -> str:
    return f"--map {shlex.quote(f'{name}={label}')}"
