"""Figures of each set and of all, with what they should reach."""

import pytest
from made_up import made_up_sets
from sets.summary import set_names
from summary import summarise


def test_each_set_has_its_figures_and_all_have_their_means() -> None:
    lines = {line["name"]: line for line in summarise(made_up_sets())}
    assert set_names(made_up_sets()) == ["insects", "pets"]
    expected = {
        "insects: right": (71.0, None),
        "insects: ours − logistic regression": (-4.0, False),
        "insects: calibration error": (2.0, True),
        "insects: leaks after data split": (1.0, False),
        "insects: planted copies found": (98.0, True),
        "pets: ours − logistic regression": (2.0, True),
        "pets: calibration error": (2.0, None),  # of too few pictures for a promise
        "pets: calibration error from 2 × 10": (13.0, False),
        "pets: own ones held unfamiliar": (10.0, False),
        "pets: foreign ones withheld, worst kind": (60.0, False),
        "pets: of these right": (100 * 14 / 15, None),
        "flips in the first rows, % (mean of sets)": (80.0, False),
        "flips in the list, % (mean of sets)": (90.0, None),
        "likely labels that are flips, % (mean)": (70.0, True),
        "doublings within the forecast, %": (100 * 2 / 3, False),
    }
    for name, (value, met) in expected.items():
        assert lines[name]["median"] == pytest.approx(value, abs=1e-3), name
        assert lines[name]["met"] is met, name
    assert "insects: foreign ones withheld, worst kind" not in lines
    assert lines["insects: right"]["values"] == [70.0, 72.0]
