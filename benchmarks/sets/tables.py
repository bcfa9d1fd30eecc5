"""Markdown tables of the section on all sets, each below a line that names the worst set."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from figures import Column, Pick, column, combine, points, printed
from measure import Record, failed_parts

from sets.summary import (
    doublings,
    flips_found,
    flips_listed,
    foreign_parts,
    leaks,
    likely_right,
    percentage,
    set_names,
    times_100,
    worst_foreign,
)
from sets.tasks import STEPS, TUTORIAL

NOTHING = "–"
Write = Callable[[float], str]


def markdown(document: Mapping[str, Any]) -> str:
    """Return all tables of a results file, and what wasn't measured."""
    records: list[Record] = document["measurements"]
    names = set_names(records)
    tables = (learning, few, refusing, labels, copies)
    parts = [table(records, names, document["sets"]) for table in tables]
    return "\n\n".join(part for part in (*parts, missing(document, names)) if part) + "\n"


def learning(
    records: Sequence[Record], names: Sequence[str], sets: Mapping[str, Mapping[str, int]]
) -> str:
    """Tell of training on all pictures."""
    gains, rows, right = {}, [], {}
    for name in names:
        ours, peer = _part(records, name, "whole"), _part(records, name, "whole, regression")
        gains[name], right[name] = combine(points, ours, peer), times_100(ours)
        judged = _entry(records, name, "judged")
        tutorial = f"{name}: {TUTORIAL}"
        key = "test_frozen" if judged == "test" else "frozen"
        rows.append(
            (
                name,
                f"{_entry(records, name, 'classes')} / {sets[name]['train']:,}",
                f"{sets[name].get(str(judged), 0):,} {judged}",
                _cell(right[name]),
                _interval(records, name),
                _cell(times_100(peer)),
                _cell(gains[name], signed),
                _cell(times_100(_part(records, name, "whole", "balanced_accuracy"))),
                _error(records, name, "whole"),
                _cell(times_100(column(records, "g", tutorial, printed(key)))),
            )
        )
    lines = [_worst("fewest right", right, min), _worst("most behind", gains, min, signed)]
    titles = (
        *("set", "classes / training pictures", "judged by", "right, %", "95 % interval, seed 0"),
        "logistic regression, %",
        *("difference, points", "balanced accuracy, %", "calibration error, %"),
        "Keras' tutorial, %",
    )
    return _table(lines, titles, rows)


def few(
    records: Sequence[Record], names: Sequence[str], sets: Mapping[str, Mapping[str, int]]
) -> str:
    """Tell of training on few pictures, and on unequal classes."""
    rows, errors, recalls = [], {}, {}
    for name in names:
        if not any("2x5" in r["printed"] for r in _learning(records, name)):
            continue
        cells = []
        for part in ("2x5", "2x10"):
            ours, peer = (times_100(_part(records, name, f"{part}{of}")) for of in REGRESSION)
            cells += [f"{_cell(ours)} / {_cell(peer)}", _error(records, name, part)]
        errors[name] = times_100(_part(records, name, "2x10", "ece"))
        rare = _entry(records, name, "rare") or {"label": "", "counts": {}}
        counts = " : ".join(f"{n:,}" for n in rare["counts"].values())
        for part in ("unequal", "unequal, balanced weights"):
            accuracy = times_100(_part(records, name, part))
            balanced = times_100(_part(records, name, part, "balanced_accuracy"))
            cells.append(f"{_cell(accuracy)} / {_cell(balanced)}")
        recalls[name] = times_100(
            column(
                records,
                "g",
                f"{name}: learning",
                printed("unequal, balanced weights", "recall", rare["label"], "value"),
            )
        )
        rows.append((name, *cells[:4], counts, *cells[4:], _cell(recalls[name])))
    lines = [
        _worst("calibration error from 2 × 10", errors, max),
        _worst("recall of the rare class", recalls, min),
    ]
    titles = (
        *("set", "2 × 5: right / logistic regression, %", "calibration error, %"),
        *("2 × 10: right / logistic regression, %", "calibration error, %", "unequal"),
        *("right / balanced, %", "the same, `--class-weights balanced`", "recall of the rare, %"),
    )
    return _table(lines, titles, rows)


REGRESSION = ("", ", regression")


def refusing(
    records: Sequence[Record], names: Sequence[str], sets: Mapping[str, Mapping[str, int]]
) -> str:
    """Tell of ``--reject``: what is answered, and what is withheld of foreign pictures."""
    rows, worst = [], {}
    for name in names:
        here = [_part(records, name, "whole", "reject", "here", key) for key in ("given", "right")]
        n = _part(records, name, "whole", "n")
        strange = combine(percentage, _part(records, name, "whole", "reject", "unfamiliar"), n)
        promised = times_100(_part(records, name, "whole", "reject", "precision"))
        worst[name] = worst_foreign(records, name)
        parts = [foreign_parts(record) for record in _learning(records, name)]
        kinds = sorted({kind for part in parts for kind in part})
        means = {
            kind: statistics.mean(part[kind] for part in parts if kind in part) for kind in kinds
        }
        mean = statistics.mean(means.values()) if means else None
        least = min(means, key=means.__getitem__) if means else NOTHING
        rows.append(
            (
                name,
                _cell(promised),
                _cell(combine(percentage, here[0], n)),
                _cell(combine(percentage, here[1], here[0])),
                _cell(strange),
                NOTHING if mean is None else f"{mean:.1f}",
                f"{_cell(worst[name])} ({least})" if means else NOTHING,
            )
        )
    titles = (
        *("set", "promised, %", "answered, %", "of these right, %", "own held unfamiliar, %"),
        *("foreign ones withheld, %, mean", "of the kind with the fewest"),
    )
    return _table([_worst("foreign ones withheld", worst, min)], titles, rows)


def labels(
    records: Sequence[Record], names: Sequence[str], sets: Mapping[str, Mapping[str, int]]
) -> str:
    """Tell of ``review`` and ``learning-curve``."""
    rows, first, sums = [], {}, [0, 0]
    for name in names:
        planted = _part(records, name, "labels", "planted")
        first[name] = flips_found(records, name)
        held = [hit for hits in doublings(records, name).values() for hit in hits]
        sums = [sums[0] + sum(held), sums[1] + len(held)]
        rows.append(
            (
                name,
                _cell(planted, lambda value: f"{value:.0f}"),
                _cell(first[name]),
                _cell(flips_listed(records, name)),
                _cell(likely_right(records, name)),
                f"{sum(held)} of {len(held)}" if held else NOTHING,
            )
        )
    lines = [_worst("flips in the first rows", first, min)]
    if sums[1]:
        lines.append(f"doublings within their forecast: {sums[0]} of {sums[1]}")
    titles = (
        *("set", "labels flipped", "in as many first rows, %", "in the list, %"),
        *("of the likely ones flipped, %", "doublings within the forecast"),
    )
    return _table(lines, titles, rows)


def copies(
    records: Sequence[Record], names: Sequence[str], sets: Mapping[str, Mapping[str, int]]
) -> str:
    """Tell of ``data check`` and ``data split``."""
    rows, recalls = [], {}
    for name in names:
        own = [r["printed"] for r in records if r["name"] == f"{name}: copies"]
        if not own:
            continue

        def found(*path: str, name: str = name) -> Column:
            return column(records, "g", f"{name}: copies", printed(*path))

        leaked = leaks(records, name)
        as_is = own[0].get("check", {})
        told = [str(as_is.get(kind, 0)) for kind in ("label-conflict", "leak", "duplicate")]
        recalls[name] = combine(percentage, found("planted", "found"), found("planted", "planted"))
        rows.append(
            (
                name,
                " / ".join(told) if "n" in as_is else NOTHING,
                _cell(recalls[name]),
                _cell(found("planted", "strangers"), lambda value: f"{value:.1f}"),
                f"{sum(leaked.values()):.0f}" if leaked else NOTHING,
            )
        )
    titles = (
        *("set", "reported as it is: conflicts / leaks / duplicates", "planted copies found, %"),
        *("others named with them, pictures", "leaks after `data split`"),
    )
    return _table([_worst("planted copies found", recalls, min)], titles, rows)


def missing(document: Mapping[str, Any], names: Sequence[str]) -> str:
    """Say what failed, and what the tables lack because it wasn't measured."""
    records = document["measurements"]
    repeats = sorted({r["repeat"] for r in records if r["section"] == "g"})
    there = {(r["name"], r["repeat"]) for r in records}
    lines = [
        f"{name}: {step}, seed {repeat - 1}: not measured"
        for name in sorted({*names, *document["sets"]})
        for step in STEPS
        for repeat in repeats
        if (f"{name}: {step}", repeat) not in there
    ]
    lines += [
        f"{r['name']}, seed {r['repeat'] - 1}, {part}: {r['printed'][part]['error']}"
        for r in records
        if r["section"] == "g"
        for part in failed_parts(r)
    ]
    return "\n".join(f"- {line}" for line in lines)


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return f"{value:+.1f}".replace("-", "−")


def _plain(value: float) -> str:
    return f"{value:.1f}"


def _learning(records: Sequence[Record], name: str) -> list[Record]:
    return [r for r in records if r["section"] == "g" and r["name"] == f"{name}: learning"]


def _entry(records: Sequence[Record], name: str, key: str) -> Any:
    return next((r["printed"][key] for r in _learning(records, name) if key in r["printed"]), None)


def _part(records: Sequence[Record], name: str, part: str, *path: str) -> Column:
    pick: Pick = printed(part, *(path or ("accuracy",)))
    return column(records, "g", f"{name}: learning", pick)


def _cell(found: Column, write: Write = _plain) -> str:
    """Return the mean over the seeds, and the least and greatest where they differ."""
    if not found:
        return NOTHING
    mean, low, high = (write(of(found.values())) for of in (statistics.mean, min, max))
    if low == high:
        return mean
    return f"{mean} ({low} to {high})" if write is signed else f"{mean} ({low}–{high})"


def _error(records: Sequence[Record], name: str, part: str) -> str:
    return _cell(times_100(_part(records, name, part, "ece")))


def _interval(records: Sequence[Record], name: str) -> str:
    whole = _entry(records, name, "whole") or {}
    if "accuracy_ci" not in whole:
        return NOTHING
    low, high = (_plain(100 * end) for end in whole["accuracy_ci"])
    return f"{low}–{high}"


def _worst(
    what: str,
    found: Mapping[str, Column],
    of: Callable[..., str],
    write: Write = _plain,
) -> str:
    means = {name: statistics.mean(each.values()) for name, each in found.items() if each}
    if not means:
        return ""
    name = of(means, key=means.__getitem__)
    return f"{what}: **{name}**, {write(means[name])}"


def _table(lines: Sequence[str], titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    # A column that nothing stands in tells nothing.
    kept = [i for i in range(len(titles)) if any(row[i] != NOTHING for row in rows)]
    table = [[line[i] for i in kept] for line in (titles, ["-"] * len(titles), *rows)]
    head = "; ".join(line for line in lines if line)
    drawn = [f"| {' | '.join(row)} |" for row in table]
    drawn[1] = f"|{'|'.join(table[1])}|"
    return "\n".join([f"The worst: {head}." if head else "", "", *drawn]).strip()
