"""Run folders with next to nothing in them, published in no time."""

import json
from pathlib import Path
from typing import Any

from tl_catdog.data.digest import file_digest
from tl_catdog.runs.folder import Run, read_run
from tl_catdog.runs.writer import RunWriter

CONFIG: dict[str, Any] = {
    "arch": "mobilenet",
    "seed": 7,
    "image_size": 32,
    "dense_units": 128,
    "dropout": 0.5,
    "backbone_weights": "packaged",
}
"""The least that settings say."""

MANIFEST: dict[str, Any] = {
    "name": "mine",
    "created": "2026-01-02T03:04:05+00:00",
    "interrupted": False,
    "seed": 7,
    "versions": {"tl-catdog": "0.2.0", "python": "3.11.7"},
    "machine": {"system": "Linux x86_64", "cpus": 2, "memory_bytes": 8 * 10**9},
    "git_commit": None,
    "data": {
        "name": "my set",
        "root": "my set",
        "layout": "folders",
        "drawn": False,
        "classes": ["ant", "bee"],
        "counts": {"train": {"ant": 3, "bee": 4}},
        "fingerprint": "beef" * 16,
    },
    "stages": [{"name": "frozen", "epochs": 2, "best_epoch": 1}],
    "timings": {"train_seconds": 12.0},
    "skipped": [],
    "model": {
        "sha256": "f00d" * 16,
        "bytes": 1_234_567,
        "params": 2_422_081,
        "trainable_params": 164_097,
    },
}
"""The least that a manifest says."""


def manifest(note: str = "", created: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    """Return a manifest; what is given of ``data`` and ``model`` is added to what is there."""
    given = more.get("data", {})
    parts = {key: {**MANIFEST[key], **more.pop(key, {})} for key in ("data", "model")}
    if "classes" in given and "counts" not in given:
        parts["data"]["counts"] = {"train": dict.fromkeys(given["classes"], 3)}
    return {**MANIFEST, "created": created, "note": note, **parts, **more}


def publish(runs_dir: Path, name: str, note: str = "", *, force: bool = False, **more: Any) -> str:
    """Publish a run that says little more than that it is one; return its name."""
    return publish_run(runs_dir, name, note, force=force, **more).name


def publish_run(
    runs_dir: Path,
    name: str = "mine",
    note: str = "",
    *,
    force: bool = False,
    files: dict[str, bytes] | None = None,
    config: dict[str, Any] | None = None,
    **more: Any,
) -> Run:
    """Publish such a run, with other settings and with files in it."""
    with RunWriter(runs_dir, name, force=force) as writer:
        writer.write_config({**CONFIG, **(config or {})})
        for path, content in (files or {}).items():
            (writer.path / path).parent.mkdir(exist_ok=True)
            writer.write_bytes(path, content)
        return writer.publish(manifest(note, **more))


KEYS = {
    "model.keras": "sha256",
    "model.onnx": "onnx_sha256",
    "references.npz": "feature_bank_sha256",
    "references.npy": "references_sha256",
    "head.npz": "head_sha256",
}
"""The network's files and their hashes in a manifest."""


def sealed(folder: Path) -> Run:
    """Make a run's hashes those of what is there, and read it."""
    seal(folder)
    return read_run(folder)


def seal(folder: Path) -> None:
    """Make a run's hashes those of what is there, as a stranger would."""
    path = folder / "manifest.json"
    told = json.loads(path.read_text())
    there = sorted(item for item in folder.rglob("*") if item.is_file() and item != path)
    told["files"] = {item.relative_to(folder).as_posix(): file_digest(item) for item in there}
    for name, key in KEYS.items():
        if name in told["files"] and key in told["model"]:
            told["model"][key] = told["files"][name]
    path.write_text(json.dumps(told))


def sha(number: int) -> str:
    """Return what looks like a SHA-256."""
    return f"{number:064x}"
