"""Training on all pictures, on few and on unequal classes; refusals; logistic regression."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import tl_catdog as tl
from sets.labels import find_flips
from sets.pictures import Picture, draw, link
from sets.work import Found, Work, attempt, pick
from tl_catdog.data.folders import TRAIN, UNSPLIT, VALIDATION

RATIO = 20
"""The common class has so many times as many pictures as the rare one."""

STRENGTHS = tuple(4.0**power for power in range(-2, 8))
"""Values of scikit-learn's C that the logistic regression chooses from."""

FIGURES = (
    *("n", "accuracy", "accuracy_ci", "balanced_accuracy", "balanced_accuracy_ci"),
    *("top5_accuracy", "auc", "log_loss", "ece", "ece_ci", "ece_plain"),
)


def learn(work: Work) -> Found:
    """Train in every way that the set allows, and judge by its test pictures."""
    found: Found = {"classes": len(work.set.classes), "judged": work.set.judged}
    trained: list[tl.Classifier] = []

    def whole() -> Found:
        trained.append(train(work, work.set.root, "whole"))
        return judged(work, trained[0], own=True)

    attempt(found, "whole", whole)
    attempt(found, "whole, regression", lambda: regression(work, work.set.splits[TRAIN], own=True))
    for name in work.others if trained else ():
        attempt(found, f"foreign {name}", partial(foreign, work, trained[0], name))
    if len(work.set.classes) == 2:
        for n in work.sizes.few:
            few(work, found, f"2x{n}", dict.fromkeys(work.set.classes, n))
        rare(work, found)
    attempt(found, "labels", lambda: find_flips(work, train))
    return found


def train(work: Work, data: Path, name: str, **settings: Any) -> tl.Classifier:
    """Train with default settings, as ``tl-catdog train`` does."""
    from tl_catdog.config import TrainConfig

    settings = {"arch": TrainConfig().arch, **settings}
    if work.sizes.image_size != type(work.sizes)().image_size:
        settings["image_size"] = work.sizes.image_size
    runs = work.folder / "runs"
    return tl.train(data, run=name, runs_dir=str(runs), seed=work.seed, **settings)


def judged(work: Work, classifier: tl.Classifier, *, own: bool = False) -> Found:
    """Return what ``evaluate --json`` says; ``own`` of pictures whose answers the run keeps."""
    if own:
        result = classifier.evaluate(split=work.set.judged)
    else:
        result = classifier.evaluate(work.set.root, split=work.set.judged)
    said = result.to_json()
    found = pick(said, *FIGURES)
    found["recall"] = {
        item["label"]: pick(item["recall"], "value", "n")
        for item in said["per_class"]
        if item["recall"] and len(work.set.classes) == 2
    }
    selection = said.get("selection")
    if selection:
        found["reject"] = pick(selection["policy"], "precision", "confidence", "novelty")
        found["reject"]["here"] = pick(selection["here"], "n", "given", "right")
        limit, novelty = selection["policy"]["novelty"], result.predictions.novelty
        if limit is not None and novelty is not None:
            found["reject"]["unfamiliar"] = int((novelty > limit).sum())
    return found


def foreign(work: Work, classifier: tl.Classifier, name: str) -> Found:
    """Show pictures of another set; count those that are withheld, for whichever reason."""
    other = work.others[name]
    pictures = list(other.splits[other.judged])
    random.Random(work.seed).shuffle(pictures)
    paths = [picture.path for picture in pictures[: work.sizes.foreign]]
    limit = classifier.policy().novelty
    answers = [answer for answer in classifier.predict(paths, reject=True) if not answer.error]
    withheld = sum(answer.doubt is not None for answer in answers)
    strange = [limit is not None and (answer.novelty or 0) > limit for answer in answers]
    return {"n": len(answers), "withheld": withheld, "unfamiliar": sum(strange)}


def few(work: Work, found: Found, name: str, counts: dict[str, int]) -> None:
    """Train on few pictures in folders without splits, as people have them."""
    pictures = draw(work.set.splits[TRAIN], counts, work.seed)
    data = link({UNSPLIT: pictures}, work.folder / f"data {name}")
    attempt(found, name, lambda: judged(work, train(work, data, name)))
    attempt(found, f"{name}, regression", lambda: regression(work, pictures))


def rare(work: Work, found: Found) -> None:
    """Train where one of two classes is rare: as it is, and with balanced weights."""
    sizes = Counter(picture.label for picture in work.set.splits[TRAIN])
    (common, most), (scarce, least) = sizes.most_common()
    most = min(most, work.sizes.commonest)
    counts = {common: most, scarce: min(max(most // RATIO, 2), least)}
    few(work, found, "unequal", counts)
    found["rare"] = {"label": scarce, "counts": counts}

    def balanced() -> Found:
        data = work.folder / "data unequal"
        return judged(work, train(work, data, "balanced", class_weights="balanced"))

    attempt(found, "unequal, balanced weights", balanced)


def regression(work: Work, pictures: Sequence[Picture], *, own: bool = False) -> Found:
    """Train scikit-learn's logistic regression on L2-normalised pooled features.

    C is chosen on the validation pictures; where those are what is judged by, or where training
    pictures stand alone, by predicting each training picture with others, in five parts or fewer.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    from tl_catdog.evaluation.metrics import compute_metrics
    from tl_catdog.evaluation.reliability import reliability
    from tl_catdog.prediction.predictions import Predictions

    known, truth = features(work, pictures)
    shown, wanted = features(work, work.set.splits[work.set.judged])
    apart = own and work.set.judged != VALIDATION
    if apart:
        others, others_truth = features(work, work.set.splits[VALIDATION])
    parts = min(5, int(np.bincount(truth).min()))

    def model(strength: float) -> Any:
        return LogisticRegression(C=strength, max_iter=5000)

    def chances(strength: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        if apart:
            fitted = model(strength).fit(known, truth)
            return fitted.predict_proba(others), others_truth
        folds = StratifiedKFold(parts, shuffle=True, random_state=work.seed)
        return cross_val_predict(
            model(strength), known, truth, cv=folds, method="predict_proba"
        ), truth

    def quality(strength: float) -> tuple[float, float]:
        said, right = chances(strength)
        hits = float((said.argmax(axis=1) == right).mean())
        return hits, float(np.log(np.maximum(said[np.arange(len(right)), right], 1e-12)).mean())

    best = max(STRENGTHS, key=quality) if parts > 1 or apart else 64.0
    said = model(best).fit(known, truth).predict_proba(shown)
    names = tuple(str(number) for number in range(len(wanted)))
    predictions = Predictions(work.set.classes, names, names, wanted, said)
    figures = {
        **compute_metrics(predictions).to_json(),
        **reliability(predictions).to_json(),
    }
    return {"C": best, **pick(figures, *FIGURES)}


def features(
    work: Work, pictures: Sequence[Picture]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the packaged backbone's pooled features, of length 1, and the class indices."""
    from sklearn.preprocessing import normalize

    from tl_catdog.config import TrainConfig
    from tl_catdog.data.digest import file_digests
    from tl_catdog.data.examples import Example
    from tl_catdog.features.linear_probe import pooled

    digests = file_digests(picture.path for picture in pictures)
    examples = [
        Example(picture.path, f"{number:06}", picture.label, TRAIN, digest)
        for number, (picture, digest) in enumerate(zip(pictures, digests, strict=True))
    ]
    found = pooled(TrainConfig(image_size=work.sizes.image_size).resolved(), examples)
    labels = [work.set.classes.index(example.label) for example in found.examples]
    return normalize(found.features), np.array(labels)
