"""``tl-catdog doctor`` as a user types it, with dry runs of a second."""

import io
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from tests.conftest import Cli, paint_set
from tests.doctor.tiny import CONFIGS, WORK
from tl_catdog.cli.doctor import checks_view, estimates_view, sizes, span
from tl_catdog.doctor import examination
from tl_catdog.doctor.check import Check
from tl_catdog.doctor.dry_run import DryRun, StageCost
from tl_catdog.doctor.estimates import Estimate
from tl_catdog.models import weights

COST = StageCost(1.0, 0.1, 0.001)
RUNS = {
    "baseline": DryRun("baseline", 0.1, {"scratch": COST}, 0.01, 1e-7),
    "mobilenet": DryRun("mobilenet", 0.1, {"frozen": COST, "finetune": COST}, 0.01, 1e-7),
}


@pytest.fixture
def _known_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the dry runs, which tests of their own hold, for done."""
    monkeypatch.setattr(examination, "dry_run", lambda config, work: RUNS[config.arch])


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small = partial(examination.Examination, configs=CONFIGS, work=WORK, seconds=0.01)
    monkeypatch.setattr(examination, "Examination", small)
    # What is installed here is no matter of these tests.
    monkeypatch.setattr(examination, "_versions", lambda: [Check("keras", "ok", "3.15.1")])
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _damaged_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "damaged.npz").write_bytes(b"something else")
    monkeypatch.setattr(weights, "PACKAGED_FILE", str(tmp_path / "damaged.npz"))
    weights.packaged_weights.cache_clear()
    yield
    weights.packaged_weights.cache_clear()


@pytest.mark.slow
def test_it_checks_everything_fits_and_leaves_nothing_behind(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("doctor")
    assert outcome.code == 0, outcome.out + outcome.err
    for name in (
        "keras", "processor", "memory", "runs folder", "feature cache", "backbone weights",
        "rates", "GPUs", "ONNX Runtime", "dry run baseline", "dry run mobilenet",
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


@pytest.mark.usefixtures("_known_runs")
def test_unreadable_pictures_are_a_warning(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 4})
    (data / "ant" / "broken.jpg").write_bytes(b"no picture")
    outcome = cli("doctor", "--data", data)
    assert outcome.code == 0
    assert "1 of 9 pictures can't be decoded" in outcome.out
    assert "tl-catdog data check" in outcome.out


def test_a_folder_that_is_not_there_is_wrong_use(cli: Cli) -> None:
    outcome = cli("doctor", "--data", "nowhere")
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("Error: expected a folder of pictures")


def test_ctrl_c_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(examination, "measure_rates", interrupt)
    outcome = cli("doctor")
    assert outcome.code == 130
    assert "Interrupted" in outcome.err


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


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ((0.0, 1.0), "0–1 s"),
        ((40.0, 70.0), "40–70 s"),
        ((60.0, 180.0), "60–180 s"),
        ((120.0, 300.0), "2–5 min"),
        ((3000.0, 6600.0), "1–2 h"),
    ],
)
def test_ranges_of_time(seconds: tuple[float, float], text: str) -> None:
    assert span(seconds) == text


def test_ranges_of_memory() -> None:
    assert sizes((0.94e9, 1.41e9)) == "0.9–1.4 GB"
    assert sizes((0.2e9, 0.21e9)) == "0.2 GB"
