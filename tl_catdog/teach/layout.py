"""Which folders can be taught: those with a folder for each class, or with none yet."""

from __future__ import annotations

import shlex
from pathlib import Path

from tl_catdog.data.folder_kinds import flat_classes
from tl_catdog.data.folder_names import TRAIN, class_key, split_roles
from tl_catdog.data.layout_errors import UNSURE
from tl_catdog.data.layouts import UNSPLIT, read_layout
from tl_catdog.data.tree import Folder
from tl_catdog.errors import UsageError, shown
from tl_catdog.teach.names import is_text


def check_layout(root: Path, *, known: bool = False) -> None:
    """Make sure that a folder has one folder for each class, or none yet.

    Its pictures may be loose: those have no class, whatever their names say (``said.py``).

    Args:
        root: The folder.
        known: Whether it was taught before, so that a class that stands alone wraps nothing.

    Raises:
        UsageError: It has splits, or wraps another folder; a class has a name that pages can't use.
    """
    folder = Folder(root)
    if odd := [inner.name for inner in folder.folders if not is_text(inner.name)]:
        raise UsageError(
            f"expected folders whose names are text, found {shown(odd[0])} in {root}.",
            "Rename it",
        )
    names = [inner.name for inner in folder.picture_folders]
    roles = split_roles(names)
    try:
        found = read_layout(folder)
    except UsageError:
        if roles or len(names) > 1 or len(flat_classes(folder)) > 1:
            raise  # a training would refuse it as well
        return  # no pictures yet, or none with a class: that is what teaching is for
    if UNSPLIT not in found.splits:
        train = [name for name in names if roles.get(name) == TRAIN]
        raise UsageError(
            f"expected a folder for each class, found {found.kind} in {root}: pictures that are "
            "split already.",
            f"For those to train on, type: tl-catdog teach {shlex.quote(str(root / train[0]))}"
            if train
            else "Type: tl-catdog teach NEW_FOLDER",
        )
    if unsure := [name for name in names if class_key(name) == UNSURE]:
        raise UsageError(
            f"expected classes of other names than {UNSURE!r}, found one in {root}.",
            f"Type: mv {shlex.quote(str(root / unsure[0]))} {shlex.quote(str(root / 'not-sure'))}",
        )
    if found.base != root and not known:
        raise UsageError(
            f"expected a folder for each class, found them in {found.base}.",
            f"Type: tl-catdog teach {shlex.quote(str(found.base))}",
        )
