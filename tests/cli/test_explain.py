"""``tl-catdog explain`` as a user types it."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import COLOURS, Cli, Trained, paint, paint_set
from tests.support.commands import assert_one_line, watched
from tl_catdog.cli.streams import OutputError
from tl_catdog.wording import percent


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("run", ["small", "tuned"])
def test_it_writes_a_figure_and_says_what_it_found(
    cli: Cli, trained: Trained, here: Path, run: str
) -> None:
    paint(here / "pictures" / "my bee.png", COLOURS[1], 1)
    words = ("--run", run, "--runs-dir", trained.runs_dir)
    outcome = cli("explain", here / "pictures" / "my bee.png", *words)
    assert outcome.code == 0, outcome.err
    answer, looks, covering, figure = outcome.out.splitlines()
    assert answer.split()[0] in ("ant", "bee")
    assert answer.endswith("my bee.png")
    assert "looks most at" in looks or "Nothing" in looks
    assert "Covering" in covering
    assert figure == "my bee.explained.png"
    with Image.open(here / figure) as picture:
        assert picture.width == 1500
    assert "Warning" not in outcome.err


def test_json_gives_the_same_to_programs(cli: Cli, trained: Trained, here: Path) -> None:
    picture = paint(here / "a.png", COLOURS[0], 1)
    words = ("--run", "small", "--runs-dir", trained.runs_dir, "--json", "--out", "deep/why.png")
    found = json.loads(cli("explain", picture, *words).out)
    assert list(found) == [
        "path", "run", "label", "probabilities", "target", "peak", "occlusion", "layers", "figure",
    ]  # fmt: skip
    assert found["figure"] == "deep/why.png"
    assert (here / "deep" / "why.png").is_file()
    assert found["target"] == found["label"]
    assert found["layers"][0] == {
        "layer": "block1_conv", "does": "convolution", "shape": [32, 32, 32],
    }  # fmt: skip
    assert found["occlusion"]["before"] == pytest.approx(found["probabilities"][found["label"]])
    assert found["peak"] is None or 0 < found["peak"]["x"] < 1


def test_the_answer_is_the_one_that_predict_gives(cli: Cli, trained: Trained, here: Path) -> None:
    picture = paint(here / "a.png", COLOURS[1], 3)
    words = ("--run", "tuned", "--runs-dir", trained.runs_dir, "--json")
    explained = json.loads(cli("explain", picture, *words).out)
    predicted = json.loads(cli("predict", picture, *words).out)
    assert explained["probabilities"] == pytest.approx(predicted["probabilities"], abs=1e-6)


def test_another_class_can_be_explained(cli: Cli, trained: Trained, here: Path) -> None:
    picture = paint(here / "a.png", COLOURS[0], 1)
    words = ("--run", "tuned", "--runs-dir", trained.runs_dir, "--json")
    label = json.loads(cli("explain", picture, *words).out)["label"]
    other = "bee" if label == "ant" else "ant"
    found = json.loads(cli("explain", picture, *words, "--class", other).out)
    assert (found["label"], found["target"]) == (label, other)
    assert found["occlusion"]["before"] == pytest.approx(found["probabilities"][other])


def test_a_wide_transparent_grey_picture_and_three_classes(cli: Cli, here: Path) -> None:
    paint_set(here / "set", {"train": 6, "validation": 3}, ("ant", "bee", "fly"))
    words = ("--arch", "baseline", "--data", "set", "--image-size", 33, "--epochs", 1)
    assert cli("train", *words).code == 0
    pixels = np.random.default_rng(0).integers(0, 256, (40, 300, 2), dtype=np.uint8)
    Image.fromarray(pixels, "LA").save(here / "wide.png")
    outcome = cli("explain", "wide.png", "--class", "fly", "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert set(found["probabilities"]) == {"ant", "bee", "fly"}
    assert found["target"] == "fly"
    assert "newest run" in outcome.err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("missing.png",), 1, "missing.png"),
        (("broken.png",), 1, "broken.png"),
        (("a.png", "--class", "wasp"), 2, "ant, bee"),
        (("a.png", "--out", "why.pdf"), 2, "why.png"),
        (("a.png", "--out", "a.png"), 2, "a.explained.png"),
        (("a.png", "--run", "nothing"), 2, "small"),
    ],
)
def test_what_goes_wrong_is_one_line(
    cli: Cli, trained: Trained, here: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    picture = paint(here / "a.png", COLOURS[0], 1)
    before = picture.read_bytes()
    (here / "broken.png").write_bytes(b"no picture")
    run = () if "--run" in words else ("--run", "small")
    outcome = cli("explain", *words, *run, "--runs-dir", trained.runs_dir)
    assert outcome.code == code
    assert outcome.out == ""
    assert_one_line(outcome.err)
    assert says in outcome.err
    assert picture.read_bytes() == before
    assert not list(here.glob("*explained*"))


def test_options_reach_the_explanation(
    cli: Cli, trained: Trained, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = paint(here / "a.png", COLOURS[0], 1)
    calls = watched(monkeypatch, "tl_catdog.api.classifier.Classifier.explain")
    words = ("--runs-dir", trained.runs_dir, "--run", "small", "--class", "bee")
    cli("explain", picture, *words)
    cli("explain", picture, "--runs-dir", trained.runs_dir)
    ((named, target, _), (newest, default, _)) = (call[0][1:] for call in calls)
    assert (named, target, newest, default) == (picture, "bee", picture, None)
    assert [call[0][0].name for call in calls] == ["small", "tuned"]


def test_the_probability_is_that_of_the_answer(cli: Cli, trained: Trained, here: Path) -> None:
    picture = paint(here / "a.png", COLOURS[0], 1)
    words = ("explain", picture, "--run", "tuned", "--runs-dir", trained.runs_dir)
    found = json.loads(cli(*words, "--json").out)
    other = "bee" if found["label"] == "ant" else "ant"
    answer = cli(*words, "--class", other).out.splitlines()[0]
    p = percent(found["probabilities"][found["label"]])
    assert answer == f"{found['label']}  {p}  {picture}"


def test_the_answer_is_shown_although_the_figure_can_not_be_written(
    cli: Cli, trained: Trained, here: Path
) -> None:
    paint(here / "a.png", COLOURS[0], 1)
    words = ("--run", "small", "--runs-dir", trained.runs_dir, "--out", "a.png/why.png")
    outcome = cli("explain", "a.png", *words)
    assert outcome.code == 2
    assert_one_line(outcome.err)
    assert "--out" in outcome.err
    assert len(outcome.out.splitlines()) == 3


def test_the_figure_is_kept_although_nobody_reads_the_answer(
    cli: Cli, trained: Trained, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OutputError(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr("tl_catdog.cli.explain.say", fail)
    picture = paint(here / "a.png", COLOURS[0], 1)
    words = ("--run", "small", "--runs-dir", trained.runs_dir, "--out", "kept.png")
    outcome = cli("explain", picture, *words)
    assert outcome.code == 1
    assert "standard output" in outcome.err
    assert (here / "kept.png").is_file()
