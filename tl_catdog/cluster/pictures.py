"""The pictures of a shard, read before they are needed."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from tl_catdog.errors import ImageError
from tl_catdog.shards.rows import Row, Source

READERS = 8
"""Pictures that are read at a time: a store answers after a while, whatever it is asked for."""

AHEAD = 32
"""Pictures that are read before they are needed."""

moved = threading.Event()
"""Set whenever a picture is taken up: whoever watches this process clears it."""

OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN)
"""What is wrong with this process or machine, rather than with a file."""


@dataclass(frozen=True)
class Picture:
    """A row with its picture's bytes, or why there are none."""

    row: Row
    data: bytes | ImageError

    @property
    def sha256(self) -> str | None:
        """Of its bytes, in hexadecimal; None where there are none."""
        return None if isinstance(self.data, ImageError) else hashlib.sha256(self.data).hexdigest()


def about_file(error: OSError) -> bool:
    """Return whether an error is about a file, so that it will be there the next time, too.

    >>> about_file(FileNotFoundError(2, "")), about_file(TimeoutError())
    (True, False)
    """
    passing = isinstance(error, (ConnectionError, TimeoutError))
    return not passing and error.errno not in OURS


def read_ahead(source: Source, rows: Sequence[Row]) -> Iterator[tuple[Picture, str | None]]:
    """Yield pictures with their hashes, in order, some read before they are asked for."""

    def read(row: Row) -> tuple[Picture, str | None]:
        try:
            picture = Picture(row, source.read(row))
        except ImageError as error:
            picture = Picture(row, error)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and not about_file(error):
                raise
            reason = getattr(error, "strerror", None) or error
            picture = Picture(row, ImageError(f"can't be read ({reason})"))
        return picture, picture.sha256

    with ThreadPoolExecutor(READERS, thread_name_prefix="read") as pool:
        waiting = iter(rows)
        pending: deque[Future[tuple[Picture, str | None]]] = deque(
            pool.submit(read, row) for row in islice(waiting, AHEAD)
        )
        try:
            while pending:
                found = pending.popleft().result()
                pending.extend(pool.submit(read, row) for row in islice(waiting, 1))
                moved.set()
                yield found
        finally:
            for future in pending:
                future.cancel()
