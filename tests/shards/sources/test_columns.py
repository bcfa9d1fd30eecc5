"""Columns of pictures and of classes."""

from __future__ import annotations

from typing import Any

import pytest

from tl_catdog.shards.sources.columns import class_names, columns_of
from tl_catdog.storage.places import Place

pa: Any = pytest.importorskip("pyarrow", reason="the package pyarrow isn't installed")
HERE = Place.of("memory://x.parquet")


def test_the_column_called_like_pictures_counts() -> None:
    schema = pa.schema([("thumb", pa.binary()), ("image", pa.binary()), ("label", pa.string())])
    found = columns_of(schema, HERE)
    assert (found.image, found.path, found.label, found.names) == ("image", None, "label", ())


def test_a_label_of_another_kind_is_none() -> None:
    schema = pa.schema([("image", pa.binary()), ("label", pa.list_(pa.int64()))])
    assert columns_of(schema, HERE).label is None


@pytest.mark.parametrize("said", [b"{}", b"[]", b'{"info": 1}', b"\xff", b"[" * 100_000])
def test_nonsense_gives_no_names(said: bytes) -> None:
    assert class_names({b"huggingface": said}, "label") == ()
