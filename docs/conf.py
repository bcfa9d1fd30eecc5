"""How the documentation is built: sphinx-build -W docs build/docs."""

from typing import Any

from pygments.lexers.special import TextLexer

from tl_catdog.version import __version__

project = "tl-catdog"
author = "the tl-catdog authors"
copyright = "2026, the tl-catdog authors"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]  # decisions link files of the repository

autodoc_typehints = "description"
autodoc_member_order = "bysource"
nitpicky = False

html_theme = "furo"
html_title = "tl-catdog"
html_static_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False


def setup(app: Any) -> None:
    """Let tests name blocks of design.md by a language of their own."""
    for name in ("tree", "floors", "files"):
        app.add_lexer(name, TextLexer)
