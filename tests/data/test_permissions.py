"""Files and folders that may not be opened are named, by a user who isn't root."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tl_catdog.data.digest import UNREADABLE, file_digest
from tl_catdog.data.folders import holds_images, images_below, scan
from tl_catdog.data.images import try_decode
from tl_catdog.errors import ImageError, UsageError


@pytest.fixture
def closed() -> Iterator[Path]:
    """A set with a file and a folder that can't be opened, seen by a user who isn't root."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        paint_set(root / "set", {"": 2})
        (root / "set" / "ant" / "closed.png").write_bytes(b"closed")
        (root / "set" / "ant" / "closed.png").chmod(0)
        (root / "set" / "bee" / "shut").mkdir(mode=0)
        for name, split in (("cow", ""), ("train", "test")):
            paint_set(root / name, {split: 1})
            (root / name / name).mkdir(mode=0)
        if user == 0:
            os.seteuid(65534)
        try:
            yield root / "set"
        finally:
            if user == 0:
                os.seteuid(0)
            (root / "set").chmod(0o755)
            for name in ("set/bee/shut", "cow/cow", "train/train"):
                (root / name).chmod(0o755)


def test_what_may_not_be_opened_is_named(closed: Path) -> None:
    file, folder = closed / "ant" / "closed.png", closed / "bee" / "shut"
    assert {file, folder} <= set(images_below(closed))
    assert {file, folder} <= {picture.path for picture in scan(closed).splits["all"]}
    for path in (file, folder):
        found = try_decode(path, 32)
        assert isinstance(found, ImageError)
        assert ("Permission denied" if path == file else "Is a directory") in found.message
        assert file_digest(path) == UNREADABLE


def test_a_set_that_may_not_be_opened_is_named(closed: Path) -> None:
    with pytest.raises(UsageError, match="Permission denied"):
        scan(closed / "bee" / "shut")
    assert not holds_images(closed / "bee" / "shut")


@pytest.mark.parametrize("name", ["cow", "train"])
def test_a_class_or_split_that_may_not_be_listed_is_named(closed: Path, name: str) -> None:
    """Else the rest would be trained on without it."""
    root = closed.parent / name
    with pytest.raises(UsageError, match=rf"folders that can be read, found .*{name} \(Permission"):
        scan(root)
