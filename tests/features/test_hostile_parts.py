"""Batches of a stranger: whatever is in their parts and manifests, one line says what is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.conftest import Cli
from tests.support.commands import assert_one_line
from tl_catdog.cluster.planning import FeatureSettings, draft
from tl_catdog.data.labelling import AS_IT_IS
from tl_catdog.errors import UsageError
from tl_catdog.features.extracted import in_parts
from tl_catdog.features.extracted_plan import open_extracted
from tl_catdog.features.extracted_set import extracted_set
from tl_catdog.runs.folder import shipped_run
from tl_catdog.shards.arrow import arrow
from tl_catdog.shards.closing import close
from tl_catdog.shards.listing import Digests
from tl_catdog.shards.parts import write_part
from tl_catdog.shards.plan import PARTS, part_name, write_plan
from tl_catdog.shards.rows import Row
from tl_catdog.storage.places import Place

COUNT = 40
WIDTH = 1280

Change = Callable[[Path], Any]


def made(dest: Path) -> Path:
    """Write a batch of features that nobody computed."""
    rows = [
        Row(f"{'cats' if n % 2 else 'dogs'}/{n}.jpg", "cats" if n % 2 else "dogs")
        for n in range(COUNT)
    ]
    source: Any = SimpleNamespace(text="/nowhere", remarks=())
    drawn_up = draft("features", source, COUNT, None, FeatureSettings(mirror="no"))
    digests = Digests()
    digests.add(rows)
    plan = replace(drawn_up, listing_sha256=digests.sha256, rows=COUNT, shards=1)
    write_plan(Place.of(dest), plan)
    columns: dict[str, Any] = {
        "path": [row.path for row in rows],
        "sha256": [hashlib.sha256(row.path.encode()).hexdigest() for row in rows],
        "error": [None] * COUNT,
        "label": [row.label for row in rows],
        "split": [None] * COUNT,
        "features": [list(row) for row in np.random.default_rng(0).random((COUNT, plan.width))],
    }
    digest = digests.of_shard[0]
    part = write_part(Place.of(dest), plan, 0, columns, digest)
    close(Place.of(dest), plan, {0: part}, [digest])
    return dest


def changed(dest: Path, change: Callable[[Any], Any]) -> None:
    """Change the part's table, and the manifest so that it vouches for it."""
    pa = arrow()
    place = dest / PARTS / part_name(0)
    table = change(pa.parquet.read_table(place))
    out = io.BytesIO()
    pa.parquet.write_table(table, out)
    place.write_bytes(out.getvalue())
    vouch(dest, bytes=len(out.getvalue()), sha256=hashlib.sha256(out.getvalue()).hexdigest())


def vouch(dest: Path, **values: Any) -> None:
    manifest = json.loads((dest / "manifest.json").read_text())
    manifest["parts"][0].update(values)
    (dest / "manifest.json").write_text(json.dumps(manifest))


def column(name: str, make: Callable[[list[Any]], list[Any]]) -> Callable[[Path], None]:
    def change(table: Any) -> Any:
        place = table.schema.get_field_index(name)
        field = table.schema.field(name)
        values = make(table.column(name).to_pylist())
        found = table.set_column(place, field, arrow().array(values, field.type))
        return found.replace_schema_metadata(table.schema.metadata)

    return lambda dest: changed(dest, change)


def first(value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [value, *values[1:]]


def part_of(dest: Path) -> Path:
    return dest / PARTS / part_name(0)


def no_parquet(dest: Path) -> None:
    part_of(dest).write_bytes(b"PAR1")
    vouch(dest, sha256=hashlib.sha256(b"PAR1").hexdigest())


def another_plan(table: Any) -> Any:
    return table.replace_schema_metadata({**table.schema.metadata, b"tl-catdog.plan": b"0" * 64})


OTHERS = "expected finite features or an error of each picture, found others in part 0"

PARTS_OF_STRANGERS: dict[str, tuple[Change, str]] = {
    "a feature that is no number": (column("features", first([np.nan] * WIDTH)), OTHERS),
    "one that is infinite": (column("features", first([np.inf] * WIDTH)), OTHERS),
    "one whose square is infinite": (column("features", first([-1e30] * WIDTH)), OTHERS),
    "neither features nor an error": (column("features", first(None)), OTHERS),
    "features and an error": (column("error", first("broken")), OTHERS),
    "no name": (column("path", first(None)), "names within the folder of the pictures, found ''"),
    "a name that leads out": (column("path", first("../a.jpg")), "found '../a.jpg'"),
    "an absolute one": (column("path", first("/etc/passwd")), "found '/etc/passwd'"),
    "a name twice": (column("path", lambda v: [v[1], *v[1:]]), "each picture once"),
    "no hash": (column("sha256", first("../x")), "a SHA-256 of"),
    "a split of another name": (column("split", first("tset")), "a split of"),
    "no classes": (column("label", lambda v: [None] * len(v)), "its listing has none"),
    "one class": (column("label", lambda v: ["cats"] * len(v)), "two classes or more"),
    "a class that is a folder": (column("label", first("../cat")), "it has a slash"),
    "a class for each": (column("label", lambda v: list(map(str, range(len(v))))), "40 classes of"),
    "another plan's part": (lambda dest: changed(dest, another_plan), "a part of another plan"),
    "a row less": (lambda dest: changed(dest, lambda t: t.slice(1)), "other columns or rows"),
    "a column less": (
        lambda dest: changed(dest, lambda t: t.drop_columns(["features"])),
        "other columns or rows",
    ),
    "no Parquet": (no_parquet, "found no Parquet"),
    "nothing": (lambda dest: part_of(dest).unlink(), "found none. Type again: tl-catdog batch"),
    "cut": (lambda dest: os.truncate(part_of(dest), 999), "other bytes than the manifest says"),
}

MANIFESTS: dict[str, tuple[Change, str]] = {
    "a name that leads out": (lambda dest: vouch(dest, name="../part-00000.parquet"), "another na"),
    "an absolute one": (lambda dest: vouch(dest, name="/etc/passwd"), "another name"),
    "numbers below zero": (lambda dest: vouch(dest, errors={"a": -1}), "no numbers of errors"),
    "no number": (lambda dest: vouch(dest, rows=float("nan")), "other kinds of values"),
    "depth": (lambda dest: deep(dest), "maximum recursion depth"),
    "none": (lambda dest: (dest / "manifest.json").unlink(), "a batch that is closed"),
    "no end": (lambda dest: (dest / "_SUCCESS").unlink(), "a batch that is closed"),
}


def deep(dest: Path) -> None:
    (dest / "manifest.json").write_text("[" * 100_000)


@pytest.mark.parametrize("case", PARTS_OF_STRANGERS)
def test_a_training_says_what_is_wrong_with_a_part(tmp_path: Path, cli: Cli, case: str) -> None:
    change, says = PARTS_OF_STRANGERS[case]
    change(made(tmp_path / "out"))
    found = cli("train", "--features", tmp_path / "out", "--runs-dir", tmp_path / "models")
    assert found.code in (1, 2)
    assert_one_line(found.err)
    assert says in found.err
    assert not list((tmp_path / "models").glob("*/manifest.json"))


@pytest.mark.parametrize("case", MANIFESTS)
@pytest.mark.parametrize("words", [("train",), ("evaluate", str(shipped_run().path))])
def test_a_manifest_that_cannot_be_is_refused(
    tmp_path: Path, cli: Cli, words: tuple[str, ...], case: str
) -> None:
    change, says = MANIFESTS[case]
    change(made(tmp_path / "out"))
    found = cli(*words, "--features", tmp_path / "out")
    assert found.code in (1, 2)
    assert_one_line(found.err)
    assert says in found.err


def test_pictures_that_could_not_be_read_are_no_training(tmp_path: Path, cli: Cli) -> None:
    dest = made(tmp_path / "out")
    column("error", lambda v: ["broken"] * len(v))(dest)
    column("features", lambda v: [None] * len(v))(dest)
    found = cli("train", "--features", dest, "--runs-dir", tmp_path / "models")
    assert found.code == 1
    assert_one_line(found.err)
    assert "readable pictures of every class" in found.err


@pytest.mark.parametrize("store", ["file", "memory", "s3"])
def test_parts_are_read_wherever_they_are(
    tmp_path: Path, store: str, request: pytest.FixtureRequest
) -> None:
    local = made(tmp_path / "out")
    if store == "s3":
        request.getfixturevalue("object_store")
    address = local.as_uri() if store == "file" else f"{store}://pictures/hostile-{os.getpid()}"
    there = Place.of(address)
    for path in local.rglob("*"):
        if path.is_file() and store != "file":
            (there / path.relative_to(local).as_posix()).write(path.read_bytes())
    found = extracted_set(address, AS_IT_IS)
    assert found.examples == extracted_set(local, AS_IT_IS).examples
    (part,) = in_parts(open_extracted(address), found.examples, ("plain",))
    assert [place for place, _ in part] == list(range(COUNT))
    (there / "_SUCCESS").remove()
    with pytest.raises(UsageError, match="expected a batch that is closed"):
        open_extracted(address)
