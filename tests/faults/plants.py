"""What is planted in worlds: damaged pictures, an edited list, an archive."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

from tests.support.fetch_sets import FEW, zipped


def damage(root: Path) -> None:
    """Plant what ``data fix`` puts aside: cut and empty files, leaks, two classes for a picture."""
    pictures = root / "set"
    train, validation = pictures / "train", pictures / "validation"
    cats = sorted((train / "cats").iterdir())
    dogs = sorted((train / "dogs").iterdir())
    suffix = cats[0].suffix
    cats[0].write_bytes(cats[0].read_bytes()[:200])
    dogs[0].write_bytes(b"no picture")
    (train / "dogs" / f"empty{suffix}").touch()
    for index, path in enumerate(cats[1:4]):
        shutil.copy(path, validation / "cats" / f"leak-{index}{suffix}")
    for index, path in enumerate(dogs[1:3]):
        shutil.copy(path, train / "cats" / f"two-{index}{suffix}")


def as_own(root: Path) -> None:
    """Let drawings pass for pictures of one's own: those of all users are never moved."""
    for name in ("drawn.json", "boxes.json"):
        (root / "set" / name).unlink(missing_ok=True)


def edit_review(root: Path) -> None:
    """Ask in the review list for what can be asked: other classes, and pictures away."""
    path = root / "models" / "mine" / "review" / "review.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    for index, row in enumerate(rows):
        other = "dogs" if row["label"] == "cats" else "cats"
        row["action"] = ("keep", other, "remove")[index % 3]
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, rows[0].keys())
    table.writeheader()
    table.writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")


def archive(root: Path) -> None:
    """Plant the archive of a small set."""
    (root / "few.zip").write_bytes(zipped(FEW))


def other_picture(path: Path) -> None:
    """Put another picture in a picture's place, at once."""
    from tl_catdog.drawings import draw

    other = path.with_name(f"{path.stem}.new{path.suffix}")
    draw("dog", seed=99, size=48).image.save(other)
    other.rename(path)
