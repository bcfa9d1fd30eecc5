"""The model card of a run: how it was made, how good it is, what it can't do.

After Mitchell et al. 2019, https://arxiv.org/abs/1810.03993.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from tl_catdog.architectures import BASELINE
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.images import NEAR
from tl_catdog.errors import listing
from tl_catdog.evaluation.metrics import compute_metrics
from tl_catdog.evaluation.reliability import reliability
from tl_catdog.evaluation.robustness import kept_conditions
from tl_catdog.export.markdown import code, escaped
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.prediction.predictions import Predictions, read_predictions
from tl_catdog.prediction.rejection import policy_of
from tl_catdog.runs.folder import HEAD, MODEL, OUT_OF_FOLD, Run
from tl_catdog.runs.settings import training_command
from tl_catdog.runs.stages import rejected_stages, stage_words
from tl_catdog.statistics import Estimate
from tl_catdog.version import __version__
from tl_catdog.wording import count, percent, percent_range, plural, printable

_SHIPPED = "Apache-2.0; so is that of the backbone's weights, which are Google's (NOTICE)."
_FROM_SCRATCH = "Whatever its pictures allow; no pretrained weights are in it."


FEW, MOST = 10, 10
"""Of so many classes each is named with its numbers; so many of the mistakes of more are."""


def licence_of(run: Run) -> str:
    """Return whose a run's network is, in words."""
    if run.ships:
        return _SHIPPED
    if run.config["arch"] == BASELINE:
        return _FROM_SCRATCH
    spec = backbone_of(run.config["arch"])
    if not spec.licence:
        return (
            f"The backbone's weights are as published with {spec.origin}, whose documentation says "
            "under which licence; the rest is its maker's, as far as its pictures allow."
        )
    return (
        f"The backbone's weights are {spec.owner}'s, under {spec.licence}; the rest is its "
        "maker's, as far as its pictures allow."
    )


def card(run: Run) -> str:
    """Return a run's model card in Markdown; every figure comes from its saved predictions.

    Raises:
        CatdogError: There are no predictions of its validation pictures.
    """
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    kind = run.config["arch"]
    if _frozen(run):
        kind = f"a frozen {backbone_of(kind).title} and a head"
    classes = plural(len(run.classes), "class", "es")
    names = [escaped(label) for label in run.classes]
    yield f"# {escaped(run.name)}: {' or '.join(names) if len(names) <= FEW else classes}"
    yield ""
    yield (
        f"Tells apart {listing(names, len(names))}: {kind}, "
        f"{run.image_size} × {run.image_size} pixels, "
        f"{count(run.manifest['model']['params'])} weights."
    )
    yield from _making(run)
    chose = "of training pictures" if run.out_of_fold else "which chose the epoch"
    for split, title in ((TEST, "the pictures put aside"), (VALIDATION, chose)):
        if split in run.predicted_splits():
            shown = OUT_OF_FOLD if split == VALIDATION and run.out_of_fold else split
            yield from _figures(shown, title, read_predictions(run, split))
    yield from _unsure(run)
    yield from _robustness(run)
    yield from _limits(run)


def _frozen(run: Run) -> bool:
    """Tell whether the backbone is as it came: fine-tuning that was rejected left nothing."""
    names = {str(stage["name"]) for stage in run.manifest["stages"]}
    return not names - set(rejected_stages(run.manifest)) - {"linear", "frozen"}


def _making(run: Run) -> Iterator[str]:
    data, machine = run.manifest["data"], run.manifest["machine"]
    counts = data["counts"]
    images = ", ".join(
        f"{_counts(counts[split])} ({split})"
        for split in (TRAIN, VALIDATION, TEST)
        if split in counts
    )
    names = tuple(str(stage["name"]) for stage in run.manifest["stages"])
    stages = stage_words(names, rejected_stages(run.manifest))
    versions = ", ".join(
        f"{escaped(name)} {escaped(number)}" for name, number in run.manifest["versions"].items()
    )
    yield from ("", "## How it was made", "")
    yield f"    {printable(training_command(run))}"
    yield ""
    yield f"- pictures: {escaped(data['name'])}: {images}; fingerprint {data['fingerprint'][:16]}"
    yield f"- stages: {stages}"
    yield f"- seed {run.manifest['seed']}; temperature {run.temperature:.4f}"
    yield f"- versions: {versions}"
    processors = "" if machine.get("cpus") is None else f", {machine['cpus']} processors"
    yield f"- machine: {escaped(machine['system'])}{processors}"
    yield f"- licence: {licence_of(run)}"


def _counts(found: Mapping[str, int]) -> str:
    """Return how many pictures of each class there are, or, of many classes, how many at all."""
    if len(found) <= FEW:
        return " + ".join(f"{count(n)} {escaped(label)}" for label, n in found.items())
    least, most = min(found.values()), max(found.values())
    each = count(most) if least == most else f"{count(least)} to {count(most)}"
    return f"{plural(sum(found.values()), 'picture')}, {each} of each class"


def _figures(split: str, title: str, predictions: Predictions) -> Iterator[str]:
    item, trust = compute_metrics(predictions), reliability(predictions)
    ci = item.accuracy_ci
    yield from ("", f"## On {split}, {title}: {item.n} pictures", "")
    yield from ("| | value | 95 % interval |", "|-|-|-|")
    yield f"| accuracy | {percent(item.accuracy)} | {percent_range(ci.low, ci.high)} % |"
    if item.unequal:
        yield _percents("balanced accuracy (mean recall of the classes)", item.balanced_accuracy)
    if item.top5_accuracy is not None:
        yield _percents("true class among the first five", item.top5_accuracy)
    yield _row("area under the ROC curve", trust.auc)
    yield _row("expected calibration error, without its bias", trust.ece)
    yield _row("Brier score", trust.brier)
    yield _row("log loss", trust.log_loss)
    yield ""
    if len(item.classes) <= FEW:
        for label, row in zip(item.classes, item.confusion, strict=True):
            pairs = zip(item.classes, row, strict=True)
            said = ", ".join(f"{n} {escaped(name)}" for name, n in pairs)
            yield f"- {sum(row)} {escaped(label)} were taken for: {said}"
        return
    found = item.confusions()
    for mistake in found[:MOST]:
        truth, said = escaped(mistake.truth), escaped(mistake.said)
        yield f"- {mistake.n} of {mistake.of} {truth} were taken for {said}"
    if len(found) > MOST:
        yield f"- and {count(len(found) - MOST)} other mistakes of this kind, each less frequent"


def _percents(name: str, figure: Estimate) -> str:
    low, high = figure.interval.low, figure.interval.high
    return f"| {name} | {percent(figure.value)} | {percent_range(low, high)} % |"


def _row(name: str, figure: Estimate | None) -> str:
    if figure is None:
        return f"| {name} | – | |"
    low, high = figure.interval.low, figure.interval.high
    return f"| {name} | {figure.value:.4f} | {low:.4f}–{high:.4f} |"


def _unsure(run: Run) -> Iterator[str]:
    policy = policy_of(run)
    if policy is None:
        return
    yield from ("", "## When it says unsure", "", f"{policy.sentence()}.")
    if TEST in run.predicted_splits():
        selection = policy.select(read_predictions(run, TEST))
        yield f"Then, {selection.sentence(TEST)}."


def _robustness(run: Run) -> Iterator[str]:
    split, conditions = kept_conditions(run)
    if not conditions:
        return
    yield from ("", f"## On worse pictures ({split})", "")
    yield from ("| pictures | accuracy (95 % interval) |", "|-|-|")
    for item in conditions:
        yield f"| {escaped(item.name)} | {item.accuracy} |"


def _limits(run: Run) -> Iterator[str]:
    yield from ("", "## Limits", "")
    yield (
        f"- It knows {listing(map(escaped, run.classes), len(run.classes))} and nothing else: "
        "whatever it is shown gets one of these names, unless it may say unsure "
        "(`predict --reject`)."
    )
    yield (
        f"- Its figures hold for pictures like those of {escaped(run.manifest['data']['name'])}. "
        "On others it may do worse; measure it: "
        f"{code(f'tl-catdog evaluate {run.quoted} --data DIR')}."
    )
    yield "- It is one training with one seed. Pictures are squeezed to a square, not cropped."


RESIZE = (
    "Turn the picture upright by its EXIF orientation, lay transparency over white, convert to "
    "RGB, and squeeze the whole of it to a square with Pillow's bilinear filter (antialiased). "
    f"A JPEG may be decoded at a reduced scale first, at least {NEAR} times that size."
)


def described(run: Run) -> dict[str, str]:
    """Return what fits into a format's own metadata, all of it text."""
    return {
        "name": printable(run.name),
        "labels": json.dumps(list(run.classes)),
        "image_size": str(run.image_size),
        "resize": RESIZE,
        "input": "RGB, 0 to 255, not scaled: the network scales by itself",
        "output": "calibrated probability of each label, in their order; each row sums to one",
        "temperature": repr(run.temperature),
        "arch": run.config["arch"],
        "seed": str(run.manifest["seed"]),
        "run_sha256": run.hash_of(HEAD if run.ships else MODEL),
        "data_fingerprint": run.manifest["data"]["fingerprint"],
        "licence": licence_of(run),
        "made_by": f"tl-catdog {__version__}",
    }
