"""Files that hold many pictures are opened once, and no more than a few at a time."""

from __future__ import annotations

from pathlib import Path

from tl_catdog.shards.sources.members import MOST_OPEN, Opened
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.places import Place


def test_a_file_is_opened_once_and_the_oldest_is_closed(tmp_path: Path) -> None:
    made: list[str] = []
    opened = Opened[str]()

    def make(where: Place, entry: Entry) -> str:
        made.append(where.name)
        return where.name

    places = [Place.of(tmp_path / str(number)) for number in range(MOST_OPEN + 1)]
    for place in places:
        place.write(b"x")
        for _ in range(2):
            opened.get(place, None, make)
    assert made == [place.name for place in places]
    opened.get(places[0], None, make)
    assert made[-1] == "0"
