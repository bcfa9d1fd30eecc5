"""Run folders with next to nothing in them, published in no time."""

from pathlib import Path
from typing import Any

from tl_catdog.runs.writer import RunWriter


def manifest(note: str = "", created: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    return {"created": created, "note": note, "data": {}, "model": {}, **more}


def publish(runs_dir: Path, name: str, note: str = "", *, force: bool = False, **more: Any) -> str:
    """Publish a run that says little more than that it is one; return its name."""
    with RunWriter(runs_dir, name, force=force) as writer:
        writer.write_config({"arch": "baseline"})
        return writer.publish(manifest(note, **more)).name
