"""Pictures as they are named on a command line: files, folders, standard input, pipes."""

from __future__ import annotations

import os
import select
import shlex
import stat
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tl_catdog.data.reading import is_address
from tl_catdog.errors import ImageError, UsageError, shortened
from tl_catdog.storage.places import is_store

if TYPE_CHECKING:
    from tl_catdog.api import Prediction
    from tl_catdog.data.images import ImageSource

STDIN = "-"
DESCRIPTORS = "/dev/fd"
PATIENCE = 5
"""Seconds that a named pipe may stay without anything to read."""
STDIN_FILES = frozenset({STDIN, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})


class GivenImages:
    """The pictures that a command's words stand for, and the words of those that have no path.

    Nothing is kept of pictures that were handed on, so memory doesn't grow with their number.

    Args:
        words: Files, folders, ``-`` for one picture on standard input, or named pipes.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.left_out = Counter[str]()
        self._words = words
        self._unnamed = deque[str]()
        refuse_addresses([word for word in words if not is_store(word)], "tl-catdog predict -")
        if sum(word in STDIN_FILES for word in words) > 1:
            raise UsageError(
                f"expected standard input once, found it {STDIN} several times.",
                f"Type: tl-catdog predict {STDIN} < photo.jpg",
            )

    def sources(self) -> Iterator[ImageSource]:
        """Yield what the decoder takes, in order; see ``sources.image_sources``.

        Raises:
            UsageError: Standard input is a terminal, or closed.
        """
        from tl_catdog.api import image_sources

        for word in self._words:
            if is_store(word):
                from tl_catdog.cli.sources import on_disk

                yield from image_sources(on_disk(word), self.left_out)
                continue
            data = streamed(word)
            if data is None:
                yield from image_sources(word, self.left_out)
            else:
                self._unnamed.append(word)
                yield data

    def named(self, said: Prediction) -> Prediction:
        """Return an answer with the word that its picture was given by; answers come in order."""
        if said.path is None:
            return replace(said, path=Path(self._unnamed.popleft()))
        return said


def streamed(word: str, command: str = "predict") -> bytes | ImageError | None:
    """Return the picture that standard input or a pipe holds; None if the word names neither.

    Pipes are read where they are named, as ``<(…)`` of a shell does; those in folders never are.

    Args:
        word: What was typed.
        command: Which command it was typed for.

    Raises:
        UsageError: Standard input is a terminal, or closed.
    """
    from tl_catdog.prediction.sources import content_of

    hint = f"Type: tl-catdog {command} {STDIN} < photo.jpg"
    if word in STDIN_FILES:
        if sys.stdin is None or sys.stdin.closed:
            raise UsageError("expected a picture on standard input, found it closed.", hint)
        if sys.stdin.isatty():
            raise UsageError("expected a picture on standard input, found a terminal.", hint)
        return content_of(sys.stdin.buffer)
    path = Path(word)
    try:
        if not stat.S_ISFIFO(path.stat().st_mode):
            return None
        with _opened(path) as pipe:
            return content_of(pipe)
    except TimeoutError:
        return ImageError(f"a named pipe that nobody wrote to for {PATIENCE} s")
    except (OSError, ValueError):  # whoever decodes it says why
        return None


def _opened(pipe: Path) -> IO[bytes]:
    """Open a pipe for reading, once it has something to read.

    Raises:
        TimeoutError: Nobody writes to it; just opening it would wait for somebody who may never
            come. Of a shell's own, ``<(…)``, somebody has the other end, and may take their time.
        OSError: It can't be opened.
    """
    if pipe.is_relative_to(DESCRIPTORS):
        return pipe.open("rb")
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    if not select.select([descriptor], [], [], PATIENCE)[0]:
        os.close(descriptor)
        raise TimeoutError
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb")


def refuse_addresses(words: Sequence[str], command: str) -> None:
    """Make sure that no word is the address of a picture: nothing is fetched here.

    Args:
        words: Files and folders.
        command: What takes a picture from standard input.

    Raises:
        UsageError: One is.
    """
    for word in words:
        if is_address(word):
            copy, end = ("aws s3 cp", "- ") if word.startswith("s3:") else ("curl -fL", "")
            raise UsageError(
                f"expected a file or folder, found an address, {shortened(word, 200)}: pictures "
                "aren't fetched.",
                f"Type: {copy} {shlex.quote(shortened(word, 200))} {end}| {command}",
            )
