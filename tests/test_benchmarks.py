"""The benchmarks' own machinery, on commands that take no time; nothing here trains or measures."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.conftest import paint_set
from tl_catdog.data.folders import scan
from tl_catdog.drawings import draw
from tl_catdog.runs.folder import SHIPPED

# They are scripts, not a part of the package.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import chart
import measure
import report
import run
from bench import Bench, grow, link_pictures, read_run
from figures import column, combine, figure, quotient, reached, wall
from made_up import AROUND, FAKE, made_up, record
from measure import BenchmarkError, Job, Task, alternating, open_journal, run_process
from sections import SECTIONS, Plan, Section
from summary import figures, summarise
from surroundings import cpu_model, surroundings


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def one(name: str, log: list[str] | None = None) -> Task:
    def prepare(repeat: int) -> Job:
        if log is not None:
            log.append(f"{name} {repeat}")
        return Job(python(f"print('{{\"n\": {repeat}}}')"), measure.read_json_line)

    return Task("a", name, prepare)


FAILS = Task(
    "a", "fails", lambda _: Job(python("raise SystemExit('no luck')"), measure.read_json_line)
)


def section(*tasks: Task) -> Section:
    return Section("a", "a test", lambda bench, plan: tasks, lambda plan: plan.repeats)


def bench_in(folder: Path) -> Bench:
    return Bench(folder, folder, program="/somewhere/bin/tl-catdog")


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


def test_the_surroundings_say_what_figures_depend_on(tmp_path: Path) -> None:
    found = surroundings(paint_set(tmp_path / "set", {"train": 3, "validation": 1}))
    assert found["pictures"] == {"train": 6, "validation": 2}
    assert found["machine"]["cores"] >= 1
    assert found["versions"]["tl-catdog"] != "not installed"
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Fast CPU: 3 GHz\n")
    assert cpu_model(tmp_path / "cpuinfo") == "Fast CPU: 3 GHz"


def test_ratios_are_taken_within_a_repeat() -> None:
    records = [record("a slow", n, s) for n, s in ((1, 10.0), (2, 30.0), (3, 9.0))]
    records += [record("a fast", n, s) for n, s in ((1, 5.0), (2, 10.0), (4, 1.0))]
    columns = (column(records, "a", name, wall) for name in ("slow", "fast"))
    assert combine(quotient, *columns) == {1: 2.0, 2: 3.0}
    line = figure("a", "slow / fast", {3: 8.0, 1: 2.0, 2: 3.0}, at_least=3).to_json()
    assert line["values"] == [2.0, 3.0, 8.0]
    assert (line["median"], line["min"], line["max"], line["met"]) == (3.0, 2.0, 8.0, True)
    assert [figure("a", "x", {1: 3.0}, at_most=n).met for n in (2, None)] == [False, None]


def test_the_time_to_an_accuracy_is_that_of_the_first_epoch_there() -> None:
    trained = record("b ours", 1, 1.0, clock=[(10.0, 0.9), (20.0, 0.96), (30.0, 0.95)])
    assert reached(0.95)(trained) == 20.0
    assert reached(0.99)(trained) is None
    assert reached(0.95)(record("b ours", 1, 1.0)) is None


def test_each_section_has_its_ratios() -> None:
    lines = {f"{line['section']} {line['name']}": line for line in summarise(made_up())}
    expected = {
        "a notebook / ours, seconds": 1.2,
        "a ours − notebook --augment's best, validation": 5.0,
        "b tutorial's frozen epochs / our command": 10.0,
        "b tutorial's frozen epochs / our time to 0.990": 12.5,
        "b tutorial's fine-tuning / ours": 8.0,
        "b time to 95 %, tutorial / ours": 4.0,
        "b time to 98 %, tutorial / ours --finetune": 50.0,
        "c head again / what it may take": 0.375,
        "a ours − notebook's final, test": 8.0,
        "b ours --finetune − tutorial finetuned, validation": 1.0,
        "d ours, steady": 200.0,
        "d ours, whole command / Keras, whole command": 44 / 12,
        "d ours, steady / bare forward pass": 200 / 220,
        "e --help / an empty Typer app": 1.5,
        "e predict one picture, seconds": 0.5,
        "f train 10,000 / 2,000, peak memory": 1.05,
        "f predict 10,000 / 2,000, time each": 54 / 10000 / (14 / 2000),
        "f train 10,000 / 2,000, time each, no start-up": 1.0,
    }
    for name, value in expected.items():
        assert lines[name]["median"] == pytest.approx(value, abs=1e-4), name
    # The tutorial never got there, and has no test figures without test pictures.
    assert not any("99 %" in name or "tutorial finetuned, test" in name for name in lines)
    assert all(line["met"] for line in lines.values() if line["target"] is not None)
    for letter in "abcdef":
        own = [r for r in made_up() if r["section"] == letter]
        assert {item.section for item in figures(own)} == {letter}
        assert {item.section for item in figures(own[:1])} <= {letter}


def test_every_section_runs_and_feeds_figures_with_commands_that_do_nothing(
    tmp_path: Path,
) -> None:
    data = paint_set(tmp_path / "set", {"train": 6, "validation": 2, "test": 1})
    fake, work, weights = tmp_path / "fake", tmp_path / "work", tmp_path / "net.weights.h5"
    fake.write_text(FAKE.format(python=sys.executable))
    fake.chmod(0o755)
    work.mkdir()
    bench = Bench(data, work, weights, str(fake), str(fake))
    plan = Plan(repeats=1, startup_repeats=1, sizes=(40, 80))
    journal = open_journal(tmp_path / "x.json", AROUND, summarise, resume=False)
    assert [task for item in SECTIONS for task in item.tasks(bench, plan)]
    assert list(work.iterdir()) == []  # nothing is prepared before its turn
    assert run.run(journal, SECTIONS, bench, plan) == 0
    found = {(m["section"], m["name"]): m for m in journal.measurements}
    known = {(r["section"], r["name"]) for r in made_up() if r["section"] != "f"}
    sizes = {("f", f"{verb} {n}") for verb in ("train", "predict") for n in (20, 40, 80)}
    assert set(found) == known | sizes
    assert found["d", "ours"]["printed"]["n"] == 18
    assert found["f", "predict 80"]["printed"] == {"n": 80, "errors": 0, "mean_output": 0.6}
    assert {line["section"] for line in journal.document["summary"]} == set("abcdef")
    commands = " ".join(m["command"] for m in journal.measurements)
    assert str(tmp_path) not in commands  # readers elsewhere have other folders
    assert "tl-catdog train --arch baseline --data DIR --runs-dir TMP/job-" in commands
    assert not list(work.glob("job-*"))  # runs and caches go when they have been read


def test_a_runs_epochs_without_seconds_are_left_out(tmp_path: Path) -> None:
    manifest: dict[str, Any] = {"evaluations": {}, "stages": [], "timings": {}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    rows = ({"val_accuracy": 0.9}, {"val_accuracy": 0.97, "elapsed": 4.5})
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_run(tmp_path)["clock"] == [(4.5, 0.97)]
    with pytest.raises(BenchmarkError, match="expected a run"):
        read_run(tmp_path / "none")


def test_folders_of_links_are_balanced_fair_and_without_leaks(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 7, "validation": 3})
    grow(data, tmp_path / "grown", 50)
    folder = scan(tmp_path / "grown")
    labels = {split: [p.label for p in members] for split, members in folder.splits.items()}
    assert labels["train"] == ["ant"] * 20 + ["bee"] * 20
    assert labels["validation"] == ["ant"] * 5 + ["bee"] * 5
    assert len({picture.path.name for picture in folder.splits["train"]}) == 40
    for split, members in folder.splits.items():
        for picture in members:
            assert picture.path.is_symlink()
            assert picture.path.resolve().is_relative_to(data / split / picture.label)
    assert link_pictures(data, tmp_path / "some", 4) == 4
    parts = {path.resolve().relative_to(data).parent for path in (tmp_path / "some").iterdir()}
    assert len(parts) >= 3


def test_wrong_use_is_found_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = paint_set(tmp_path / "set", {"train": 1, "validation": 1})
    words = ["--out", str(tmp_path / "x.json"), "--data"]
    for more, said in (
        ([str(data), "--only", "a,z"], "out of a,b,c,d,e,f"),
        ([str(data), "--only", "b"], "--weights"),
        ([str(data / "train"), "--only", "a"], "validation/"),
    ):
        assert run.main([*words, *more]) == 2
        assert said in capsys.readouterr().err
    for bad in (["--repeats", "0"], ["--sizes", "5"], ["--sizes", "many"]):
        with pytest.raises(SystemExit):
            run.main([*words, str(data), *bad])
    assert not (tmp_path / "x.json").exists()


@pytest.fixture
def document() -> dict[str, Any]:
    summary = {"measurements": made_up(), "summary": summarise(made_up())}
    return {**AROUND, "updated": "2026-01-02T03:04:05+00:00", **summary}


def test_the_tables_fit_80_columns_and_say_whether_targets_are_met(
    document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    next(line for line in document["summary"] if line["target"] == 8)["met"] = False
    Console(width=80, highlight=False).print(report.report(document))
    text = capsys.readouterr().out
    assert max(len(line) for line in text.splitlines()) <= 80
    for words in ("Some CPU, 2 cores, 16 GiB", "≥ 8 missed", "≥ 5 met", "never", "+8.0 points"):
        assert words in text
    assert "…" not in text  # nothing is cut off
    assert [report.number(x) for x in (1234.5, 12.34, 1.234)] == ["1234", "12.3", "1.23"]


def test_the_chart_is_a_picture_and_what_it_lacks_is_said_in_one_line(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, picture = tmp_path / "x.json", tmp_path / "x.png"
    short = tmp_path / "short.png"
    monkeypatch.setattr(sys, "argv", ["chart.py", str(path), str(picture), "--short", str(short)])
    with pytest.raises(SystemExit, match="expected a results file"):
        chart.main()
    path.write_text(json.dumps({**document, "summary": []}))
    with pytest.raises(SystemExit, match="expected ratios"):
        chart.main()
    path.write_text(json.dumps(document))
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(SystemExit, match="pip install matplotlib"):
            chart.main()
    assert not picture.exists()
    pytest.importorskip("matplotlib")
    chart.main()
    for made in (picture, short):
        content = made.read_bytes()
        assert content.startswith(b"\x89PNG")
        assert int.from_bytes(content[16:20], "big") == 1600  # twice what a README shows


MEASURED = json.loads((Path(chart.__file__).parent / "results" / "2026-11-24.json").read_text())
"""The results that the documents show."""


def test_the_readmes_chart_names_at_most_eight_ratios_in_words() -> None:
    bars = chart.short_bars(chart.ratios(MEASURED))
    assert len(bars) == len(chart.SHORT) <= 8  # none of them is missing from the results
    for bar in bars:
        assert "(" not in bar.label
        assert "/" not in bar.label
    named = {bar.label: bar.value for bar in bars}
    assert named["Answers a second, once started\nagainst the network without decoding"] == (
        "0.74 × the rate\n(target ≥ 0.9)"
    )
    assert {bar.line["met"] for bar in bars} == {True, False, None}  # what was missed is shown


def test_the_full_chart_shows_every_ratio() -> None:
    lines = chart.ratios(MEASURED)
    bars = chart.full_bars(lines)
    assert [bar.line for bar in bars] == lines
    assert [bar.label.replace("\n", " ") for bar in bars] == [
        f"({line['section']}) {line['name']}" for line in lines
    ]


@pytest.mark.parametrize("kind", ["full", "short"])
def test_no_words_of_a_chart_overlap_or_leave_it(kind: str) -> None:
    lines = chart.ratios(MEASURED)
    bars, style = {
        "full": (chart.full_bars(lines), chart.FULL_STYLE),
        "short": (chart.short_bars(lines), chart.SHORT_STYLE),
    }[kind]
    drawn = chart.draw(bars, chart.caption(MEASURED), style)
    drawn.canvas.draw()
    (axes,) = drawn.axes
    low, high = axes.get_xlim()
    numbers = [tick for tick in axes.get_xticklabels() if low <= tick.get_position()[0] <= high]
    words = [*axes.texts, *axes.get_yticklabels(), *numbers, *drawn.texts]
    boxes = [(text.get_text(), text.get_window_extent()) for text in words]
    boxes.append(("the legend", drawn.legends[0].get_window_extent()))
    for index, (text, box) in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= drawn.bbox.x1, text
        assert 0 <= box.y0 < box.y1 <= drawn.bbox.y1, text
        for other, beside in boxes[index + 1 :]:
            assert not box.overlaps(beside), (text, other)


@pytest.mark.parametrize("name", ["seed_notebook", "keras_tutorial", "keras_predict"])
def test_the_peers_explain_themselves_without_starting_anything(name: str, tmp_path: Path) -> None:
    usage = run_process(bench_in(tmp_path).script(f"peers/{name}.py", "--help"), tmp_path)
    assert "usage:" in usage.stdout.read_text()


@pytest.mark.slow
def test_the_profile_of_prediction_says_what_the_limit_is_made_of(tmp_path: Path) -> None:
    for seed in range(12):
        draw("cat", seed=seed, size=300).image.save(tmp_path / f"{seed}.jpg")
    command = bench_in(tmp_path).script("predict_profile.py", SHIPPED, tmp_path, "--every", 1)
    found = measure.read_json_line(run_process(command, tmp_path).stdout)
    taken = found["core_ms"]
    assert found["n"] == 12
    assert taken.keys() == {"jpeg", "resize", "decode", "forward", "predict"}
    assert min(taken.values()) > 0
    limit = taken["forward"] / (taken["forward"] + taken["decode"])
    assert found["limit"] == pytest.approx(limit, abs=0.01)
    assert found["reached"] == pytest.approx(taken["forward"] / taken["predict"], abs=0.01)
