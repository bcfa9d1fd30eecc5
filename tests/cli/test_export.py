"""``tl-catdog export``: which run in which formats goes where, and what is said of each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Trained, paint_set
from tests.support.commands import assert_one_line, interrupt, watched
from tl_catdog.export.export import Exported
from tl_catdog.export.parity import Parity, Worst
from tl_catdog.runs.folder import SHIPPED
from tl_catdog.statistics import proportion

WRITE, REFERENCE = "tl_catdog.export.export.export", "tl_catdog.export.parity.parity_reference"


def exported(name: str, path: Path | None, worst: tuple[Worst, ...] = ()) -> Exported:
    parity = Parity(
        runtime="Some Runtime 1.2",
        n=351,
        compared_on="pets, test",
        calibrated_on=None,
        same=0.9975,
        max_abs_diff=0.000123,
        ms=7.86,
        accuracy=proportion(347, 351),
        encoded_same=None,
        worst=worst,
    )
    return Exported(name, path, 0 if path is None else 9_905_920, parity)


Writing = Callable[..., list[Any]]


@pytest.fixture
def writing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Writing:
    """Stand in for what asks the run, and for what writes: one of the results after the other."""

    def begin(*results: Exported | None) -> list[Any]:
        left = list(results)

        def write(*_: Any, **__: Any) -> Exported:
            found = left.pop(0)
            return interrupt() if found is None else found

        watched(monkeypatch, REFERENCE, lambda *_: "reference")
        return watched(monkeypatch, WRITE, write if results else None)

    monkeypatch.chdir(tmp_path)
    return begin


def test_each_format_is_written_once_and_in_the_order_given(
    cli: Cli, trained: Trained, writing: Writing, tmp_path: Path
) -> None:
    data = paint_set(tmp_path / "others", {"": 1})
    calls = writing(*(exported(name, tmp_path / name) for name in ("onnx", "keras")))
    formats = ("--format", "onnx", "--format", "keras", "--format", "onnx")
    words = ("--runs-dir", trained.runs_dir, "--data", data, "--out", "phone", "--force")
    assert cli("export", "tuned", *formats, *words).code == 0
    assert len(calls) == 2
    for ((run, kind, target, images, reference), named), name in zip(
        calls, ("onnx", "keras"), strict=True
    ):
        assert (run.name, kind.name, target, reference) == (
            "tuned",
            name,
            Path("phone"),
            "reference",
        )
        assert images.name == "others"
        assert named["force"] is True


def test_without_options_the_newest_run_goes_to_a_folder_of_its_name(
    cli: Cli, trained: Trained, writing: Writing
) -> None:
    calls = writing()
    outcome = cli("export", "--format", "onnx", "--runs-dir", trained.runs_dir)
    (((run, _, target, images, _), named),) = calls
    assert (run.name, target) == ("tuned", Path("exports/tuned"))
    assert (images.root, named["force"]) == (trained.data, False)
    assert "Using the newest run, tuned" in outcome.err


def test_a_format_that_is_there_is_refused_before_any_work(
    cli: Cli, trained: Trained, writing: Writing, tmp_path: Path
) -> None:
    (tmp_path / "out" / "keras").mkdir(parents=True)
    calls = writing()
    words = ("--format", "onnx", "--format", "keras", "--out", "out")
    outcome = cli("export", "tuned", "--runs-dir", trained.runs_dir, *words)
    assert (outcome.code, outcome.out, calls) == (2, "", [])
    assert "--force" in outcome.err
    assert_one_line(outcome.err)
    cli("export", "tuned", "--runs-dir", trained.runs_dir, *words, "--force")
    assert len(calls) == 1


def test_a_row_tells_size_time_and_agreement(
    cli: Cli, trained: Trained, writing: Writing, tmp_path: Path
) -> None:
    writing(exported("onnx", tmp_path / "onnx"))
    words = ("export", "tuned", "--format", "onnx", "--runs-dir", trained.runs_dir)
    outcome = cli(*words, columns=120)
    (row,) = [line.split() for line in outcome.out.splitlines() if "onnx" in line.split()]
    assert row == [
        *("onnx", "9.9", "7.9", "99.8", "%", "0.0001", "98.9", "%", "(97.1–99.6)"),
        *("Some", "Runtime", "1.2"),
    ]
    assert outcome.out.endswith("In exports/tuned, with how to use each: README.md\n")
    writing(exported("onnx", tmp_path / "onnx"))
    found = json.loads(cli(*words, "--json").out)
    assert (found["run"], found["out"]) == ("tuned", "exports/tuned")
    assert found["exports"][0]["path"] == str(tmp_path / "onnx")


def test_what_differs_is_named_and_the_exit_code_is_1(
    cli: Cli, trained: Trained, writing: Writing, tmp_path: Path
) -> None:
    results = (
        exported("onnx", tmp_path / "onnx"),
        exported("litert-int8", None, (Worst(Path("a.png"), "ant", 0.9, 0.2),)),
    )
    formats = ("--format", "onnx", "--format", "litert-int8")
    for more in ([], ["--json"]):
        writing(*results)
        outcome = cli("export", "tuned", *formats, "--runs-dir", trained.runs_dir, *more)
        assert outcome.code == 1
        told = "litert-int8 differs: a.png: ant 0.900000 in the run, 0.200000 exported"
        assert told in outcome.err
        assert "expected litert-int8 to say what tuned says" in outcome.err
        assert_one_line(outcome.err)
        assert "with how to use each" not in outcome.out
        if more:
            assert [row["format"] for row in json.loads(outcome.out)["exports"]] == [
                "onnx",
                "litert-int8",
            ]
        else:
            assert "not" in outcome.out
            assert "written" in outcome.out


def test_ctrl_c_says_what_was_written_by_then(
    cli: Cli, trained: Trained, writing: Writing, tmp_path: Path
) -> None:
    formats = ("--format", "onnx", "--format", "litert-int8", "--format", "keras")
    writing(exported("onnx", tmp_path / "onnx"), exported("litert-int8", None), None)
    outcome = cli("export", "tuned", *formats, "--runs-dir", trained.runs_dir)
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err == "Interrupted; written: onnx.\n"
    writing(None)
    outcome = cli("export", "tuned", *formats, "--runs-dir", trained.runs_dir)
    assert (outcome.code, outcome.err) == (130, "Interrupted; written: nothing.\n")


def test_drawings_stand_in_for_pictures_that_are_gone(
    cli: Cli, writing: Writing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = writing()
    drawn = paint_set(tmp_path / "drawings", {"": 1}, ("cats", "dogs"))
    monkeypatch.setattr("tl_catdog.cli.sources.drawn_set", lambda: drawn)
    outcome = cli("export", SHIPPED, "--format", "onnx")
    (((_, _, _, images, _), _),) = calls
    assert images.root == drawn
    assert "compared on drawings" in outcome.err
    assert "--data DIR names others" in outcome.err


def test_pictures_of_one_class_will_do_to_compare_on(
    cli: Cli, writing: Writing, tmp_path: Path
) -> None:
    calls = writing()
    data = paint_set(tmp_path / "some", {"": 2}, ("Cats",))
    cli("export", SHIPPED, "--format", "onnx", "--data", data)
    (((_, _, _, images, _), _),) = calls
    assert [example.label for example in images.examples] == ["cats", "cats"]


def test_a_format_is_needed_and_one_of_five(cli: Cli) -> None:
    assert cli("export", SHIPPED).code == 2
    outcome = cli("export", SHIPPED, "--format", "tflite")
    assert outcome.code == 2
    for name in ("keras", "savedmodel", "onnx", "litert", "litert-int8"):
        assert name in outcome.err
