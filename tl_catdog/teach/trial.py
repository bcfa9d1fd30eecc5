"""Trying what was learned so far on a picture: answer, whether it is unsure, where it looks.

The heat is a class activation map (Zhou et al. 2016, https://arxiv.org/abs/1512.04150): under a
linear head on pooled maps, what each place of the maps adds to the class's logit.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.config import ResolvedConfig
from tl_catdog.errors import CatdogError
from tl_catdog.explain.gradcam import LEAN, finer, pooling_of, shift_of, to_peak
from tl_catdog.explain.location import peak_of
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.build import build
from tl_catdog.models.engine import Forward, OnnxForward
from tl_catdog.models.layout import POOLING
from tl_catdog.models.weights import read_backbone_weights
from tl_catdog.prediction.answers import UNSURE
from tl_catdog.prediction.novelty import FeatureBank
from tl_catdog.prediction.rejection import DOUBTFUL, EVEN, Policy
from tl_catdog.serve.heat import overlay
from tl_catdog.teach.heads import Head


@dataclass(frozen=True)
class Answer:
    """What is said of a picture.

    Attributes:
        probabilities: Class to calibrated probability, the likeliest first.
        answer: The likeliest class, or ``unsure``.
        doubt: Why it is unsure, or None.
        heat: A PNG to lay over the picture, as a data URI, or None.
        looks: Where it looks, in words, or None.
        version: Of what was learned.
    """

    probabilities: dict[str, float]
    answer: str
    doubt: str | None
    heat: str | None
    looks: str | None
    version: int

    def to_json(self) -> dict[str, Any]:
        """Return what the page gets."""
        return {
            "label": next(iter(self.probabilities)),
            "probabilities": self.probabilities,
            "answer": self.answer,
            "doubt": self.doubt,
            "heat": self.heat,
            "looks": self.looks,
            "version": self.version,
        }


class Trial:
    """Answers by whatever head is the current one; the backbone is loaded at the first picture.

    Args:
        config: Which backbone, and its pictures' size: the learner's.
    """

    def __init__(self, config: ResolvedConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._forward: Forward | None = None
        self._shift: float | None = None

    @property
    def size(self) -> int:
        """The height and width of the pictures that it takes."""
        return self._config.image_size

    def answer(
        self,
        pixels: npt.NDArray[np.uint8],
        head: Head,
        policy: Policy | None = None,
        bank: FeatureBank | None = None,
        *,
        explain: bool = True,
    ) -> Answer:
        """Return what a head says of a picture.

        Args:
            pixels: RGB, (S, S, 3), as ``decode`` returns it.
            head: The head.
            policy: When it answers; None for what is more probable than not.
            bank: What tells how unlike the labelled pictures this one is.
            explain: Whether to tell where it looks.

        Raises:
            CatdogError: The backbone can't be loaded.
        """
        outputs = self._loaded()(pixels[None])
        chances = head.answers(outputs[0])[0]
        order = np.argsort(-chances, kind="stable")
        found = {head.classes[i]: float(chances[i]) for i in order.tolist()}
        best = int(order[0])
        if policy is not None:
            novelty = None if bank is None else float(bank.distance(outputs[0])[0])
            doubt = policy.doubt(float(chances[best]), novelty)
        else:
            doubt = None if chances[best] > EVEN else DOUBTFUL
        heat = looks = None
        if explain and self._shift is not None:
            heatmap = heat_of(outputs[1][0], head, best, self._shift)
            peak = peak_of(heatmap)
            heat, looks = overlay(heatmap), None if peak is None else peak.words
        answer = head.classes[best] if doubt is None else UNSURE
        return Answer(found, answer, doubt, heat, looks, head.version)

    def _loaded(self) -> Forward:
        with self._lock:
            if self._forward is None:
                try:
                    self._forward, self._shift = with_maps(self._config)
                except (CatdogError, ImportError):  # without ONNX Runtime there is no heat
                    config = self._config
                    backbone = frozen_backbone(config, (POOLING,), lambda: build(config, 2))
                    self._forward = backbone.load()
            return self._forward


def with_maps(config: ResolvedConfig) -> tuple[Forward, float]:
    """Return a backbone's forward pass to pooled features and last maps, and the maps' shift.

    Raises:
        CatdogError: The weights can't be loaded, or ONNX Runtime can't run it.
        ImportError: It isn't there.
    """
    import onnx

    from tl_catdog.models.graph import extraction_graph

    spec = backbone_of(config.arch)
    if not spec.blocks:
        raise CatdogError(f"expected a backbone whose graph is known, found {config.arch}.")
    weights = read_backbone_weights(spec, config.backbone_weights)
    model = onnx.load_from_string(extraction_graph(spec, weights, config.image_size, (POOLING,)))
    pool = pooling_of(model.graph)
    maps = onnx.helper.make_tensor_value_info(
        pool.input[0], onnx.TensorProto.FLOAT, ["B", None, None, None]
    )
    model.graph.output.append(maps)
    return OnnxForward(model.SerializeToString()), LEAN * shift_of(model.graph, pool)


def heat_of(
    maps: npt.NDArray[np.float32], head: Head, target: int, shift: float
) -> npt.NDArray[np.float32]:
    """Return where a picture shows something that speaks for a class.

    Args:
        maps: The last maps, (F, h, w).
        head: The head above their mean.
        target: The class's index.
        shift: How far a cell's field lies right of and below its place, in cells.

    Returns:
        (H, W) over the whole picture, 0..1 with 1 at its peak; all zero where nothing speaks for
        the class.
    """
    if head.kernel.shape[1] == 1:
        to_class = head.kernel[:, 0] * (1 if target else -1)
    else:
        to_class = head.kernel[:, target]
    found = np.maximum(np.tensordot(to_class.astype(np.float64), maps, axes=1), 0)
    rows, columns = (finer(cells, shift) for cells in found.shape)
    return to_peak(rows @ found @ columns.T)
