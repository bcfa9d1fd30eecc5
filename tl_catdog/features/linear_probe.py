"""A linear probe: logistic regression on the pooled features of a frozen backbone.

It is trained in a second, so that it can be trained many times: with some pictures left out to
predict those, or on fewer and fewer of them. It is what ADR 025 found best on six sets: features of
length 1, and as much regularisation as predicts best what was left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from tl_catdog.architectures import BASELINE
from tl_catdog.config import ResolvedConfig, TrainConfig
from tl_catdog.cores import usable_cores
from tl_catdog.data.batches import Samples, Skipped
from tl_catdog.data.examples import Example
from tl_catdog.data.parallel import Progress, map_threaded
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.extracted import features_of
from tl_catdog.features.extracted_plan import adopting, open_extracted
from tl_catdog.features.folds import fold_positions
from tl_catdog.features.views import Views
from tl_catdog.models.build import build
from tl_catdog.models.layout import POOLING
from tl_catdog.models.weights import FROM_KERAS, PACKAGED
from tl_catdog.runs.contents import extracted_of
from tl_catdog.runs.folder import Run

STRENGTHS = tuple(4.0**power for power in range(6))
"""Values of scikit-learn's C to choose from: what a picture's mistake counts for against large
weights. On six sets the best lay between 10 (1,000 pictures of five flowers) and 1,000 (ten
pictures), and its neighbours cost less than 0.005 of accuracy.
"""

TOLERANCE = 1e-5  # at scikit-learn's 1e-4 a fit that begins near its end doesn't move
STEPS = 5000  # more than any data set here takes
ALL_FOLDS = 2000  # pictures; of more, one fold alone is enough to choose by

Job = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.float32], float]
"""Features to train a probe on, (N, F), their labels, (N,), features to predict, (M, F), and C."""


LossOf = Callable[[npt.NDArray[np.float64], npt.NDArray[np.int64], float], float]
"""How bad probabilities, (N, C), are for pictures of these classes, (N,), by probes of some C."""


@dataclass(frozen=True)
class Pooled:
    """Pooled features of pictures.

    Attributes:
        examples: The N pictures that could be read, in the order given.
        features: Of their plain view, or the mean of it and its mirror image, (N, 1280).
        skipped: Those that couldn't be read.
    """

    examples: tuple[Example, ...]
    features: npt.NDArray[np.float32]
    skipped: tuple[Skipped, ...]


def backbone_of(run: Run) -> ResolvedConfig:
    """Return resolved settings that name the backbone to compute features of a run's pictures.

    It is the run's own, in its precision; a baseline has none and gets the packaged one, as does a
    run whose weights came from a file that is gone. Where features took the place of the pictures,
    the settings name them; for a baseline their backbone is taken.

    Raises:
        UsageError: Those aren't there, or are of another backbone than the run's.
        CatdogError: They are damaged.
    """
    extracted = extracted_of(run)
    kept = {"cache_size": run.config["cache_size"]} if "cache_size" in run.config else {}
    arch = str(run.config["arch"])
    if arch == BASELINE and extracted is None:
        return TrainConfig(**kept).resolved()
    if extracted is not None:
        kept["features"] = extracted["place"]
    if arch == BASELINE:
        arch = open_extracted(kept["features"]).plan.arch
        return adopting(TrainConfig(arch=arch, **kept)).resolved()
    kept["compute"] = run.compute
    source: str | None = str(run.config["backbone_weights"])
    if source not in (PACKAGED, FROM_KERAS) and not Path(str(source)).is_file():
        source = None
    config = TrainConfig(arch=arch, image_size=run.image_size, backbone_weights=source, **kept)
    return config.resolved()


def pooled(
    config: ResolvedConfig,
    examples: Sequence[Example],
    *,
    mirror: bool = False,
    progress: Progress | None = None,
) -> Pooled:
    """Compute the pooled features of pictures, or take them from the cache.

    Args:
        config: Resolved settings that name the backbone, or a batch of its features.
        examples: The pictures.
        mirror: Whether to average over their mirror images: twice the work, steadier features.
            Of a batch they are taken if it has them.
        progress: Called with (done, total), numbers of pictures.

    Raises:
        CatdogError: The backbone's weights can't be loaded, the cache can't be used, or there is
            no room for the features.
    """
    samples = pooled_samples(config, examples, mirror=mirror, progress=progress)
    positions = np.arange(len(samples.examples))
    views = [samples.gather(positions, np.full_like(positions, v)) for v in range(samples.views)]
    features = np.asarray(np.mean(views, axis=0), dtype=np.float32)
    return Pooled(tuple(samples.examples), features, tuple(samples.skipped))


def pooled_samples(
    config: ResolvedConfig,
    examples: Sequence[Example],
    *,
    mirror: bool = False,
    progress: Progress | None = None,
) -> Samples:
    """Compute what ``pooled`` does, and leave it on the disk if it is much; see there."""
    backbone = frozen_backbone(config, (POOLING,), lambda: build(config, 2))
    ((_, found),) = features_of(
        config,
        backbone,
        {"": (examples, Views(mirror=mirror))},
        lambda _, done, total, __: progress(done, total) if progress else None,
    )
    return found.samples[POOLING]


@dataclass(frozen=True)
class OutOfFold:
    """What probes say of pictures that they weren't trained on.

    Attributes:
        probabilities: Of the classes, (N, C), each row summing to one.
        strength: The C that was chosen for them.
    """

    probabilities: npt.NDArray[np.float64]
    strength: float


class _Path:
    """Probes on the same pictures for one C after another, each begun where the last one ended.

    Logistic regression on L2-normalised features. Its weights lie in the span of the training
    features, so that coordinates in that span (N of them at most) give the same answers sooner.
    """

    def __init__(
        self,
        training: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int64],
        others: npt.NDArray[np.float32],
    ) -> None:
        centre = normalize(training).mean(axis=0)
        known, asked = normalize(training) - centre, normalize(others) - centre
        if len(known) < known.shape[1] and known.any():  # else nothing spans anything
            squares, vectors = np.linalg.eigh((known @ known.T).astype(np.float64))
            kept = squares > 1e-6 * squares[-1]
            lengths, vectors = np.sqrt(squares[kept]), vectors[:, kept]
            known, asked = vectors * lengths, asked @ (known.T @ vectors) / lengths
        self.known, self.labels, self.asked = known, labels, asked
        self.probe = LogisticRegression(max_iter=STEPS, tol=TOLERANCE, warm_start=True)

    def at(self, strength: float) -> npt.NDArray[np.float64]:
        """Return probabilities, (M, C): a column for each class that the labels have, in order."""
        self.probe.set_params(C=strength).fit(self.known, self.labels)
        return np.asarray(self.probe.predict_proba(self.asked))


def probe_predictions(jobs: Iterable[Job]) -> Iterator[npt.NDArray[np.float64]]:
    """Train a probe for each job, on all cores, and yield its predictions in the jobs' order.

    Yields:
        Probabilities, (M, C): a column for each class that the job's labels have, in order.
    """

    def work(job: Job) -> npt.NDArray[np.float64]:
        training, labels, others, strength = job
        return _Path(training, labels, others).at(strength)

    # A core for each probe: several for one take longer, because they wait for each other.
    with threadpool_limits(1):
        yield from map_threaded(work, jobs, ahead=usable_cores())


def out_of_fold(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    digests: Sequence[str],
    *,
    trusted: npt.NDArray[np.bool_] | None = None,
    folds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> npt.NDArray[np.float64]:
    """Return out-of-fold predictions, (N, C): the probabilities of ``cross_validated``."""
    found = cross_validated(
        features, labels, digests, trusted=trusted, folds=folds, seed=seed, progress=progress
    )
    return found.probabilities


def cross_validated(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    digests: Sequence[str],
    *,
    trusted: npt.NDArray[np.bool_] | None = None,
    strengths: Sequence[float] = STRENGTHS,
    loss_of: LossOf = lambda chances, truth, strength: log_loss(chances, truth),
    folds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> OutOfFold:
    """Predict each picture by a probe trained without it and its copies.

    The probes' C is that of ``strengths`` with the least log loss on what was left out. One number
    chosen by all pictures flatters none of them by much.

    Args:
        features: Of N pictures, (N, F).
        labels: Their class indices, (N,), each of 0..C−1 at least once, C being 2 or more.
        digests: Their SHA-256, or whatever else is equal for those that must stay in one fold.
        trusted: Which pictures to train on, (N,); all of them are predicted. Of a class of which a
            fold would be left none, those that aren't trusted are trained on as well.
        strengths: Values of C to choose from, rising.
        loss_of: What is least for the best C; by default the log loss.
        folds: Number of probes; fewer where no class has so many pictures, more where copies
            demand it.
        seed: Of the shuffling into folds.
        progress: Called with (done, total), numbers of probes.

    Raises:
        CatdogError: A class has but one picture and its copies, or there is one class only.
    """
    trusted = np.ones(len(labels), dtype=np.bool_) if trusted is None else trusted
    parts = fold_positions(labels, digests, trusted, folds, seed)
    total, done = len(parts) * len(strengths), 0
    found = np.zeros((len(labels), int(labels.max()) + 1))

    def predict(paths: list[_Path], strength: float) -> npt.NDArray[np.float64]:
        nonlocal done
        answers = found.copy()
        said = map_threaded(lambda path: path.at(strength), paths, ahead=usable_cores())
        for (_, rest), some in zip(parts, said, strict=False):
            answers[rest] = some
            done += 1
            if progress is not None and done < total:
                progress(done, total)
        return answers

    chosen = slice(None) if len(labels) <= ALL_FOLDS else slice(1)
    judged = np.concatenate([rest for _, rest in parts[chosen]])
    judged = judged[trusted[judged]]
    best, least, strength = found, np.inf, strengths[0]
    with threadpool_limits(1):
        paths = [_Path(features[some], labels[some], features[rest]) for some, rest in parts]
        for value in strengths:
            answers = predict(paths[chosen], value)
            loss = loss_of(answers[judged], labels[judged], value)
            if loss > least:  # it has one valley
                break
            best, least, strength = answers, loss, value
        if chosen != slice(None):
            best = predict(paths, strength)
    if progress is not None:
        progress(total, total)
    return OutOfFold(best, strength)


def log_loss(probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    """Return the mean −ln of the true class's probability, 0 or more."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)).mean())
