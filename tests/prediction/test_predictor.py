"""One path from pictures to answers, worked out by hand for a network simple enough for that."""

import math
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.digest import file_digest
from tl_catdog.data.examples import Example
from tl_catdog.data.images import decode
from tl_catdog.errors import CatdogError
from tl_catdog.prediction.head_only import feature_bank_of, graph_of
from tl_catdog.prediction.novelty import NEIGHBOURS, FeatureBank
from tl_catdog.prediction.predictor import (
    Predictor,
    predict_examples,
    to_probabilities,
)
from tl_catdog.runs.folder import shipped_run


def test_one_unit_is_the_second_class() -> None:
    assert to_probabilities(np.array([[0.25]], np.float32)).tolist() == [[0.75, 0.25]]


def test_a_unit_each_is_made_to_sum_to_one() -> None:
    found = to_probabilities(np.array([[0.2, 0.2, 0.4], [0, 0, 0]], np.float32))
    assert found[0] == pytest.approx([0.25, 0.25, 0.5])
    assert found[1] == pytest.approx([1 / 3] * 3)


class ColourNetwork:
    """A network that can be worked out by hand: it looks at the left half of a picture only.

    Its outputs are a sigmoid for each colour's mean, its features the means and a constant.
    """

    engine, batch = "test", 4

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        means = images[:, :, : images.shape[2] // 2].mean(axis=(1, 2)) / 255
        outputs = 1 / (1 + np.exp(3 - 8 * means))
        features = np.column_stack([means, np.full(len(means), 0.1)])
        return outputs.astype(np.float32), features.astype(np.float32)


CLASSES = ("red", "green", "blue")


def by_hand(image: np.ndarray, temperature: float) -> tuple[dict[str, float], np.ndarray]:
    """Return what ``ColourNetwork`` says of a picture, by definition, and its features."""
    means = [float(image[:, : len(image) // 2, channel].mean()) / 255 for channel in range(3)]
    sigmoids = [1 / (1 + math.exp(3 - 8 * mean)) for mean in means]
    powers = [(sigmoid / sum(sigmoids)) ** (1 / temperature) for sigmoid in sigmoids]
    chances = [power / sum(powers) for power in powers]
    return dict(zip(("red", "green", "blue"), chances, strict=True)), np.array([*means, 0.1])


def distance_by_hand(
    features: np.ndarray, bank: list[np.ndarray], neighbours: int = NEIGHBOURS
) -> float:
    cosines = [features @ row / np.linalg.norm(features) / np.linalg.norm(row) for row in bank]
    return float(sorted(1 - cosine for cosine in cosines)[neighbours - 1])


def colourful(folder: Path, count: int) -> list[Path]:
    """Write pictures whose halves have different colours, of all three classes and in between."""
    rng = np.random.default_rng(3)
    folder.mkdir()
    paths = []
    for index in range(count):
        pixels = np.empty((24, 24, 3), np.uint8)
        pixels[:, :12], pixels[:, 12:] = rng.integers(0, 256, (2, 3))
        paths.append(folder / f"{index:02}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def feature_bank(paths: list[Path]) -> tuple[FeatureBank, list[np.ndarray]]:
    rows = [by_hand(decode(path, 16), 1.0)[1] for path in paths]
    return FeatureBank.of(lambda positions: np.array(rows)[positions], len(rows)), rows


@pytest.mark.parametrize("mirror", [False, True])
def test_every_answer_is_that_of_its_own_picture_class_by_class(
    tmp_path: Path, mirror: bool
) -> None:
    """With mirror images it is the mean of both, and so are the features and their distance."""
    paths = colourful(tmp_path / "asked", 40)
    bank, rows = feature_bank(colourful(tmp_path / "known", 15))
    paths[5].write_bytes(b"no picture")
    predictor = Predictor(
        ColourNetwork(), CLASSES, 16, temperature=2.5, feature_bank=bank, mirror=mirror
    )
    found = list(predictor.answers(paths))
    assert [answer.path for answer in found] == paths
    assert found[5].probabilities is None
    labels = set()
    for path, answer in zip(paths, found, strict=True):
        if path == paths[5]:
            continue
        image = decode(path, 16)
        views = [image, np.fliplr(image)] if mirror else [image]
        chances, features = zip(*(by_hand(view, 2.5) for view in views), strict=True)
        expected = {name: np.mean([view[name] for view in chances]) for name in CLASSES}
        mean = np.mean(features, axis=0)
        assert answer.probabilities == pytest.approx(expected, abs=1e-5)
        assert list(answer.probabilities or {}) == list(CLASSES)
        assert answer.label == max(expected, key=lambda name: expected[name])
        assert answer.features == pytest.approx(mean, abs=1e-5)
        assert answer.novelty == pytest.approx(distance_by_hand(mean, rows), abs=1e-3)
        labels.add(answer.label)
    assert labels == set(CLASSES)


def test_one_sigmoid_is_that_of_the_second_class(tmp_path: Path) -> None:
    class Reddish(ColourNetwork):
        def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
            return (super().__call__(images)[0][:, :1],)

    paths = colourful(tmp_path / "asked", 9)
    for path, answer in zip(
        paths,
        Predictor(Reddish(), ("other", "red"), 16, temperature=2.0).answers(paths),
        strict=True,
    ):
        mean = float(decode(path, 16)[:, :8, 0].mean()) / 255
        red = 1 / (1 + math.exp((3 - 8 * mean) / 2))  # the sigmoid of logit/T
        assert answer.probabilities == pytest.approx({"other": 1 - red, "red": red}, abs=1e-5)
        assert answer.novelty is None
        assert answer.features is None


@pytest.mark.parametrize("own", [False, True])
def test_predictions_stay_beside_their_pictures_when_some_cannot_be_read(
    tmp_path: Path, own: bool
) -> None:
    paths = colourful(tmp_path / "set", 40)
    for index in (0, 7, 8, 33):
        paths[index].write_bytes(b"no picture")
    rng = np.random.default_rng(0)
    examples = [
        Example(path, f"set/{path.name}", str(rng.choice(CLASSES)), "test", file_digest(path))
        for path in paths
    ]
    good = [example for i, example in enumerate(examples) if i not in (0, 7, 8, 33)]
    bank, rows = feature_bank([example.path for example in good])
    predictor = Predictor(ColourNetwork(), CLASSES, 16, temperature=2.5, feature_bank=bank)
    features = ArrayStore(40, (4,), np.float32)
    heard: list[tuple[int, int]] = []
    result = predict_examples(
        predictor, examples, lambda *done: heard.append(done), features, own=own
    )
    said = result.predictions
    assert [item.path for item in result.skipped] == [paths[i] for i in (0, 7, 8, 33)]
    assert {item.split for item in result.skipped} == {"test"}
    assert all(item.reason for item in result.skipped)
    assert heard == [(done, 40) for done in range(1, 41)]
    assert said.classes == CLASSES
    assert len(said) == 36
    assert said.novelty is not None
    for index, example in enumerate(good):
        assert said.names[index] == example.name
        assert said.digests[index] == example.digest
        assert CLASSES[said.labels[index]] == example.label
        chances, mean = by_hand(decode(example.path, 16), 2.5)
        assert dict(zip(CLASSES, said.probabilities[index], strict=True)) == pytest.approx(
            chances, abs=1e-5
        )
        assert features.read(np.array([index]))[0] == pytest.approx(mean, abs=1e-5)
        others = [row for i, row in enumerate(rows) if i != index] if own else rows
        assert said.novelty[index] == pytest.approx(distance_by_hand(mean, others), abs=1e-3)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_runs_answers_are_those_of_its_graph_in_onnx_runtime(
    tmp_path: Path, mirror: bool
) -> None:
    """Worked out by hand from the graph's sigmoid: classes, temperature, views, distance."""
    run = shipped_run()
    paths = colourful(tmp_path / "asked", 6)
    found = list(Predictor.load(run, mirror=mirror).answers(paths))
    graph = onnxruntime.InferenceSession(graph_of(run), providers=["CPUExecutionProvider"])
    bank = feature_bank_of(run)
    assert bank is not None
    for path, answer in zip(paths, found, strict=True):
        image = decode(path, run.image_size)
        views = np.stack([image, np.fliplr(image)] if mirror else [image]).astype(np.float32)
        outputs, features = graph.run(["output", "features"], {"pictures": views})
        logits = (
            np.log(outputs[:, 0] / (1 - outputs[:, 0])) / run.manifest["calibration"]["temperature"]
        )
        dog = float(np.mean(1 / (1 + np.exp(-logits))))
        assert answer.probabilities == pytest.approx({"cats": 1 - dog, "dogs": dog}, abs=1e-4)
        assert answer.label == ("dogs" if dog > 0.5 else "cats")
        mean = features.mean(axis=0)
        assert answer.features == pytest.approx(mean, abs=1e-3)
        distance = distance_by_hand(mean, list(bank.rows), bank.neighbours)
        stranger = distance_by_hand(mean, list(bank.strangers), 1) if len(bank.strangers) else 2.0
        expected = max(distance, bank.closest) + max(0.0, distance - stranger)
        assert answer.novelty == pytest.approx(expected, abs=1e-3)


def test_pictures_none_of_which_opens_are_one_line_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    digest = file_digest(tmp_path / "a.png")
    example = Example(tmp_path / "a.png", "a.png", "red", "test", digest)
    predictor = Predictor(ColourNetwork(), CLASSES, 16)
    with pytest.raises(CatdogError, match=r"found none among 1; for one, .*a\.png"):
        predict_examples(predictor, [example])


def test_a_picture_that_changed_since_it_was_hashed_is_no_answer_for_what_it_was(
    tmp_path: Path,
) -> None:
    paths = colourful(tmp_path / "set", 3)
    examples = [Example(path, path.name, "red", "test", file_digest(path)) for path in paths]
    predictor = Predictor(ColourNetwork(), CLASSES, 16)
    assert len(predict_examples(predictor, examples).predictions) == 3
    paths[1].write_bytes(paths[2].read_bytes())
    with pytest.raises(CatdogError, match=rf"{paths[1].name} changed meanwhile"):
        predict_examples(predictor, examples)
    paths[1].unlink()
    assert [item.path for item in predict_examples(predictor, examples).skipped] == [paths[1]]
