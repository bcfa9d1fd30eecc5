"""What commands are given, what is read of their runs, and where they ran."""

import json
from pathlib import Path
from typing import Any

import measure
import pytest
from bench import enlarge_pictures, grow, link_pictures, read_run
from measure import BenchmarkError, run_process
from PIL import Image
from surroundings import cpu_model, surroundings

from tests.benchmarks.conftest import bench_in
from tests.conftest import paint_set
from tl_catdog.data.folders import scan
from tl_catdog.drawings import draw
from tl_catdog.runs.folder import SHIPPED


def test_the_surroundings_say_what_figures_depend_on(tmp_path: Path) -> None:
    found = surroundings(paint_set(tmp_path / "set", {"train": 3, "validation": 1}))
    assert found["pictures"] == {"train": 6, "validation": 2}
    assert found["machine"]["cores"] >= 1
    assert found["versions"]["tl-catdog"] != "not installed"
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Fast CPU: 3 GHz\n")
    assert cpu_model(tmp_path / "cpuinfo") == "Fast CPU: 3 GHz"


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


def test_camera_pictures_are_as_large_as_asked_and_keep_their_form(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 2})
    with Image.open(next(data.rglob("*.png"))) as picture:
        form = picture.width / picture.height
    enlarge_pictures(data, tmp_path / "camera", 5, 100_000)
    made = sorted((tmp_path / "camera").iterdir())
    assert len(made) == 5
    for path in made:
        with Image.open(path) as picture:
            assert picture.format == "JPEG"
            assert picture.width * picture.height == pytest.approx(100_000, rel=0.01)
            assert picture.width / picture.height == pytest.approx(form, rel=0.01)


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
