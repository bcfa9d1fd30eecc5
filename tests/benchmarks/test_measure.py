"""Processes are measured as a whole, and measurements kept in one file, written in one step."""

import os
from pathlib import Path
from typing import Any

import pytest
from made_up import AROUND, record
from measure import BenchmarkError, alternating, open_journal, run_process
from summary import summarise

from tests.benchmarks.conftest import one, python


def test_time_processor_and_peak_memory_are_measured(tmp_path: Path) -> None:
    code = "import time; x = bytearray(300 * 2**20); x = None; time.sleep(0.4); print('done')"
    usage = run_process(python(code), tmp_path)
    assert 0.4 <= usage.wall_seconds < 60
    assert usage.peak_rss_bytes > 300 * 2**20  # the greatest, though it let go of it
    assert usage.stdout.read_text() == "done\n"
    usage = run_process(python("import time\nwhile time.process_time() < 0.5: pass"), tmp_path)
    assert 0.4 < usage.user_seconds + usage.system_seconds < 5
    code = "import os, time; print(time.time() - float(os.environ['BENCHMARK_STARTED']))"
    assert 0 < float(run_process(python(code), tmp_path).stdout.read_text()) < 30


def test_a_failing_process_is_named_with_the_end_of_its_standard_error(tmp_path: Path) -> None:
    code = "import sys; [print('line', n, file=sys.stderr) for n in range(99)]; sys.exit(7)"
    with pytest.raises(BenchmarkError) as caught:
        run_process(python(code), tmp_path)
    text = str(caught.value)
    assert "range(99)" in text
    assert "exit code 7" in text
    assert text.endswith("line 98")
    assert "line 50" not in text
    with pytest.raises(BenchmarkError, match="can't start no-such-program"):
        run_process(["no-such-program"], tmp_path)


def test_an_interruption_ends_the_running_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def interrupted(pid: int, options: int) -> Any:
        started.append(pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "wait4", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_process(python("import time; time.sleep(600)"), tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_every_second_repeat_goes_the_other_way_round() -> None:
    order = [f"{repeat}{task.name}" for repeat, task in alternating([one(x) for x in "xyz"], 3)]
    assert order == ["1x", "1y", "1z", "2z", "2y", "2x", "3x", "3y", "3z"]


def test_the_file_is_written_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    journal = open_journal(path, AROUND, summarise, resume=False)
    journal.add(record("a ours", 1, 1.0))
    before = path.read_bytes()
    with pytest.raises(TypeError):
        journal.add(record("a notebook", 1, 1.0, broken=object()))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_only_what_compares_stands_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    open_journal(path, AROUND, summarise, resume=False).save()
    with pytest.raises(BenchmarkError, match="--resume"):
        open_journal(path, AROUND, summarise, resume=False)
    newer = {**AROUND, "versions": {**AROUND["versions"], "tl-catdog": "9"}}
    assert open_journal(path, newer, summarise, resume=True).measurements == []
    other = {**AROUND, "machine": {**AROUND["machine"], "cores": 64}}
    with pytest.raises(BenchmarkError, match="other machine"):
        open_journal(path, other, summarise, resume=True)
    path.write_text("[]")
    with pytest.raises(BenchmarkError, match="isn't a file of measurements"):
        open_journal(path, AROUND, summarise, resume=True)
