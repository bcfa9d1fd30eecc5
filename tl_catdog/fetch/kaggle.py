"""Fetching a competition's file with Kaggle's own library, which knows accounts."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from tl_catdog.errors import CatdogError

TOKEN = "https://www.kaggle.com/settings"


def download(competition: str, name: str, again: str) -> Path:
    """Return the file, in the library's own cache.

    Args:
        competition: The competition's name.
        name: The file's.
        again: The command to repeat.

    Raises:
        CatdogError: The library or an account is missing, or Kaggle refuses.
    """
    # It logs to what was standard output when it was imported; that is for results.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            import kagglehub
            from kagglehub.exceptions import UnauthenticatedError
        except ImportError as error:
            raise CatdogError(
                "expected Kaggle's library, found none.",
                f"Type: pip install 'tl-catdog[kaggle]', then: {again}",
            ) from error
        try:
            return Path(kagglehub.competition_download(competition, path=name))
        except UnauthenticatedError as error:
            raise CatdogError(
                "expected a Kaggle account, found no token of one.",
                f"Make a token on {TOKEN}, type: export KAGGLE_API_TOKEN=…, then: {again}",
            ) from error
        except (OSError, ValueError, RuntimeError) as error:
            raise _failure(competition, name, again, error) from error
        except Exception as error:
            # Its own errors have no common base.
            if not type(error).__module__.startswith("kagglehub"):
                raise
            raise _failure(competition, name, again, error) from error


def _failure(competition: str, name: str, again: str, error: Exception) -> CatdogError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return CatdogError(
            f"expected leave to fetch {name} from Kaggle, found {status}.",
            f"Accept the rules on https://www.kaggle.com/c/{competition}/rules and check the "
            f"token, then type: {again}",
        )
    return CatdogError(
        f"expected {name} from Kaggle, found {type(error).__name__}: {error}.",
        f"Try again: {again}; or get it from https://www.kaggle.com/c/{competition}/data, then "
        f"type: {again} --from FILE",
    )
