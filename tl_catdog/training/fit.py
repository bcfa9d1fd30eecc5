"""Fits the stages: in which order, from where, and which weights are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras

from tl_catdog import runtime
from tl_catdog.config import ResolvedConfig
from tl_catdog.data.batches import evaluation_batches, training_batches
from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.data.mixing import Mixer
from tl_catdog.models.head import HEAD_LAYERS, empty_linear
from tl_catdog.models.layout import POOLING
from tl_catdog.runs.unfinished import CHECKPOINT
from tl_catdog.runs.writer import TENSORBOARD, RunWriter
from tl_catdog.training.callbacks import BestWeights, StageProgress
from tl_catdog.training.checkpoint import Checkpoint, CheckpointFile, values_of
from tl_catdog.training.devices import devices_here, shares
from tl_catdog.training.head_stages import choose_head, fit_linear
from tl_catdog.training.inputs import Inputs
from tl_catdog.training.linear_start import LinearStart
from tl_catdog.training.manifest import elapsed
from tl_catdog.training.observer import EpochResult, Observer
from tl_catdog.training.one_stage import run_stage
from tl_catdog.training.stages import (
    FINETUNE,
    FROZEN,
    INTERRUPTED,
    LINEAR,
    Stage,
    StageResult,
)
from tl_catdog.training.start import begin_network
from tl_catdog.training.tuned_share import choose_share
from tl_catdog.wording import plural


@dataclass(frozen=True)
class Fitted:
    """A network with the best weights, and how it came to them.

    Attributes:
        model: The network.
        results: What each stage did.
        linear: Where its head began; None without a frozen backbone.
        linear_share: The part of the head's logits that comes from there, 0..1.
        resumed: How often the training went on after it had ended before its time.
        tuned_share: The part of the weights that fine-tuning gave, the rest being those before it;
            None where there was none.
        devices: What trained it, by TensorFlow's names; where it went on, what did in the end.
    """

    model: keras.Model
    results: tuple[StageResult, ...]
    linear: LinearStart | None = None
    linear_share: float = 0.0
    resumed: int = 0
    tuned_share: float | None = None
    devices: tuple[str, ...] = ()


def fit_stages(
    config: ResolvedConfig,
    inputs: Inputs,
    writer: RunWriter,
    observer: Observer,
    devices: Sequence[str] = (),
) -> Fitted:
    """Build the network and train it, stage after stage; Ctrl-C ends the one it comes in.

    Where the writer's folder has a checkpoint, the training goes on from there.

    Args:
        config: The settings.
        inputs: What each stage is trained and validated on.
        writer: Takes each epoch's metrics and the checkpoint, and TensorBoard's logs.
        observer: Called as the training advances.
        devices: What shares the steps of stages that several devices share, see
            ``training.devices``; none is the usual one.

    Raises:
        CatdogError: Without validation pictures, a class has one group of pictures only; or the
            checkpoint is of another training.
        KeyboardInterrupt: Interrupted before an epoch was through, so nothing is worth keeping.
    """
    training = _Training.begin(config, inputs, writer, observer)
    training.devices = tuple(devices)
    spread = any(shares(stage, devices) for stage in inputs.stages)
    left_in = 0 if training.begun is None else training.begun.stage
    for number, stage in enumerate(inputs.stages):
        if stage.name == LINEAR:
            training.fit_linear()
        elif number >= left_in:
            training.fit_by_gradients(number, stage)
            if training.results[-1].reason == INTERRUPTED:
                break
    return Fitted(
        training.model,
        tuple(training.results),
        training.linear,
        training.share,
        training.resumed,
        training.tuned_share,
        tuple(devices) if spread else devices_here()[:1],
    )


@dataclass
class _Training:
    """A network on its way through the stages.

    Attributes:
        kept: Takes the checkpoint.
        begun: Where an earlier process left it, until that stage goes on; None if none did.
        drawn: The head's weights before the linear model was put into it.
        resumed: How often it went on.
        saves: Whether checkpoints can be written.
    """

    config: ResolvedConfig
    inputs: Inputs
    writer: RunWriter
    observer: Observer
    model: keras.Model
    kept: CheckpointFile
    begun: Checkpoint | None
    best: BestWeights = field(default_factory=BestWeights)
    results: list[StageResult] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    linear: LinearStart | None = None
    share: float = 0.0
    tuned_share: float | None = None
    drawn: dict[str, Any] = field(default_factory=dict)
    resumed: int = 0
    devices: tuple[str, ...] = ()
    saves: bool = True

    @classmethod
    def begin(
        cls, config: ResolvedConfig, inputs: Inputs, writer: RunWriter, observer: Observer
    ) -> _Training:
        """Build the network, and look for where it was left."""
        with runtime.building:  # no other thread draws weights in between
            runtime.make_deterministic(config.seed)
            model = begin_network(config, len(inputs.images.classes), inputs.start)
        kept = CheckpointFile(writer.path / CHECKPOINT, model.get_weights())
        begun = kept.read()
        if begun is not None and begun.stage >= len(inputs.stages):
            begun = None
        if begun is None and kept.path.exists():
            observer.note("Warning: the checkpoint is damaged; this training begins again.")
        resumed = 0 if begun is None else begun.resumed + 1
        return cls(config, inputs, writer, observer, model, kept, begun, resumed=resumed)

    def fit_linear(self) -> None:
        """Fit the linear model, also where the training goes on: it takes less than a second."""
        empty_linear(self.model)
        self.drawn = {name: self.model.get_layer(name).get_weights() for name in HEAD_LAYERS}
        self.linear, result = fit_linear(
            self.model, self.config, self.inputs, self.best, self.observer, self._record
        )
        self.share = 1.0
        self.results.append(result)

    def fit_by_gradients(self, number: int, stage: Stage) -> None:
        """Fit a stage, from its beginning or from where it was left."""
        config, inputs = self.config, self.inputs
        begun, self.begun = self.begun, None
        count = len(self.devices) if shares(stage, self.devices) else 1
        devices: tuple[int, ...] = (count,)
        if begun is not None:
            self._go_back_to(begun)
            devices = begun.devices
            if devices[-1] != count:
                self.observer.note(
                    f"Stage {stage.name} was left on {plural(devices[-1], 'device')} and goes on "
                    f"on {count}: its figures may differ in their last digits."
                )
                devices = (*devices, count)
        # The trained units have to find their best by themselves, before the two are put together.
        beside = stage.name == FROZEN and self.linear is not None
        apart = beside or stage.name == FINETUNE  # it is put together with what was there
        if beside:
            for name, values in self.drawn.items():
                self.model.get_layer(name).set_weights(values)
        found = BestWeights(latest=not config.patience) if apart else self.best
        if begun is not None and begun.found is not None:
            found = begun.found
        # Each stage has a stream of its own, whatever length the one before turned out to have.
        stream = 1000 * config.seed + number
        training = inputs.samples(stage.feature_layer, TRAIN)

        def save(part: keras.Model, progress: StageProgress, seconds: float) -> None:
            self._save(
                Checkpoint(
                    stage=number,
                    progress=progress,
                    seconds=seconds,
                    results=tuple(self.results),
                    linear_share=self.share,
                    rows=tuple(self.rows),
                    best=self.best,
                    found=found if apart else None,
                    variables=values_of(part.variables),
                    optimizer=values_of(part.optimizer.variables),
                    resumed=self.resumed,
                    devices=devices,
                )
            )

        validation = evaluation_batches(
            inputs.samples(stage.feature_layer, VALIDATION),
            inputs.images.classes,
            batch_size=256 if stage.feature_layer == POOLING else 32,
        )
        result = run_stage(
            self.model,
            config,
            stage,
            training=training_batches(
                training,
                inputs.images.classes,
                batch_size=config.batch_size,
                seed=stream,
                augment=inputs.augmenter(stage.feature_layer, stream),
                mix=self._mixer(stage, stream),
                class_weights=config.class_weights,
                first_epoch=0 if begun is None else begun.progress.epochs,
            ),
            steps=math.ceil(len(training.examples) / config.batch_size),
            validation=validation,
            best=found,
            fallback=self.best,
            observer=self.observer,
            record=self._record,
            tensorboard=self.writer.path / TENSORBOARD if config.tensorboard else None,
            begun=begun,
            save=save,
            judge=inputs.start is not None and not self.best.weights,
            devices=self.devices,
        )
        result = replace(result, devices=devices)
        if beside and self.linear is not None and found.weights:
            self.share, result = choose_head(self.model, self.linear, inputs, result, self.best)
            self.observer.head_chosen(self.share)
        elif stage.name == FINETUNE and found.weights:
            self.tuned_share, result = choose_share(
                self.model,
                stage,
                self.best,
                result,
                validation=validation,
                share=config.finetune_share,
            )
            self.observer.share_chosen(self.tuned_share)
        self.results.append(result)

    def _mixer(self, stage: Stage, stream: int) -> Mixer | None:
        """Return what mixes a stage's batches; pooled features have no place for a rectangle."""
        cutmix = 0.0 if stage.feature_layer == POOLING else self.config.cutmix
        if not (self.config.mixup or cutmix):
            return None
        return Mixer(self.config.mixup, cutmix, stream)

    def _go_back_to(self, begun: Checkpoint) -> None:
        """Take what was known when an earlier process left the stage that it was in."""
        self.best, self.share = begun.best, begun.linear_share
        self.results, self.rows = list(begun.results), [dict(row) for row in begun.rows]
        self.writer.write_metrics(self.rows)
        if self.best.weights:
            self.model.set_weights(self.best.weights)

    def _record(self, epoch: EpochResult) -> None:
        row = {**epoch.to_json(), "elapsed": elapsed()}
        self.rows.append(row)
        self.writer.append_metrics(row)

    def _save(self, checkpoint: Checkpoint) -> None:
        """Write the checkpoint; a disk that is full now may have room when the run is written."""
        if not self.saves:
            return
        try:
            self.kept.write(checkpoint)
        except OSError as error:
            self.saves = False
            self.observer.note(
                f"Warning: the checkpoint can't be written to {error.filename or self.kept.path} "
                f"({error.strerror}); this training goes on, and can't be resumed after a kill."
            )
