"""Which processes the section runs, what it keeps when some of them fail, several at a time."""

import json
import signal
import threading
import time
from pathlib import Path

import measure
import pytest
import run
from bench import Bench
from made_up import AROUND
from measure import BenchmarkError, Job, Task, open_journal
from sections import Plan, Section
from sets.tasks import STEPS, all_sets
from summary import summarise

from tests.benchmarks.conftest import bench_in, one, python
from tests.conftest import paint_set


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for name in ("insects", "pets", "cats", "tools"):
        paint_set(tmp_path / "sets" / name, {"train": 2, "val": 1})
    work = tmp_path / "work"
    work.mkdir()
    return Bench(tmp_path, work, program="ours", sets=tmp_path / "sets")


def section(*tasks: Task) -> Section:
    return Section("g", "a test", lambda bench, plan: tasks, lambda plan: plan.seeds, timed=False)


def test_each_step_of_each_set_has_a_process_that_is_shown_other_sets_but_kin(bench: Bench) -> None:
    plan = Plan(kin=(frozenset({"pets", "cats"}),), quick=True)
    tasks = {task.name: task for task in all_sets(bench, plan)}
    assert set(tasks) == {
        f"{name}: {step}" for name in ("insects", "pets", "cats", "tools") for step in STEPS
    }
    job = tasks["pets: learning"].prepare(3)
    shown = bench.shown(job.command, job.env)
    assert "XDG_CACHE_HOME=TMP/cache" in shown
    assert "benchmarks/one_set.py learning SETS/pets --seed 2" in shown
    assert "--others SETS/insects SETS/tools --quick" in shown
    with pytest.raises(BenchmarkError, match="--sets DIR"):
        all_sets(bench_in(bench.work), plan)


def test_the_tutorial_is_trained_once_on_a_layout_that_it_knows(bench: Bench) -> None:
    plan = Plan(slow=True)
    (task,) = (item for item in all_sets(bench, plan) if item.name == "pets: tutorial")
    order = [repeat for repeat, item in measure.alternating([task, one("x")], 3) if item is task]
    assert order == [1]
    with pytest.raises(BenchmarkError, match="--weights"):
        task.prepare(1)
    weighted = Bench(bench.data, bench.work, Path("w.weights.h5"), "ours", sets=bench.sets)
    (task,) = (item for item in all_sets(weighted, plan) if item.name == "pets: tutorial")
    job = task.prepare(1)
    data = Path(job.command[2])
    assert sorted(path.name for path in data.iterdir()) == ["train", "validation"]
    assert not any("--test" in word for word in job.command)


def test_a_failure_is_kept_and_what_failed_is_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, works = tmp_path / "x.json", tmp_path / "works"
    code = f"import os, sys; sys.exit(None if os.path.exists({str(works)!r}) else 'no luck')"
    printing = f"print('{{}}')\n{code}"
    partly = (
        "import os\n"
        f'part = \'{{"n": 1}}\' if os.path.exists({str(works)!r}) else \'{{"error": "odd"}}\'\n'
        'print(\'{"whole": {"n": 2}, "few": \' + part + "}")'
    )
    tasks = [
        Task("g", "s: fails", lambda repeat: Job(python(printing), measure.read_json_line)),
        Task("g", "s: partly", lambda repeat: Job(python(partly), measure.read_json_line)),
        one("whole"),
    ]
    plan, bench = Plan(seeds=1), bench_in(tmp_path)
    journal = open_journal(path, AROUND, summarise, resume=False)
    assert run.run(journal, [section(*tasks)], bench, plan) == 1
    said = capsys.readouterr().err
    assert "no luck" in said
    assert "few failed: odd" in said
    kept = json.loads(path.read_text())
    assert [item["name"] for item in kept["measurements"]] == ["s: partly", "whole"]
    assert [item["name"] for item in kept["failures"]] == ["s: fails"]
    assert str(tmp_path) not in path.read_text()  # nor this machine's folders
    works.touch()
    journal = open_journal(path, AROUND, summarise, resume=True)
    assert run.run(journal, [section(*tasks)], bench, plan) == 0
    assert "whole: measured before" in capsys.readouterr().err
    kept = json.loads(path.read_text())
    assert [item["name"] for item in kept["measurements"]] == ["whole", "s: fails", "s: partly"]
    assert kept["failures"] == []


def test_several_run_at_a_time_and_an_interruption_ends_them_all(tmp_path: Path) -> None:
    wait = "import time; time.sleep(600); print('{}')"
    tasks = [
        Task("g", f"s: {number}", lambda repeat: Job(python(wait), measure.read_json_line))
        for number in range(3)
    ]
    journal = open_journal(tmp_path / "x.json", AROUND, summarise, resume=False)
    seen: list[int] = []

    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while len(measure.RUNNING) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        seen.append(len(measure.RUNNING))
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)

    watcher = threading.Thread(target=interrupt)
    # A shell's background jobs ignore Ctrl-C, and Python with them.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    watcher.start()
    try:
        code = run.run(journal, [section(*tasks)], bench_in(tmp_path), Plan(seeds=1, jobs=2))
        watcher.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert code == 130
    assert seen == [2]
    assert set() == measure.RUNNING
    assert journal.measurements == []
