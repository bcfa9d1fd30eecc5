"""Several devices give what one gives, but for rounding; a process of its own has them."""

from typing import Any

import pytest

from tests.conftest import paint_set
from tests.support.several_devices import found_on_devices

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("devices")
    data = paint_set(root / "set", {"train": 11, "validation": 7}, seed=3)
    (data / "train" / "bee" / "000.png").unlink()  # 21: no number of devices divides the batches
    return found_on_devices(data, root / "runs")


def close(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert len(one["rows"]) == len(other["rows"])
    for row, like in zip(one["rows"], other["rows"], strict=True):
        assert all(row[name] == like[name] for name in ("stage", "epoch"))
        figures = {name: value for name, value in row.items() if type(value) is float}
        assert figures == pytest.approx({name: like[name] for name in figures}, rel=1e-4, abs=1e-5)
        assert len(figures) == 4


@pytest.mark.parametrize(
    ("one", "several", "count"),
    [("baseline", "baseline-by-2", 2), ("tuned", "tuned-by-4", 4)],
)
def test_figures_are_those_of_one_device(
    found: dict[str, Any], one: str, several: str, count: int
) -> None:
    assert found[one]["devices"] == ["CPU:0"]
    assert found[several]["devices"] == [f"CPU:{number}" for number in range(count)]
    assert found[several]["shared"][-1] == [count]
    close(found[one], found[several])


def test_a_head_on_features_stays_on_one_and_that_is_said(found: dict[str, Any]) -> None:
    assert found["head-by-2"]["devices"] == ["CPU:0"]
    assert "one is enough" in found["head-by-2"]["notes"][0]


def test_after_a_kill_as_many_devices_give_the_same_bits(found: dict[str, Any]) -> None:
    assert found["2-by-2"]["network"] == found["baseline-by-2"]["network"]
    assert found["2-by-2"]["notes"] == []


@pytest.mark.parametrize(
    ("name", "left", "counts"), [("2-by-1", "2 devices", [2, 1]), ("1-by-4", "1 device", [1, 4])]
)
def test_after_a_kill_others_give_the_same_figures_and_that_is_said(
    found: dict[str, Any], name: str, left: str, counts: list[int]
) -> None:
    close(found["baseline"], found[name])
    assert found[name]["shared"] == [counts]
    assert any(f"was left on {left} and goes" in note for note in found[name]["notes"])
