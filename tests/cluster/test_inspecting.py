"""What a part says of each picture, in columns that Arrow takes."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import COLOURS, paint
from tl_catdog.cluster.inspecting import inspected
from tl_catdog.cluster.pictures import Picture
from tl_catdog.errors import ImageError
from tl_catdog.shards.parts import THUMBNAIL_BYTES
from tl_catdog.shards.rows import Row


def test_each_picture_has_its_row(tmp_path: Path) -> None:
    paint(tmp_path / "good.png", COLOURS[0], 0)
    good = Picture(Row("good.jpg"), (tmp_path / "good.png").read_bytes())
    gone = Picture(Row("gone.png"), ImageError("can't be read (gone)", "Look"))
    columns = inspected(iter([good, gone, Picture(Row("text.png"), b"text")]))
    assert [error is None for error in columns["error"]] == [True, False, False]
    assert len(columns["thumbnail"][0]) == THUMBNAIL_BYTES
    assert columns["thumbnail"][1:] == [None, None]
    assert set(columns["appearance"][0]) == {"low", "high", "spread", "edges", "sharpness"}
    kinds = [[remark["kind"] for remark in remarks] for remarks in columns["remarks"]]
    assert kinds == [["wrong-extension"], ["unreadable"], ["not-a-picture"]]
    assert columns["remarks"][1][0]["detail"] == "gone"
