"""What is known of mirrors, whatever is in their folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tl_catdog.data.mirrors import COMPLETE, INDEX, LIMIT, Mirror, limit, mirrors
from tl_catdog.errors import UsageError


def test_damaged_descriptions_say_nothing(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "key")
    mirror.path.mkdir()
    assert (mirror.whole, mirror.place, list(mirror.index())) == (False, "", [])
    for text in ("[", "[1]", "{}"):
        (mirror.path / COMPLETE).write_text(text)
        (mirror.path / INDEX).write_text(text + "\n")
        assert mirror.place == ""
        assert list(mirror.index()) == []
    assert mirrors(tmp_path) == [mirror]
    assert mirrors(tmp_path / "none") == []


@pytest.mark.parametrize("said", ["0", "-1", "nan", "inf", "much"])
def test_a_bound_that_is_none_is_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT, said)
    with pytest.raises(UsageError, match=LIMIT):
        limit()
