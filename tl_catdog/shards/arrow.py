"""pyarrow, which reads and writes Parquet: imported when it is needed, else what to install."""

from __future__ import annotations

from typing import Any

from tl_catdog.errors import UsageError


def arrow() -> Any:
    """Return the module ``pyarrow``, with ``pyarrow.parquet`` loaded.

    Raises:
        UsageError: It isn't installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            f"expected pyarrow, which reads and writes Parquet, found none ({error}).",
            "Type: pip install 'tl-catdog[batch]'",
        ) from error
    return pyarrow
