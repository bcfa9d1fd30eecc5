"""The check as one HTML file with its pictures within."""

from __future__ import annotations

from pathlib import Path

from tl_catdog.audit.findings import KINDS, SERIOUS, Audit
from tl_catdog.data.parallel import map_threaded
from tl_catdog.pages.page import render, thumbnail

MOST = 60
"""At most so many findings of a kind are shown; all of them are in ``--json``."""

MOST_COPIES = 8
"""At most so many pictures of one finding are shown."""


def check_page(audit: Audit, command: str) -> str:
    """Return the page as HTML, its pictures within.

    Args:
        audit: What was found.
        command: What to type to put it right.
    """
    shown = {kind: audit.of(kind)[:MOST] for kind in audit.tally()}
    names = dict.fromkeys(
        name for found in shown.values() for item in found for name in item.paths[:MOST_COPIES]
    )
    root = Path(audit.root)
    images = map_threaded(lambda name: thumbnail(root / name), names)
    return render(
        "check.html.j2",
        audit=audit,
        name=root.absolute().name,
        kinds=KINDS,
        serious=SERIOUS,
        shown=shown,
        tally=audit.tally(),
        most_copies=MOST_COPIES,
        images=dict(zip(names, images, strict=True)),
        command=command,
    )
