"""The report: true, whole in one file, and good to look at in a real browser."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import Cli, Trained
from tests.support.bare_runs import sealed
from tl_catdog.report.report import report
from tl_catdog.runs.folder import find_run, list_runs


def with_mistakes(run: Path) -> None:
    """Flip the labels of two saved test predictions, whatever the tiny network says of them."""
    path = run / "predictions" / "test.csv"
    header, *rows = list(csv.reader(path.open()))
    for row in rows[:2]:
        row[2] = "bee" if row[3] == "ant" else "ant"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture(scope="module")
def page(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    runs_dir = shutil.copytree(trained.runs_dir, folder / "models")
    conditions = [
        {
            "name": name,
            "accuracy": {"value": value, "ci": [value - 0.1, value + 0.1], "n": 18},
            "lost": {"value": 0.9 - value, "ci": [-0.1, 0.4], "n": 18},
        }
        for name, value in (("plain", 0.9), ("noise", 0.6))
    ]
    with_mistakes(runs_dir / "small")
    sealed(runs_dir / "small")
    path = runs_dir / "tuned" / "robustness.json"
    path.write_text(json.dumps({"split": "test", "conditions": conditions}))
    sealed(runs_dir / "tuned")
    path = folder / "report.html"
    path.write_text(report(list_runs(runs_dir).runs).html, encoding="utf-8")
    return path


def test_it_says_what_the_commands_say(page: Path, cli: Cli) -> None:
    runs_dir = page.parent / "models"
    text = " ".join(re.sub(r"<[^>]+>", " ", page.read_text()).split())
    (group,) = json.loads(cli("compare", "--runs-dir", runs_dir, "--json").out)["groups"]
    assert f"The figures below are about the {group['n']} test pictures" in text
    for run in group["runs"]:
        assert f"{100 * run['accuracy']:.1f} ({100 * run['accuracy_ci'][0]:.1f}–" in text
        found = json.loads(cli("evaluate", run["run"], "--runs-dir", runs_dir, "--json").out)
        assert f"{found['ece']:.4f} {found['ece_ci'][0]:.4f}–{found['ece_ci'][1]:.4f} 18" in text
    assert f"(n = {group['pairs'][0]['n']})" in text
    assert "noise 60.0 % (50.0–70.0) 30.0 points (−10.0 to 40.0) 18" in text
    assert "tl-catdog evaluate small --robustness" in text  # not measured for the other run


def test_every_mistake_shows_the_picture_and_where_it_looked(page: Path) -> None:
    text = page.read_text()
    shown = text.count('<figure class="mistake">')
    assert shown >= 2
    assert text.count("data:image/jpeg;base64,") == 2 * shown


def test_it_fetches_nothing(page: Path) -> None:
    text = page.read_text()
    assert "<script" not in text
    sources = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert all(source.startswith(("data:", "#")) for source in sources)


def test_pictures_that_are_gone_are_said_to_be(trained: Trained, tmp_path: Path) -> None:
    with_mistakes(shutil.copytree(trained.runs_dir / "small", tmp_path / "small"))
    manifest = tmp_path / "small" / "manifest.json"
    found = json.loads(manifest.read_text())
    found["data"]["root"] = str(tmp_path / "nowhere")
    manifest.write_text(json.dumps(found))
    sealed(tmp_path / "small")
    page = report([find_run("small", tmp_path)]).html
    assert "The picture isn't there any more." in page
    assert "There is one run only" in page


def test_names_can_not_break_the_page(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.runs_dir / "small", tmp_path / "small")
    for path in (tmp_path / "small").rglob("*.csv"):
        path.write_text(path.read_text().replace("ant", "<b>ant</b>"))
    path = tmp_path / "small" / "manifest.json"
    path.write_text(path.read_text().replace('"ant"', '"<b>ant</b>"'))
    sealed(tmp_path / "small")
    page = report([find_run("small", tmp_path)]).html
    assert "<b>ant" not in page
    assert "&lt;b&gt;ant" in page


def test_the_command_writes_it_and_says_where(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "page.html"
    words = ("report", "small", "--runs-dir", trained.runs_dir, "--out", out)
    outcome = cli(*words, "--json")
    assert outcome.code == 0
    found = json.loads(outcome.out)
    assert found["bytes"] == out.stat().st_size > 20_000
    assert found["groups"][0]["runs"][0]["run"] == "small"
    assert "page.html" in cli(*words).out
    assert cli("report", "--runs-dir", tmp_path / "none").code == 2
    blocked = cli(*words[:-1], out / "below-a-file.html")
    assert blocked.code == 2
    assert "expected a file that can be written" in blocked.err


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_shows_all_of_it(page: Path, browser: Any, artefacts: Path, width: int) -> None:
    view = browser.new_page(viewport={"width": width, "height": 800})
    requests: list[str] = []
    view.on("request", lambda request: requests.append(request.url))
    view.goto(page.as_uri())
    loaded = view.evaluate("[...document.images].map(i => i.complete && i.naturalWidth > 0)")
    assert loaded
    assert all(loaded)
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    boxes = view.evaluate(
        "[...document.querySelectorAll('svg, img, p, h1, h2, h3')]"
        ".map(e => [e.getBoundingClientRect().left, e.getBoundingClientRect().right])"
    )
    assert all(left >= 0 and right <= width for left, right in boxes)
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    view.screenshot(path=artefacts / f"report-{width}.png", full_page=True)
    with Image.open(artefacts / f"report-{width}.png") as picture:
        assert picture.width == width
    view.close()
