"""Decodes pictures that may take long, in processes that are stopped if they do."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from tl_catdog.data.images import Pixels
from tl_catdog.errors import ImageError
from tl_catdog.serve.decoder import ASKED, TOLD
from tl_catdog.serve.preview import decode_for

Process = subprocess.Popen[bytes]

SECONDS = 30.0
"""What a picture may take, on a machine that is busy with others; alone the slowest take two."""

BASE, PIXEL = 1024, 40
"""MiB of address space for the program itself, and bytes for each pixel that is allowed."""


class Apart:
    """Processes that decode, as many as there are threads that ask at a time.

    Args:
        max_pixels: Larger pictures are refused by their header.
        seconds: After which a picture is given up.
    """

    def __init__(self, max_pixels: int, seconds: float = SECONDS) -> None:
        self._max_pixels, self._seconds = max_pixels, seconds
        self._memory = BASE + PIXEL * max_pixels // 2**20
        self._lock = threading.Lock()
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    def decode(
        self, data: bytes, size: int, *, preview: bool
    ) -> tuple[Pixels | ImageError, bytes | None]:
        """Return what ``preview.decode_for`` does; why not, if it takes too long or fails."""
        for again in (True, False):
            try:
                process, new = self._process()
            except OSError:  # no room for another: better here than not at all
                return decode_for(data, size, self._max_pixels, preview=preview)
            late = threading.Event()

            def stop(late: threading.Event = late, process: Process = process) -> None:
                late.set()
                process.kill()

            clock = threading.Timer(self._seconds, stop)
            clock.start()
            try:
                found = self._exchange(process, data, size, preview)
            except (OSError, ValueError, EOFError):
                self._forget(process)
                if late.is_set():
                    return ImageError(f"decoding it takes more than {self._seconds:g} s"), None
                if new or not again:
                    break
                continue  # it had died while nobody asked it
            finally:
                clock.cancel()
            if late.is_set():
                self._forget(process)
            else:
                with self._lock:
                    self._idle.append(process)
            return found
        return ImageError("broken: its decoder fails"), None

    def close(self) -> None:
        """End the processes."""
        for process in list(self._all):
            self._forget(process)

    def _process(self) -> tuple[Process, bool]:
        """Return a process that nobody else asks, and whether it is new."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), False
        debug = bool(os.environ.get("TL_CATDOG_DEBUG"))
        home = str(Path(__file__).parents[2])  # the same program, wherever it was started
        paths = [path for path in (os.environ.get("PYTHONPATH"), home) if path]
        process = subprocess.Popen(
            # -P: nothing in the folder in which the server was started is imported
            [sys.executable, "-P", "-m", "tl_catdog.serve.decoder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if debug else subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        )
        with self._lock:
            self._all.add(process)
        return process, True

    def _exchange(
        self, process: Process, data: bytes, size: int, preview: bool
    ) -> tuple[Pixels | ImageError, bytes | None]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(ASKED.pack(len(data), size, self._max_pixels, self._memory, preview))
        process.stdin.write(data)
        process.stdin.flush()

        def read(length: int) -> bytes:
            found = process.stdout.read(length) if process.stdout else b""
            if len(found) < length:
                raise EOFError
            return found

        good, length, small = TOLD.unpack(read(TOLD.size))
        body, preview_bytes = read(length), read(small)
        if not good:
            return ImageError(body.decode("utf-8", "replace")), None
        pixels = np.frombuffer(body, np.uint8).reshape(size, size, 3)
        return pixels, preview_bytes or None

    def _forget(self, process: Process) -> None:
        with self._lock:
            self._all.discard(process)
            if process in self._idle:
                self._idle.remove(process)
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()
