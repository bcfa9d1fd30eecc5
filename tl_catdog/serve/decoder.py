"""A process that decodes pictures for the server, one after the other: it can be stopped.

It is started by ``apart.py`` as ``python -m tl_catdog.serve.decoder``, reads pictures from its
standard input and writes what they show to its standard output.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import sys
from typing import BinaryIO

import numpy as np

from tl_catdog import runtime
from tl_catdog.errors import ImageError
from tl_catdog.serve.preview import decode_for

ASKED = struct.Struct(">IIII?")
"""Bytes of the picture, height and width of the result, most pixels, most bytes of memory in MiB,
whether a preview is wanted; the picture follows."""

TOLD = struct.Struct(">?II")
"""Whether it could be read; bytes of the pixels, or of why not; bytes of the preview."""

BEHIND = 10
"""How far it stands behind the server in the system's eyes: it gets a tenth of a core that both
want. In a thread that would hold up the whole server, which waits for its lock."""


def main(asked: BinaryIO | None = None, told: BinaryIO | None = None) -> None:
    """Answer until there is nothing more to read."""
    if told is None:
        told = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # whatever a library prints isn't an answer
    asked = asked or sys.stdin.buffer
    runtime.ignore_pillow_warnings()
    bounded = 0
    while head := asked.read(ASKED.size):
        length, size, max_pixels, memory, preview = ASKED.unpack(head)
        if memory != bounded:
            bound_memory(memory)
            bounded = memory
        data = asked.read(length)
        if len(data) < length:
            return
        pixels, small = decode_for(data, size, max_pixels, preview=preview)
        small = small or b""
        if isinstance(pixels, ImageError):
            body = pixels.message.encode("utf-8", "replace")[:2000]
        else:
            body = np.ascontiguousarray(pixels).tobytes()
        told.write(TOLD.pack(not isinstance(pixels, ImageError), len(body), len(small)))
        told.write(body + small)
        told.flush()


def bound_memory(megabytes: int) -> None:
    """Let this process have no more memory: a picture that needs more can't be read."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such bound
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


def stand_behind() -> None:
    """Leave signals to the server, which ends this process by closing its input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(BEHIND)


if __name__ == "__main__":
    stand_behind()
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
