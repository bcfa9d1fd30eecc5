"""Per-picture predictions on labelled pictures: what every statistic derives from."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tl_catdog.errors import CatdogError
from tl_catdog.files import read_text

FIXED = ("sha256", "name", "label", "predicted")
NOVELTY = "novelty"


@dataclass(frozen=True)
class Predictions:
    """A network's predictions on N labelled pictures of C classes.

    Attributes:
        classes: The C class names, in the order of ``probabilities``' columns.
        digests: SHA-256 of each picture.
        names: Path of each picture in its data folder.
        labels: True class index of each picture, shape (N,).
        probabilities: Shape (N, C), each row sums to one.
        novelty: Distance of each picture to the run's feature bank, shape (N,), 0 to 2; None where
            the run has none (see ``novelty``).
    """

    classes: tuple[str, ...]
    digests: tuple[str, ...]
    names: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    novelty: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """The most probable class index of each picture, shape (N,); the first one if equal."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether each picture's most probable class is its true one, shape (N,)."""
        return np.asarray(self.predicted == self.labels)

    def to_csv(self) -> str:
        """Return a table that a spreadsheet opens; floats keep every digit."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")  # so that names with a return are quoted
        last = () if self.novelty is None else (NOVELTY,)
        writer.writerow((*FIXED, *(f"p({label})" for label in self.classes), *last))
        values = self.probabilities
        if self.novelty is not None:
            values = np.column_stack([values, self.novelty])
        for digest, name, label, predicted, row in zip(
            self.digests, self.names, self.labels, self.predicted, values, strict=True
        ):
            words = digest, name, self.classes[label], self.classes[predicted]
            writer.writerow((*words, *(repr(float(value)) for value in row)))
        return out.getvalue()


def read_predictions(path: Path) -> Predictions:
    """Read what ``Predictions.to_csv`` wrote.

    Raises:
        CatdogError: The file is missing or damaged.
    """
    try:
        text = read_text(path)
        header, *rows = list(csv.reader(io.StringIO(text, newline="")))
        columns = header[len(FIXED) :]
        classes = tuple(column[2:-1] for column in columns if column.startswith("p("))
        if len(classes) < 2 or not rows:
            raise ValueError("no predictions")
        found = [[float(cell) for cell in row[len(FIXED) :]] for row in rows]
        values = np.array(found, dtype=np.float64).reshape(len(rows), len(columns))
        return Predictions(
            classes,
            tuple(row[0] for row in rows),
            tuple(row[1] for row in rows),
            np.array([classes.index(row[2]) for row in rows], dtype=np.int64),
            values[:, : len(classes)],
            values[:, len(classes)] if columns[-1] == NOVELTY else None,
        )
    except (OSError, ValueError, IndexError) as error:
        raise CatdogError(
            f"expected saved predictions, found none that can be read in {path}.",
            f"Type: tl-catdog evaluate {path.parent.parent.name} --again",
        ) from error
