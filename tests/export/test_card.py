"""The model card says what the run's files say."""

import shlex
from pathlib import Path

from tests.conftest import Trained
from tl_catdog.evaluation.metrics import compute_metrics
from tl_catdog.evaluation.reliability import reliability
from tl_catdog.export.card import card
from tl_catdog.files import read_json
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.runs.folder import find_run, shipped_run


def test_the_card_in_the_package_is_made_of_the_files_beside_it() -> None:
    run = shipped_run()
    assert (run.path / "CARD.md").read_text() == card(run)


def test_its_accuracy_is_that_of_the_saved_predictions() -> None:
    run = shipped_run()
    item = compute_metrics(read_predictions(run.predictions_path("test")))
    text = card(run)
    assert f"| accuracy | {100 * item.accuracy:.1f} %" in text
    assert item.accuracy > 0.97
    assert "--seed 0" in text
    assert "JPEG quality 10" in text


def test_the_documents_say_the_same() -> None:
    root = Path(__file__).parents[2]
    told = (root / "docs" / "evidence.md").read_text().split("<!-- shipped -->")[1].split("\n\n")[0]
    readme = " ".join((root / "README.md").read_text().split())
    run = shipped_run()
    item = compute_metrics(read_predictions(run.predictions_path("test")))
    trust = reliability(read_predictions(run.predictions_path("test")))
    assert f"{100 * item.accuracy:.2f} % of {item.n} test photographs" in told
    ci = item.accuracy_ci
    interval = f"(95 % interval {100 * ci.low:.1f}–{100 * ci.high:.1f} %)"
    assert interval in told
    assert f"{100 * item.accuracy:.2f} % of {item.n} test photographs {interval}" in readme
    low, high = trust.ece.interval.low, trust.ece.interval.high
    assert f"{trust.ece.value:.4f} ({low:.4f}–{high:.4f})" in told
    assert shlex.join(run.manifest["machine"]["command"]) in told
    for row in read_json(run.path / "robustness.json")["conditions"]:
        if row["name"] in ("blur", "noise", "darkness", "greyscale"):
            assert f"{100 * row['accuracy']['value']:.1f} %" in told


def test_a_run_without_robustness_has_a_card_too(trained: Trained) -> None:
    text = card(find_run("tuned", trained.runs_dir))
    assert "On worse pictures" not in text
    assert "## Limits" in text
