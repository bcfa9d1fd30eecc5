"""The check as one HTML file with its pictures within."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tl_catdog.audit.findings import KINDS, SERIOUS, Audit, Finding
from tl_catdog.data.parallel import map_threaded
from tl_catdog.pages.page import render, thumbnail

MOST = 60
"""At most so many findings of a kind are shown; all of them are in ``--json``."""

MOST_COPIES = 8
"""At most so many pictures of one finding are shown."""


Small = Callable[[str], str | None]
"""Returns a small copy of a picture by its name, as a data URI; None if there can't be one."""


def check_page(audit: Audit, command: str, small: Small | None = None) -> str:
    """Return the page as HTML, its pictures within.

    Args:
        audit: What was found.
        command: What to type to put it right; empty where nothing can be typed.
        small: See ``Small``; None for pictures below the folder that was checked. Several threads
            call it at a time.
    """
    root, names = Path(audit.root), shown_names(audit)
    images = map_threaded(small or (lambda name: thumbnail(root / name)), names)
    return render(
        "check.html.j2",
        audit=audit,
        name=root.absolute().name,
        kinds=KINDS,
        serious=SERIOUS,
        shown=_shown(audit),
        tally=audit.tally(),
        most_copies=MOST_COPIES,
        images=dict(zip(names, images, strict=True)),
        command=command,
    )


def shown_names(audit: Audit) -> list[str]:
    """Return the names of the pictures that the page shows, each once."""
    found = (item for some in _shown(audit).values() for item in some)
    return list(dict.fromkeys(name for item in found for name in item.paths[:MOST_COPIES]))


def _shown(audit: Audit) -> dict[str, tuple[Finding, ...]]:
    return {kind: audit.of(kind)[:MOST] for kind in audit.tally()}
