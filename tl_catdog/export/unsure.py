"""How "unsure" leaves home: a run's novelty within its exported network, and when to withhold.

What ``FeatureBank.distance`` computes is written in the layers of ONNX and of Keras, so that other
programs get it beside the probabilities; thresholds and words go into ``metadata.json``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tl_catdog.prediction.head_only import feature_bank_of
from tl_catdog.prediction.novelty import FeatureBank
from tl_catdog.prediction.rejection import DOUBTFUL, UNFAMILIAR, Policy, policy_of
from tl_catdog.runs.folder import Run

if TYPE_CHECKING:
    import keras
    import onnx

NOVELTY = "novelty"

TINY = 1e-12
"""Features shorter than this aren't made longer, as in ``novelty.unit``."""


def unsure_of(run: Run, *, novelty: bool) -> dict[str, Any] | None:
    """Return when an answer is withheld, as ``metadata.json`` has it; None where a run can't say.

    Args:
        run: The run.
        novelty: Whether the format gives it.

    Returns:
        ``below``: answers whose probability is below this are withheld; ``above``: those whose
        novelty is above this as well, None where the format or the run has no novelty; ``words``
        of both reasons; ``precision``, ``certainty`` and ``promise`` of what is answered then.

    Raises:
        CatdogError: The run's predictions are damaged.
    """
    policy = policy_of(run)
    if policy is None:
        return None
    both = novelty and policy.novelty is not None
    return {
        "below": policy.confidence,
        "above": policy.novelty if both else None,
        "words": {"below": DOUBTFUL, "above": UNFAMILIAR},
        "precision": policy.precision,
        "certainty": policy.to_json()["certainty"],
        "promise": _promise(policy, both=both),
    }


def _promise(policy: Policy, *, both: bool) -> str:
    said = f"{policy.sentence()}."
    if both or policy.novelty is None:
        return said
    return (
        f"{said} This format doesn't give the novelty: by the probability alone, fewer pictures of "
        "something else are withheld."
    )


def add_novelty(model: onnx.ModelProto, features: str, bank: FeatureBank) -> None:
    """Give an ONNX model a second output: ``novelty``, (B,), 0 to 2.

    Args:
        model: It is changed.
        features: The name of what goes into its head, (B, F).
        bank: The run's.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph

    def constant(name: str, values: Any) -> str:
        graph.initializer.append(numpy_helper.from_array(np.asarray(values), f"novelty/{name}"))
        return f"novelty/{name}"

    def add(kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        output = NOVELTY if name == NOVELTY else f"novelty/{name}"
        graph.node.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def number(name: str, value: float) -> str:
        return constant(name, np.float32(value))

    def nearest(rows: Any, k: int, name: str) -> str:
        """Add the k-th greatest cosine, (B, 1)."""
        # In half precision, as runs keep them: half the room.
        kept = constant(f"{name}_rows", rows.T.astype(np.float16))
        kept = add("Cast", [kept], f"{name}_single", to=TensorProto.FLOAT)
        cosines = add("MatMul", [units, kept], f"{name}_cosines")
        if k == 1:
            return add("ReduceMax", [cosines], f"{name}_nearest", axes=[1], keepdims=1)
        count = constant(f"{name}_k", np.array([k], np.int64))
        first, last = f"novelty/{name}_first", f"novelty/{name}_places"
        graph.node.append(helper.make_node("TopK", [cosines, count], [first, last], axis=1))
        place = constant(f"{name}_last", np.array([k - 1], np.int64))
        return add("Gather", [first, place], f"{name}_nearest", axis=1)

    length = add("ReduceL2", [features], "length", axes=[1], keepdims=1)
    units = add("Div", [features, add("Max", [length, number("tiny", TINY)], "safe")], "unit")
    k = min(bank.neighbours, len(bank.rows))
    one = number("one", 1)
    distance = add("Sub", [one, nearest(bank.rows, k, "known")], "distance")
    found = add("Max", [distance, number("closest", bank.closest)], "familiar")
    if len(bank.strangers):
        strange = add("Sub", [one, nearest(bank.strangers, 1, "strange")], "to_strangers")
        nearer = add("Relu", [add("Sub", [distance, strange], "difference")], "nearer")
        found = add("Add", [found, nearer], "with_strangers")
    found = add("Min", [found, number("greatest", 2)], "bounded")
    add("Squeeze", [found, constant("axis", np.array([1], np.int64))], NOVELTY)
    graph.output.append(helper.make_tensor_value_info(NOVELTY, TensorProto.FLOAT, ["B"]))


def keras_novelty(features: keras.KerasTensor, bank: FeatureBank) -> keras.KerasTensor:
    """Return the novelty, (B,), 0 to 2, of what goes into a network's head, (B, F)."""
    from keras import ops

    units = features / ops.maximum(ops.norm(features, axis=1, keepdims=True), TINY)

    def distance(rows: Any, k: int) -> keras.KerasTensor:
        # In half precision, as runs keep them: half the room.
        kept = ops.convert_to_tensor(rows.T.astype(np.float16))
        cosines = ops.matmul(units, ops.cast(kept, "float32"))
        return 1.0 - ops.top_k(cosines, k)[0][:, -1]

    known = distance(bank.rows, min(bank.neighbours, len(bank.rows)))
    found = ops.maximum(known, bank.closest)
    if len(bank.strangers):
        found = found + ops.relu(known - distance(bank.strangers, 1))
    return ops.minimum(found, 2.0)


def bank_of(run: Run, width: int | None) -> FeatureBank | None:
    """Return a run's feature bank, if its network gives features of that width.

    Args:
        run: The run.
        width: F, of what goes into its head; None if the network doesn't give it.

    Raises:
        CatdogError: The file is missing or was changed.
    """
    bank = feature_bank_of(run)
    return bank if bank is not None and width == bank.rows.shape[1] else None
