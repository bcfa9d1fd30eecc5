"""What the steps on one set share: where to work, our commands, what to keep of their answers."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sets.pictures import PictureSet

Found = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much is tried.

    Attributes:
        image_size: Pictures become squares of so many pixels.
        foreign: Pictures of each other set that are shown to a classifier.
        copies: Near-copies that are planted.
        commonest: The most pictures of the common class where classes are made unequal.
        few: Pictures of each of two classes, where few are trained on.
    """

    image_size: int = 224
    foreign: int = 100
    copies: int = 48
    commonest: int = 1000
    few: tuple[int, ...] = (5, 10)


QUICK = Sizes(image_size=96, foreign=4, copies=6, commonest=40, few=(5,))
"""For trying the section itself; its figures mean nothing."""


@dataclass(frozen=True)
class Work:
    """What to work on.

    Attributes:
        set: The pictures.
        others: Sets of other things, by name.
        seed: Of whatever is drawn and trained.
        folder: An empty folder.
        sizes: How much is tried.
    """

    set: PictureSet
    others: Mapping[str, PictureSet]
    seed: int
    folder: Path
    sizes: Sizes = Sizes()


def command(*words: object) -> Found:
    """Run a command of ours and return what ``--json`` prints.

    Raises:
        RuntimeError: It failed; with its last words.
    """
    line = [sys.executable, "-m", "tl_catdog", *map(str, words), "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join(done.stderr.split())[-400:]
        raise RuntimeError(f"tl-catdog {shlex.join(map(str, words))}: {said}")
    found: Found = json.loads(done.stdout)
    return found


def attempt(found: Found, name: str, step: Callable[[], Any]) -> None:
    """Do a step and keep what it returns, or why it failed: the others still have their turn."""
    began = time.perf_counter()
    try:
        result = step()
    except Exception as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    found[name] = result
    print(f"{name}: {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)


def pick(found: Mapping[str, Any], *names: str) -> Found:
    """Return some entries, numbers to six digits."""
    return {name: _rounded(found[name]) for name in names if name in found}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, (list, tuple)) else value
