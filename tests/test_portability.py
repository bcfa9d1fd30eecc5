"""What only POSIX has, or only Windows, is used where it is known to be there.

Read from the code: on one system it can't be seen failing on another. Each use that is guarded, by
``hasattr``, ``sys.platform``, an ``ImportError`` or a suppressed error, is listed with its file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import tl_catdog

PACKAGE = Path(tl_catdog.__file__).parent

MODULES = {
    *("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix", "crypt"),
    *("readline", "curses", "spwd", "nis"),
    *("msvcrt", "winreg", "winsound", "_winapi"),
}

NAMES = {
    "os": {
        *("fork", "forkpty", "nice", "setpriority", "getpriority", "PRIO_PROCESS", "getuid"),
        *(
            "geteuid",
            "getgid",
            "getegid",
            "setuid",
            "setgid",
            "chown",
            "fchown",
            "lchown",
            "chroot",
        ),
        *("fchmod", "lchmod", "getloadavg", "getpgid", "setpgid", "setsid", "killpg", "wait"),
        *("waitid", "WNOHANG", "mkfifo", "mknod", "statvfs", "fstatvfs", "sysconf", "uname"),
        *("sched_getaffinity", "sched_setaffinity", "sched_yield", "pread", "pwrite", "preadv"),
        *("sendfile", "posix_fadvise", "posix_fallocate", "sync", "fdatasync", "O_DIRECTORY"),
        *("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOATIME", "O_SYNC", "O_TMPFILE", "openpty"),
        *("register_at_fork", "getxattr", "setxattr", "listxattr", "memfd_create", "eventfd"),
        *("ttyname", "ctermid", "tcgetpgrp", "getgroups", "initgroups", "splice", "pipe2"),
        *("startfile", "add_dll_directory", "O_BINARY"),
    },
    "signal": {
        *("SIGHUP", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGCHLD"),
        *("SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGBUS", "SIGXCPU", "SIGXFSZ"),
        *("SIGWINCH", "alarm", "setitimer", "pause", "sigwait", "pthread_kill", "pthread_sigmask"),
        *("set_wakeup_fd", "siginterrupt", "CTRL_C_EVENT", "SIGBREAK"),
    },
    "socket": {
        *("AF_UNIX", "SO_REUSEPORT", "SO_PEERCRED", "socketpair", "fromfd", "sethostname"),
        *("CMSG_LEN", "SCM_RIGHTS", "SO_EXCLUSIVEADDRUSE", "TCP_USER_TIMEOUT", "TCP_DEFER_ACCEPT"),
    },
    "time": {"tzset", "clock_gettime_ns", "pthread_getcpuclockid"},
    "asyncio": {"PidfdChildWatcher", "ThreadedChildWatcher", "WindowsSelectorEventLoopPolicy"},
}
METHODS = {"add_signal_handler", "remove_signal_handler", "create_unix_server", "connect_read_pipe"}

GUARDED = {
    ("cli/given.py", "os.O_NONBLOCK"),  # of a named pipe, which Windows has none of
    ("cores.py", "os.sched_getaffinity"),  # hasattr
    ("data/array_store.py", "os.posix_fallocate"),  # hasattr
    ("data/array_store.py", "os.pwrite"),  # hasattr
    ("fetch/storage.py", "os.sync"),  # hasattr
    ("runtime.py", "os.register_at_fork"),  # hasattr
    ("scratch.py", "fcntl"),  # ImportError
    ("scratch.py", "os.O_NOFOLLOW"),  # only where there is fcntl
    ("scratch.py", "os.O_NONBLOCK"),  # only where there is fcntl
    ("serve/decoder.py", "os.nice"),  # hasattr
    ("serve/decoder.py", "resource"),  # ImportError is suppressed
    ("serve/listening.py", "socket.SO_EXCLUSIVEADDRUSE"),  # sys.platform
}
"""Uses that are known to be guarded; how, stands behind each."""


def uses(path: Path) -> Iterator[str]:
    """Yield what a file uses that some systems lack."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names if item.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split(".")[0] in MODULES:
                yield node.module
            for item in node.names:
                if item.name in NAMES.get(node.module, ()):
                    yield f"{node.module}.{item.name}"
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.attr in NAMES.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"
            elif node.attr in METHODS:
                yield node.attr


def test_what_some_systems_lack_is_used_where_it_is_guarded_alone() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), use)
        for path in sorted(PACKAGE.rglob("*.py"))
        for use in uses(path)
    }
    assert found == GUARDED


def test_the_reading_finds_what_it_looks_for(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(
        "import fcntl\nfrom os import fork\nimport os, signal\nos.getuid()\n"
        "def f(loop):\n    import pwd\n    loop.add_signal_handler(signal.SIGHUP, f)\n"
        "os.getpid()\n"
    )
    assert set(uses(file)) == {
        *("fcntl", "os.fork", "os.getuid", "pwd", "add_signal_handler", "signal.SIGHUP"),
    }
