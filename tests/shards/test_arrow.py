"""Without pyarrow an error says what to install."""

from __future__ import annotations

import sys

import pytest

from tl_catdog.errors import UsageError
from tl_catdog.shards.arrow import arrow


def test_pyarrow_comes_with_parquet() -> None:
    assert hasattr(arrow().parquet, "write_table")


def test_where_it_is_missing_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'tl-catdog\[batch\]'"):
        arrow()
