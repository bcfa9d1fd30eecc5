"""Every command shows odd names of runs, classes and pictures: none marks up or commands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Outcome, Trained
from tests.support.bare_runs import sealed
from tests.support.commands import ODD, SHOWN, watched


@dataclass(frozen=True)
class Odd:
    """A run and pictures whose every name is odd."""

    run: Path
    data: Path
    picture: Path


@pytest.fixture(scope="module")
def odd(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Odd:
    root = tmp_path_factory.mktemp("odd")
    run = shutil.copytree(trained.runs_dir / "small", root / "models" / ODD)
    data = root / f"{ODD}s"
    for split in ("train", "validation", "test"):
        shutil.copytree(trained.data / split / "ant", data / split / ODD)
        shutil.copytree(trained.data / split / "bee", data / split / "bee")
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["data"] |= {"root": str(data), "name": data.name, "classes": [ODD, "bee"]}
    for counts in manifest["data"]["counts"].values():
        counts[ODD] = counts.pop("ant")
    (run / "manifest.json").write_text(json.dumps(manifest))
    for path in (run / "split.csv", *run.glob("predictions/*.csv")):
        path.write_text(path.read_text().replace("ant", ODD), errors="surrogateescape")
    sealed(run)
    picture = shutil.copy(data / "test" / ODD / "000.png", root / f"{ODD}\n.png")
    return Odd(run, data, Path(picture))


def assert_shown(outcome: Outcome, *more: str, code: int = 0) -> None:
    assert outcome.code == code, outcome.err
    for text in (outcome.out, outcome.err):
        assert "\x1b" not in text
    shown = "".join((outcome.out + outcome.err).split())
    for text in (SHOWN, *more):
        assert text in shown


def test_evaluate(cli: Cli, odd: Odd) -> None:
    outcome = cli("evaluate", odd.run, columns=160)
    assert_shown(outcome, f"{SHOWN}ontestof{SHOWN}s,18pictures")
    # The title, and the class in its table, and on both sides of the confusion.
    assert outcome.out.count(SHOWN) == 2 + 1 + 2


def test_compare(cli: Cli, odd: Odd) -> None:
    outcome = cli("compare", odd.run, "--runs-dir", odd.run.parent, columns=160)
    assert_shown(outcome, f"{SHOWN}s:test,18pictures")
    assert outcome.out.count(SHOWN) == 2  # the pictures, and the run in its row


def test_predict(cli: Cli, odd: Odd) -> None:
    broken = odd.picture.with_name(f"{ODD}broken.png")
    broken.write_bytes(b"no picture")
    outcome = cli("predict", odd.picture, broken, "--run", odd.run)
    assert_shown(outcome, f"{SHOWN}\\n.png", f"{SHOWN}broken.png:not", code=1)
    assert len(outcome.out.splitlines()) == 1


def test_explain(cli: Cli, odd: Odd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = cli("explain", odd.picture, "--run", odd.run, "--class", ODD)
    assert_shown(outcome, f"{SHOWN}\\n.png", f"{SHOWN}\\n.explained.png")
    assert len(outcome.out.splitlines()) == 4
    outcome = cli("explain", odd.picture, "--run", odd.run, "--class", f"{ODD}2")
    assert_shown(outcome, f"classes{SHOWN},bee,found", code=2)


def test_export(cli: Cli, odd: Odd, tmp_path: Path) -> None:
    out = tmp_path / "[red]out\x1b[31m"  # UTF-8: ONNX Runtime opens no other paths
    shown = f"{tmp_path}/[red]out\\x1b[31m"
    outcome = cli("export", odd.run, "--format", "onnx", "--out", out)
    assert outcome.code == 0, outcome.err
    assert f"In {shown}, with how to use each: README.md\n" in outcome.out
    again = cli("export", odd.run, "--format", "onnx", "--out", out)
    assert again.code == 2
    assert f"{shown}/onnx" in again.err
    assert "\x1b" not in outcome.out + outcome.err + again.err
    broken = cli("export", odd.run.with_name(f"{ODD}2"), "--format", "onnx")
    assert_shown(broken, code=2)


def test_report(cli: Cli, odd: Odd, tmp_path: Path) -> None:
    outcome = cli("report", odd.run, "--out", tmp_path / f"{ODD}.html")
    assert_shown(outcome, f"Thereporton{SHOWN}isin{tmp_path}/{SHOWN}.html.")


def test_review(cli: Cli, odd: Odd, tmp_path: Path) -> None:
    run = shutil.copytree(odd.run, tmp_path / "models" / ODD)
    outcome = cli("review", run, columns=160)
    assert_shown(outcome, f"{SHOWN}:", f"train/{SHOWN}/")
    assert "training labels are likely wrong" in outcome.out


def test_serve(cli: Cli, odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    def ready(*_: Any, **named: Any) -> None:
        named["ready"]("http://127.0.0.1:8000/", False)

    watched(monkeypatch, "tl_catdog.serve.server.serve", ready)
    assert_shown(cli("serve", "--run", odd.run), f"{SHOWN}answersathttp://127.0.0.1:8000/")


def test_train(cli: Cli, odd: Odd, tmp_path: Path) -> None:
    (odd.data / "train" / ODD / f"{ODD}.png").write_bytes(b"no picture")
    words = ("--data", odd.data, "--runs-dir", tmp_path / ODD, "--image-size", 32)
    try:
        outcome = cli("train", "--arch", "baseline", "--epochs", 1, *words)
    finally:
        (odd.data / "train" / ODD / f"{ODD}.png").unlink()
    assert_shown(outcome, f"baseline:{tmp_path}/{SHOWN}/baseline", f"train/{SHOWN}/[red]odd")
    # The set, the class above its counts, and the folder of what is skipped.
    assert outcome.err.count(SHOWN) >= 3
    refused = cli("train", "--data", odd.data, "--run", ODD)
    assert_shown(refused, code=2)


DATA: dict[str, Callable[[Odd, Path], tuple[object, ...]]] = {
    "check": lambda odd, here: ("check", odd.data, "--no-outliers", "--html", here / ODD),
    "fix": lambda odd, here: ("fix", odd.data, "--dry-run"),
    "split": lambda odd, here: ("split", odd.data, "--again", "--out", here / f"{ODD}.csv"),
    "show": lambda odd, here: ("show", odd.data, "--count", 1, "--out", here / f"{ODD}.png"),
    "draw": lambda odd, here: ("draw", here / ODD, "--train", 1, "--validation", 1, "--test", 0),
    "list": lambda odd, here: ("list", "--into", here / ODD),
}


@pytest.mark.parametrize("name", DATA)
def test_data(cli: Cli, odd: Odd, tmp_path: Path, name: str) -> None:
    shutil.copy(odd.data / "train" / ODD / "000.png", odd.data / "test" / ODD / f"{ODD}.png")
    try:
        outcome = cli("data", *DATA[name](odd, tmp_path), columns=160)
    finally:
        (odd.data / "test" / ODD / f"{ODD}.png").unlink()
    expected = {
        "check": (f"test/{SHOWN}/{SHOWN}.png", f"Pictures:{tmp_path}/{SHOWN}", f"{SHOWN}s:"),
        "fix": (f"train/{SHOWN}/000.png",),
        "split": (f"Split:{tmp_path}/{SHOWN}.csv", f"{SHOWN}s("),
        "show": (f"{tmp_path}/{SHOWN}.png",),
        "draw": (f"4drawings:{tmp_path}/{SHOWN}",),
        "list": (),
    }[name]
    if name == "list":
        assert outcome.code == 0
        assert "\x1b" not in outcome.out
    else:
        assert_shown(outcome, *expected, code=1 if name == "check" else 0)
