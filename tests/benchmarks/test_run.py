"""Sections run one after the other; what fails or is interrupted loses nothing that is measured."""

import json
import subprocess
import sys
from pathlib import Path

import measure
import pytest
import run
from bench import Bench
from made_up import AROUND, FAKE, made_up
from measure import Job, Task, open_journal
from sections import SECTIONS, Plan, Section
from summary import summarise

from tests.benchmarks.conftest import bench_in, one, python
from tests.conftest import paint_set

FAILS = Task(
    "a", "fails", lambda _: Job(python("raise SystemExit('no luck')"), measure.read_json_line)
)


def section(*tasks: Task) -> Section:
    return Section("a", "a test", lambda bench, plan: tasks, lambda plan: plan.repeats)


def test_the_starter_stays_small() -> None:
    code = "import sys, run; print(' '.join(sys.modules))"
    done = subprocess.run(
        python(code), cwd=Path(run.__file__).parent, capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & {"numpy", "tensorflow", "keras", "PIL", "matplotlib"}


def test_finished_measurements_are_kept_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results" / "x.json"
    log: list[str] = []
    plan, bench = Plan(repeats=2), bench_in(tmp_path)
    first = open_journal(path, AROUND, summarise, resume=False)
    # A section that fails is given up, the next one has its turn.
    chosen = [section(one("x", log), FAILS), section(one("y", log))]
    assert run.run(first, chosen, bench, plan) == 1
    assert log == ["x 1", "y 1", "y 2"]
    assert "no luck" in capsys.readouterr().err

    again = open_journal(path, AROUND, summarise, resume=True)
    assert run.run(again, [section(one("x", log), one("y", log))], bench, plan) == 0
    assert log == ["x 1", "y 1", "y 2", "x 2"]
    kept = json.loads(path.read_text())
    taken = [(m["name"], m["repeat"], m["printed"]["n"]) for m in kept["measurements"]]
    assert taken == [("x", 1, 1), ("y", 1, 1), ("y", 2, 2), ("x", 2, 2)]
    assert {m["commit"] for m in kept["measurements"]} == {"0123456789abcdef"}
    assert kept["machine"] == AROUND["machine"]


def test_an_interruption_leaves_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(repeat: int) -> Job:
        raise KeyboardInterrupt

    journal = open_journal(tmp_path / "x.json", AROUND, summarise, resume=False)
    tasks = section(one("x"), Task("a", "y", interrupt))
    assert run.run(journal, [tasks, tasks], bench_in(tmp_path), Plan()) == 130
    assert len(json.loads((tmp_path / "x.json").read_text())["measurements"]) == 1
    assert "--resume" in capsys.readouterr().err


def test_every_section_runs_and_feeds_figures_with_commands_that_do_nothing(
    tmp_path: Path,
) -> None:
    data = paint_set(tmp_path / "set", {"train": 6, "validation": 2, "test": 1})
    fake, work, weights = tmp_path / "fake", tmp_path / "work", tmp_path / "net.weights.h5"
    fake.write_text(FAKE.format(python=sys.executable))
    fake.chmod(0o755)
    work.mkdir()
    paint_set(tmp_path / "sets" / "insects", {"train": 6, "val": 2})
    bench = Bench(data, work, weights, str(fake), str(fake), sets=tmp_path / "sets")
    plan = Plan(repeats=1, startup_repeats=1, camera=2000, sizes=(40, 80), seeds=1, slow=True)
    journal = open_journal(tmp_path / "x.json", AROUND, summarise, resume=False)
    assert [task for item in SECTIONS for task in item.tasks(bench, plan)]
    assert list(work.iterdir()) == []  # nothing is prepared before its turn
    assert run.run(journal, SECTIONS, bench, plan) == 0
    found = {(m["section"], m["name"]): m for m in journal.measurements}
    known = {(r["section"], r["name"]) for r in made_up() if r["section"] != "f"}
    sizes = {("f", f"{verb} {n}") for verb in ("train", "predict") for n in (20, 40, 80)}
    steps = {("g", f"insects: {step}") for step in ("learning", "copies", "curve", "tutorial")}
    assert set(found) == known | sizes | steps
    assert found["d", "ours"]["printed"]["n"] == 18
    assert found["f", "predict 80"]["printed"] == {"n": 80, "errors": 0, "mean_output": 0.6}
    assert {line["section"] for line in journal.document["summary"]} == set("abcdef")
    commands = " ".join(m["command"] for m in journal.measurements)
    assert str(tmp_path) not in commands  # readers elsewhere have other folders
    assert "tl-catdog train --arch baseline --data DIR --runs-dir TMP/job-" in commands
    assert not list(work.glob("job-*"))  # runs and caches go when they have been read


def test_wrong_use_is_found_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = paint_set(tmp_path / "set", {"train": 1, "validation": 1})
    words = ["--out", str(tmp_path / "x.json"), "--data"]
    for more, said in (
        ([str(data), "--only", "a,z"], "out of a,b,c,d,e,f,g"),
        ([str(data), "--only", "b"], "--weights"),
        ([str(data), "--only", "g"], "--sets"),
        ([str(data), "--only", "g", "--sets", str(data), "--slow"], "--weights"),
        ([str(data), "--only", "g", "--sets", str(data / "train")], "expected sets"),
        ([str(data / "train"), "--only", "a"], "validation/"),
    ):
        assert run.main([*words, *more]) == 2
        assert said in capsys.readouterr().err
    assert run.main(["--out", str(tmp_path / "x.json")]) == 2
    assert "--data DIR, --sets DIR" in capsys.readouterr().err
    for bad in (["--repeats", "0"], ["--sizes", "5"], ["--sizes", "many"]):
        with pytest.raises(SystemExit):
            run.main([*words, str(data), *bad])
    assert not (tmp_path / "x.json").exists()
