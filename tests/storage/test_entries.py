"""What a listing says of a file."""

from __future__ import annotations

from tl_catdog.storage.entries import Entry


def test_another_version_is_another_entry() -> None:
    assert Entry("a", 1, "x") != Entry("a", 1, "y")
    assert not Entry("a", 1).folder
