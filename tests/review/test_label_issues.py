"""Which pictures to look at: flipped labels are found, nothing else is made up."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import COLOURS, paint, paint_set
from tests.support.bare_runs import sealed
from tests.support.made_up import made_up_run
from tl_catdog.config import TrainConfig
from tl_catdog.data.batches import class_indices
from tl_catdog.data.examples import Example
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError
from tl_catdog.features.linear_probe import Pooled, pooled
from tl_catdog.review import label_issues as module
from tl_catdog.review.label_issues import (
    Review,
    review,
    to_csv,
    training_features,
)
from tl_catdog.review.label_noise import LabelNoise, doubts
from tl_catdog.review.review_list import COLUMNS, Edit
from tl_catdog.runs.folder import Run


def reviewed(run: Run, top: int = 5, **more: object) -> Review:
    return review(run, training_features(run), top=top, **more)  # type: ignore[arg-type]


def flipped_set(root: Path, classes: tuple[str, ...] = ("ant", "bee")) -> Path:
    """Paint a set; two training pictures of the first class lie in the second one's folder."""
    paint_set(root, {"train": 20, "validation": 6, "test": 3}, classes)
    for number in (1, 2):
        paint(root / "train" / classes[1] / f"wrong{number}.png", COLOURS[0], 10**6 + number)
    return root


@pytest.mark.parametrize("classes", [("ant", "bee"), ("ant", "bee", "fly")])
def test_a_run_with_wrong_labels_is_told_which(tmp_path: Path, classes: tuple[str, ...]) -> None:
    run = made_up_run(flipped_set(tmp_path / "set", classes), tmp_path / "runs")
    found = reviewed(run)
    assert found.n == 20 * len(classes) + 2
    # Bees and flies are hard to tell, so that what one of them is said to be counts for less.
    assert found.likely == (2 if len(classes) == 2 else 0)
    for item in found.label_issues[:2]:
        assert "wrong" in item.name
        assert (item.label, item.suggested) == ("bee", "ant")
        assert item.probability < 0.5
    qualities = [item.quality for item in found.label_issues]
    assert qualities == sorted(qualities)
    assert len(found.label_issues) >= 5
    everything = reviewed(run, top=100).label_issues
    assert sum(1 - item.quality for item in everything) == pytest.approx(found.expected)
    assert all(item.likely == (item.quality < 0.5) for item in everything)


@pytest.mark.parametrize(
    ("chances", "rows"),
    [
        ([0.9, 0.8, 0.2, 0.1, 0.05, *[0.0] * 95], 4),  # a tenth and more, whatever the sum
        ([0.09] * 10 + [0.08] * 50 + [0.0] * 40, 54),  # nine tenths of all that is to be expected
        ([0.009] * 100, 2),  # no long list for nothing: the least that was asked for
        ([0.02] * 3 + [0.009] * 97, 3),
    ],
)
def test_the_list_is_as_long_as_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chances: list[float], rows: int
) -> None:
    run = made_up_run(paint_set(tmp_path / "set", {"train": 2, "validation": 2}), tmp_path / "runs")
    examples = [
        Example(Path(str(i)), str(i), ("ant", "bee")[i % 2], "train", str(i)) for i in range(100)
    ]

    def said(*_: object, **__: object) -> tuple[np.ndarray, LabelNoise]:
        return np.full((100, 2), 0.5), LabelNoise(0.03, 1.0, np.array(chances))

    monkeypatch.setattr(module, "doubts", said)
    pictures = Pooled(tuple(examples), np.zeros((100, 2), np.float32), ())
    found = review(run, pictures, top=2)
    assert len(found.label_issues) == rows
    assert found.expected == pytest.approx(sum(chances))
    assert found.likely == sum(chance > 0.5 for chance in chances)


def test_mistakes_are_the_surest_and_the_unsure_the_closest(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 6, "validation": 6, "test": 3})
    found = reviewed(made_up_run(data, tmp_path / "runs"), top=4)
    # It says bee of all of them, the more surely the later they come.
    assert (found.answered, found.wrong) == (18, 9)
    assert {item.split for item in found.mistakes} <= {"validation", "test"}
    assert all((item.label, item.predicted) == ("ant", "bee") for item in found.mistakes)
    sure = [item.probability for item in found.mistakes]
    assert sure == sorted(sure, reverse=True)
    assert len(sure) == len(found.unsure) == 4
    unsure = [item.probability for item in found.unsure]
    assert unsure == sorted(unsure)
    assert unsure[0] == pytest.approx(0.6)
    everything = json.loads(json.dumps(found.to_json()))
    assert [len(everything[key]) for key in ("doubts", "mistakes", "unsure")] == [4, 4, 4]


def test_a_baseline_and_a_run_without_answers_are_reviewed_too(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 8})
    (data / "ant" / "broken.png").write_bytes(b"no picture")
    run = made_up_run(data, tmp_path / "runs", arch="baseline")
    shutil.rmtree(run.path / "predictions")
    found = reviewed(sealed(run.path))
    assert (found.answered, found.mistakes, found.unsure) == (0, (), ())
    assert found.n + len(found.skipped) == 13


def test_a_picture_that_has_changed_is_an_error(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 4, "validation": 2})
    run = made_up_run(data, tmp_path / "runs")
    paint(data / "train" / "ant" / "000.png", COLOURS[0], 99)
    with pytest.raises(CatdogError, match=r"found one changed: .*train/ant/000.png"):
        training_features(run)


def test_a_class_of_one_picture_is_left_out_and_named(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 8, "validation": 2}, ("ant", "bee", "fly"))
    for path in sorted((data / "train" / "fly").iterdir())[1:]:
        path.unlink()
    paint(data / "train" / "bee" / "wrong.png", COLOURS[0], 10**6)
    found = reviewed(made_up_run(data, tmp_path / "runs"))
    assert (found.unchecked, found.n) == (("fly",), 17)
    assert found.label_issues[0].name == "train/bee/wrong.png"
    assert found.label_issues[0].suggested == "ant"
    assert json.loads(json.dumps(found.to_json()))["unchecked"] == ["fly"]


def test_two_pictures_of_a_class_are_enough(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 8, "validation": 2}, ("ant", "bee", "fly"))
    for path in sorted((data / "train" / "fly").iterdir())[2:]:
        path.unlink()
    found = reviewed(made_up_run(data, tmp_path / "runs"), top=100)
    assert (found.unchecked, found.n, len(found.label_issues)) == ((), 18, 18)


def test_with_one_picture_of_each_class_there_is_nothing_to_check(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 1, "validation": 1})
    run = made_up_run(data, tmp_path / "runs")
    with pytest.raises(CatdogError, match=r"two classes of two different .* found 0\."):
        reviewed(run)


def test_the_list_says_keep_unless_it_was_edited_before(tmp_path: Path) -> None:
    run = made_up_run(flipped_set(tmp_path / "set"), tmp_path / "runs")
    found = reviewed(run)
    first, second, third = found.label_issues[:3]
    edits = {
        (first.name, first.sha256): Edit("ant", first.name, first.label, first.sha256),
        (second.name, "other"): Edit("remove", second.name, second.label, "other"),
    }
    rows = list(csv.DictReader(io.StringIO(to_csv(found.label_issues, edits))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["action"] for row in rows[:3]] == ["ant", "keep", "keep"]
    assert [row["name"] for row in rows] == [item.name for item in found.label_issues]
    assert rows[2]["sha256"] == third.sha256
    assert float(rows[0]["p(label)"]) == pytest.approx(first.probability, abs=1e-4)


def test_what_was_edited_before_stays_in_the_list(tmp_path: Path) -> None:
    run = made_up_run(flipped_set(tmp_path / "set"), tmp_path / "runs")
    everything = reviewed(run, top=100)
    last = everything.label_issues[-1]
    assert len(everything.label_issues) == everything.n
    assert last.name not in {item.name for item in reviewed(run).label_issues}
    assert last == reviewed(run, listed={last.name}).label_issues[-1]


@pytest.mark.slow
@pytest.mark.photographs
def test_nine_of_ten_flipped_photographs_are_in_the_top(photographs: Path) -> None:
    """Of 3 % of the labels, flipped at random, the top 3 % of the list hold nine of ten."""
    pictures = load_set(photographs)
    found = pooled(TrainConfig().resolved(), pictures.split("train"), mirror=True)
    truth = class_indices(found.examples, pictures.classes)
    groups = [example.group for example in found.examples]
    count = round(0.03 * len(truth))
    for seed in range(3):
        flipped = np.random.default_rng(seed).choice(len(truth), count, replace=False)
        labels = truth.copy()
        labels[flipped] = 1 - labels[flipped]
        _, noise = doubts(found.features, labels, groups)
        top = np.argsort(-noise.wrong, kind="stable")[:count]
        held = len(set(top.tolist()) & set(flipped.tolist()))
        assert held >= 0.9 * count, f"seed {seed}: {held} of {count}"
        likely = set(np.flatnonzero(noise.wrong > 0.5).tolist())
        assert len(likely & set(flipped.tolist())) >= 0.8 * len(likely)
