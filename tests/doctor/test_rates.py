"""How fast this machine is."""

from pathlib import Path

import pytest

from tests.conftest import paint_set
from tests.doctor.tiny import CONFIGS
from tl_catdog.data.folders import scan
from tl_catdog.doctor.rates import SAMPLE, measure_rates
from tl_catdog.errors import CatdogError

CONFIG = CONFIGS[1].resolved()


def test_rates_of_pictures_at_hand(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 5})
    (data / "ant" / "broken.jpg").write_bytes(b"no picture")
    found = measure_rates(scan(data), CONFIG, (32, 48), 0.01)
    assert (found.sample, found.unreadable) == (11, 1)
    assert set(found.decode) == {32, 48}
    assert min(found.digest, found.forward, *found.decode.values()) > 0


def test_a_sample_is_taken_from_all_over_the_folder(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 40, "validation": 40})
    found = measure_rates(scan(data), CONFIG, (32,), 0.01)
    assert SAMPLE / 2 <= found.sample <= SAMPLE


def test_without_pictures_some_are_drawn() -> None:
    found = measure_rates(None, CONFIG, (32,), 0.01)
    assert (found.sample, found.unreadable) == (8, 0)


def test_a_folder_without_a_readable_picture_is_an_error(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 2})
    for path in data.rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(CatdogError, match="none among 4"):
        measure_rates(scan(data), CONFIG, (32,), 0.01)
