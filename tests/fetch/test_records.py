"""The record of a set that is there, in a folder that may be a stranger's."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.fetch.test_storage import install
from tl_catdog.fetch import storage
from tl_catdog.fetch.catalogue import PETS
from tl_catdog.files import SET_RECORD


def test_a_record_that_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    """A folder may be a stranger's: reading a pipe waits for ever, and /dev/zero never ends."""
    folder = install(tmp_path)
    record = folder / SET_RECORD
    text = record.read_text()
    record.unlink()
    os.mkfifo(record)
    assert storage.find_installed(PETS, tmp_path) is None
    record.unlink()
    record.symlink_to("/dev/zero")
    assert storage.find_installed(PETS, tmp_path) is None
    record.unlink()
    record.write_text(text + " " * storage.LARGEST_RECORD)
    assert storage.find_installed(PETS, tmp_path) is None
    record.write_text(json.dumps({**json.loads(text), "sha256": 5}))
    found = storage.find_installed(PETS, tmp_path)
    assert found is not None
    assert found.sha256 == {}
