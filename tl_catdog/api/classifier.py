"""A trained run that answers."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tl_catdog.api.evaluated import (
    labelled_images,
    own_again,
    saved_predictions,
    split_to_evaluate,
)
from tl_catdog.api.evaluation_result import EvaluationResult
from tl_catdog.api.loaded import Loaded
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TRAIN, UNSPLIT, VALIDATION
from tl_catdog.data.images import ImageSource
from tl_catdog.data.labelling import AS_IT_IS, Labelling
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.prediction.answers import Prediction, apply_policy
from tl_catdog.prediction.predictor import predict_examples
from tl_catdog.prediction.rejection import Policy, policy_for, policy_of
from tl_catdog.prediction.sources import GivenImage, image_sources, one_source
from tl_catdog.runs.contents import own_images
from tl_catdog.runs.folder import PREDICTIONS, ROBUSTNESS, read_run
from tl_catdog.runs.keeping import keep
from tl_catdog.runs.moved import found_again

if TYPE_CHECKING:
    from tl_catdog.evaluation.robustness import Condition
    from tl_catdog.explain.explanation import Explanation


class Classifier(Loaded):
    """A trained run that predicts; ``tl.load`` and ``tl.train`` return it.

    Several threads may use one at the same time. It can be copied, pickled and sent to other
    processes, before and after use: what is sent is the run's place and description, and the
    network is read there, from the same run. Where the program changes its folder afterwards
    doesn't matter.

    Args:
        run: The run; its network is loaded at the first prediction.

    >>> from tl_catdog.api import load
    >>> from tl_catdog.drawings import draw
    >>> classifier = load("cats-dogs")
    >>> classifier.name, classifier.classes
    ('cats-dogs', ('cats', 'dogs'))
    >>> (found,) = classifier.predict(draw("dog", seed=5).image)
    >>> found.label, found.confidence == found.probabilities["dogs"]
    ('dogs', True)
    >>> import pickle
    >>> pickle.loads(pickle.dumps(classifier)).predict(draw("dog", seed=5).image) == [found]
    True
    """

    def predict(
        self,
        images: GivenImage | Iterable[GivenImage],
        *,
        reject: bool = False,
        precision: float | None = None,
    ) -> list[Prediction]:
        """Predict the class of each picture. A bad one gets an error, the others their answers.

        Args:
            images: One or many of: a file's path; a folder's, which stands for all pictures below
                it; the address of either, such as ``s3://bucket/cats``, fetched into the cache;
                encoded bytes; a file that is open for reading bytes, read from where it stands; a
                picture of Pillow's, turned upright and converted as files are; values
                0..255 of shape (H, W), (H, W, 3), (H, W, 4), or of several pictures,
                (B, H, W, 3). A list or iterator may hold any of them.
            reject: Whether doubtful and unfamiliar pictures get the answer ``unsure``.
            precision: Part of the answers that must be right, above 0 and below 1; implies
                ``reject``, which takes 0.995, or what the validation pictures can show and the
                policy's ``promise`` says.

        Returns:
            A prediction for each picture, in their order.

        Raises:
            UsageError: ``precision`` is out of its range, or an item is nothing that a picture
                can be given as.
            CatdogError: The network can't be read, or the run can't show that precision.

        >>> from tl_catdog.api import load
        >>> load("cats-dogs").predict(b"no picture")[0].error
        'not a JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC, AVIF or JPEG 2000 picture, but text'
        >>> import io
        >>> from PIL import Image
        >>> file = io.BytesIO()
        >>> Image.new("RGBA", (40, 30)).save(file, "PNG")
        >>> as_bytes, as_picture = load("cats-dogs").predict([file.getvalue(), Image.open(file)])
        >>> as_bytes == as_picture
        True
        """
        policy = self.policy(precision) if reject or precision is not None else None
        return list(self.stream(image_sources(images), policy))

    def stream(
        self, images: Iterable[ImageSource], policy: Policy | None = None
    ) -> Iterator[Prediction]:
        """Predict one picture after the other, in order; memory doesn't grow with their number.

        Args:
            images: Files, encoded bytes or arrays, as ``image_sources`` yields them.
            policy: When an answer is given; None for always.

        Raises:
            CatdogError: The network can't be read.
        """
        for answer in self.predictor().answers(images):
            yield apply_policy(answer, policy)

    def policy(self, precision: float | None = None) -> Policy:
        """Choose when to answer, by the validation pictures; see ``prediction.rejection``.

        Args:
            precision: Part of the answers that must be right, above 0 and below 1; by default
                0.995, or a lower one, which the policy's ``promise`` says.

        Raises:
            UsageError: ``precision`` is out of its range.
            CatdogError: The validation pictures can't show the precision that is named.

        >>> from tl_catdog.api import load
        >>> policy = load("cats-dogs").policy()
        >>> policy.precision, policy.doubt(confidence=0.75, novelty=0.0)
        (0.995, 'too doubtful')
        """
        if precision is not None and not 0 < precision < 1:
            raise UsageError(
                f"expected --precision between 0 and 1, found {precision:g}.",
                "Type: --precision 0.995",
            )
        return policy_for(self.run, precision)

    def evaluate(
        self,
        data: str | Path | None = None,
        *,
        features: str | Path | None = None,
        how: Labelling = AS_IT_IS,
        label_map: Mapping[str, str] | None = None,
        split: str | None = None,
        again: bool = False,
        mirror: bool = False,
        progress: Progress | None = None,
    ) -> EvaluationResult:
        """Measure how good it is on labelled pictures.

        Args:
            data: A folder of labelled pictures; None for those that it was trained with, of which
                the predictions are saved. If they were moved, name where they are now: each is
                found by its hash, and in the split that it had.
            features: In its place, the folder or address that ``tl-catdog batch features`` wrote:
                no picture is opened. The run's backbone has to be as it was before the training.
            how: Where the classes of that folder come from; by itself, see ``labelling``.
            label_map: A name in that folder → its class here, or "" to leave its pictures out;
                names that differ in capitals or spaces alone need none.
            split: Which of them; by default ``test`` if there is one, else ``validation``.
            again: Predict anew what is saved.
            mirror: Average over each picture and its mirror image.
            progress: Called with (done, total) pictures where any is predicted.

        Raises:
            UsageError: The folder isn't a set, has other classes or no such split.
            CatdogError: The pictures are gone or have changed, or none can be read.
        """
        from tl_catdog.evaluation.metrics import compute_metrics
        from tl_catdog.evaluation.reliability import reliability

        own = data is None and features is None
        images = self.images(data, how, label_map, features=features, own_splits=split != UNSPLIT)
        wanted = split_to_evaluate(self.run, images, split, own=own, again=again or mirror)
        trained_on, notes = 0, images.notes
        if own and not again and not mirror and wanted in self.run.predicted_splits():
            predictions, skipped = saved_predictions(self.run, wanted)
        else:
            examples = images.split(wanted)
            if own:
                examples = own_again(self.run, examples, images.root)
                trained_on = len(examples) if wanted == TRAIN else 0
            else:
                seen = {
                    item.digest for item in own_images(self.run).examples if item.split == TRAIN
                }
                trained_on = sum(example.digest in seen for example in examples)
            predictor = self.predictor(mirror=mirror)
            bank = predictor.feature_bank
            among = own and bank is not None and bank.split == wanted
            if features is None:
                found = predict_examples(predictor, examples, progress, own=among)
            else:
                from tl_catdog.evaluation.extracted import predict_extracted
                from tl_catdog.features.extracted_plan import open_extracted

                batch = open_extracted(features)
                found = predict_extracted(self.run, predictor, batch, examples, progress)
            predictions, skipped = found.predictions, found.skipped
            if own and not mirror:
                notes = (*notes, *self._keep(f"{PREDICTIONS}/{wanted}.csv", predictions.to_csv()))
        return EvaluationResult(
            run=self.run,
            data=images.name,
            root=images.root,
            split=wanted,
            predictions=predictions,
            skipped=skipped,
            trained_on=trained_on,
            metrics=compute_metrics(predictions),
            calibration=reliability(predictions),
            policy=policy_of(self.run),
            label_map=dict(label_map or {}),
            left_out=images.ignored,
            notes=notes,
            out_of_fold=own and wanted == VALIDATION and self.run.out_of_fold,
        )

    def robustness(
        self,
        data: str | Path | None = None,
        *,
        how: Labelling = AS_IT_IS,
        label_map: Mapping[str, str] | None = None,
        split: str | None = None,
        progress: Progress | None = None,
    ) -> tuple[Condition, ...]:
        """Measure how much of its accuracy is left when pictures get worse in eight ways.

        The plain pictures come first. What is found on its own pictures is kept in the run, for
        its report, if the run can be written to.

        Args:
            data: As for ``evaluate``.
            how: As for ``evaluate``.
            label_map: As for ``evaluate``.
            split: As for ``evaluate``.
            progress: Called with (done, total) pictures.

        Raises:
            UsageError: The folder isn't a set, has other classes or no such split.
            CatdogError: The pictures are gone or have changed, or none can be read.
        """
        from tl_catdog.evaluation.robustness import robustness

        images = self.images(data, how, label_map, own_splits=split != UNSPLIT)
        wanted = split_to_evaluate(self.run, images, split, own=data is None, again=True)
        examples = images.split(wanted)
        if data is None:
            examples = found_again(examples, images.root)
        conditions = robustness(self.predictor(), examples, progress)
        if data is None:
            rows = [item.to_json() for item in conditions]
            text = json.dumps({"split": wanted, "conditions": rows}, indent=2)
            self._keep(ROBUSTNESS, f"{text}\n")
        return conditions

    def _keep(self, name: str, text: str) -> tuple[str, ...]:
        """Keep a file in the run; return why it can't be kept, if so."""
        try:
            self.run = keep(self.run, name, text)
        except OSError as error:
            with contextlib.suppress(CatdogError):  # it may have failed after a part was kept
                self.run = read_run(self.run.path)
            return (f"Not kept: {self.run.path} can't be written to ({error.strerror}).",)
        return ()

    def images(
        self,
        data: str | Path | None = None,
        how: Labelling = AS_IT_IS,
        label_map: Mapping[str, str] | None = None,
        *,
        features: str | Path | None = None,
        own_splits: bool = True,
    ) -> ImageSet:
        """Return labelled pictures of its classes: a folder's, or those that it was trained with.

        Args:
            data: As for ``evaluate``; a folder of one of the classes will do.
            how: As for ``evaluate``.
            label_map: As for ``evaluate``.
            features: As for ``evaluate``.
            own_splits: Whether a folder without splits that holds the pictures it was trained
                with, which may have been moved and renamed, has the splits that they had then.

        Raises:
            UsageError: The folder isn't a set, or has other classes that aren't mapped.
            CatdogError: The run doesn't know its pictures any more.
        """
        return labelled_images(self.run, data, features, how, label_map, own_splits=own_splits)

    def explain(
        self,
        image: GivenImage,
        label: str | None = None,
        progress: Progress | None = None,
    ) -> Explanation:
        """Explain what it predicts for a picture: see ``explain.explanation``.

        Args:
            image: A picture, given in any of the ways that ``predict`` takes one.
            label: The class to explain; None for the most probable one.
            progress: Called with (done, total) covered squares.

        Raises:
            UsageError: It knows no such class, or the picture is none, or several.
            CatdogError: The picture or the network can't be read.
        """
        from tl_catdog.explain.explanation import explain

        return explain(self.run, one_source(image), label, progress)
