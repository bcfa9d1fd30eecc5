"""tl-catdog: from folders of pictures to a classifier whose figures can be defended.

``import tl_catdog as tl`` gives ``tl.train``, ``tl.load`` and ``tl.compare``, which are described
in ``tl_catdog.api``.
"""

from typing import TYPE_CHECKING, Any

from tl_catdog.version import __version__

if TYPE_CHECKING:
    from tl_catdog.api import (
        CatdogError,
        Classifier,
        UsageError,
        compare,
        load,
        read_batch,
        resume,
        train,
        tune,
    )

__all__ = [
    "CatdogError",
    "Classifier",
    "UsageError",
    "__version__",
    "compare",
    "load",
    "read_batch",
    "resume",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Import the interface when it is asked for, so that ``import tl_catdog`` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tl_catdog import runtime

    runtime.prepare_libraries()  # before NumPy is loaded, if it isn't
    from tl_catdog import api

    return getattr(api, name)
