"""What the system refuses, as an error that names the place and says what to do about it.

A full disk, a folder that can't be written to, too little memory: none of it is a fault of this
program, and all of it can happen at any moment of any command.
"""

from __future__ import annotations

import errno
import math
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from tl_catdog.cli.addresses import refuse_others
from tl_catdog.errors import CatdogError, UsageError, refusal_in, shortened, shown
from tl_catdog.files import NO_TEMPORARY, cache_folder
from tl_catdog.scratch import MARK

PLACES = ("--out", "--into", "--html", "--confusion", "--folders", "--runs-dir")
"""Options that name what is written to."""

NO_OPTIONS: Mapping[str, Any] = {}

SCRATCH_PREFIX = re.compile(rf"^{re.escape(MARK)}[0-9a-f]{{8}}-(?=.)")
AGAIN = "then type the command again."

DEBUG = "TL_CATDOG_DEBUG"
"""The environment variable that asks for tracebacks."""


class Command(TyperCommand):
    """A command without empty names or addresses for files; failures are told as ours are."""

    def invoke(self, ctx: Any) -> Any:
        """Run it.

        Here, because Typer itself ends the program without a word where a pipe is cut.

        Raises:
            CatdogError: A name is empty or an address, the system refused something, or the
                command failed.
        """
        for item in self.params:
            given = ctx.params.get(item.name)
            values = given if isinstance(given, list | tuple) else [given]
            refuse_others(ctx.command_path.partition(" ")[2], item, values)
            for value in values:
                if _says_nothing(value):
                    name = item.opts[0] if item.opts[0].startswith("-") else item.name
                    wanted = "a number" if isinstance(value, float) else "something"
                    raise UsageError(
                        f"expected {wanted} for {name}, found {shown(value)}.",
                        f"Type: {ctx.command_path} --help",
                    )
        try:
            return super().invoke(ctx)
        except OSError as error:
            if os.environ.get(DEBUG):
                raise
            options = {item.opts[0]: ctx.params.get(item.name) for item in self.params}
            raise explained(error, options) or error from error


def _says_nothing(value: Any) -> bool:
    """Return whether it is an empty name, or no number: infinity and NaN are in no one's range."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, str | Path) and not str(value).strip()


def explained(error: BaseException, options: Mapping[str, Any] = NO_OPTIONS) -> CatdogError | None:
    """Return what to tell people of what the system refuses; None if it is none of that.

    Args:
        error: What happened.
        options: The options of the command that it happened in, with their values.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return _explained(error, options)
    number = refusal_in(error)  # in words
    if number is not None:
        return _explained(OSError(number, os.strerror(number)), options)
    if isinstance(error, OSError):
        return _explained(error, options)
    # TensorFlow's own error isn't imported: that takes seconds.
    exhausted = type(error).__name__ == "ResourceExhaustedError"
    if isinstance(error, MemoryError) or exhausted or "failed to map segment" in str(error):
        return CatdogError(
            "expected enough memory for this, found too little.",
            f"Close other programs, or ask for less at a time: smaller pictures, batches; {AGAIN}",
        )
    if isinstance(error, ImportError) and not (error.name or "").startswith("tl_catdog"):
        reason = shortened(str(error), 200)
        return CatdogError(
            f"expected packages that can be loaded, found one that can't: {reason}.",
            "Type: tl-catdog doctor, which looks at all of them",
        )
    loop = re.match(r"Symlink loop from '(.+)'$", str(error), re.DOTALL)
    if isinstance(error, RuntimeError) and loop:  # of pathlib before Python 3.13
        return _explained(OSError(errno.ELOOP, os.strerror(errno.ELOOP), loop[1]), options)
    if isinstance(error, RecursionError):
        return CatdogError(
            "expected files that aren't nested without end, found one.",
            "Name other files or folders, " + AGAIN,
        )
    return None


def _explained(error: OSError, options: Mapping[str, Any]) -> CatdogError:
    number = error.errno
    named = error.filename if isinstance(error.filename, (str, bytes, os.PathLike)) else None
    place = None if named is None else _final(Path(os.fsdecode(named)))
    where = "a place that it doesn't name" if place is None else str(place)
    reason = error.strerror or shown(str(error))
    if (place and place.is_relative_to(NO_TEMPORARY)) or "temporary directory" in str(error):
        return CatdogError(
            "expected a folder for temporary files, found none that can be written to.",
            f"Type: export TMPDIR=FOLDER, {AGAIN}",
        )
    if number == errno.ENAMETOOLONG:
        name = shown(str(place))
        return UsageError(
            f"expected a name that a file may have, found one that is too long: {name}.",
            "Shorten it.",
        )
    if number in (errno.ENOSPC, errno.EDQUOT):
        disk = "" if place is None else f" {shlex.quote(str(_folder_there(place)))}"
        return CatdogError(
            f"expected room on the disk for {where}, found none left ({reason}).",
            f"Free some (df -h{disk} shows how much there is), {AGAIN}",
        )
    if number == errno.EFBIG:
        return CatdogError(
            f"expected a place that takes a file of this size, found {where} ({reason}).",
            _elsewhere(place, options),
        )
    if number in (errno.EMFILE, errno.ENFILE):
        return CatdogError(
            f"expected to open one more file, found that too many are open ({reason}).",
            f"Type: ulimit -n 4096, {AGAIN}",
        )
    if number == errno.EIO:
        return CatdogError(
            f"expected a disk that works, found that {where} can't be read or written ({reason}).",
            f"See to the disk, or copy its files to another one, {AGAIN}",
        )
    if number == errno.EPIPE:
        return CatdogError(
            f"expected somebody to read {where}, found that nobody does any more ({reason}).",
            "Write to a file instead.",
        )
    if number in (errno.EROFS, errno.EACCES, errno.EPERM):
        if number != errno.EROFS and place is not None and _cannot_read(place):
            return CatdogError(
                f"expected to be allowed to read {where}, found that it isn't so ({reason}).",
                f"Type: ls -ld {shlex.quote(where)}",
            )
        return CatdogError(
            f"expected a place that can be written to, found {where} ({reason}).",
            _elsewhere(place, options),
        )
    return CatdogError(
        f"expected to read or write {where}, found that it can't be done ({reason}).",
        f"Type: ls -ld {shlex.quote(where)}" if place is not None else f"See to that, {AGAIN}",
    )


def _final(place: Path) -> Path:
    """Return the name that something will have when it is whole."""
    return Path(*(SCRATCH_PREFIX.sub("", part) for part in place.parts))


def _within(place: Path, folder: Path) -> bool:
    return Path(os.path.abspath(place)).is_relative_to(os.path.abspath(folder))  # noqa: PTH100


def _folder_there(place: Path) -> Path:
    """Return the nearest folder of a path that is there."""
    parents = Path(os.path.abspath(place)).parents  # noqa: PTH100 (without "..", links as they are)
    return next((path for path in parents if path.is_dir()), Path("/"))


def _cannot_read(place: Path) -> bool:
    """Return whether something is there that this process may not read."""
    return os.path.lexists(place) and not os.access(place, os.R_OK)


def _elsewhere(place: Path | None, options: Mapping[str, Any]) -> str:
    """Return how another place is named."""
    if place is not None and place.absolute().is_relative_to(cache_folder()):
        return "Set XDG_CACHE_HOME to a folder that can be written to."
    given = {option: options[option] for option in PLACES if option in options}
    left_open = [option for option, value in given.items() if value is None]
    named = [
        option
        for option, value in given.items()
        if value is not None and place is not None and _within(place, Path(value))
    ] or left_open
    return f"Name another place: {' or '.join(named)}." if named else "Work in another folder."
