"""Names that a folder of a class, or a file, may have on any disk; what a stranger asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from tl_catdog.data.folder_names import class_key, class_name, is_system, split_roles
from tl_catdog.data.formats import ENDINGS, format_of
from tl_catdog.data.layout_errors import UNSURE
from tl_catdog.data.tree import SUFFIXES
from tl_catdog.errors import UsageError, listing, shown
from tl_catdog.teach.items import UNLABELLED

LONGEST = 100  # characters of a name
BYTES = 200  # of it; disks take 255, and a number may be added
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]')
"""What Windows has in no name, and what turns a line around or ends it."""
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names of devices on Windows, whatever their ending."""
BURST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def folded(name: str) -> str:
    """Return what is equal for names that some disk takes for one.

    >>> folded("Caf\\u00e9.JPG") == folded("cafe\\u0301.jpg")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_text(name: str) -> bool:
    """Return whether a name is text: disks take any bytes, a page's requests don't.

    >>> is_text("caf\\u00e9"), is_text("b\\udcff")
    (True, False)
    """
    return not any(unicodedata.category(c) == "Cs" for c in name)


def why_no_name(name: str) -> str | None:
    """Return why a folder can't have a name; None if it can on every usual disk.

    >>> why_no_name("Hedgehogs"), why_no_name("a/b"), why_no_name("nul.txt"), why_no_name(".x")
    (None, 'a character that no folder may have', 'a name that Windows keeps', 'a hidden name')
    """
    if not name.strip():
        return "nothing"
    if len(name) > LONGEST or len(name.encode("utf-8", "surrogatepass")) > BYTES:
        return f"more than {LONGEST} characters, or {BYTES} bytes"
    if FORBIDDEN.search(name) or not is_text(name):
        return "a character that no folder may have"
    if name.startswith("."):
        return "a hidden name"
    if is_system(name):
        return "a name that systems use"
    if RESERVED.fullmatch(name):
        return "a name that Windows keeps"
    return "a dot at its end" if name.endswith(".") else None


def new_class_name(name: str, others: Collection[str]) -> str:
    """Return a class's name as its folder gets it: NFC, no spaces around it.

    Args:
        name: What was asked for.
        others: Names of the classes that there are.

    Raises:
        UsageError: No folder can have it, a class has it, or trainings would take it for no class.
    """
    plain = class_name(name) if isinstance(name, str) else ""
    problem = why_no_name(plain)
    if problem is None:
        key = class_key(plain)
        if folded(plain) == UNLABELLED:
            problem = "that of the folder for pictures without a class"
        elif key == UNSURE:
            problem = "what answers in doubt are called"
        elif split_roles([plain]):
            problem = "what parts of a set are called"
        elif clash := [o for o in others if key == class_key(o) or folded(plain) == folded(o)]:
            problem = f"that of a class: {clash[0]}"
    if problem is not None:
        raise UsageError(
            f"expected a new class's name, found {shown(name)}: {problem}.",
            f"Choose another name; taken: {listing(sorted(others))}",
        )
    return plain


def file_name(name: str, data: bytes) -> str:
    """Return the name for a file that was given with one: no folder, nothing hidden or reserved.

    Args:
        name: What was given; it may be a whole path, of any system.
        data: How the file begins, which tells the ending where the name has no picture's.

    >>> file_name("C:\\\\x\\\\..\\\\.cat?.JPG", b""), file_name("nul", b"\\xff\\xd8\\xff\\xe0")
    ('cat-.JPG', 'picture-nul.jpg')
    """
    base = name.encode("utf-8", "replace").decode().replace("\\", "/").rpartition("/")[2]
    base = FORBIDDEN.sub("-", unicodedata.normalize("NFC", base))
    stem, dot, ending = base.rpartition(".")
    suffix = f".{ending}"
    if not dot or suffix.lower() not in SUFFIXES:
        kind = format_of(data)
        stem, suffix = base, ENDINGS[kind][0] if kind else ".jpg"
    stem = stem.lstrip(". ").rstrip(". ") or "picture"
    while len(stem) > LONGEST or len(stem.encode()) > BYTES - len(suffix):
        stem = stem[:-1]
    if RESERVED.fullmatch(stem) or is_system(stem + suffix):
        stem = f"picture-{stem}"
    return stem + suffix


def burst_name(name: str | None) -> str:
    """Return a burst's name for its folder, or nothing.

    Raises:
        UsageError: It is no name of letters, digits, - and _.
    """
    if name and not BURST.fullmatch(name):
        raise UsageError(
            f"expected a burst's name of letters, digits, - and _, found {shown(name)}.",
            "Name it burst-1",
        )
    return name or ""
