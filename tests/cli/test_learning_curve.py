"""``tl-catdog learning-curve``: its options reach the curve, which is shown and drawn."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, paint_set
from tests.support.commands import assert_one_line, watched
from tl_catdog.features.forecast import Forecast
from tl_catdog.features.learning_curve import LearningCurve, Point
from tl_catdog.statistics import Estimate, Interval

CURVE = LearningCurve(
    (
        Point(1_250, 5, Estimate(0.9701, Interval(0.9622, 0.9793), 1183)),
        Point(2_500, 1, Estimate(0.9886, Interval(0.9827, 0.9949), 1183)),
    ),
    Forecast(0.125, Estimate(0.004, Interval(0.001, 0.007), 1183)),
    "held-out",
)
FEATURES = "tl_catdog.features.learning_curve.curve_features"
LEARN = "tl_catdog.features.learning_curve.learning_curve"


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return paint_set(tmp_path / "pets", {"": 5})


def curve(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], list[Any]]:
    features = watched(monkeypatch, FEATURES, lambda *_: "features")
    return features, watched(monkeypatch, LEARN, lambda *_, **__: CURVE)


def test_options_reach_the_curve(cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features, learned = curve(monkeypatch)
    split = watched(monkeypatch, "tl_catdog.api.training_images", lambda *_, **__: Images())
    words = ("--repeats", 3, "--seed", 7, "--image-size", 96)
    assert cli("learning-curve", "--data", "pets", *words).code == 0
    (((asked, root), named),) = split
    assert (asked.seed, root, named) == (7, Path("pets"), {"drawn": False})
    (((config, images, _), _),) = features
    assert (config.image_size, config.seed, images.name) == (96, 7, "pets")
    (((given, classes), named),) = learned
    assert (given, classes) == ("features", ("ant", "bee"))
    assert (named["repeats"], named["seed"]) == (3, 7)


class Images:
    name, classes = "pets", ("ant", "bee")


def test_the_points_the_sentence_and_the_legend_are_results(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve(monkeypatch)
    outcome = cli("learning-curve", "--data", pictures)
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["1,250", "5", "97.0", "%", "(96.2–97.9)"] in rows
    assert ["2,500", "1", "98.9", "%", "(98.3–99.5)"] in rows
    text = " ".join(outcome.out.split())
    assert "Doubling your pictures should gain about 0.4 points (0.1–0.7)." in text
    assert "Doubling should remove 12.5 % of the errors." in text
    assert "judged on 1,183 pictures that weren't trained on." in text
    assert outcome.err == "The chart is in learning-curve.png.\n"
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_it_says_where_pictures_were_judged_out_of_fold_and_where_errors_are_added(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gain = Estimate(-0.004, Interval(-0.02, 0.01), 50)
    found = replace(CURVE, judged="out-of-fold", forecast=Forecast(-0.05, gain))
    watched(monkeypatch, FEATURES, lambda *_: "features")
    watched(monkeypatch, LEARN, lambda *_, **__: found)
    text = " ".join(cli("learning-curve", "--data", pictures).out.split())
    assert "about −0.4 points (−2.0 to 1.0); it may gain nothing." in text
    assert "Doubling should add 5.0 % of the errors." in text
    assert "judged on all 50 pictures, each by probes that weren't trained on it." in text


def test_the_chart_goes_where_it_is_told(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve(monkeypatch)
    outcome = cli("learning-curve", "--data", pictures, "--out", "deep/curve.png", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert Path("deep/curve.png").stat().st_size > 5000
    found = json.loads(outcome.out)
    assert (found["data"], found["chart"]) == ("pets", "deep/curve.png")
    assert found["gain"]["value"] == 0.004
    outcome = cli("learning-curve", "--data", pictures, "--out", "/dev/null/curve.png")
    assert outcome.code == 2
    assert_one_line(outcome.err)


def test_drawings_are_said_to_be_drawings(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve(monkeypatch)
    (pictures / "drawn.json").touch()
    assert "no measure of it" in cli("learning-curve", "--data", pictures).err
