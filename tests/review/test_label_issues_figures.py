"""What a review says of each picture, held to figures that are known."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import paint_set
from tests.support.bare_runs import sealed, sha
from tests.support.made_up import made_up_run, network_run, small_network
from tl_catdog.data.batches import Skipped
from tl_catdog.data.digest import UNREADABLE, file_digest
from tl_catdog.data.examples import Example
from tl_catdog.features.linear_probe import Pooled
from tl_catdog.review import label_issues as module
from tl_catdog.review.label_issues import (
    LabelIssue,
    Review,
    review,
    to_csv,
    training_features,
)
from tl_catdog.review.label_noise import LabelNoise
from tl_catdog.runs.folder import Run

CLASSES = ("ant", "bee", "fly")


def example(number: int, label: str) -> Example:
    name = f"train/{label}/{number}.png"
    return Example(Path(name), name, label, "train", f"{number:064x}")


def predictions(rows: dict[str, tuple[str, list[float]]]) -> str:
    """Return saved predictions as CSV: name → label and probabilities."""
    table = [["sha256", "name", "label", "predicted", *(f"p({label})" for label in CLASSES)]]
    for number, (name, (label, chances)) in enumerate(rows.items()):
        said = CLASSES[int(np.argmax(chances))]
        table.append([sha(number), name, label, said, *map(str, chances)])
    return "".join(",".join(row) + "\r\n" for row in table)


@pytest.fixture
def answered(tmp_path: Path) -> Run:
    """A run of three classes with answers on all its splits; those on train don't count."""
    said = {
        "test": predictions(
            {
                "right and sure": ("ant", [0.8, 0.15, 0.05]),
                "wrong and surest": ("bee", [0.9, 0.05, 0.05]),
                "close of two": ("ant", [0.5, 0.48, 0.02]),
                "even of three": ("bee", [0.3, 0.4, 0.3]),
            }
        ),
        "train": predictions({"trained": ("ant", [0.0, 0.0, 1.0])}),
        "validation": predictions(
            {
                "wrong but less sure": ("fly", [0.7, 0.2, 0.1]),
                "wrong and close": ("ant", [0.1, 0.46, 0.44]),
            }
        ),
    }
    graph, _ = small_network(units=3)
    return network_run(
        tmp_path / "runs",
        graph,
        size=32,
        classes=CLASSES,
        predictions=said,
        data={"root": "/pictures"},
    )


def found_by(
    run: Run, monkeypatch: pytest.MonkeyPatch, *, top: int, listed: tuple[str, ...] = ()
) -> Review:
    """Review six training pictures, whose chances out of fold are known."""
    labels = ("ant", "bee", "fly", "ant", "bee", "fly")
    chances = [
        [0.6, 0.3, 0.1],
        [0.1, 0.2, 0.7],
        [0.05, 0.05, 0.9],
        [0.4, 0.5, 0.1],
        [0.1, 0.8, 0.1],
        [0.5, 0.4, 0.1],
    ]
    wrong = [0.01, 0.55, 0.02, 0.03, 0.0, 0.8]

    def learned(*words: object, **named: object) -> tuple[object, object]:
        assert named["seed"] == 5
        return np.array(chances), LabelNoise(0.2, 1.0, np.array(wrong))

    monkeypatch.setattr(module, "doubts", learned)
    examples = tuple(example(number, label) for number, label in enumerate(labels))
    broken = Skipped(Path("/pictures/broken.png"), "train", "the file is empty")
    pooled_ones = Pooled(examples, np.zeros((6, 2), np.float32), (broken,))
    return review(run, pooled_ones, top=top, seed=5, listed=listed)


def test_each_doubtful_label_has_its_own_figures_and_suggestion(
    answered: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The most probably wrong come first; nine of ten of them, then what is listed besides."""
    found = found_by(answered, monkeypatch, top=1, listed=("train/ant/0.png",))
    rows = [
        (item.name, item.label, item.suggested, round(item.probability, 6), item.likely)
        for item in found.label_issues
    ]
    assert rows == [
        ("train/fly/5.png", "fly", "ant", 0.1, True),
        ("train/bee/1.png", "bee", "fly", 0.2, True),
        ("train/ant/0.png", "ant", "ant", 0.6, False),
    ]
    assert [item.quality for item in found.label_issues] == pytest.approx([0.2, 0.45, 0.99])
    for item in found.label_issues:
        assert item.sha256 == f"{int(item.name.split('/')[-1][0]):064x}"
    assert (found.n, found.likely) == (6, 2)
    assert found.expected == pytest.approx(1.41)
    assert found.to_json()["skipped"] == ["/pictures/broken.png"]
    assert (found.run, found.root) == ("mine", Path("/pictures"))


def test_the_worst_mistakes_are_the_surest_and_the_least_sure_the_closest(
    answered: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = found_by(answered, monkeypatch, top=9)
    assert (found.answered, found.wrong) == (6, 3)
    assert [(item.name, item.split) for item in found.mistakes] == [
        ("wrong and surest", "test"),
        ("wrong but less sure", "validation"),
        ("wrong and close", "validation"),
    ]
    # Of three classes 40 % may be farther ahead than 50 %.
    assert [item.name for item in found.unsure] == [
        "close of two",
        "wrong and close",
        "even of three",
        "wrong but less sure",
        "right and sure",
        "wrong and surest",
    ]
    first = found.mistakes[0]
    assert (first.label, first.predicted, first.probability) == ("bee", "ant", 0.9)
    few = found_by(answered, monkeypatch, top=2)
    assert few.mistakes == found.mistakes[:2]
    assert few.unsure == found.unsure[:2]
    assert (few.answered, few.wrong) == (6, 3)
    assert found.to_json()["mistakes"][0] == {
        "name": "wrong and surest", "split": "test", "label": "bee", "predicted": "ant",
        "probability": 0.9,
        "sha256": sha(1),
    }  # fmt: skip


def test_features_are_those_of_a_picture_and_its_mirror_image_of_training_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = paint_set(tmp_path / "set", {"train": 3, "validation": 2, "test": 1})
    run = made_up_run(data, tmp_path / "runs")
    asked: list[tuple[list[str], object]] = []

    def spied(config: object, examples: tuple[Example, ...], **named: object) -> None:
        asked.append(([item.split for item in examples], named))

    monkeypatch.setattr(module, "pooled", spied)

    def progress(done: int, total: int) -> None:
        pass

    training_features(run, progress)
    assert asked == [(["train"] * 6, {"mirror": True, "progress": progress})]
    # Of a file that couldn't even be opened there is nothing to compute, and nothing has changed.
    path = run.path / "split.csv"
    digest = file_digest(data / "train" / "ant" / "001.png")
    path.write_text(path.read_text().replace(digest, UNREADABLE))
    training_features(sealed(run.path), progress)
    assert [len(splits) for splits, _ in asked] == [6, 5]


def test_the_list_has_a_row_for_each_picture_with_its_own_figures() -> None:
    issue = LabelIssue("train/a.png", "ant", "bee", 0.12345, 0.0678, True, "f00d")
    assert to_csv([issue], {}) == (
        "action,name,label,suggested,quality,p(label),sha256\r\n"
        "keep,train/a.png,ant,bee,0.1235,0.0678,f00d\r\n"
    )
