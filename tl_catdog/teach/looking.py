"""Features of a folder's pictures, a few at a time, through the cache that all trainings share."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import numpy.typing as npt

from tl_catdog.config import ResolvedConfig, TrainConfig
from tl_catdog.data.batches import Samples
from tl_catdog.data.examples import Example
from tl_catdog.data.folders import TRAIN
from tl_catdog.errors import CatdogError
from tl_catdog.features.backbone import Backbone, frozen_backbone
from tl_catdog.features.cache import FeatureStore, open_store
from tl_catdog.features.extraction import extract
from tl_catdog.features.views import Views
from tl_catdog.models.build import build
from tl_catdog.models.layout import POOLING
from tl_catdog.prediction.strangers import stranger_pictures
from tl_catdog.teach.items import Item

CHUNK = 32  # pictures between two looks at what has changed


@dataclass(frozen=True)
class Looked:
    """What came of some pictures.

    Attributes:
        digests: Of those that there are features of, N.
        features: Pooled, of their plain view, (N, F).
        broken: Why others are no pictures that can be read, by their SHA-256.
    """

    digests: tuple[str, ...]
    features: npt.NDArray[np.float32]
    broken: dict[str, str]


class Looker:
    """Computes features with the backbone that ``train`` takes by itself; used by one thread."""

    def __init__(self, config: ResolvedConfig | None = None) -> None:
        self.config = TrainConfig().resolved() if config is None else config
        self._backbone: Backbone | None = None
        self._strangers: npt.NDArray[np.float32] | None = None
        self._store: FeatureStore | None = None
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Looker:
        self._store = self._open.enter_context(open_store(self.config))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def strangers(self) -> npt.NDArray[np.float32]:
        """Return the features of pictures of nothing, (S, F), as a run keeps them; once computed.

        Raises:
            CatdogError: The backbone's weights can't be loaded.
        """
        if self._strangers is None:
            forward = self._loaded().load()
            # One at a time: what computes keeps the memory of the largest batch it ever had.
            parts = [
                forward(pixels[None])[0] for pixels in stranger_pictures(self.config.image_size)
            ]
            self._strangers = np.concatenate(parts).astype(np.float32)
        return self._strangers

    def _loaded(self) -> Backbone:
        if self._backbone is None:
            self._backbone = frozen_backbone(self.config, (POOLING,), lambda: build(self.config, 2))
        return self._backbone

    def look(self, pictures: Sequence[Item]) -> Looked:
        """Return features of pictures; of those that moved or changed meanwhile nothing is said.

        Raises:
            CatdogError: The backbone's weights can't be loaded.
        """
        backbone = self._loaded()
        examples = [
            Example(picture.path, picture.id, "", TRAIN, picture.sha256) for picture in pictures
        ]
        try:
            parts = [self._extracted(backbone, examples)]
        except CatdogError:  # one has changed since it was hashed: which?
            parts = []
            for example in examples:
                with contextlib.suppress(CatdogError):
                    parts.append(self._extracted(backbone, [example]))
        digests, rows, broken = [], [], {}
        by_path = {example.path: example.digest for example in examples}
        for samples in parts:
            if samples.examples:
                everything = np.arange(len(samples.examples))
                rows.append(samples.gather(everything, 0 * everything))
                digests += [example.digest for example in samples.examples]
            for item in samples.skipped:
                if item.path.is_file():  # else it was moved, as pictures are that get a class
                    broken[by_path[item.path]] = item.reason
        features = np.concatenate(rows) if rows else np.empty((0, 0))
        return Looked(tuple(digests), np.asarray(features, dtype=np.float32), broken)

    def _extracted(self, backbone: Backbone, examples: Sequence[Example]) -> Samples:
        return extract(backbone, examples, Views(), store=self._store).samples[POOLING]
