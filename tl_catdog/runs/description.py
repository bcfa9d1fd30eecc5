"""What a run's description says, checked once: all else relies on it.

A run folder may come from a stranger. Its ``config.json`` and ``manifest.json`` are files of
bounded size, and each value that anything reads has its type and range here. Runs of all versions
pass: what later versions added may be missing.
"""

from __future__ import annotations

import hashlib
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tl_catdog.architectures import ARCHS, KERAS, KERAS_NETWORKS
from tl_catdog.config import NAMES, TrainConfig, choices, kinds
from tl_catdog.data.folders import SPLITS, TRAIN
from tl_catdog.data.reading import read_file
from tl_catdog.errors import CatdogError, shown
from tl_catdog.runs.rules import (
    Rule,
    WrongValueError,
    flag,
    from_json,
    items,
    mapping,
    matching,
    maybe,
    one_of,
    real,
    record,
    text,
    whole,
)

FORMAT = 1
CONFIG, MANIFEST = "config.json", "manifest.json"
HELD_OUT, OUT_OF_FOLD = "held-out", "out-of-fold"
"""Which pictures the predictions called ``validation`` are of: some that weren't trained on; or all
training pictures, each predicted by models that were trained without it."""

MOST_BYTES = {CONFIG: 2**20, MANIFEST: 2**26}
"""A manifest names each picture that couldn't be read: there may be 100,000."""
MOST_CLASSES, LONGEST_CLASS = 100_000, 10_000
MOST_FILES = 10_000_000
BOUNDLESS = 2**63 - 1

_count = whole(0, BOUNDLESS)
_digest = matching("[0-9a-f]{64}", "a SHA-256 of 64 hexadecimal digits")
_classes = items(text(LONGEST_CLASS, least=1), least=2, most=MOST_CLASSES, distinct=True)
_part = real(0, 1)
_compute = one_of("float32", "int8")
_anything = real(-math.inf, math.inf, finite=False)  # a training that diverged has no loss

_DATA = record(
    {
        "name": text(),
        "root": text(least=1),
        "layout": text(),
        "drawn": flag,
        "classes": _classes,
        "counts": mapping(mapping(_count, most=MOST_CLASSES), keys=one_of(*SPLITS)),
        "fingerprint": _digest,
    },
    {
        "ignored": mapping(_count, most=MOST_FILES),
        "identical_across_splits": _count,
    },
)
_STAGE = record(
    {
        "name": matching("[A-Za-z0-9_-]{1,40}", "the name of a stage"),
        "epochs": whole(0, 100_000),
        "best_epoch": whole(0, 100_000),
    },
    {
        "reason": text(),
        "val_accuracy": _part,
        "val_loss": _anything,
        "learning_rate": real(0, 10),
        "seconds": real(0, 1e12),
        "trainable_params": _count,
        "trainable_layers": items(text(), most=10_000),
        "devices": items(whole(1, 9999), least=1, most=10_000),
    },
)
_MODEL = record(
    {"bytes": _count, "params": _count, "trainable_params": _count},
    {
        "sha256": _digest,
        "onnx_sha256": _digest,
        "feature_bank_sha256": _digest,
        "references_sha256": _digest,
        "head_sha256": _digest,
        "ms_per_image": maybe(real(0, 1e9)),
        "engine": text(),
        "compute": _compute,
    },
)
_MACHINE = record(
    {"system": text()},
    {"cpus": maybe(_count), "memory_bytes": _count, "command": items(text(), most=10_000)},
)
_FEATURES = record(
    {},
    {
        "engine": text(),
        "compute": _compute,
        "cuts": items(maybe(text()), most=100),
        "views": _count,
        "pictures_from_cache": _count,
        "seconds": real(0, 1e12),
        "extracted": record({"place": text(least=1), "source": text(), "plan": _digest}),
    },
)
_SKIPPED = record({"path": text(least=1), "split": one_of(*SPLITS), "reason": text()})
_CALIBRATION = record(
    {"temperature": real(1e-3, 1e3)},
    {"n": _count, "log_loss_before": real(0, 1e3), "log_loss_after": real(0, 1e3)},
)
_EVALUATION = record({"n": whole(1, BOUNDLESS), "accuracy": _part}, {"log_loss": _anything})


def _moment(value: Any) -> None:
    """Allow dates and moments as ISO 8601 writes them."""
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise WrongValueError("a moment such as 2026-11-25T14:22:42+00:00", shown(value)) from None


def _inner_path(value: Any) -> None:
    """Allow paths that stay within the run."""
    text(least=1)(value)
    if Path(value).is_absolute() or ".." in Path(value).parts:
        raise WrongValueError("a path within the run", shown(value))


def _hashes(value: Any) -> None:
    """Allow the hash of a file, or two while the file is being replaced: see ``keeping``."""
    if isinstance(value, list):
        return items(_digest, least=1, most=100)(value)
    return _digest(value)


_manifest = record(
    {
        "format": whole(1, FORMAT),
        "created": _moment,
        "interrupted": flag,
        "seed": whole(0, 2**31 - 1),
        "versions": mapping(text()),
        "machine": _MACHINE,
        "data": _DATA,
        "stages": items(_STAGE, least=1, most=100),
        "timings": record({"train_seconds": real(0, 1e12)}),
        "skipped": items(_SKIPPED, most=MOST_FILES),
        "model": _MODEL,
    },
    {
        "name": text(),
        "git_commit": maybe(matching("[0-9a-f]{4,64}", "a commit")),
        "features": maybe(_FEATURES),
        "head": maybe(record({}, {"linear_share": _part, "strength": real(0, 1e12)})),
        "tuned_share": maybe(_part),
        "devices": items(matching("[A-Z_]{1,20}:[0-9]{1,4}", "a device"), least=1, most=9999),
        "validation": one_of(HELD_OUT, OUT_OF_FOLD),
        "calibration": _CALIBRATION,
        "evaluations": mapping(_EVALUATION, keys=one_of(*SPLITS)),
        "files": mapping(_hashes, most=MOST_FILES, keys=_inner_path),
    },
)


_FORMER = {"augment": ("standard",)}
"""Words that earlier versions knew."""


def _setting(name: str) -> Rule:
    """Allow what ``config.py`` allows of a setting that isn't left open."""
    accepted = kinds(name)
    about = TrainConfig.__dataclass_fields__[name].metadata
    low, high = about["low"], about["high"]
    if words := choices(name):
        rule = one_of(*words, *_FORMER.get(name, ()))
    elif bool in accepted:
        rule = flag
    elif float in accepted:
        rule = real(low, high)
    elif int in accepted:
        rule = whole(low, high)
    else:
        rule = text()
    return rule


_SIZE = TrainConfig.__dataclass_fields__["image_size"].metadata
_KEPT = ("seed", "dense_units", "dropout", "backbone_weights")
_config = record(
    {
        **{name: _setting(name) for name in _KEPT},
        "arch": one_of(*ARCHS, *KERAS_NETWORKS, said=f"{', '.join(ARCHS)} or {KERAS}NAME"),
        "image_size": whole(_SIZE["low"], _SIZE["high"]),
    },
    {name: maybe(_setting(name)) for name in NAMES if name not in (*_KEPT, "arch", "image_size")},
)


@dataclass(frozen=True)
class Description:
    """What a run says of itself.

    Attributes:
        config: The settings of its training.
        manifest: What became of it.
    """

    config: Mapping[str, Any]
    manifest: Mapping[str, Any]


def check_classes(classes: tuple[str, ...]) -> None:
    """Make sure, before a training, that its run could be read again.

    Raises:
        CatdogError: A class has a name that no run may have, or there are too many.
    """
    try:
        _classes(list(classes))
    except WrongValueError as error:
        place = f" as class {error.key}" if error.key else " as classes"
        raise CatdogError(
            f"expected {error.expected}{place}, found {error.found}.", "Rename the class."
        ) from None


def read_description(folder: Path) -> Description:
    """Read what a run says of itself.

    Raises:
        FileNotFoundError: It says nothing: a file is missing.
        CatdogError: It comes from a newer version, or isn't what runs say.
    """
    manifest = _read(folder, MANIFEST)
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if type(version) is int and version > FORMAT:
        raise CatdogError(
            f"expected a run of format {FORMAT}, found format {shown(version)}, of a newer "
            f"tl-catdog: {folder}.",
            "Type: pip install --upgrade tl-catdog",
        )
    _check(folder, MANIFEST, _manifest, manifest)
    known = manifest.get("files")
    allowed = None if known is None else known.get(CONFIG, ())
    config = _read(folder, CONFIG, allowed)
    _check(folder, CONFIG, _config, config)
    _check(folder, MANIFEST, _whole_of(manifest["data"]["classes"]), manifest)
    return Description(config, manifest)


def _read(folder: Path, name: str, allowed: str | Sequence[str] | None = None) -> Any:
    """Return what a file of JSON says.

    Raises:
        FileNotFoundError: It isn't there.
        CatdogError: It is no such file, or its hash is none of those that are allowed.
    """
    path = folder / name
    try:
        content = read_file(path, MOST_BYTES[name])
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(error.errno, error.strerror, str(path)) from error
    except OSError as error:
        raise wrong(folder, name, WrongValueError("a file", str(error.strerror))) from error
    if allowed is not None and hashlib.sha256(content).hexdigest() not in allowed:
        raise wrong(folder, name, WrongValueError("what the training wrote", "a changed file"))
    try:
        return from_json(content)
    except WrongValueError as error:
        raise wrong(folder, name, error) from None


def _check(folder: Path, name: str, rule: Rule, value: Any) -> None:
    try:
        rule(value)
    except WrongValueError as error:
        raise wrong(folder, name, error) from None


def _whole_of(classes: list[str]) -> Rule:
    """Allow what fits together: numbers of pictures of the very classes, a network."""

    def rule(value: Any) -> None:
        if TRAIN not in value["data"]["counts"]:
            raise WrongValueError("a value", "none", f"data.counts.{TRAIN}")
        if not {"sha256", "head_sha256"} & value["model"].keys():
            raise WrongValueError("a value", "none", "model.sha256")
        for split, counts in value["data"]["counts"].items():
            if counts.keys() != set(classes):
                raise WrongValueError(
                    "a number for each class", shown(list(counts)), f"data.counts.{split}"
                )

    return rule


def wrong(folder: Path, name: str, error: WrongValueError) -> CatdogError:
    """Return the error of a file of a run that isn't what a training wrote."""
    place = f"{error.key} in {folder / name}" if error.key else f"{folder / name}"
    return CatdogError(
        f"expected {error.expected} as {place}, found {error.found}.",
        f"Put the run's own file back, or name another run: ls {shlex.quote(str(folder.parent))}",
    )
