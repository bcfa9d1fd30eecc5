"""The settings that a search found, as a TOML file that ``train --config`` takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from tl_catdog.config import TrainConfig
from tl_catdog.files import write_text

ALWAYS = ("arch", "image_size")
"""Named even where they are what a training would take by itself."""


NEVER = ("force", "preset")
"""Replacing a run is asked for each time; what a preset sets stands among the settings."""


def write_recipe(path: Path, settings: TrainConfig, notes: Sequence[str]) -> None:
    """Write settings that aren't the defaults, below comments.

    Args:
        path: The file; what is there is replaced once all is written.
        settings: What to write.
        notes: Lines of ours for people.

    Raises:
        OSError: It can't be written.
    """
    lines = [f"# {note}" for note in notes]
    lines += [f"{name} = {_toml(value)}" for name, value in values_of(settings).items()]
    write_text(path, "\n".join(lines) + "\n")


def values_of(settings: TrainConfig) -> dict[str, Any]:
    """Return the settings that differ from the defaults, and those that are always named.

    >>> values_of(TrainConfig(image_size=224, strength=30.0))
    {'arch': 'mobilenet', 'image_size': 224, 'strength': 30.0}
    """
    found = {}
    for item in fields(TrainConfig):
        value = getattr(settings, item.name)
        if item.name in NEVER or value is None or not _writable(value):
            continue
        if item.name in ALWAYS or value != item.default:
            found[item.name] = value
    return found


def _writable(value: Any) -> bool:
    """Return whether TOML, which is UTF-8, can hold a value: not every path on a disk is."""
    try:
        return not isinstance(value, str) or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _toml(value: Any) -> str:
    """Return a value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):  # of JSON's strings TOML lacks none but this character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
