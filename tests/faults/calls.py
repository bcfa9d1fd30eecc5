"""The calls of Linux that change a disk, or read from it, and a filter that stops at them."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from dataclasses import dataclass
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True)
class Call:
    """What to know of a call.

    Attributes:
        x86, arm: Its numbers; -1 where there is none.
        names: Places of its arguments that are paths: (that of the folder's descriptor, or -1; that
            of the path).
        descriptor: Place of the argument that is an open file, or -1.
        flags: Place of the argument that says what a file is opened for, or -1.
        reads: Whether it changes nothing.
    """

    x86: int
    arm: int
    names: tuple[tuple[int, int], ...] = ()
    descriptor: int = -1
    flags: int = -1
    reads: bool = False


CALLS = {
    "write": Call(1, 64, descriptor=0),
    "pwrite64": Call(18, 68, descriptor=0),
    "writev": Call(20, 66, descriptor=0),
    "pwritev": Call(296, 70, descriptor=0),
    "sendfile": Call(40, 71, descriptor=0),
    "copy_file_range": Call(326, 285, descriptor=2),
    "ftruncate": Call(77, 46, descriptor=0),
    "fallocate": Call(285, 47, descriptor=0),
    "fsync": Call(74, 82, descriptor=0),
    "fdatasync": Call(75, 83, descriptor=0),
    "fchmod": Call(91, 52, descriptor=0),
    "open": Call(2, -1, names=((-1, 0),), flags=1),
    "openat": Call(257, 56, names=((0, 1),), flags=2),
    "creat": Call(85, -1, names=((-1, 0),)),
    "truncate": Call(76, 45, names=((-1, 0),)),
    "mkdir": Call(83, -1, names=((-1, 0),)),
    "mkdirat": Call(258, 34, names=((0, 1),)),
    "rmdir": Call(84, -1, names=((-1, 0),)),
    "unlink": Call(87, -1, names=((-1, 0),)),
    "unlinkat": Call(263, 35, names=((0, 1),)),
    "rename": Call(82, -1, names=((-1, 1), (-1, 0))),
    "renameat": Call(264, 38, names=((2, 3), (0, 1))),
    "renameat2": Call(316, 276, names=((2, 3), (0, 1))),
    "link": Call(86, -1, names=((-1, 1),)),
    "linkat": Call(265, 37, names=((2, 3),)),
    "symlink": Call(88, -1, names=((-1, 1),)),
    "symlinkat": Call(266, 36, names=((1, 2),)),
    "chmod": Call(90, -1, names=((-1, 0),)),
    "fchmodat": Call(268, 53, names=((0, 1),)),
    "utimensat": Call(280, 88, names=((0, 1),)),
    "read": Call(0, 63, descriptor=0, reads=True),
    "pread64": Call(17, 67, descriptor=0, reads=True),
    "stat": Call(4, -1, names=((-1, 0),), reads=True),
    "lstat": Call(6, -1, names=((-1, 0),), reads=True),
    "newfstatat": Call(262, 79, names=((0, 1),), reads=True),
    "statx": Call(332, 291, names=((0, 1),), reads=True),
}

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_AUDIT = MACHINES.get(platform.machine(), 0)
NUMBERS = {
    number: name
    for name, call in CALLS.items()
    if (number := call.x86 if platform.machine() == "x86_64" else call.arm) >= 0
}

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_LOAD, _EQUAL, _GREATER, _ANY_OF, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # places in what a filter looks at


def _instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


def _program(*, reads: bool) -> bytes:
    """Return the filter: ask at each call of ``CALLS``, let all others pass."""
    ask, allow = _instruction(_RETURN, _ASK), _instruction(_RETURN, _ALLOW)
    made = [
        _instruction(_LOAD, _MACHINE),
        _instruction(_EQUAL, _AUDIT, 1, 0),
        allow,
        _instruction(_LOAD, _NUMBER),
    ]
    for number, name in NUMBERS.items():
        call = CALLS[name]
        if call.reads and not reads:
            continue
        block = [ask]
        if call.flags >= 0 and not reads:
            load = _instruction(_LOAD, _ARGUMENTS + 8 * call.flags)
            block = [load, _instruction(_ANY_OF, WRITING, 0, 1), ask, allow]
        elif call.descriptor >= 0:  # not for what is said to people
            load = _instruction(_LOAD, _ARGUMENTS + 8 * call.descriptor)
            block = [load, _instruction(_GREATER, 2, 0, 1), ask, allow]
        made += [_instruction(_EQUAL, number, 0, len(block)), *block]
    return b"".join([*made, allow])


def install(*, reads: bool = False) -> int:
    """Let every such call of this process and its children ask from now on; return where.

    What it returns is a descriptor: whoever has it answers (``gate.Gate``).

    Raises:
        OSError: The system doesn't allow that.
    """
    library = ctypes.CDLL(None, use_errno=True)
    program = _program(reads=reads)
    held = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    for number, *words in (
        (None, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_SECCOMP.get(platform.machine()), _SET_MODE_FILTER, _NEW_LISTENER, header),
    ):
        call = library.prctl if number is None else library.syscall
        whole = words if number is None else [number, *words]
        typed = [ctypes.c_long(word) if isinstance(word, int) else word for word in whole]
        done: int = call(*typed)
        if done < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


def is_possible() -> bool:
    """Return whether this system lets a process ask: Linux 5.9 or later, on these machines."""
    if not _AUDIT or platform.system() != "Linux":
        return False
    major, minor = (int(part) for part in platform.release().split(".")[:2])
    try:
        allowed = Path("/proc/sys/kernel/seccomp/actions_avail").read_text(encoding="ascii")
    except OSError:
        return False
    return (major, minor) >= (5, 9) and "user_notif" in allowed
