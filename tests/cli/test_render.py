"""The tables as a person sees them, at 80 and at 120 columns."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from tl_catdog.cli.class_tables import data_summary
from tl_catdog.cli.render import comparison_view, skipped_table
from tl_catdog.data.batches import Skipped
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.evaluation.comparison import Group, Pair, RunFigures
from tl_catdog.evaluation.metrics import Metrics
from tl_catdog.statistics import Estimate, Interval


def text_of(view: RenderableType, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(view)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert max(map(cell_len, lines)) <= width
    return "\n".join(lines)


def evaluation(accuracy: float, low: float, high: float) -> Metrics:
    interval = Interval(low, high)
    balanced = Estimate(accuracy, interval, 832)
    cells = ((414, 2), (3, 413))
    return Metrics(
        ("cats", "dogs"), 832, accuracy, interval, balanced, None, 0.99987, 0.0213, cells
    )


GROUP = Group(
    data="dogs-vs-cats",
    fingerprint="f" * 64,
    classes=("cats", "dogs"),
    split="validation",
    n=832,
    drawn=False,
    runs=(
        RunFigures(
            "baseline", "baseline", ("scratch",), (), 64, evaluation(0.8413, 0.815, 0.8646),
            1_142_081, 1_142_081, 480.4, 0.81, 4_619_662, 0, False,
        ),
        RunFigures(
            "mobilenet-finetune", "mobilenet", ("frozen", "finetune"), (), 224,
            evaluation(0.994, 0.9861, 0.9974), 2_422_081, 1_688_513, 95.0, 11.9, 9_900_000, 0,
            True,
        ),
    ),
    pairs=(
        Pair(
            "mobilenet-finetune", "baseline", 832, 0.1527, Interval(0.1281, 0.1785), 1e-20,
        ),
    ),
)  # fmt: skip


def test_comparison_at_80_columns() -> None:
    found = text_of(comparison_view(GROUP), 80)
    assert "84.1 (81.5–86.5)" in found
    assert "99.4 (98.6–99.7)" in found
    for word in ("8:00", "95 s", "11.9", "9.9", "2.42M", "1.69M", "interrupted"):
        assert word in found
    assert "mobilenet-finetune beats baseline by 15.3 points (12.8–17.8), p < 0.001." in found
    assert "flatter" in found
    assert "…" not in found


def test_comparison_at_120_columns() -> None:
    found = text_of(comparison_view(GROUP), 120)
    rows = [line for line in found.splitlines() if " 0.9999 " in line]
    assert [row.split()[0] for row in rows] == ["baseline", "mobilenet-finetune"]
    assert "baseline scratch 64 px" in found
    assert "beats baseline by 15.3 points (12.8–17.8), p < 0.001." in found


@pytest.mark.parametrize("width", [80, 120])
def test_skipped_files_are_named_whole(width: int) -> None:
    path = Path("/data") / "a\nb.jpg"
    items = [Skipped(path, "train", "broken: image file is truncated")] * 12
    found = text_of(skipped_table(items, Path("/data")), width)
    assert "left out of /data, as unreadable: 12 pictures" in found
    assert "and 2 more" in found
    assert r" a\nb.jpg" in found


def test_data_summary_names_what_was_ignored() -> None:
    examples = tuple(
        Example(Path("x"), "x", label, split, "d")
        for split, label in [("train", "ant"), ("train", "bee"), ("test", "bee")]
    )
    pictures = ImageSet(Path("pets"), "class folders", ("ant", "bee"), examples, {".heic": 3})
    found = text_of(data_summary(pictures), 80)
    assert "pets (class folders)" in found
    assert "3 × .heic" in found
    assert [line.split() for line in found.splitlines() if "test" in line] == [["test", "0", "1"]]


def test_a_run_whose_fine_tuning_was_rejected_isnt_called_fine_tuned() -> None:
    baseline, tuned = GROUP.runs
    rejected = replace(GROUP, runs=(baseline, replace(tuned, rejected=("finetune",))))
    assert "frozen+finetune 224 px" in text_of(comparison_view(GROUP), 120)
    text = text_of(comparison_view(rejected), 120)
    assert "mobilenet frozen (fine-tuning rejected) 224 px" in text
    assert "+finetune" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_balanced_accuracy_stands_below_accuracy_where_classes_are_unequal(width: int) -> None:
    assert "balanced" not in text_of(comparison_view(GROUP), width).lower()
    run = GROUP.runs[1]
    item = replace(
        run.evaluation,
        confusion=((800, 2), (13, 17)),
        balanced_accuracy=Estimate(0.782, Interval(0.65, 0.87), 832),
    )
    text = text_of(comparison_view(replace(GROUP, runs=(replace(run, evaluation=item),))), width)
    assert "99.4 (98.6–99.7)" in text
    assert "78.2 (65.0–87.0)" in text
    assert "mean recall of the classes" in text


def test_out_of_fold_predictions_are_called_so() -> None:
    runs = tuple(replace(run, out_of_fold=True) for run in GROUP.runs)
    text = text_of(comparison_view(replace(GROUP, runs=runs)), 80)
    assert "dogs-vs-cats: out-of-fold, 832 pictures" in text
    assert "flatter" not in text
