"""Hostile files go through the commands: each bad one is named, each good one answered.

Never a traceback, a hang, or an answer about something else than the file's picture. Every command
runs once, as a process of its own that may neither take long nor much memory, over one folder that
holds everything in ``tests.support.hostile``.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import ImageFile

from tests.conftest import COLOURS, Cli, Outcome, paint_set
from tests.support.hostile import Corpus, make_corpus, plant_no_files, remove
from tests.support.hostile_bytes import BAD, EITHER, GOOD, cut_files, encoded, png, scene
from tl_catdog.audit.inspection import inspect
from tl_catdog.data.digest import file_digest
from tl_catdog.data.images import MAX_PIXELS, decode, try_decode
from tl_catdog.errors import ImageError

pytestmark = pytest.mark.slow

PATIENCE = 150  # seconds, on a machine that is busy otherwise; alone, a command takes a tenth
MEMORY = 16 * 2**30  # of addresses, most of which TensorFlow only reserves

FATAL = {"unreadable", "not-a-picture", "corrupt", "truncated", "huge"}
"""What ``data check`` calls files that can't be used."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    root = tmp_path_factory.mktemp("hostile") / "set"
    yield make_corpus(root, dict(zip(("ant", "bee"), COLOURS, strict=False)))
    remove(root)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run, ``judge``, which tells the two colours apart."""
    from tl_catdog.config import TrainConfig
    from tl_catdog.data.sets import load_training_set
    from tl_catdog.runs.writer import RunWriter
    from tl_catdog.training.trainer import train

    root = tmp_path_factory.mktemp("judge")
    data = paint_set(root / "pictures", {"train": 24, "validation": 4})
    config = TrainConfig(
        arch="baseline", image_size=32, epochs=8, batch_size=8, data=str(data), runs_dir=str(root)
    )
    with RunWriter(root, "judge") as writer:
        train(config, load_training_set(data), writer)
    return root


Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command as a process, which must not print a traceback, nor start Ghostscript."""
    fakes = tmp_path / "bin"
    fakes.mkdir()
    for name in ("gs", "gswin32c", "gswin64c"):
        (fakes / name).write_text(f"#!/bin/sh\ntouch {fakes / 'started'}\n")
        (fakes / name).chmod(0o755)
    path = f"{fakes}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "COLUMNS": "80", "PATH": path}

    def start(*words: object) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "tl_catdog", *map(str, words)],
            capture_output=True,
            text=True,
            errors="surrogateescape",
            env=environment,
            timeout=PATIENCE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )
        assert "Traceback" not in done.stderr
        assert "unexpected" not in done.stderr
        assert not (fakes / "started").exists()
        return Outcome(done.returncode, done.stdout, done.stderr)

    return start


def one_line(text: str) -> str:
    return " ".join(text.split())


def assert_kept(corpus: Corpus, answered: set[Path]) -> None:
    """Assert that the good files were answered and the bad ones weren't."""
    known = set(corpus.verdicts)
    assert answered <= known
    assert corpus.of(GOOD) - answered == set()
    assert corpus.of(BAD) & answered == set()
    # Otherwise the damage is too light, or too heavy, to tell anything.
    assert 0 < len(corpus.of(EITHER) & answered) < len(corpus.of(EITHER))


def test_predict_answers_each_good_file_of_a_folder_and_names_each_bad_one(
    run: Run, corpus: Corpus, runs: Path
) -> None:
    words = ("--run", "judge", "--runs-dir", runs, "--json")
    outcome = run("predict", corpus.root, *words)
    assert outcome.code == 1
    # Not even a library's warning.
    assert outcome.err == "Left out: 2 × link to a folder\n"
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert sorted(row["path"] for row in rows) == sorted(map(str, corpus.verdicts))
    for row in rows:
        # Either an answer or an error, never both or none.
        assert (row["label"] is None) == (row["probabilities"] is None)
        assert (row["label"] is None) != (row["error"] is None)
    assert_kept(corpus, {Path(row["path"]) for row in rows if row["error"] is None})
    answers = {Path(row["path"]): row["label"] for row in rows}
    wrong = {path.name for path, label in corpus.classes.items() if answers[path] != label}
    assert wrong == set()


def test_predict_says_the_same_of_files_given_one_by_one(
    run: Run, corpus: Corpus, runs: Path
) -> None:
    words = ("predict", "--run", "judge", "--runs-dir", runs, "--")
    outcome = run(*words, *sorted(corpus.verdicts))
    assert outcome.code == 1
    answered, named = outcome.out.splitlines(), outcome.err.splitlines()
    assert len(answered) + len(named) == len(corpus.verdicts)
    assert len(corpus.of(GOOD)) <= len(answered)
    assert len(corpus.of(BAD)) <= len(named)
    for path in corpus.of(BAD):
        assert sum(line.startswith(f"{path}: ") for line in named) == 1
    assert any("new\\nline.png" in line for line in answered)
    assert "\x1b" not in outcome.out  # names don't command the terminal
    assert "\r" not in outcome.out


@pytest.mark.parametrize(
    ("name", "code"), [("album.jpg/inside.png", 0), ("pipe.jpg", 1), ("dangling.jpg", 1)]
)
def test_predict_of_a_single_file(
    run: Run, runs: Path, tmp_path: Path, name: str, code: int
) -> None:
    plant_no_files(tmp_path / "set", COLOURS[0])
    words = ("--run", "judge", "--runs-dir", runs)
    outcome = run("predict", tmp_path / "set" / name, *words)
    assert outcome.code == code
    assert name in (outcome.err if code else outcome.out)
    assert (outcome.out == "") == bool(code)


@pytest.mark.parametrize("name", ["x" * 300 + ".jpg", "x" * 300 + "/a.jpg", "a/" * 3000 + "a.jpg"])
def test_predict_names_a_path_that_can_not_be(run: Run, runs: Path, name: str) -> None:
    words = ("--run", "judge", "--runs-dir", runs, "--json")
    outcome = run("predict", name, *words)
    assert outcome.code == 1
    assert "File name too long" in json.loads(outcome.out)["error"]


def test_train_leaves_out_the_bad_ones_and_lists_them(
    run: Run, corpus: Corpus, tmp_path: Path
) -> None:
    words = ("--arch", "baseline", "--image-size", 32, "--epochs", 1, "--run", "odd")
    outcome = run("train", "--data", corpus.root, "--runs-dir", tmp_path, *words)
    assert outcome.code == 0, outcome.err
    manifest = json.loads((tmp_path / "odd" / "manifest.json").read_text())
    skipped = [Path(item["path"]) for item in manifest["skipped"]]
    assert len(skipped) == len(set(skipped))
    assert all(item["reason"] for item in manifest["skipped"])
    assert_kept(corpus, set(corpus.verdicts) - set(skipped))
    assert f"unreadable: {len(skipped)} pictures" in one_line(outcome.err)
    counts = manifest["data"]["counts"].values()
    assert sum(sum(of_split.values()) for of_split in counts) == len(corpus.verdicts)
    assert "Warning" not in outcome.err.replace("Warning: left out", "")


def test_evaluate_counts_the_good_ones_and_names_the_bad(
    run: Run, corpus: Corpus, runs: Path
) -> None:
    words = ("--runs-dir", runs, "--data", corpus.root, "--json")
    outcome = run("evaluate", "judge", *words)
    assert outcome.code == 0, outcome.err
    n = json.loads(outcome.out)["n"]
    readable = {
        path for path in corpus.verdicts if not isinstance(try_decode(path, 32), ImageError)
    }
    assert_kept(corpus, readable)
    assert n == len(readable)
    assert f"unreadable: {len(corpus.verdicts) - n} pictures" in one_line(outcome.err)
    first = min(corpus.verdicts.keys() - readable)
    assert str(first.relative_to(corpus.root)) in outcome.err


def checked(outcome: Outcome, root: Path) -> set[Path]:
    """Return the files that ``data check --json`` found to be of no use."""
    found = json.loads(outcome.out)["findings"]
    return {root / path for item in found if item["kind"] in FATAL for path in item["paths"]}


def test_data_check_names_each_bad_file_and_no_good_one(run: Run, corpus: Corpus) -> None:
    outcome = run("data", "check", corpus.root, "--json")
    assert outcome.code == 1
    bad = checked(outcome, corpus.root)
    assert_kept(corpus, set(corpus.verdicts) - bad)


def test_data_split_gives_every_file_a_split_and_training_finds_it_by_the_file(
    run: Run, corpus: Corpus, tmp_path: Path
) -> None:
    file = tmp_path / "split.csv"
    outcome = run("data", "split", corpus.root, "--out", file, "--json")
    assert outcome.code == 0, outcome.err
    words = ("--arch", "baseline", "--image-size", 32, "--epochs", 1, "--run", "odd")
    outcome = run("train", "--data", corpus.root, "--split", file, "--runs-dir", tmp_path, *words)
    assert outcome.code == 0, outcome.err
    manifest = json.loads((tmp_path / "odd" / "manifest.json").read_text())
    counts = manifest["data"]["counts"].values()
    assert sum(sum(of_split.values()) for of_split in counts) == len(corpus.verdicts)
    assert_kept(corpus, set(corpus.verdicts) - {Path(i["path"]) for i in manifest["skipped"]})


def test_data_show_draws_what_can_be_drawn(run: Run, corpus: Corpus, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    outcome = run("data", "show", corpus.root, "--count", 30, "--out", sheet)
    assert outcome.code == 0, outcome.err
    assert decode(sheet, 64).shape == (64, 64, 3)


def test_data_fix_takes_the_bad_ones_away_and_brings_them_back(run: Run, corpus: Corpus) -> None:
    before = {path: file_digest(path) for path in corpus.verdicts}
    outcome = run("data", "fix", corpus.root, "--kinds", ",".join(sorted(FATAL)))
    try:
        assert outcome.code == 1  # some can't be moved, and are named
        assert "(its path is too long)" in outcome.err
        left = {path for path in corpus.verdicts if os.path.lexists(path)}
        named = {path for path in left if f": {path.relative_to(corpus.root)} (" in outcome.err}
        assert_kept(corpus, left - named)
    finally:
        outcome = run("data", "fix", corpus.root, "--undo")
    assert outcome.code == 0, outcome.err
    assert {path: file_digest(path) for path in corpus.verdicts} == before


def test_the_answers_do_not_depend_on_pillows_leniency(corpus: Corpus) -> None:
    """Pillow can be told to fill up what is cut with grey; no library here does so."""
    import keras
    import keras_cv
    import matplotlib.pyplot

    import tl_catdog.training.trainer

    assert all((keras, keras_cv, matplotlib.pyplot, tl_catdog.training.trainer))
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert corpus.of(BAD)


@pytest.mark.parametrize("size", [8, 32, 224])  # the smallest is decoded at reduced scale
def test_no_cut_file_is_answered_at_any_size(size: int) -> None:
    cut = list(cut_files(COLOURS[0], 5))
    assert len(cut) > 150
    found = {made.name: try_decode(made.data, size) for made in cut}
    assert [name for name, item in found.items() if not isinstance(item, ImageError)] == []


def test_pictures_up_to_the_limit_are_not_refused_for_their_size() -> None:
    side = int(MAX_PIXELS**0.5)
    allowed, refused = (try_decode(png(n, n, 8, 2), 32) for n in (side, side + 1))
    assert isinstance(allowed, ImageError)
    assert "pixels" not in allowed.message
    assert isinstance(refused, ImageError)
    assert "pixels" in refused.message


def test_a_run_finds_its_own_pictures_again_whatever_their_names(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 10})
    for index, name in enumerate(("return\rhere", "both\r\nof them", "new\nline", 'quo"te,s')):
        (data / "ant" / f"{index:03}.png").rename(data / "ant" / f"{name}.png")
    words = ("--arch", "baseline", "--image-size", 32, "--epochs", 1, "--run", "odd")
    assert cli("train", "--data", data, "--runs-dir", tmp_path, *words).code == 0
    for split in ("train", "validation"):
        again = ("evaluate", "odd", "--runs-dir", tmp_path, "--again", "--split", split)
        assert cli(*again).code == 0


def test_evaluate_names_all_bad_files_in_json(cli: Cli, runs: Path, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 2})
    bad = [data / "ant" / f"bad {index:02}.png" for index in range(15)]
    for path in bad:
        path.write_bytes(b"no picture")
    found = json.loads(cli("evaluate", "judge", "--runs-dir", runs, "--data", data, "--json").out)
    assert [item["path"] for item in found["skipped"]] == [str(path) for path in bad]


def test_data_check_takes_a_jpeg_of_several_pictures_for_whole(tmp_path: Path) -> None:
    picture = scene(COLOURS[0])
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(picture, "MPO", save_all=True, append_images=[picture]))
    assert decode(path, 32).shape == (32, 32, 3)
    assert FATAL.isdisjoint(kind for kind, _ in inspect(path).remarks)
