"""Figures: ratios within a repeat, their medians, and the targets of each section."""

import pytest
from figures import column, combine, figure, quotient, reached, wall
from made_up import made_up, record
from summary import figures, summarise


def test_ratios_are_taken_within_a_repeat() -> None:
    records = [record("a slow", n, s) for n, s in ((1, 10.0), (2, 30.0), (3, 9.0))]
    records += [record("a fast", n, s) for n, s in ((1, 5.0), (2, 10.0), (4, 1.0))]
    columns = (column(records, "a", name, wall) for name in ("slow", "fast"))
    assert combine(quotient, *columns) == {1: 2.0, 2: 3.0}
    line = figure("a", "slow / fast", {3: 8.0, 1: 2.0, 2: 3.0}, at_least=3).to_json()
    assert line["values"] == [2.0, 3.0, 8.0]
    assert (line["median"], line["min"], line["max"], line["met"]) == (3.0, 2.0, 8.0, True)
    assert [figure("a", "x", {1: 3.0}, at_most=n).met for n in (2, None)] == [False, None]


def test_the_time_to_an_accuracy_is_that_of_the_first_epoch_there() -> None:
    trained = record("b ours", 1, 1.0, clock=[(10.0, 0.9), (20.0, 0.96), (30.0, 0.95)])
    assert reached(0.95)(trained) == 20.0
    assert reached(0.99)(trained) is None
    assert reached(0.95)(record("b ours", 1, 1.0)) is None


def test_each_section_has_its_ratios() -> None:
    lines = {f"{line['section']} {line['name']}": line for line in summarise(made_up())}
    expected = {
        "a notebook / ours, seconds": 1.2,
        "a ours − notebook --augment's best, validation": 5.0,
        "b tutorial's frozen epochs / our command": 12.5,
        "b tutorial's frozen epochs / our command, Lite1": 20.0,
        "b tutorial's frozen epochs / our time to 0.990": 12.5,
        "b tutorial's fine-tuning / ours": 8.0,
        "b time to 95 %, tutorial / ours": 4.0,
        "b time to 98 %, tutorial / ours --finetune": 50.0,
        "c head again / what it may take": 0.375,
        "a ours − notebook's final, test": 8.0,
        "b ours --finetune − tutorial finetuned, validation": 1.0,
        "d ours, steady": 200.0,
        "d ours, whole command / Keras, whole command": 54 / 12,
        "d ours, steady / bare forward pass": 200 / (2200 / 12),
        "d camera pictures, ours, steady": 50.0,
        "d camera pictures, ours, steady / camera pictures, Keras, predict alone": 5.0,
        "e --help / an empty Typer app": 1.5,
        "e predict one picture, seconds": 0.5,
        "f train 10,000 / 2,000, peak memory": 1.05,
        "f predict 10,000 / 2,000, time each": 54 / 10000 / (14 / 2000),
        "f train 10,000 / 2,000, time each, no start-up": 1.0,
    }
    for name, value in expected.items():
        assert lines[name]["median"] == pytest.approx(value, abs=1e-4), name
    # The tutorial never got there, and has no test figures without test pictures.
    assert not any("99 %" in name or "tutorial finetuned, test" in name for name in lines)
    assert all(line["met"] for line in lines.values() if line["target"] is not None)
    for letter in "abcdef":
        own = [r for r in made_up() if r["section"] == letter]
        assert {item.section for item in figures(own)} == {letter}
        assert {item.section for item in figures(own[:1])} <= {letter}
