"""The novelty within an exported network is the run's, and so are the doubts."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from tl_catdog.export.unsure import add_novelty, bank_of, unsure_of
from tl_catdog.prediction.novelty import FeatureBank, unit
from tl_catdog.prediction.rejection import policy_of
from tl_catdog.runs.folder import Run, shipped_run

RNG = np.random.default_rng(3)


def rows(count: int, width: int = 20) -> npt.NDArray[Any]:
    """Return features of length one as runs keep them, in half precision."""
    return unit(RNG.random((count, width))).astype(np.float16)


def features(bank: FeatureBank) -> npt.NDArray[np.float32]:
    """Return features near to known ones, near to strangers, far from all, and none at all."""
    near = 7 * bank.rows[:4].astype(np.float64)
    near += RNG.normal(0, 0.3, near.shape)
    parts = [near, RNG.normal(0, 1, (4, 20)), -bank.rows[:2], np.zeros((1, 20)), *bank.strangers]
    return np.vstack(parts).astype(np.float32)


BANKS = {
    "usual": FeatureBank(rows(30), rows(5), closest=0.2),
    "without strangers": FeatureBank(rows(30), closest=0.42),
    "older, of the tenth nearest": FeatureBank(rows(30), neighbours=10),
    "older, of few": FeatureBank(rows(3), neighbours=10),
    "a single picture": FeatureBank(rows(1)),
}


@pytest.mark.parametrize("which", list(BANKS))
def test_onnx_computes_what_the_bank_computes(which: str) -> None:
    bank = BANKS[which]
    taken = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["B", 20])
    graph = helper.make_graph([], "none", [taken], [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    add_novelty(model, "features", bank)
    onnx.checker.check_model(model)
    given = features(bank)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(None, {"features": given})
    np.testing.assert_allclose(found, bank.distance(given), atol=2e-6)


@pytest.mark.parametrize("which", list(BANKS))
def test_keras_computes_what_the_bank_computes(which: str) -> None:
    import keras

    from tl_catdog.export.unsure import keras_novelty

    bank = BANKS[which]
    taken = keras.Input((20,))
    model = keras.Model(taken, keras_novelty(taken, bank))
    given = features(bank)
    np.testing.assert_allclose(model(given), bank.distance(given), atol=2e-6)


def test_a_bank_fits_a_network_that_gives_its_features() -> None:
    run = shipped_run()
    bank = bank_of(run, 1280)
    assert bank is not None
    assert bank.rows.shape[1] == 1280
    assert bank_of(run, 64) is None
    assert bank_of(run, None) is None


def test_thresholds_and_words_are_those_of_the_policy() -> None:
    run = shipped_run()
    policy, found = policy_of(run), unsure_of(run, novelty=True)
    assert policy is not None
    assert policy.novelty is not None
    assert found is not None
    assert (found["below"], found["above"]) == (policy.confidence, policy.novelty)
    assert found["words"]["below"] == policy.doubt(policy.confidence - 0.01, 0.0)
    assert found["words"]["above"] == policy.doubt(1.0, policy.novelty + 0.01)
    assert found["precision"] == policy.precision
    assert found["promise"].startswith(policy.promise())
    half = unsure_of(run, novelty=False)
    assert half is not None
    assert half["above"] is None
    assert "doesn't give the novelty" in half["promise"]


def test_a_run_without_validation_answers_can_not_be_unsure(small: Run, tmp_path: Path) -> None:
    from tests.support.bare_runs import sealed

    small.predictions_path("validation").unlink()
    assert unsure_of(sealed(small.path), novelty=True) is None
