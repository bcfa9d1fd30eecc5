"""Everything that ``tl-catdog explain`` says of one picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.images import ImageSource, Pixels, decode
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import CatdogError, ImageError, UsageError, listing
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.explain.location import Location, peak_of
from tl_catdog.explain.occlusion import Occlusion, occlude
from tl_catdog.prediction.networks import load_keras
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import Run
from tl_catdog.wording import percent, whole_percent

if TYPE_CHECKING:
    from tl_catdog.explain.activations import Activations

SHARP = 512
"""Side in pixels of the picture that the heatmap is laid over; networks may take fewer."""


@dataclass(frozen=True)
class Explanation:
    """How a network comes to its answer on one picture.

    Attributes:
        run: Name of the run.
        path: The picture's file; None of one that was given otherwise.
        label: The most probable class.
        probabilities: Class → probability, summing to one.
        target: The class that is explained; ``label`` unless another was asked for.
        pixels: The picture as the network takes it, (S, S, 3).
        sharp: The same picture larger, for people, (512, 512, 3).
        activations: What each layer leaves of it.
        heatmap: Grad-CAM, (H, W), 0..1: where something speaks for the target.
        peak: Where that is greatest; None if nothing speaks for the target.
        occlusion: What becomes of the target's probability when parts are covered.
    """

    run: str
    path: Path | None
    label: str
    probabilities: dict[str, float]
    target: str
    pixels: Pixels
    sharp: Pixels
    activations: Activations
    heatmap: npt.NDArray[np.float32]
    peak: Location | None
    occlusion: Occlusion

    @property
    def looks(self) -> str:
        """Where the network looks, in a sentence."""
        if self.peak is None:
            return f"Nothing in the picture speaks for {self.target}."
        return (
            f"For {self.target} it looks most at {self.peak.words}: "
            f"{whole_percent(self.peak.x)} of the width from the left, "
            f"{whole_percent(self.peak.y)} of the height from the top."
        )

    @property
    def covering(self) -> str:
        """What covering parts does, in a sentence or two."""
        found = self.occlusion
        size = f"{whole_percent(found.side)} of the side"
        each = (
            f"{percent(found.mean)} on average and {percent(found.lowest)} at the least, "
            f"of {found.after.size} places"
        )
        if found.at_peak is None:
            return f"Covering a square ({size}) leaves {self.target} {each}."
        return (
            f"Covering the spot where it looks most ({size}) takes {self.target} from "
            f"{percent(found.before)} to {percent(found.at_peak)}; the same square elsewhere "
            f"leaves {each}."
        )

    def to_json(self) -> dict[str, Any]:
        """Return all but the pictures."""
        where = self.peak
        peak = None if where is None else {"x": where.x, "y": where.y, "where": where.words}
        return {
            "path": None if self.path is None else str(self.path),
            "run": self.run,
            "label": self.label,
            "probabilities": self.probabilities,
            "target": self.target,
            "peak": peak,
            "occlusion": self.occlusion.to_json(),
            "layers": [
                {"layer": step.layer, "does": step.does, "shape": list(step.shape)}
                for step in self.activations.steps
            ],
        }


def explain(
    run: Run, image: ImageSource, target: str | None = None, progress: Progress | None = None
) -> Explanation:
    """Explain what a run's network says of a picture.

    Args:
        run: The run.
        image: The picture.
        target: The class to explain; None for the most probable one.
        progress: Called with (done, total) covered squares.

    Raises:
        UsageError: The run knows no such class.
        CatdogError: The picture or the network can't be read, or ONNX Runtime can't run the
            network here.
    """
    if target is not None and target not in run.classes:
        raise UsageError(
            f"expected one of the classes {listing(run.classes)}, found {target!r}.",
            f"Type: --class {run.classes[0]}",
        )
    path = image if isinstance(image, Path) else None
    try:
        pixels, sharp = decode(image, run.image_size), decode(image, SHARP)
    except ImageError as error:
        raise CatdogError(
            f"expected a picture, found {path or 'one'}: {error.message}.",
            f"Type: ls {path}" if path else "Give one that a viewer shows.",
        ) from error
    forward = GradCam(run)
    predictor = Predictor(forward, run.classes, run.image_size, temperature=run.temperature)
    outputs = forward(pixels[None])
    (row,) = predictor.probabilities(outputs)
    label = run.classes[int(row.argmax())]
    wanted = run.classes.index(target or label)
    heatmap = forward.heatmap(outputs, 0, wanted)
    peak = peak_of(heatmap)
    occlusion = occlude(
        pixels,
        lambda images: predictor.probabilities(forward(images))[:, wanted],
        peak,
        progress=progress,
    )
    model = load_keras(run)
    from tl_catdog.explain.activations import record_activations

    return Explanation(
        run=run.name,
        path=path,
        label=label,
        probabilities={name: float(p) for name, p in zip(run.classes, row, strict=True)},
        target=run.classes[wanted],
        pixels=pixels,
        sharp=sharp,
        activations=record_activations(model, pixels),
        heatmap=heatmap,
        peak=peak,
        occlusion=occlusion,
    )
