"""Commands on pictures in a real S3 server do what they do on the same folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Cli, paint_set
from tests.support.batches import in_process
from tests.support.commands import assert_one_line
from tests.support.object_store import Fault, Store
from tl_catdog.shards.reading import read_parts
from tl_catdog.storage.places import Place

ADDRESS = "s3://pictures/set"
SMALL = ("--arch", "baseline", "--image-size", 32, "--epochs", 1, "--runs-dir", "models")


@pytest.fixture
def folder(tmp_path: Path, object_store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose classes and splits are in one name, and the same at ``ADDRESS``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = paint_set(tmp_path / "made", {"train": 4, "test": 2})
    root = tmp_path / "set"
    for part in ("train", "test"):
        for label in ("ant", "bee"):
            shutil.copytree(made / part / label, root / f"{label}_{part}")
    for path in root.rglob("*.png"):
        Place.of(f"{ADDRESS}/{path.relative_to(root).as_posix()}").write(path.read_bytes())
    object_store.requests.clear()
    return root


def fetched(store: Store) -> int:
    return sum(request.startswith("GET") and ".png" in request for request in store.requests)


@pytest.mark.slow
def test_a_training_and_what_comes_after_it(folder: Path, object_store: Store, cli: Cli) -> None:
    for data, run in ((ADDRESS, "far"), (folder, "near")):
        done = cli("train", "--data", data, *SMALL, "--run", run)
        assert done.code == 0, done.err
    assert fetched(object_store) == 12
    far, near = (Path("models") / run for run in ("far", "near"))
    assert (far / "model.onnx").read_bytes() == (near / "model.onnx").read_bytes()
    said = [
        json.loads(cli("evaluate", "far", "--data", data, "--split", "test", "--json").out)
        for data in (ADDRESS, folder)
    ]
    assert said[0]["accuracy"] == said[1]["accuracy"]
    one = "ant_test/000.png"
    answers = [
        json.loads(cli("predict", "--run", "far", "--json", f"{data}/{one}").out)
        for data in (ADDRESS, folder)
    ]
    assert answers[0]["probabilities"] == answers[1]["probabilities"]
    assert answers[0]["path"] == f"{ADDRESS}/{one}"
    done = cli("explain", f"{ADDRESS}/{one}", "--run", "far", "--json", "--out", "why.png")
    assert json.loads(done.out)["path"] == f"{ADDRESS}/{one}"
    assert fetched(object_store) == 12, "what is here was fetched again"


@pytest.mark.slow
def test_a_check(folder: Path, object_store: Store, cli: Cli) -> None:
    said = [json.loads(cli("data", "check", data, "--json").out) for data in (ADDRESS, folder)]
    assert said[0]["findings"] == said[1]["findings"]
    assert fetched(object_store) == 12


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["predict", "features", "check"])
def test_a_batch_to_the_bit(
    kind: str, folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    rows = []
    for source, dest in (
        (ADDRESS, "s3://pictures/out"),
        (folder, "out"),
        (f"file://{folder}", f"file://{folder.parent}/again"),
    ):
        done = cli("batch", kind, source, "--out", dest, "--shard-size", 5)
        assert done.code == 0, done.err
        found = [row for batch in read_parts(dest) for row in batch.to_pylist()]
        rows.append(sorted(found, key=lambda row: str(row["path"])))
    assert rows[0] == rows[1] == rows[2]


@pytest.mark.slow
def test_a_store_that_refuses_and_a_batch_that_goes_on(
    folder: Path, object_store: Store, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    words = ("batch", "check", ADDRESS, "--out", "s3://pictures/out", "--shard-size", 5)
    object_store.faults.append(Fault("refuse", "part-00001.parquet", 99, method="PUT"))
    done = cli(*words)
    assert done.code == 1
    assert_one_line(done.err)
    object_store.faults.clear()
    assert cli(*words).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("data", "fix", ADDRESS),
        ("data", "split", ADDRESS),
        ("doctor", "--data", ADDRESS),
        ("data", "show", "set", "--out", "s3://pictures/sheet.png"),
        ("explain", ADDRESS),
        ("train", "--data", "s3://pictures/nothing"),
        ("predict", "s3://no-such-bucket/a.jpg"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_one_line(words: tuple[str, ...], folder: Path, cli: Cli) -> None:
    done = cli(*words)
    assert done.code in (1, 2)
    assert_one_line(done.err)
    assert not Path("s3:").exists()
