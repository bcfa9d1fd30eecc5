"""What a stranger needs to use an exported network: labels, sizes, how to feed it, whose it is."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_catdog.export import prepare
from tl_catdog.export.card import card, described
from tl_catdog.export.examples import examples_of
from tl_catdog.export.labels import in_a_line
from tl_catdog.export.licence import LICENCE, NOTICE, notice, project_text
from tl_catdog.export.plain import PlainResize
from tl_catdog.export.tensors import tensors_of
from tl_catdog.export.unsure import unsure_of
from tl_catdog.export.usage import usage
from tl_catdog.files import write_json, write_text
from tl_catdog.runs.folder import Run

if TYPE_CHECKING:
    from tl_catdog.export.formats import Format

METADATA, LABELS, README, CARD = "metadata.json", "labels.txt", "README.md", "CARD.md"

PREPARE = "prepare.py"


def write_beside(
    run: Run,
    folder: Path,
    kind: Format,
    model: str,
    parity: dict[str, Any],
    *,
    novelty: bool = False,
    plain: PlainResize | None = None,
) -> None:
    """Write what a stranger needs into the folder of an export.

    That is labels, metadata, the model card, how to use it, whose it is, what prepares pictures.

    Args:
        run: The run that was exported.
        folder: Where to.
        kind: The format.
        model: What is to be loaded, relative to the folder.
        parity: How far it agrees with the run.
        novelty: Whether the file gives the novelty.
        plain: What a plain resize would change.
    """
    unsure = unsure_of(run, novelty=novelty)
    taken, given = tensors_of(run, kind, folder / model, novelty=novelty)
    about = {
        **described(run),
        "labels": list(run.classes),
        "image_size": run.image_size,
        "temperature": run.temperature,
        "seed": run.manifest["seed"],
        "format": kind.name,
        "model": model,
        "input_dtype": kind.takes,
        "inputs": [tensor.to_json() for tensor in taken],
        "outputs": [tensor.to_json() for tensor in given],
        "unsure": unsure,
        "unsure_below": unsure and unsure["below"],
        "plain_resize": plain and plain.to_json(),
        "versions": run.manifest["versions"],
        "parity": parity,
    }
    write_json(folder / METADATA, about)
    write_text(folder / LABELS, "".join(f"{in_a_line(label)}\n" for label in run.classes))
    write_text(folder / CARD, card(run))
    write_text(folder / README, usage(run, kind, model, (*taken, *given), unsure, plain))
    write_text(folder / LICENCE, project_text(LICENCE))
    write_text(folder / NOTICE, notice(run))
    write_text(folder / PREPARE, inspect.getsource(prepare))
    for name, text in examples_of(kind).items():
        write_text(folder / name, text)
