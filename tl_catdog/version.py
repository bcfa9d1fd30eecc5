"""The versions of this program and of the packages that results depend on."""

from __future__ import annotations

__version__ = "0.2.0"


def version_of(package: str) -> str:
    """Return an installed package's version, or ``not installed``."""
    from importlib import metadata  # takes longer to import than all else that --version needs

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
