"""The figures of the section on all sets, with the targets that they should reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from figures import Column, Figure, Pick, column, combine, figure, points, printed, quotient
from measure import Record

MANY = 400
"""Test pictures from which on the calibration error should be ``WELL`` at most."""

WELL, FAIRLY = 5.0, 12.0
"""Greatest calibration errors in points: of many test pictures, and from 2 × 10 to train on."""


def set_names(records: Sequence[Record]) -> list[str]:
    """Return the sets that something was measured of, in their order."""
    return sorted({r["name"].rpartition(": ")[0] for r in records if r["section"] == "g"})


def on_sets(records: Sequence[Record]) -> list[Figure]:
    """Return what was measured on each set, then the means of all sets."""
    names = set_names(records)
    found = [item for name in names for item in of_set(records, name)]
    means = [
        mean_of_sets(records, names, "flips in the first rows, % (mean of sets)", flips_found, 85),
        mean_of_sets(records, names, "flips in the list, % (mean of sets)", flips_listed),
        mean_of_sets(records, names, "likely labels that are flips, % (mean)", likely_right, 60),
    ]
    held = [hit for name in names for hits in doublings(records, name).values() for hit in hits]
    if held:
        part = {0: 100 * sum(held) / len(held)}
        means.append(figure("g", "doublings within the forecast, %", part, unit="%", at_least=90))
    return found + means


def of_set(records: Sequence[Record], name: str) -> list[Figure]:
    """Return the figures of one set."""

    def learnt(*path: str) -> Column:
        return column(records, "g", f"{name}: learning", printed(*path))

    def copies(*path: str) -> Column:
        return column(records, "g", f"{name}: copies", printed(*path))

    def share(upper: Column, lower: Column) -> Column:
        return combine(percentage, upper, lower)

    def line(
        what: str,
        found: Column,
        unit: str = "%",
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> Figure:
        what = f"{name}: {what}"
        return figure("g", what, found, unit=unit, at_least=at_least, at_most=at_most)

    whole, peer = learnt("whole", "accuracy"), learnt("whole, regression", "accuracy")
    n, unfamiliar = learnt("whole", "n"), learnt("whole", "reject", "unfamiliar")
    well = WELL if n and min(n.values()) >= MANY else None
    given, right = (learnt("whole", "reject", "here", key) for key in ("given", "right"))
    planted, seen = copies("planted", "planted"), copies("planted", "found")
    leaked = leaks(records, name)  # a median would hide one
    return [
        line("right", times_100(whole)),
        line("ours − logistic regression", combine(points, whole, peer), "points", at_least=-1),
        line("calibration error", times_100(learnt("whole", "ece")), at_most=well),
        line("calibration error from 2 × 10", times_100(learnt("2x10", "ece")), at_most=FAIRLY),
        line("answered with --reject", share(given, n)),
        line("of these right", share(right, given)),
        line("own ones held unfamiliar", share(unfamiliar, n), at_most=4),
        line("foreign ones withheld, worst kind", worst_foreign(records, name), at_least=85),
        line("planted copies found", share(seen, planted), at_least=98),
        line("leaks after data split", {0: sum(leaked.values())} if leaked else {}, "", at_most=0),
        line("flips in the first rows", flips_found(records, name)),
    ]


def percentage(upper: float, lower: float) -> float | None:
    """Return a part in percent, or None of nothing."""
    part = quotient(upper, lower)
    return None if part is None else 100 * part


def times_100(found: Column) -> Column:
    """Return parts in percent."""
    return {repeat: 100 * value for repeat, value in found.items()}


def mean_of_sets(
    records: Sequence[Record],
    names: Sequence[str],
    what: str,
    of: Callable[[Sequence[Record], str], Column],
    target: float | None = None,
) -> Figure:
    """Return the mean over those sets that have the figure in a repeat."""
    columns = [of(records, name) for name in names]
    means = {}
    for repeat in sorted({repeat for each in columns for repeat in each}):
        values = [each[repeat] for each in columns if repeat in each]
        means[repeat] = sum(values) / len(values)
    return figure("g", what, means, unit="%", at_least=target)


def flips_found(records: Sequence[Record], name: str) -> Column:
    """Return which part of the flips ``review`` has in as many rows as there are flips."""
    return _of_labels(records, name, "first", "planted")


def flips_listed(records: Sequence[Record], name: str) -> Column:
    """Return which part of the flips is anywhere in the list of ``review``, in percent."""
    return _of_labels(records, name, "listed", "planted")


def likely_right(records: Sequence[Record], name: str) -> Column:
    """Return which part of the labels called likely wrong are flips."""
    return _of_labels(records, name, "true", "likely")


def _of_labels(records: Sequence[Record], name: str, upper: str, lower: str) -> Column:
    own = (
        column(records, "g", f"{name}: learning", printed("labels", key)) for key in (upper, lower)
    )
    return combine(percentage, *own)


def worst_foreign(records: Sequence[Record], name: str) -> Column:
    """Return the part withheld of the set that most pictures are answered of, in percent."""

    def worst(record: Record) -> float | None:
        parts = foreign_parts(record).values()
        return min(parts, default=None)

    return column(records, "g", f"{name}: learning", worst)


def foreign_parts(record: Record) -> dict[str, float]:
    """Return for each other set which part of its pictures is withheld, in percent."""
    return {
        key.removeprefix("foreign "): 100 * found["withheld"] / found["n"]
        for key, found in record["printed"].items()
        if key.startswith("foreign ") and found.get("n")
    }


def leaks(records: Sequence[Record], name: str) -> Column:
    """Return how many leaks ``data check`` finds in what ``data split`` made."""

    def count(record: Record) -> float | None:
        split = record["printed"].get("split", {})
        return None if "n" not in split else float(split.get("leak", 0))

    pick: Pick = count
    return column(records, "g", f"{name}: copies", pick)


def doublings(records: Sequence[Record], name: str) -> dict[int, list[bool]]:
    """Return for each repeat whether each doubling's gain lay in the interval of its forecast."""
    return {
        r["repeat"]: [
            found["held"] for key, found in r["printed"].items() if key.startswith("doubling ")
        ]
        for r in records
        if r["section"] == "g" and r["name"] == f"{name}: curve"
    }
