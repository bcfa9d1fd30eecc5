"""One setting: what is taken for it, and what is said of anything else."""

from typing import Any

import pytest

from tl_catdog.errors import UsageError
from tl_catdog.setting import check, flag, nearest

LIMITS = {"low": 0.0, "high": 1.0}


@pytest.mark.parametrize("value", [0.0, 1.0, 1, None])
def test_what_lies_within_the_limits_is_taken(value: Any) -> None:
    check("dropout", value, (float, type(None)), (), LIMITS)


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan"), "0.5", True, None])
def test_anything_else_is_refused_by_name(value: Any) -> None:
    with pytest.raises(UsageError, match="expected dropout to be"):
        check("dropout", value, (float,), (), LIMITS)


def test_a_word_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="one of sgd, adam, found 'adm'") as error:
        check("optimizer", "adm", (str,), ("sgd", "adam"), {})
    assert error.value.hint == "Type: --optimizer adam"
    assert nearest("nothing like it", ("sgd",)) is None


def test_a_setting_s_option_is_its_name_with_dashes() -> None:
    assert (flag("from_run"), flag("dense_units")) == ("--from", "--dense-units")
