"""What a stranger needs to use an exported network: labels, sizes, how to feed it, whose it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_catdog.export.card import card, described
from tl_catdog.export.usage import usage
from tl_catdog.files import write_json, write_text
from tl_catdog.prediction.rejection import policy_of
from tl_catdog.runs.folder import Run

if TYPE_CHECKING:
    from tl_catdog.export.formats import Format

_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""What any reader may take for the end of a line, or of the file."""

METADATA, LABELS, README, CARD = "metadata.json", "labels.txt", "README.md", "CARD.md"


def write_beside(run: Run, folder: Path, kind: Format, model: str, parity: dict[str, Any]) -> None:
    """Write labels, metadata, the model card and how to use it into the folder of an export.

    Args:
        run: The run that was exported.
        folder: Where to.
        kind: The format.
        model: What is to be loaded, relative to the folder.
        parity: How far it agrees with the run.
    """
    policy = policy_of(run)
    about = {
        **described(run),
        "labels": list(run.classes),
        "image_size": run.image_size,
        "temperature": run.temperature,
        "seed": run.manifest["seed"],
        "format": kind.name,
        "model": model,
        "input_dtype": kind.takes,
        "unsure_below": policy and policy.confidence,
        "versions": run.manifest["versions"],
        "parity": parity,
    }
    write_json(folder / METADATA, about)
    write_text(folder / LABELS, "".join(f"{in_a_line(label)}\n" for label in run.classes))
    write_text(folder / CARD, card(run))
    write_text(folder / README, usage(run, kind, model))


def in_a_line(label: str) -> str:
    r"""Return a class's name as ``labels.txt`` has it: a backslash and breaks of lines escaped.

    >>> print(in_a_line("cat"), in_a_line("two\nlines"), in_a_line("back\\slash"))
    cat two\nlines back\\slash
    """
    plain = label.replace("\\", "\\\\")
    return _BREAKS.sub(lambda found: repr(found[0])[1:-1], plain)
