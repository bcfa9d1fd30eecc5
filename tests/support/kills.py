"""Work that is killed for good, at each moment in which it changes something on the disk."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

CHANGES = frozenset(
    {
        "open",
        "os.mkdir",
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.link",
        "os.symlink",
        "os.truncate",
    }
)


def killed_at(moment: int, work: Callable[[], Any]) -> bool:
    """Do some work in a process of its own; return whether it was killed before it had ended.

    Args:
        moment: Before which change, from 1 on, or after which write that is on the disk.
        work: What to do; none of what it changes in memory is seen here.
    """
    child = os.fork()
    if not child:
        _count_down(moment)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _count_down(left: int) -> None:
    def step() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, _: Any) -> None:
        if event in CHANGES:
            step()

    sync = os.fsync

    def fsync(descriptor: int) -> None:
        sync(descriptor)
        step()

    os.fsync = fsync  # type: ignore[assignment]
    sys.addaudithook(hook)
