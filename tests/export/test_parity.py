"""What a run says and what its export says are compared picture by picture."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.conftest import paint_set
from tests.export.conftest import THREE
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError
from tl_catdog.export import parity as module
from tl_catdog.export.formats import Format
from tl_catdog.export.parity import ParityReference, compare, parity_reference, spread_evenly
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import Run
from tl_catdog.statistics import proportion

Values = npt.NDArray[np.float64]


def answering(rows: Sequence[Sequence[float]], *, exact: bool = True) -> Format:
    """Return a format whose runtime gives these probabilities, one row for each picture."""

    def opens(path: Path) -> tuple[Callable[[npt.NDArray[Any]], Values], str]:
        left = iter(rows)

        def answer(pictures: npt.NDArray[Any]) -> Values:
            return np.array([next(left)])

        return answer, "a runtime 1.0"

    return Format("odd", lambda run, folder, seen: "model", opens, exact=exact)


def with_answers(images: ImageSet, said: Sequence[Sequence[float]]) -> ParityReference:
    """Return as many of the pictures as there are answers, over and over if need be."""
    examples = [images.examples[i % len(images.examples)] for i in range(len(said))]
    return ParityReference(tuple(examples), np.array(said), "set, test")


def test_the_run_is_asked_about_the_test_pictures(small: Run, images: ImageSet) -> None:
    heard: list[tuple[int, int]] = []
    found = parity_reference(small, images, lambda done, total: heard.append((done, total)))
    assert found.source == "set, test"
    assert found.examples == tuple(images.split("test"))
    assert heard == [(done, 9) for done in range(1, 10)]
    answers = Predictor.load(small).answers(example.path for example in found.examples)
    for row, answer in zip(found.said, answers, strict=True):
        assert answer.probabilities is not None
        assert row.tolist() == [answer.probabilities[label] for label in THREE]


@pytest.mark.parametrize(
    ("counts", "source", "n"),
    [({"train": 2, "validation": 1}, "set, validation", 3), ({"": 2}, "set", 6)],
)
def test_without_test_pictures_it_is_asked_about_what_there_is(
    small: Run, tmp_path: Path, counts: dict[str, int], source: str, n: int
) -> None:
    images = load_set(paint_set(tmp_path / "other" / "set", counts, THREE))
    found = parity_reference(small, images)
    assert (found.source, len(found.examples), len(found.said)) == (source, n, n)


def test_of_many_pictures_some_of_every_class_are_taken(
    small: Run, images: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT", 3)
    found = parity_reference(small, images)
    assert [example.label for example in found.examples] == list(THREE)


def test_a_limit_takes_the_first_the_last_and_what_lies_evenly_between(images: ImageSet) -> None:
    examples = images.examples
    places = [examples.index(item) for item in spread_evenly(examples, 5)]
    assert places[0] == 0
    assert places[-1] == len(examples) - 1
    assert np.ptp(np.diff(places)) <= 1
    assert spread_evenly(examples[:3], 5) == tuple(examples[:3])
    assert module.LIMIT == 400


def test_a_picture_that_can_not_be_read_is_left_out(small: Run, images: ImageSet) -> None:
    broken = images.split("test")[1]
    broken.path.write_bytes(b"broken")
    found = parity_reference(small, images)
    assert broken not in found.examples
    assert len(found.examples) == len(found.said) == 8
    for example in images.split("test"):
        example.path.write_bytes(b"broken")
    with pytest.raises(CatdogError, match="found none that can be read"):
        parity_reference(small, images)


def test_single_precision_may_decide_near_ties_of_an_int8_run_otherwise(
    small: Run, images: ImageSet
) -> None:
    """Another decision where the run is sure is one too many, whatever the format."""
    run = replace(small, config={**small.config, "compute": "int8"})
    near, sure, given = [0.45, 0.35, 0.2], [0.6, 0.3, 0.1], [0.35, 0.55, 0.1]
    for said, agrees in ((near, True), (sure, False)):
        reference = with_answers(images, [said] * 2)
        kind = answering([given] * 2)
        assert (compare(run, kind, Path("model"), reference).worst == ()) == agrees
        whole = answering([given] * 2, exact=False)
        assert (compare(small, whole, Path("model"), reference).worst == ()) == agrees
        assert compare(small, answering([given] * 2), Path("model"), reference).worst
    far = answering([[0.1, 0.55, 0.35]])  # a tie in the run, but nothing that rounding does
    assert compare(run, far, Path("model"), with_answers(images, [near])).worst
    onnx = replace(answering([[0.45, 0.349, 0.201]]), name=module.INTEGERS[0])
    assert compare(run, onnx, Path("model"), with_answers(images, [near])).worst


def test_the_figures_are_those_of_the_answers(small: Run, images: ImageSet) -> None:
    truth = [example.label for example in images.examples[:4]]
    assert truth == ["ant"] * 4
    reference = with_answers(
        images, [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.9, 0.1, 0]]
    )
    given = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1], [0.5, 0.3, 0.2]]
    heard: list[tuple[int, int]] = []
    found = compare(
        small,
        answering(given),
        Path("model"),
        reference,
        calibrated_on="set, train",
        progress=lambda done, total: heard.append((done, total)),
    )
    assert found.n == 4
    assert found.same == 0.75
    assert found.max_abs_diff == pytest.approx(0.4)  # downwards
    assert found.accuracy == proportion(3, 4)
    assert found.runtime == "a runtime 1.0"
    assert (found.compared_on, found.calibrated_on) == ("set, test", "set, train")
    assert found.encoded_same is None
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_milliseconds_are_those_of_the_median_picture(
    small: Run, images: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = with_answers(images, [[0.8, 0.1, 0.1]] * 3)
    clock = iter([0.0, 0.004, 1.0, 1.9, 5.0, 5.02])  # 4, 900 and 20 ms
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    found = compare(small, answering(reference.said.tolist()), Path("model"), reference)
    assert found.ms == pytest.approx(20)
    assert found.to_json()["ms"] == found.ms


def test_each_picture_is_given_by_itself_and_decoded_as_the_run_does(
    small: Run, images: ImageSet
) -> None:
    seen: list[npt.NDArray[Any]] = []

    def opens(path: Path) -> tuple[Callable[[npt.NDArray[Any]], Values], str]:
        assert path == Path("folder/model")

        def answer(pictures: npt.NDArray[Any]) -> Values:
            seen.append(pictures)
            return np.array([[0.8, 0.1, 0.1]])

        return answer, ""

    reference = with_answers(images, [[0.8, 0.1, 0.1]] * 5)
    kind = Format("odd", lambda run, folder, seen: "model", opens)
    compare(small, kind, Path("folder/model"), reference)
    for pictures, example in zip(seen, reference.examples, strict=True):
        np.testing.assert_array_equal(pictures, decode(example.path, 32)[None])


@pytest.mark.parametrize(("by", "agrees"), [(0.9e-4, True), (-0.9e-4, True), (1.1e-4, False)])
def test_probabilities_may_differ_by_a_ten_thousandth(
    small: Run, images: ImageSet, by: float, agrees: bool
) -> None:
    reference = with_answers(images, [[0.8, 0.1, 0.1]] * 3)
    given = [[0.8, 0.1, 0.1], [0.8 + by, 0.1, 0.1], [0.8, 0.1, 0.1]]
    found = compare(small, answering(given), Path("model"), reference)
    assert (found.worst == ()) == agrees


@pytest.mark.parametrize(("other", "agrees"), [(1, True), (2, False)])
def test_of_whole_numbers_199_of_200_sure_decisions_must_be_the_same(
    small: Run, images: ImageSet, other: int, agrees: bool
) -> None:
    reference = with_answers(images, [[0.8, 0.1, 0.1]] * 200)
    given = [[0.4, 0.6, 0.0]] * other + [[0.6, 0.2, 0.2]] * (200 - other)
    found = compare(small, answering(given, exact=False), Path("model"), reference)
    assert found.same == 1 - other / 200
    assert (found.worst == ()) == agrees
    assert compare(small, answering(given), Path("model"), reference).worst


def test_no_number_at_all_agrees_with_nothing(small: Run, images: ImageSet) -> None:
    reference = with_answers(images, [[0.8, 0.1, 0.1]])
    found = compare(small, answering([[np.nan] * 3]), Path("model"), reference)
    assert len(found.worst) == 1


def test_the_worst_are_those_decided_otherwise_then_those_that_differ_most(
    small: Run, images: ImageSet
) -> None:
    said = [[0.1, 0.8, 0.1]] * 7
    given = [
        [0.1, 0.8, 0.1],
        [0.3, 0.6, 0.1],
        [0.46, 0.44, 0.1],  # another decision, differs by 0.36
        [0.0, 0.9, 0.1],
        [0.1, 0.4, 0.5],  # another decision, differs by 0.4
        [0.2, 0.45, 0.35],  # the same, differs by 0.35
        [0.05, 0.95, 0.0],
    ]  # fmt: skip
    reference = with_answers(images, said)
    found = compare(small, answering(given), Path("model"), reference)
    assert [item.path for item in found.worst] == [
        reference.examples[place].path for place in (4, 2, 5, 1, 6)
    ]
    first = found.worst[0]
    assert (first.label, first.run, first.export) == ("bee", 0.8, 0.4)
    assert str(first) == f"{first.path}: bee 0.800000 in the run, 0.400000 exported"


def test_pictures_of_other_classes_have_no_accuracy(small: Run, tmp_path: Path) -> None:
    images = load_set(paint_set(tmp_path / "dogs", {"": 2}, ("ant", "dog")))
    reference = with_answers(images, [[0.8, 0.1, 0.1]] * 4)
    found = compare(small, answering(reference.said.tolist()), Path("model"), reference)
    assert found.accuracy is None
    assert found.to_json()["accuracy"] is None


def test_a_picture_that_changed_meanwhile_is_an_error(small: Run, images: ImageSet) -> None:
    reference = parity_reference(small, images)
    reference.examples[2].path.write_bytes(b"broken")
    kind = answering(reference.said.tolist())
    with pytest.raises(CatdogError, match="expected the pictures to stay as they are"):
        compare(small, kind, Path("model"), reference)


def test_programs_get_the_figures_under_their_names(small: Run, images: ImageSet) -> None:
    reference = with_answers(images, [[0.8, 0.1, 0.1], [0.4, 0.3, 0.3]])
    given = [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3]]
    found = compare(
        small, answering(given), Path("model"), reference, calibrated_on="set, train"
    ).to_json()
    assert found.pop("ms") > 0
    assert found.pop("greatest_difference") == pytest.approx(0.1)
    assert found == {
        "runtime": "a runtime 1.0",
        "n": 2,
        "compared_on": "set, test",
        "calibrated_on": "set, train",
        "same_decisions": 0.5,
        "accuracy": proportion(1, 2).to_json(),
        "encoded_same_decisions": None,
        "greatest_novelty_difference": None,
        "same_unsure": None,
    }
