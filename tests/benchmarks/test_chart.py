"""The charts name what they show, and none of their words lie over each other."""

import json
import sys
from pathlib import Path
from typing import Any

import chart
import pytest

MEASURED = json.loads((Path(chart.__file__).parent / "results" / "2026-11-24.json").read_text())
"""The results that the documents show."""


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
