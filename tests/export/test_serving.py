"""A SavedModel says words as well as numbers, of pictures and of whole files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tl_catdog as tl
from tests.export.conftest import THREE, exported
from tl_catdog.export.serving import saved_signature
from tl_catdog.runs.folder import Run


@pytest.fixture(scope="module")
def version(three: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = exported(three, "savedmodel", tmp_path_factory.mktemp("saved"))
    assert found.path is not None
    return found.path / three.name / "1"


def test_files_get_the_answers_of_predict(version: Path, three: Run) -> None:
    import tensorflow as tf

    classifier = tl.load(three)
    paths = [example.path for example in classifier.images().examples[:6]]
    files = [path.read_bytes() for path in paths]
    found = saved_signature(version, "encoded")(encoded=tf.constant([*files, b"bad"]))
    assert found["readable"].tolist() == [True] * 6 + [False]
    for place, said in enumerate(classifier.predict(paths, reject=True)):
        assert said.probabilities is not None
        chances = [said.probabilities[label] for label in THREE]
        np.testing.assert_allclose(found["probabilities"][place], chances, atol=0.02)
        assert found["label"][place].decode() == said.label
        assert found["answer"][place].decode() == said.answer
        assert found["doubt"][place].decode() == (said.doubt or "")
        if said.novelty is not None:
            assert found["novelty"][place] == pytest.approx(said.novelty, abs=0.02)
    assert found["classes"].tolist() == [[label.encode() for label in THREE]] * 7
    assert found["probabilities"][6].tolist() == [0, 0, 0]
    assert (found["answer"][6], found["doubt"][6]) == (b"unsure", b"can't be read")


def test_pictures_get_words_by_a_signature_of_their_own(version: Path) -> None:
    import tensorflow as tf

    pictures = tf.zeros((2, 32, 32, 3))
    words = saved_signature(version, "answers")(pictures=pictures)
    numbers: dict[str, Any] = saved_signature(version, "serving_default")(pictures=pictures)
    assert set(numbers) <= {"probabilities", "novelty"}
    for name, values in numbers.items():
        np.testing.assert_allclose(words[name], values, atol=1e-6)
    assert set(words) == {*numbers, "label", "answer", "doubt", "classes"}
    assert [label.decode() for label in words["label"]] == [
        THREE[place] for place in numbers["probabilities"].argmax(axis=1)
    ]
