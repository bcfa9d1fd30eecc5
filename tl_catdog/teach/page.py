"""The page's files, and the code that a phone reads to open it."""

from __future__ import annotations

import io

from fastapi import FastAPI

from tl_catdog.serve.bodies import Refusal
from tl_catdog.serve.page import file_routes

PAGES = {"/": "teach.html"}


def routes(app: FastAPI) -> None:
    """Add the page, its scripts and styles, and those of the other page that it shares.

    They hold nothing of the folder, so that they need no token; what they ask the API for does.
    """
    file_routes(app, __package__, PAGES)
    file_routes(app, "tl_catdog.serve", {})


def code_of(address: str) -> bytes:
    """Return an address as a QR code in SVG, dark on light, whatever the page's colours are.

    Raises:
        Refusal: What draws it isn't installed, or there is no address.
    """
    try:
        import segno  # drawn by it alone: no other package, nothing of another host
    except ImportError:
        raise Refusal(
            404, "expected the package segno, found none", "Type: pip install 'tl-catdog[serve]'"
        ) from None
    if not address:
        raise Refusal(404, "expected an address, found none", "Open / again.")
    out = io.BytesIO()
    segno.make(address, micro=False).save(out, kind="svg", scale=4, border=4, light="#fff")
    return out.getvalue()
