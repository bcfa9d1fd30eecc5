"""The heat from the ONNX graph is the heat of Grad-CAM."""

import numpy as np
import pytest

from tests.conftest import Trained
from tl_catdog.data.images import decode
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.prediction.predictor import load_keras
from tl_catdog.runs.folder import find_run


@pytest.mark.parametrize("name", ["small", "tuned"])
def test_it_agrees_with_the_gradients_of_tensorflow(name: str, trained: Trained) -> None:
    run = find_run(name, trained.runs_dir)
    paths = sorted(trained.data.glob("test/*/*"))[::5]
    pictures = np.stack([decode(path, run.image_size) for path in paths])
    forward = GradCam(run)
    outputs = forward(pictures)
    model = load_keras(run)
    from tools.keras_gradcam import KerasGradCam

    cam = KerasGradCam(model)
    for target in (0, 1):
        wanted = cam(pictures, np.full(len(pictures), target))
        found = np.stack([forward.heatmap(outputs, i, target) for i in range(len(pictures))])
        assert wanted.max() == 1
        np.testing.assert_allclose(found, wanted, atol=1e-3)
