"""What metadata.json says of tensors is what the file has."""

from pathlib import Path
from typing import Any

import pytest

from tests.export.conftest import exported
from tl_catdog.export.formats import FORMATS
from tl_catdog.export.tensors import tensors_of
from tl_catdog.runs.folder import Run


def test_names_shapes_and_types_are_those_of_the_onnx_file(small: Run, tmp_path: Path) -> None:
    import onnxruntime

    for name in ("onnx", "onnx-uint8"):
        kind = FORMATS[name]
        model = tmp_path / name
        model.mkdir()
        path = model / kind.write(small, model, [])
        session = onnxruntime.InferenceSession(path)
        taken, given = tensors_of(small, kind, path, novelty=len(session.get_outputs()) > 1)
        for said, has in zip(
            (*taken, *given), (*session.get_inputs(), *session.get_outputs()), strict=True
        ):
            assert said.name == has.name
            assert [side or "B" for side in said.shape] == has.shape
            assert has.type == {"float32": "tensor(float)"}.get(said.dtype, "tensor(uint8)")


@pytest.mark.parametrize("name", ["keras", "litert"])
def test_names_are_read_from_the_file(name: str, three: Run, tmp_path: Path) -> None:
    found = exported(three, name, tmp_path)
    assert found.path is not None
    kind = FORMATS[name]
    path = found.path / ("model.keras" if name == "keras" else "model.tflite")
    (taken,), (given,) = tensors_of(three, kind, path, novelty=False)
    names: Any
    if name == "keras":
        import keras

        model = keras.saving.load_model(path)
        names = model.input.name, model.layers[-1].name
        assert model.input.shape == taken.shape
    else:
        from ai_edge_litert.interpreter import Interpreter

        loaded = Interpreter(str(path))
        details = loaded.get_input_details()[0], loaded.get_output_details()[0]
        names = details[0]["name"], details[1]["name"]
        assert details[0]["shape"].tolist() == list(taken.shape)
        assert details[1]["shape"].tolist() == list(given.shape)
    assert (taken.name, given.name) == names
