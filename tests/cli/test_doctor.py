"""``tl-catdog doctor`` as a user types it, with dry runs of a second."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from tests.conftest import Cli, paint_set
from tests.support.dry_runs import CONFIGS, RUNS, WORK
from tl_catdog.cli.doctor import checks_view, estimates_view, span
from tl_catdog.config import ResolvedConfig
from tl_catdog.data.examples import ImageSet
from tl_catdog.doctor import examination, versions
from tl_catdog.doctor.check import Check
from tl_catdog.doctor.dry_run import DryRun
from tl_catdog.doctor.estimates import Estimate
from tl_catdog.doctor.examination import Examination, Part
from tl_catdog.models.backbones.registry import backbone_of, backbones


@pytest.fixture
def _known_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the dry runs, which tests of their own hold, for done."""

    def run(config: ResolvedConfig, images: ImageSet, *_: object) -> DryRun:
        assert images.splits == ("train", "validation")
        return RUNS[config.arch]

    monkeypatch.setattr(examination, "dry_run", run)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # What is installed here is no matter of these tests.
    monkeypatch.setattr(versions, "check_versions", lambda *_: [Check("keras", "ok", "3.15.1")])
    monkeypatch.setattr(versions, "check_consistency", lambda: [Check("pip check", "ok", "fine")])
    small = partial(Examination, configs=CONFIGS, work=WORK)
    monkeypatch.setattr(examination, "Examination", small)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _damaged_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "damaged.npz").write_bytes(b"something else")
    damaged = replace(backbone_of("mobilenet"), weights_file=str(tmp_path / "damaged.npz"))
    monkeypatch.setitem(backbones(), "mobilenet", damaged)


@pytest.mark.slow
def test_it_checks_everything_fits_and_leaves_nothing_behind(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("doctor")
    assert outcome.code == 0, outcome.out + outcome.err
    for name in (
        "keras", "pip check", "processor", "memory", "runs folder", "feature cache",
        "weights of mobilenet", "rates", "GPUs", "ONNX Runtime", "int8",
        "dry run baseline", "dry run mobilenet",
    ):  # fmt: skip
        assert f"✓  {name}" in outcome.out
    assert "✗" not in outcome.out
    assert "as if there were 2,000" in outcome.out
    assert "Estimates for 1,600 pictures to train on, 400 to validate on" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_known_runs")
def test_json(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 5, "validation": 3})
    outcome = cli("doctor", "--data", data, "--json")
    assert outcome.code == 0, outcome.out
    found = json.loads(outcome.out)
    assert list(found) == ["checks", "data", "pictures", "rates", "estimates"]
    assert list(found["rates"]) == ["digest", "predict", "sample", "unreadable"]
    assert (found["rates"]["sample"], found["rates"]["unreadable"]) == (16, 0)
    assert min(found["rates"]["digest"], found["rates"]["predict"]) > 1
    for check in found["checks"]:
        assert list(check) == ["name", "state", "detail", "hint"]
        assert check["state"] in ("ok", "warning", "failed")
    assert len({check["name"] for check in found["checks"]}) == len(found["checks"])
    assert found["data"] == str(data)
    assert found["pictures"] == {"train": 10, "validation": 6, "test": 0}
    assert len(found["estimates"]) == 5
    for item in found["estimates"]:
        assert list(item) == ["command", "case", "seconds", "memory", "disk"]
        assert 0 <= item["seconds"][0] < item["seconds"][1]
        assert 0 < item["memory"][0] < item["memory"][1]


@pytest.mark.slow
@pytest.mark.usefixtures("_damaged_weights")
def test_damaged_weights_fail_and_the_rest_goes_on(cli: Cli) -> None:
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "✗  backbone weights" in outcome.out
    assert "✗  dry run mobilenet" in outcome.out
    assert "✓  dry run baseline" in outcome.out
    assert "pip install --force-reinstall tl-catdog" in " ".join(outcome.out.split())
    assert "Estimates" not in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


@pytest.mark.usefixtures("_known_runs")
def test_a_runs_folder_that_can_not_be_written_to_fails(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome = cli("doctor", "--runs-dir", tmp_path / "file" / "models", "--json")
    assert outcome.code == 1
    failed = [check for check in json.loads(outcome.out)["checks"] if check["state"] == "failed"]
    assert [check["name"] for check in failed] == ["runs folder"]
    assert "--runs-dir" in failed[0]["hint"]


@pytest.mark.usefixtures("_known_runs")
def test_pictures_here_that_can_not_be_used_fail(cli: Cli, tmp_path: Path) -> None:
    paint_set(tmp_path / "data", {"": 3}, ("ant",))
    outcome = cli("doctor", "--json")
    assert outcome.code == 1
    found = json.loads(outcome.out)
    (failed,) = (check for check in found["checks"] if check["state"] == "failed")
    assert failed["name"] == "pictures"
    assert "two classes" in failed["detail"]
    assert len(found["estimates"]) == 5


def test_unreadable_pictures_are_a_warning(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: set[str] = set()

    def run(config: ResolvedConfig, images: ImageSet, *_: object) -> DryRun:
        trained.update(example.name for example in images.examples)
        return RUNS[config.arch]

    monkeypatch.setattr(examination, "dry_run", run)
    data = paint_set(tmp_path / "set", {"": 4})
    (data / "ant" / "broken.jpg").write_bytes(b"no picture")
    outcome = cli("doctor", "--data", data)
    assert outcome.code == 0
    assert "1 of 9 pictures can't be decoded" in outcome.out
    assert "tl-catdog data check" in outcome.out
    assert trained == {"000.png", "001.png", "002.png", "003.png"}
    found = json.loads(cli("doctor", "--data", data, "--json").out)
    assert (found["rates"]["sample"], found["rates"]["unreadable"]) == (9, 1)


def test_a_folder_that_is_not_there_is_wrong_use(cli: Cli) -> None:
    outcome = cli("doctor", "--data", "nowhere")
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("Error: expected a folder of pictures")


def test_ctrl_c_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(examination, "sample_paths", interrupt)
    outcome = cli("doctor")
    assert outcome.code == 130
    assert "✓  processor" in outcome.out  # what was found so far
    assert "rates" not in outcome.out
    assert "Interrupted" in outcome.err


@pytest.mark.usefixtures("_known_runs")
def test_pictures_that_it_drew_are_gone_afterwards(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Examination] = []  # while it lives, nothing is tidied up by the way

    def made(data: Path | None, runs_dir: Path) -> Examination:
        kept.append(Examination(data, runs_dir, configs=CONFIGS, work=WORK))
        return kept[0]

    monkeypatch.setattr(examination, "Examination", made)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert cli("doctor").code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_known_runs")
def test_without_a_readable_picture_it_trains_on_drawn_ones(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 2})
    for path in data.rglob("*.png"):
        path.write_bytes(b"no picture")
    outcome = cli("doctor", "--data", data, "--json")
    assert outcome.code == 1
    found = json.loads(outcome.out)
    states = {check["name"]: check["state"] for check in found["checks"]}
    assert states["rates"] == "failed"
    assert states["dry run baseline"] == states["dry run mobilenet"] == "ok"
    assert (found["rates"], found["estimates"]) == (None, [])


def test_without_one_of_the_dry_runs_nothing_is_estimated(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(config: ResolvedConfig, *_: object) -> DryRun:
        if config.arch == "mobilenet":
            raise ValueError("oh no")
        return RUNS[config.arch]

    monkeypatch.setattr(examination, "dry_run", run)
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "✗  dry run mobilenet  ValueError: oh no" in outcome.out
    assert "Estimates" not in outcome.out
    assert outcome.out.rstrip().endswith("1 failed.")


def test_a_title_is_shown_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [
        Part(title, title, lambda: [Check("x", "ok", "fine")], "")
        for title in ("One", "One", "Two")
    ]
    monkeypatch.setattr(Examination, "parts", lambda _: parts)
    outcome = cli("doctor")
    titles = [line for line in outcome.out.splitlines() if not line.startswith("✓")]
    assert titles == ["One", "Two", "3 fine, 0 to look at, 0 failed."]


@pytest.mark.parametrize(("encoding", "marks"), [("utf-8", "✓!✗"), ("ascii", "+!x")])
def test_signs_that_the_screen_has_not_got_are_replaced(encoding: str, marks: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    screen = Console(file=stream, width=80)
    checks = [
        Check("a", "ok", "4c0d… as packaged"),
        Check("b", "warning", "w", "Type: this"),
        Check("c", "failed", "f"),
    ]
    estimate = Estimate("tl-catdog predict", "", (40.0, 70.0), (1e9, 1.2e9), 0.0)
    screen.print(checks_view(checks, screen))
    screen.print(estimates_view((estimate,), screen))
    stream.flush()
    lines = raw.getvalue().decode(encoding).splitlines()
    assert lines[0].startswith(marks[0])
    assert lines[1].startswith(marks[1])
    assert lines[2].strip() == "Type: this"
    assert lines[3].startswith(marks[2])
    dash = "–" if encoding == "utf-8" else "-"
    assert f"40{dash}70 s" in "".join(lines)


def test_a_unit_that_both_ends_have_is_shown_once() -> None:
    assert span("0.9 GB", "1.4 GB") == "0.9–1.4 GB"
    assert span("970.6 MB", "1.5 GB") == "970.6 MB–1.5 GB"
    assert span("5 s", "55 s") == "5–55 s"
