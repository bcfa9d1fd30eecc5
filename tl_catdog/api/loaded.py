"""A run whose network is loaded when it is first needed, and that can be copied and pickled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

from tl_catdog.errors import CatdogError
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import Run, read_run
from tl_catdog.runtime import ProcessLock

_loading = ProcessLock()
"""Networks are loaded one after the other, so that two threads don't load the same one."""


class Loaded:
    """A run with its network; ``Classifier`` is what users get.

    Args:
        run: The run; its network is loaded at the first prediction.
    """

    def __init__(self, run: Run) -> None:
        self.run = replace(run, path=run.path.absolute())
        self._predictors: dict[bool, Predictor] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.run.path)!r}, classes={self.classes})"

    def __copy__(self) -> Self:
        """Return another of the same run; the loaded network never changes, so both use it."""
        other = type(self)(self.run)
        other._predictors = dict(self._predictors)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return what ``__copy__`` does."""
        return self.__copy__()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[type[Self], Run]]:
        """Return how to read the run again, for ``pickle``: a network can't be pickled."""
        return _read_again, (type(self), self.run)

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.name

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return self.run.classes

    def predictor(self, *, mirror: bool = False) -> Predictor:
        """Return the loaded network; it is loaded once, whichever thread asks.

        Args:
            mirror: Whether it averages over each picture and its mirror image.

        Raises:
            CatdogError: Its file is missing, changed or unreadable.
        """
        if mirror not in self._predictors:
            with _loading:
                if mirror not in self._predictors:  # another thread may have been faster
                    self._predictors[mirror] = Predictor.load(self.run, mirror=mirror)
        return self._predictors[mirror]


def _read_again(kind: type[Loaded], pickled: Run) -> Loaded:
    """Return a run that was pickled, read from its folder.

    Raises:
        CatdogError: It is gone, damaged, or another one by now.
    """
    run = read_run(pickled.path)
    if _trained(run) != _trained(pickled):
        raise CatdogError(
            f"expected the run that was pickled, found another one at {pickled.path}.",
            f"Type: tl.load({str(pickled.path)!r})",
        )
    return kind(run)


def _trained(run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a training writes of a run, with its network's hashes, and nobody afterwards."""
    return dict(run.config), {k: v for k, v in run.manifest.items() if k != "files"}
