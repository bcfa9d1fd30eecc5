"""The model card says what the run's files say."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Trained
from tests.support.bare_runs import sha
from tests.support.made_up import network_run, small_network
from tl_catdog.evaluation.metrics import compute_metrics
from tl_catdog.evaluation.reliability import reliability
from tl_catdog.export.card import card, described, licence_of
from tl_catdog.files import read_json
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.prediction.rejection import policy_of
from tl_catdog.runs.folder import Run, find_run, read_run, shipped_run
from tl_catdog.runs.keeping import keep
from tl_catdog.runs.settings import training_command
from tl_catdog.version import __version__


def test_the_card_in_the_package_is_made_of_the_files_beside_it() -> None:
    run = shipped_run()
    assert (run.path / "CARD.md").read_text() == card(run)


def test_its_accuracy_is_that_of_the_saved_predictions() -> None:
    run = shipped_run()
    item = compute_metrics(read_predictions(run, "test"))
    text = card(run)
    assert f"| accuracy | {100 * item.accuracy:.1f} %" in text
    assert item.accuracy > 0.97
    assert "- seed 0;" in text
    assert "JPEG quality 10" in text


def test_the_documents_say_the_same() -> None:
    root = Path(__file__).parents[2]
    told = (root / "docs" / "evidence.md").read_text().split("<!-- shipped -->")[1].split("\n\n")[0]
    readme = " ".join((root / "README.md").read_text().split())
    run = shipped_run()
    item = compute_metrics(read_predictions(run, "test"))
    trust = reliability(read_predictions(run, "test"))
    assert f"{100 * item.accuracy:.2f} % of {item.n} test photographs" in told
    ci = item.accuracy_ci
    interval = f"(95 % interval {100 * ci.low:.1f}–{100 * ci.high:.1f} %)"
    assert interval in told
    assert f"{100 * item.accuracy:.2f} % of {item.n} test photographs {interval}" in readme
    low, high = trust.ece.interval.low, trust.ece.interval.high
    assert f"{trust.ece.value:.4f} ({low:.4f}–{high:.4f})" in told
    assert training_command(run) in told
    for row in read_json(run.path / "robustness.json")["conditions"]:
        if row["name"] in ("blur", "noise", "darkness", "greyscale"):
            assert f"{100 * row['accuracy']['value']:.1f} %" in told


def test_a_run_without_robustness_has_a_card_too(trained: Trained) -> None:
    text = card(find_run("tuned", trained.runs_dir))
    assert "On worse pictures" not in text
    assert "## Limits" in text


TEST = (
    "sha256,name,label,predicted,p(ant),p(bee)\r\n"
    f"{sha(1)},a.png,ant,ant,0.9,0.1\r\n"
    f"{sha(2)},b.png,ant,bee,0.4,0.6\r\n"
    f"{sha(3)},c.png,ant,ant,0.7,0.3\r\n"
    f"{sha(4)},d.png,bee,bee,0.2,0.8\r\n"
)
VALIDATION = (
    "sha256,name,label,predicted,p(ant),p(bee)\r\n"
    + "".join(f"{sha(n)},a{n}.png,ant,ant,{0.9 + n / 1000},{0.1 - n / 1000}\r\n" for n in range(60))
    + "".join(
        f"{sha(99 + n)},b{n}.png,bee,bee,{0.1 - n / 1000},{0.9 + n / 1000}\r\n" for n in range(60)
    )
    + f"{sha(3)},c.png,ant,bee,0.45,0.55\r\n"
)


@pytest.fixture
def made(tmp_path: Path) -> Run:
    """A run of two classes whose figures are known."""
    graph, _ = small_network(pool=4)
    counts = {
        "train": {"ant": 1024, "bee": 1000},
        "validation": {"ant": 61, "bee": 60},
        "test": {"ant": 3, "bee": 1},
    }
    data = {"name": "insects", "counts": counts, "fingerprint": "0123456789abcdef" * 4}
    return network_run(
        tmp_path / "runs",
        graph,
        size=32,
        predictions={"test": TEST, "validation": VALIDATION},
        calibration={"temperature": 1.25},
        data=data,
    )


def section(text: str, title: str) -> str:
    """Return what a card says below a heading."""
    (found,) = (part for part in text.split("\n## ")[1:] if part.startswith(title))
    return found


def test_it_says_what_it_is_and_how_it_was_made(made: Run) -> None:
    text = card(made)
    first, _, what = text.split("\n")[:3]
    assert first == "# mine: ant or bee"
    assert what == (
        "Tells apart ant, bee: a frozen MobileNetV2 and a head, 32 × 32 pixels, 2,422,081 weights."
    )
    making = section(text, "How it was made")
    assert (
        "    tl-catdog train --arch mobilenet --seed 7 --image-size 32 --data insects\n" in making
    )
    assert (
        "- pictures: insects: 1,024 ant + 1,000 bee (train), 61 ant + 60 bee (validation), "
        "3 ant + 1 bee (test); fingerprint 0123456789abcdef\n"
    ) in making
    assert "- seed 7; temperature 1.2500\n" in making
    assert "- versions: tl-catdog 0.2.0, python 3.11.7\n" in making
    assert "- machine: Linux x86_64, 2 processors\n" in making
    assert "- licence: The backbone's weights are Google's" in making


@pytest.mark.parametrize(
    ("config", "stages", "kind"),
    [
        ({}, ["frozen"], "a frozen MobileNetV2 and a head"),
        ({}, ["frozen", "finetune"], "mobilenet"),
        ({"arch": "baseline"}, ["all"], "baseline"),
    ],
)
def test_only_a_network_whose_backbone_stayed_frozen_is_called_so(
    tmp_path: Path, config: dict[str, str], stages: list[str], kind: str
) -> None:
    run = network_run(
        tmp_path,
        small_network(pool=4)[0],
        size=32,
        config=config,
        stages=[{"name": name, "epochs": 1, "best_epoch": 1} for name in stages],
        data={"name": "insects", "fingerprint": "f00d" * 16},
    )
    assert f"Tells apart ant, bee: {kind}, 32 × 32 pixels" in card(run)
    licence = licence_of(run)
    assert ("no pretrained weights" in licence) == (kind == "baseline")
    assert licence in card(run)


def test_its_figures_are_those_of_each_split(made: Run) -> None:
    """Of the test, 3 of 4 are right; Wilson's interval is known from tables."""
    text = card(made)
    figures = section(text, "On test, the pictures put aside: 4 pictures")
    assert "| accuracy | 75.0 % | 30.1–95.4 % |\n" in figures
    assert "| area under the ROC curve | 1.0000 | " in figures
    brier = (0.1**2 + 0.6**2 + 0.3**2 + 0.2**2) / 4
    assert f"| Brier score | {brier:.4f} | " in figures
    log_loss = -np.log([0.9, 0.4, 0.7, 0.8]).mean()
    assert f"| log loss | {log_loss:.4f} | " in figures
    # The rows are what they are, the words what they were taken for.
    assert "- 3 ant were taken for: 2 ant, 1 bee\n" in figures
    assert "- 1 bee were taken for: 0 ant, 1 bee\n" in figures
    trust = reliability(read_predictions(made, "test"))
    low, high = trust.ece.interval.low, trust.ece.interval.high
    row = f"{trust.ece.value:.4f} | {low:.4f}–{high:.4f} |\n"
    assert f"| expected calibration error, without its bias | {row}" in figures
    other = section(text, "On validation, which chose the epoch: 121 pictures")
    assert f"| accuracy | {100 * 120 / 121:.1f} % | " in other
    assert "- 61 ant were taken for: 60 ant, 1 bee\n" in other


def test_it_says_when_it_is_unsure_and_what_comes_of_that_on_the_test(made: Run) -> None:
    text = section(card(made), "When it says unsure")
    policy = policy_of(made)
    assert policy is not None
    assert f"{policy.sentence()}.\n" in text
    selection = policy.select(read_predictions(made, "test"))
    assert f"Then, {selection.sentence('test')}.\n" in text
    assert selection.given < 4


def test_robustness_is_that_of_the_split_it_was_measured_on(made: Run) -> None:
    ci = {"ci": [0.1, 0.9], "n": 4}
    row = {"name": "noise", "accuracy": {"value": 0.5, **ci}, "lost": {"value": 0.25, **ci}}
    rows = [{**row, "name": "plain"}, row]
    made = keep(made, "robustness.json", json.dumps({"split": "test", "conditions": rows}))
    assert "| noise | 50.0 % (10.0–90.0) |\n" in section(card(made), "On worse pictures (test)")


def test_its_limits_name_the_pictures_and_the_command(made: Run) -> None:
    limits = section(card(made), "Limits")
    assert "It knows ant, bee and nothing else" in limits
    assert "pictures like those of insects" in limits
    assert "`tl-catdog evaluate mine --data DIR`" in limits


def test_formats_own_metadata_is_text_that_programs_can_read(made: Run) -> None:
    found = described(made)
    assert all(isinstance(value, str) for value in found.values())
    assert json.loads(found["labels"]) == ["ant", "bee"]
    assert found["name"] == "mine"
    assert found["image_size"] == "32"
    assert float(found["temperature"]) == 1.25
    assert found["seed"] == "7"
    assert found["arch"] == "mobilenet"
    assert found["run_sha256"] == made.manifest["model"]["sha256"]
    assert found["data_fingerprint"] == "0123456789abcdef" * 4
    assert found["licence"] == licence_of(made)
    assert found["made_by"] == f"tl-catdog {__version__}"
    assert "upright by its EXIF orientation" in found["resize"]


def test_the_run_that_ships_is_named_by_its_head() -> None:
    run = shipped_run()
    assert described(run)["run_sha256"] == run.manifest["model"]["head_sha256"]
    assert licence_of(run).startswith("Apache-2.0")


def test_no_argument_of_a_script_and_no_folder_of_its_maker_is_in_it(made: Run) -> None:
    told = json.loads((made.path / "manifest.json").read_text())
    told["machine"]["command"] = ["my_script.py", "--password", "hunter2"]
    told["data"]["root"] = "/home/me/secret/insects"
    (made.path / "manifest.json").write_text(json.dumps(told))
    config = {"data": "/home/me/secret/insects", "labels": "/home/me/secret/table.csv"}
    run = replace(read_run(made.path), config={**made.config, **config})
    text = card(run)
    for word in ("hunter2", "my_script", "/home", "secret"):
        assert word not in text
    assert "--data insects" in text
    assert "--labels table.csv" in text


def test_names_of_classes_mark_nothing_up(tmp_path: Path) -> None:
    classes = ("a|b", "<img src=x>", "[x](http://y)", "# two\nlines")
    text = card(network_run(tmp_path, small_network(units=4)[0], size=32, classes=classes))
    assert "<img" not in text.replace("\\<img", "")
    assert "[x]" not in text
    assert "\n# two" not in text
    assert "a\\|b" in text
