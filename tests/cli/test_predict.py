"""``tl-catdog predict``: an answer for each picture, a name for each that can't be read."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import COLOURS, Cli, Trained, paint
from tests.support.commands import ODD, SHOWN, assert_one_line, watched
from tests.support.trees import plant
from tl_catdog.prediction.answers import Prediction

STREAM = "tl_catdog.api.classifier.Classifier.stream"


def said(name: str, p: float = 0.9876, **more: Any) -> Prediction:
    found = {"error": None, "doubt": None, "novelty": 0.1, "policy_applied": True, **more}
    readable = found["error"] is None
    return Prediction(
        path=Path(name),
        label="dogs" if readable else None,
        probabilities={"cats": 1 - p, "dogs": p} if readable else None,
        **found,
    )


ANSWERS = [
    said("a.jpg"),
    said("b.jpg", 0.6, doubt="too doubtful"),
    said("c.jpg", error="cut short"),
    said("d.jpg", 0.9999999),
    said("e.jpg", doubt="unlike the pictures it knows"),
    said("f.jpg", error="no picture"),
    said("g.jpg"),
]

Answering = Callable[[list[Prediction]], None]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Put answers into the classifier's mouth."""

    def put(answers: list[Prediction]) -> None:
        def stream(*_: Any) -> Iterator[Prediction]:
            yield from answers

        monkeypatch.setattr(STREAM, stream)

    return put


def test_answers_go_to_standard_output_and_bad_pictures_to_standard_error(
    cli: Cli, answering: Answering
) -> None:
    answering(ANSWERS)
    outcome = cli("predict", "x.jpg", "--run", "cats-dogs", "--reject")
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        "dogs            98.8 %  a.jpg",
        "unsure                  b.jpg (dogs? 60.0 %, too doubtful)",
        "dogs         > 99.99 %  d.jpg",
        "unsure                  e.jpg (dogs? 98.8 %, unlike the pictures it knows)",
        "dogs            98.8 %  g.jpg",
    ]
    lines = outcome.err.splitlines()
    assert lines[0].startswith("Promised: 99.5 % of the answers are right, with 95 % certainty. ")
    assert "Answers from 82.8 % on, unless the picture is unlike" in lines[0]
    assert lines[1:] == [
        "c.jpg: cut short",
        "f.jpg: no picture",
        "Answered 3 of 5 pictures.",
    ]


@pytest.mark.parametrize(
    ("answers", "words", "told"),
    [
        (ANSWERS[:1], ["--reject"], "Answered 1 of 1 picture."),
        (ANSWERS[1:3], ["--precision", "0.9"], "Answered 0 of 1 picture."),
        (ANSWERS[2:3], ["--reject"], "Answered 0 of 0 pictures."),
        (ANSWERS[:1], [], None),
    ],
)
def test_how_many_were_answered_is_told_where_an_answer_can_be_withheld(
    cli: Cli,
    answering: Answering,
    answers: list[Prediction],
    words: list[str],
    told: str | None,
) -> None:
    answering(answers)
    for more in ([], ["--json"]):
        err = cli("predict", "x.jpg", "--run", "cats-dogs", *words, *more).err
        found = [line for line in err.splitlines() if line.startswith("Answered ")]
        assert found == ([told] if told else [])


@pytest.mark.parametrize(("answers", "code"), [(ANSWERS[:2], 0), (ANSWERS[1:3], 1)])
def test_the_exit_code_is_1_if_one_cannot_be_read(
    cli: Cli, answering: Answering, answers: list[Prediction], code: int
) -> None:
    answering(answers)
    assert cli("predict", "x.jpg", "--run", "cats-dogs").code == code
    as_json = cli("predict", "x.jpg", "--run", "cats-dogs", "--json")
    assert as_json.code == code
    assert [json.loads(line) for line in as_json.out.splitlines()] == [
        item.to_json() for item in answers
    ]
    assert as_json.err == ""


def test_odd_names_neither_mark_up_nor_command(cli: Cli, answering: Answering) -> None:
    answering([said(f"{ODD}\n.jpg"), said(ODD, error=f"bad {ODD}"), said(ODD, doubt="doubt")])
    outcome = cli("predict", "x.jpg", "--run", "cats-dogs", "--reject")
    assert outcome.out.splitlines() == [
        f"dogs            98.8 %  {SHOWN}\\n.jpg",
        f"unsure                  {SHOWN} (dogs? 98.8 %, doubt)",
    ]
    assert f"{SHOWN}: bad {SHOWN}" in outcome.err.splitlines()


@pytest.mark.parametrize(
    ("words", "precision"),
    [
        ([], None),
        (["--reject"], 0.995),
        (["--precision", "0.9"], 0.9),
        (["--reject", "--precision", "0.99"], 0.99),
    ],
)
def test_options_reach_the_classifier(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, words: list[str], precision: float | None
) -> None:
    calls = watched(monkeypatch, STREAM)
    cli("predict", "a.jpg", "b.jpg", "--run", "cats-dogs", *words)
    ((classifier, pictures, policy), _) = calls[0]
    assert classifier.run.ships
    assert list(pictures) == [Path("a.jpg"), Path("b.jpg")]
    assert (policy and policy.precision) == precision


def test_it_answers_files_and_folders(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    paint(tmp_path / "more" / "deep" / "b.png", COLOURS[1], 5)
    paint(tmp_path / "a.png", COLOURS[0], 6)
    (tmp_path / "more" / "notes.txt").touch()
    words = ("--run", "tuned", "--runs-dir", trained.runs_dir)
    outcome = cli("predict", tmp_path / "a.png", tmp_path / "more", *words)
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert [line.split()[-1] for line in lines] == [
        str(tmp_path / "a.png"),
        str(tmp_path / "more" / "deep" / "b.png"),
    ]
    assert [line.split()[0] for line in lines] == ["ant", "bee"]


def test_what_folders_hold_besides_is_said_once_after_the_answers(cli: Cli, tmp_path: Path) -> None:
    plant(tmp_path, "x/a.txt", "y/b.txt", "y/LICENSE", "x/@eaDir/ 2", "y/__MACOSX/c.txt")
    for folder in ("x", "y"):
        paint(tmp_path / folder / "p.png", COLOURS[0], 1).rename(tmp_path / folder / "picture")
    (tmp_path / "x" / "album").symlink_to(tmp_path / "x")
    outcome = cli("predict", tmp_path / "x", tmp_path / "y", "--run", "cats-dogs")
    assert [line.split()[-1] for line in outcome.out.splitlines()] == [
        str(tmp_path / "x" / "picture"),
        str(tmp_path / "y" / "picture"),
    ]
    assert outcome.err.splitlines()[-1] == (
        "Left out: 2 × .txt, 1 × file without an ending, 1 × link to a folder"
    )


def test_its_json_names_the_bad_and_answers_the_good(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    good = paint(tmp_path / "good\nname.png", COLOURS[0], 1)
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    missing = tmp_path / "missing.png"
    words = ("--run", "tuned", "--runs-dir", trained.runs_dir, "--json")
    outcome = cli("predict", bad, good, missing, *words)
    assert outcome.code == 1
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [list(row) for row in rows] == [["path", "label", "probabilities", "error"]] * 3
    assert [row["path"] for row in rows] == [str(bad), str(good), str(missing)]
    assert [row["error"] is None for row in rows] == [False, True, False]
    assert rows[1]["label"] == "ant"
    assert rows[0]["label"] is rows[0]["probabilities"] is None


def test_it_uses_the_newest_run_and_says_so(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    picture = paint(tmp_path / "a.png", COLOURS[0], 1)
    outcome = cli("predict", picture, "--runs-dir", trained.runs_dir)
    assert outcome.code == 0
    assert "newest run" in outcome.err


def test_no_pictures_are_wrong_use_and_what_there_is_instead_is_said(
    cli: Cli, tmp_path: Path
) -> None:
    plant(tmp_path / "phone", "a.jxl", "b.JXL")
    outcome = cli("predict", tmp_path / "phone", "--run", "cats-dogs")
    assert outcome.code == 2
    assert_one_line(outcome.err)
    assert "found none in" in outcome.err
    assert "(Left out: 2 × .jxl)" in outcome.err


def test_it_withholds_doubtful_answers(cli: Cli, trained: Trained) -> None:
    words = ("predict", trained.data / "test", "--run", "tuned", "--runs-dir", trained.runs_dir)
    plain = [json.loads(line) for line in cli(*words, "--json").out.splitlines()]
    assert "answer" not in plain[0]
    outcome = cli(*words, "--precision", "0.6", "--json")
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert "74 validation pictures" in " ".join(outcome.err.split())
    for row in rows:
        assert row["answer"] == ("unsure" if row["doubt"] else row["label"])
        assert row["novelty"] >= 0
    given = sum(row["doubt"] is None for row in rows)
    assert f"Answered {given} of 18 pictures" in outcome.err


def test_it_calls_something_quite_else_unfamiliar(
    cli: Cli, trained: Trained, tmp_path: Path
) -> None:
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    outcome = cli(
        *("predict", tmp_path / "stripes.png", "--run", "tuned", "--reject"),
        *("--runs-dir", trained.runs_dir),
    )
    assert outcome.code == 0
    assert outcome.out.startswith("unsure")
    assert "stripes.png" in outcome.out


@pytest.mark.parametrize("precision", ["0", "1", "2.5", "nan"])
def test_it_refuses_an_impossible_precision(cli: Cli, trained: Trained, precision: str) -> None:
    picture = next((trained.data / "test").rglob("*.png"))
    outcome = cli("predict", picture, "--precision", precision, "--runs-dir", trained.runs_dir)
    assert outcome.code == 2
    wanted = "a number for --precision" if precision == "nan" else "between 0 and 1"
    assert wanted in outcome.err


def test_it_says_when_validation_can_not_show_the_precision(cli: Cli, trained: Trained) -> None:
    picture = next((trained.data / "test").rglob("*.png"))
    outcome = cli("predict", picture, "--precision", "0.999", "--runs-dir", trained.runs_dir)
    assert outcome.code == 1
    assert "Type: --precision 0." in outcome.err


def test_folders_behind_links_are_answered_once(cli: Cli, trained: Trained, tmp_path: Path) -> None:
    paint(tmp_path / "far" / "deep" / "b.png", COLOURS[1], 5)
    paint(tmp_path / "near" / "a.png", COLOURS[0], 6)
    for name, target in (("one", "far"), ("two", "far/deep"), ("round", "near")):
        (tmp_path / "near" / name).symlink_to(tmp_path / target)
    words = ("--run", "tuned", "--runs-dir", trained.runs_dir)
    outcome = cli("predict", tmp_path / "near", *words)
    assert [line.split()[-1] for line in outcome.out.splitlines()] == [
        str(tmp_path / "near" / "a.png"),
        str(tmp_path / "near" / "one" / "deep" / "b.png"),
    ]
    assert "Left out: 1 × link to a folder" in outcome.err
