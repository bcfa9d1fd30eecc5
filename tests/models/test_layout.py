"""The head's units, whatever the network."""

import pytest

from tl_catdog.models.layout import activation_of, linear_units, units_for


@pytest.mark.parametrize(
    ("classes", "units", "activation"), [(2, 1, "sigmoid"), (3, 3, "softmax"), (37, 37, "softmax")]
)
def test_two_classes_share_a_unit_and_more_have_one_each(
    classes: int, units: int, activation: str
) -> None:
    assert units_for(classes) == units
    assert activation_of(units) == activation


@pytest.mark.parametrize(
    ("dense_units", "units", "kept"), [(128, 1, 32), (128, 3, 30), (3, 1, 0), (4, 1, 2), (8, 4, 0)]
)
def test_about_a_quarter_of_the_hidden_units_is_kept_for_a_linear_model(
    dense_units: int, units: int, kept: int
) -> None:
    assert linear_units(dense_units, units) == kept
