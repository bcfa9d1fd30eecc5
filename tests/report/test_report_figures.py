"""What a report says of runs whose answers are known: order, mistakes, heatmaps, splits."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import paint_set
from tests.support.made_up import network_run, small_network
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_training_set
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.pages.page import embedded, with_heatmap
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.prediction.predictor import to_predictions
from tl_catdog.prediction.rejection import policy_of
from tl_catdog.report.report import MISTAKES, report
from tl_catdog.runs.folder import Run
from tl_catdog.runs.keeping import keep
from tl_catdog.statistics import proportion


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    counts = {"train": 2, "validation": 2, "test": 9}
    return load_training_set(paint_set(tmp_path / "set", counts))


def run_that_says(images: ImageSet, bee: np.ndarray, runs_dir: Path, **manifest: Any) -> Run:
    """Publish a run with a network that gives the test pictures these probabilities of a bee."""
    examples = images.split("test")
    said = to_predictions(images.classes, examples, np.stack([1 - bee, bee], axis=1))
    validation = to_predictions(images.classes, images.split("validation"), np.full((4, 2), 0.5))
    graph, _ = small_network(pool=4, seed=4)
    predictions = {"test": said.to_csv(), "validation": validation.to_csv()}
    return network_run(runs_dir, graph, size=32, images=images, predictions=predictions, **manifest)


# All 18 are wrong: the nine ants are called bees, the nine bees ants, and none as surely.
ALL_WRONG = np.concatenate([0.52 + 0.05 * np.arange(9), 0.45 - 0.05 * np.arange(9)])


@pytest.fixture
def wrong(tmp_path: Path, images: ImageSet) -> Run:
    return run_that_says(images, ALL_WRONG, tmp_path / "runs")


def mistakes(page: str) -> list[tuple[str, list[str]]]:
    """Return the caption of each mistake, and its pictures as data URIs."""
    found = re.findall(r'<figure class="mistake">(.*?)</figure>', page, flags=re.DOTALL)
    captions = [re.search(r"<figcaption>(.*)</figcaption>", item) for item in found]
    texts = [re.sub(r"<[^>]+>", " ", match[1]) if match else "" for match in captions]
    return [
        (" ".join(html.unescape(text).split()), re.findall(r'src="([^"]+)"', item))
        for text, item in zip(texts, found, strict=True)
    ]


def test_the_surest_mistakes_come_first_and_no_more_than_twelve(
    wrong: Run, images: ImageSet
) -> None:
    page = report([wrong]).html
    sure = np.maximum(ALL_WRONG, 1 - ALL_WRONG)
    examples = images.split("test")
    expected = []
    for place in np.argsort(-sure)[:MISTAKES].tolist():
        truth = examples[place].label
        said = "bee" if truth == "ant" else "ant"
        expected.append(f"{said} {100 * sure[place]:.1f} %, is {truth} {examples[place].name}")
    assert [caption for caption, _ in mistakes(page)] == expected
    assert MISTAKES == 12
    assert "12 of 18 mistakes among 18 pictures, the surest first; bright is what" in " ".join(
        page.split()
    )


def test_each_mistake_shows_what_spoke_for_the_wrong_answer(wrong: Run, images: ImageSet) -> None:
    gone = images.split("test")[17]  # of the surest mistake
    gone.path.unlink()
    forward = GradCam(wrong)
    paths = {example.name: example for example in images.split("test")}
    shown = mistakes(report([wrong]).html)
    assert shown[0][1] == []
    for caption, sources in shown[1:]:
        example = paths[caption.split()[-1]]
        pixels = decode(example.path, 32)
        outputs = forward(pixels[None])
        for_bee, for_ant = (forward.heatmap(outputs, 0, target) for target in (1, 0))
        assert np.abs(for_bee - for_ant).max() > 0.1  # so that a mix-up would show
        heatmap = for_bee if example.label == "ant" else for_ant
        assert sources == [embedded(pixels), embedded(with_heatmap(pixels, heatmap))]


@pytest.mark.parametrize("trouble", ["no ONNX Runtime", "changed", "gone"])
def test_without_a_network_that_runs_it_is_written_without_heatmaps(
    wrong: Run, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "no ONNX Runtime":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        reason = "expected ONNX Runtime to run the network of mine, found no onnxruntime."
    else:
        path = wrong.path / "model.onnx"
        path.write_bytes(b"other") if trouble == "changed" else path.unlink()
        reason = "expected the network that the run mine trained, found"
    page = report([wrong]).html
    assert f"Where it looked isn't shown: {reason}" in html.unescape(" ".join(page.split()))
    assert "bright is what spoke" not in page
    shown = mistakes(page)
    assert len(shown) == 12
    assert all(len(sources) == 1 for _, sources in shown)


def test_a_run_whose_pictures_are_all_gone_needs_no_network(wrong: Run, images: ImageSet) -> None:
    for example in images.split("test"):
        example.path.unlink()
    (wrong.path / "model.onnx").unlink()
    page = report([wrong]).html
    assert page.count("The picture isn't there any more.") == 12
    assert "isn't shown" not in page


def test_it_starts_no_tensorflow(wrong: Run) -> None:
    code = (
        "import sys, pathlib\n"
        "from tl_catdog.report.report import report\n"
        "from tl_catdog.runs.folder import read_run\n"
        "page = report([read_run(pathlib.Path(sys.argv[1]))]).html\n"
        "assert 'where it looked' in page\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, wrong.path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_best_run_comes_first_and_is_named_in_the_summary(
    tmp_path: Path, images: ImageSet
) -> None:
    right = np.concatenate([np.full(9, 0.1), np.full(9, 0.8)])
    some = right.copy()
    some[:5] = 0.7  # five ants are called bees
    good = run_that_says(images, right, tmp_path / "runs", name="good")
    middling = run_that_says(images, some, tmp_path / "runs", name="middling")
    bad = run_that_says(images, ALL_WRONG, tmp_path / "runs", name="bad")
    heard: list[tuple[int, int]] = []
    found = report([bad, good, middling], progress=lambda done, total: heard.append((done, total)))
    assert re.findall(r'<section class="run" id="(\w+)">', found.html) == [
        "good",
        "middling",
        "bad",
    ]
    text = " ".join(found.html.split())
    assert f"good gets 18 of 18 test pictures right: {proportion(18, 18)}." in text
    assert "Nothing: all 18 pictures are right." in text
    assert "5 of 5 mistakes among 18 pictures" in text
    assert heard == [(1, 3), (2, 3), (3, 3)]
    assert [[row.run for row in group.runs] for group in found.groups] == [
        ["bad", "middling", "good"]
    ]
    confusion = re.findall(r'<table class="confusion">(.*?)</table>', found.html, flags=re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(\d+)</td>", table) for table in confusion]
    assert cells == [["9", "0", "0", "9"], ["4", "5", "0", "9"], ["0", "9", "9", "0"]]


def test_runs_on_other_pictures_have_a_section_of_their_own(
    tmp_path: Path, images: ImageSet
) -> None:
    one = run_that_says(images, ALL_WRONG, tmp_path / "runs", name="one")
    other = run_that_says(
        images, 1 - ALL_WRONG, tmp_path / "runs", name="other", data={"fingerprint": "f00d" * 16}
    )
    heard: list[tuple[int, int]] = []
    found = report([one, other], progress=lambda done, total: heard.append((done, total)))
    assert len(found.groups) == 2
    assert found.html.count("<h2>The pictures: set</h2>") == 2
    assert "one gets 0 of 18" in found.html
    assert "other gets 18 of 18" in found.html
    assert heard == [(1, 2), (2, 2)]


def test_the_split_can_be_chosen(tmp_path: Path, images: ImageSet) -> None:
    run = run_that_says(images, ALL_WRONG, tmp_path / "runs")
    page = " ".join(report([run], "validation").html.split())
    assert "The figures below are about the 4 validation pictures." in page
    assert "The epochs were chosen on these same pictures" in page
    assert "They chose nothing." in " ".join(report([run], "test").html.split())


def test_what_comes_of_being_unsure_is_counted_on_the_pictures_shown(wrong: Run) -> None:
    policy = policy_of(wrong)
    assert policy is not None
    for split in ("test", "validation"):
        predictions = read_predictions(wrong, split)
        sentence = policy.select(predictions).sentence(split)
        assert f"{sentence}." in " ".join(report([wrong], split).html.split())


def test_robustness_is_shown_for_the_pictures_it_was_measured_on_only(wrong: Run) -> None:
    estimate = {"value": 0.5, "ci": [0.25, 0.75], "n": 18}
    rows = [{"name": name, "accuracy": estimate, "lost": estimate} for name in ("plain", "noise")]
    kept = {"split": "validation", "conditions": rows}
    wrong = keep(wrong, "robustness.json", json.dumps(kept))
    assert "Not measured. Type: <code>tl-catdog evaluate mine --robustness" in report([wrong]).html
    assert "<td>noise</td>" in report([wrong], "validation").html
    wrong = keep(wrong, "robustness.json", json.dumps({**kept, "split": "test"}))
    assert "<td>noise</td>" in report([wrong]).html


def test_losses_and_accuracies_of_the_epochs_are_drawn(wrong: Run) -> None:
    charts = re.search(r'<div class="charts">(.*?)</div>', report([wrong]).html, flags=re.DOTALL)
    assert charts is not None
    assert charts[1].count("<svg") == 2
    assert re.findall(r">(Loss|Accuracy)</text>", charts[1]) == ["Loss", "Accuracy"]
