"""Classes of whatever names, through the commands: each is shown whole and as it is."""

from __future__ import annotations

import csv
import html
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.cells import cell_len

import tl_catdog as tl
from tests.conftest import Cli
from tl_catdog.spreadsheets import restored

NAMES = (
    "apple [red]", "[bold]x[bold]", "$a_b$", "_hidden", "<b>bold", ":dog:", "=1+1",
    "\N{DOG FACE} dog", "w" * 60, "漢字" * 8, "שלום", "naïve café",
)  # fmt: skip
"""Names that Rich, matplotlib, a browser or a spreadsheet reads; wide, long, from the right."""


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("names") / "[red] set :dog:"
    rng = np.random.default_rng(0)
    for split, number in (("train", 4), ("validation", 2), ("test", 2)):
        for place, name in enumerate(NAMES):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(number):
                colour = np.array([20 * place, 255 - 20 * place, 77 * place % 256])
                pixels = np.clip(colour + rng.integers(-40, 40, (48, 48, 3)), 0, 255)
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{name[:20]} {i}.png")
    return root


@pytest.fixture(scope="module")
def runs_dir(data: Path) -> Path:
    runs_dir = data.parent / "models"
    tl.train(data, arch="baseline", runs_dir=str(runs_dir), image_size=32, epochs=1)
    return runs_dir


def assert_names_in(text: str) -> None:
    """Every name stands in a column of its own, folded where it is long."""
    columns = [line.split("  ")[0].strip() for line in text.splitlines()]
    joined = squeezed("".join(columns))
    assert [name for name in NAMES if squeezed(name) not in joined] == []
    tables = [line for line in text.splitlines() if line.startswith(" ")]
    assert max(map(cell_len, tables)) <= 80


def test_train_shows_a_row_for_each_class(data: Path, cli: Cli) -> None:
    words = ("--data", data, "--runs-dir", data.parent / "more", "--image-size", 32, "--epochs", 1)
    outcome = cli("train", "--arch", "baseline", *words)
    assert outcome.code == 0, outcome.err
    assert_names_in(outcome.err)
    assert "top 5" in outcome.out


def test_evaluate_names_them_on_the_screen_in_json_and_in_csv(runs_dir: Path, cli: Cli) -> None:
    words = ("evaluate", "baseline", "--runs-dir", runs_dir)
    outcome = cli(*words)
    assert outcome.code == 0, outcome.err
    assert_names_in(outcome.out)
    table = runs_dir.parent / "confusion.csv"
    found = json.loads(cli(*words, "--json", "--confusion", table).out)
    assert sorted(found["classes"]) == sorted(NAMES)
    assert {"balanced_accuracy", "top5_accuracy", "confusion"} <= set(found)
    header, *rows = list(csv.reader(table.open(encoding="utf-8", newline="")))
    assert header[1:] == [row[0] for row in rows]
    assert list(map(restored, header[1:])) == found["classes"]
    assert "'=1+1" in header
    assert [[int(cell) for cell in row[1:]] for row in rows] == found["confusion"]


def test_a_confusion_file_that_can_not_be_written_is_an_error(runs_dir: Path, cli: Cli) -> None:
    words = ("evaluate", "baseline", "--runs-dir", runs_dir)
    outcome = cli(*words, "--confusion", runs_dir / "baseline")
    assert outcome.code == 2
    assert "--confusion" in outcome.err


def test_data_split_and_check_name_them(data: Path, cli: Cli) -> None:
    split = cli("data", "split", data, "--again", "--out", data.parent / "split.csv")
    assert split.code == 0, split.err
    assert_names_in(split.out)
    check = cli("data", "check", data, "--no-outliers", columns=160)
    assert "[red] set :dog:: 96 pictures" in check.out


def test_predict_says_them(data: Path, runs_dir: Path, cli: Cli) -> None:
    found = cli("predict", "--run", "baseline", "--runs-dir", runs_dir, data / "test")
    assert found.code == 0, found.err
    for name in NAMES:
        assert f"test/{name}/" in found.out
    said = {line.split("  ")[0] for line in found.out.splitlines()}
    assert said <= {*NAMES, *(name.ljust(12) for name in NAMES)}


def test_the_report_names_them(data: Path, runs_dir: Path, cli: Cli) -> None:
    page = runs_dir.parent / "report.html"
    outcome = cli("report", "--runs-dir", runs_dir, "--out", page)
    assert outcome.code == 0, outcome.err
    text = page.read_text(encoding="utf-8")
    for name in NAMES:
        assert f">{html.escape(name, quote=False)}</td>" in text
    assert "<b>bold" not in text
    chart = text.split('<figure class="wide whole">')[1].split("</figure>")[0]
    for name in NAMES:
        if len(name) < 30:
            assert html.escape(name, quote=False) in chart
