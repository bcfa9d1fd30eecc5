"""Per-picture predictions on labelled pictures: what every statistic derives from."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tl_catdog.data.folders import VALIDATION
from tl_catdog.data.split_file import DIGEST, check_name, csv_lines
from tl_catdog.errors import CatdogError, listing, shortened, shown
from tl_catdog.runs.folder import PREDICTIONS, Run

FIXED = ("sha256", "name", "label", "predicted")
NOVELTY = "novelty"
ROUNDING = 1e-8  # of a sum of probabilities in double precision


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
    digests: Sequence[str]
    names: Sequence[str]
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
        return "".join(self.csv_of())

    def csv_of(self) -> Iterator[str]:
        """Yield the lines of ``to_csv``."""
        last = () if self.novelty is None else (NOVELTY,)
        header = (*FIXED, *(f"p({label})" for label in self.classes), *last)
        return csv_lines(header, self._rows())

    def _rows(self) -> Iterator[tuple[str, ...]]:
        values = self.probabilities
        if self.novelty is not None:
            values = np.column_stack([values, self.novelty])
        for digest, name, label, predicted, row in zip(
            self.digests, self.names, self.labels, self.predicted, values, strict=True
        ):
            words = digest, name, self.classes[label], self.classes[predicted]
            yield (*words, *map(repr, row.tolist()))


def read_predictions(run: Run, split: str) -> Predictions:
    """Read what a run keeps of its answers on a split.

    Raises:
        CatdogError: The file is missing, changed or damaged.
    """
    name = f"{PREDICTIONS}/{split}.csv"
    hint = f"Type: tl-catdog evaluate {run.typed} --split {split} --again"
    if run.out_of_fold and split == VALIDATION:  # the models that gave them are gone
        hint = f"Put the run's own file back, or {run.train_again[0].lower()}{run.train_again[1:]}"
    content = run.read(name, hint)
    try:
        return _from_csv(content.decode("utf-8", "surrogateescape"), run.classes)
    except (ValueError, csv.Error) as error:
        raise CatdogError(
            f"expected saved predictions in {run.path / name}, found {error}.", hint
        ) from None


def _from_csv(text: str, classes: tuple[str, ...]) -> Predictions:
    """Restore what ``Predictions.to_csv`` gave, for the classes of a run.

    Raises:
        ValueError: It isn't that; the error says what was found instead.
        csv.Error: It isn't CSV.
    """
    header, *rows = csv.reader(io.StringIO(text, newline="")) if text else [[]]
    columns = [*FIXED, *(f"p({label})" for label in classes)]
    if header not in (columns, [*columns, NOVELTY]):
        raise ValueError(f"the columns {listing(shown(name) for name in header)}")
    if not rows:
        raise ValueError("no rows")
    place = {label: index for index, label in enumerate(classes)}
    names: dict[str, None] = {}
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise ValueError(f"{len(row)} cells instead of {len(header)} in line {number}")
        digest, name, *labels = row[: len(FIXED)]
        for label in labels:
            if label not in place:
                raise ValueError(f"the class {shown(label)} in line {number}")
        if not DIGEST.fullmatch(digest):
            raise ValueError(f"the SHA-256 {shown(digest)} in line {number}")
        if name in names:
            raise ValueError(f"{shown(name)} again in line {number}")
        check_name(name)
        names[name] = None
    try:
        values = np.array([row[len(FIXED) :] for row in rows], dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"cells that are no numbers ({shortened(str(error), 80)})") from None
    found = Predictions(
        classes,
        tuple(row[0] for row in rows),
        tuple(names),
        np.array([place[row[2]] for row in rows], dtype=np.int64),
        values[:, : len(classes)],
        values[:, len(classes)] if header[-1] == NOVELTY else None,
    )
    _check_values(found, [place[row[3]] for row in rows])
    return found


def _check_values(found: Predictions, predicted: list[int]) -> None:
    """Make sure that figures can be computed.

    Raises:
        ValueError: Probabilities are none or don't sum to one, a novelty is none, or an answer
            isn't the most probable class.
    """
    values = found.probabilities
    with np.errstate(invalid="ignore"):
        sums = np.abs(values.sum(axis=1) - 1) <= ROUNDING
        right = sums & ((values >= 0) & (values <= 1)).all(axis=1)  # not a number is neither
        if found.novelty is not None:
            right &= (found.novelty >= -ROUNDING) & (found.novelty <= 2 + ROUNDING)
    if not right.all():
        line = int(np.argmin(right)) + 2
        raise ValueError(f"numbers in line {line} that are no probabilities or no novelty")
    same = found.predicted == predicted
    if not same.all():
        line = int(np.argmin(same)) + 2
        raise ValueError(f"an answer in line {line} that isn't the most probable class")
