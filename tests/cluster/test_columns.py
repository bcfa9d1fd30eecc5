"""Features are those of a training, to the bit, in the views that the plan names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.batches import in_process, pictures
from tl_catdog.cluster.batch import batch
from tl_catdog.cluster.columns import feature_columns
from tl_catdog.cluster.networks import backbone_for, settings
from tl_catdog.cluster.pictures import Picture
from tl_catdog.cluster.planning import FeatureSettings
from tl_catdog.data.sets import load_training_set
from tl_catdog.features.extraction import extract
from tl_catdog.features.views import Views
from tl_catdog.models.layout import POOLING
from tl_catdog.shards.plan import Plan
from tl_catdog.shards.reading import read_parts
from tl_catdog.shards.rows import Row


@pytest.mark.parametrize("compute", ["float32", "int8"])
def test_features_are_those_of_a_training_to_the_bit(
    compute: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    source = pictures(tmp_path / "pictures")
    wanted = FeatureSettings(image_size=64, compute=compute, mirror="yes")
    plan = batch("features", source, tmp_path / "out", features=wanted, shard_size=3).plan
    backbone = backbone_for(settings("mobilenet", 64, None, compute))
    assert (plan.engine_key, plan.weights_sha256) == (backbone.identity, backbone.weights)
    images = load_training_set(source)
    examples = [example for split in images.splits for example in images.split(split)]
    expected = extract(backbone, examples, Views(mirror=True)).samples[POOLING]
    of_picture = {
        example.name: expected.rows.read(np.arange(2 * place, 2 * place + 2))
        for place, example in enumerate(expected.examples)
    }
    rows = [row for some in read_parts(tmp_path / "out") for row in some.to_pylist()]
    assert {row["path"] for row in rows} == set(of_picture)
    for row in rows:
        found = np.array(row["features"], np.float32).reshape(2, plan.width)
        assert found.tobytes() == of_picture[row["path"]].tobytes()
        assert row["label"] == row["path"].partition("/")[0]


def test_a_broken_picture_has_an_error_and_no_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    source = pictures(tmp_path / "pictures", 2)
    (source / "ant" / "000.png").write_bytes(b"")
    wanted = FeatureSettings(image_size=32, mirror="no")
    done = batch("features", source, tmp_path / "out", features=wanted)
    assert done.errors == {"the file is empty": 1}
    rows = [row for some in read_parts(tmp_path / "out") for row in some.to_pylist()]
    assert [row["features"] is None for row in rows] == [True, False, False, False]
    assert rows[0]["sha256"] is not None


def test_features_of_another_shape_fail_the_shard() -> None:
    class Forward:
        engine, batch = "", 1

        def __call__(self, images: Any) -> Any:
            return (np.zeros((len(images), 5), np.float32),)

    plan = Plan("features", "", "", 1, 1, 1, "", image_size=32, views=("plain",), width=6)
    picture = Picture(Row("a"), _png())
    with pytest.raises(ValueError, match="features of shape"):
        feature_columns(plan, Forward(), iter([picture]))


def _png() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return out.getvalue()
