"""What a server is opened with: names, sites, paths, proxies and tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tl_catdog.errors import UsageError
from tl_catdog.serve.opening import name_of, origin_of, proxy_of, root_of, token_of

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        *((name_of, text) for text in ("", ".", "a b", "http://a", "a:80", "a/b", "é.example")),
        *((name_of, text) for text in ("-a", "a" * 64 + ".example", "a." * 200, "a\n")),
        *((origin_of, text) for text in ("", "a.example", "ftp://a", "http://", "null", "https:a")),
        *((origin_of, text) for text in ("http://a/b", "http://a?b", "http://u@a", "http://a:x")),
        *((origin_of, text) for text in ("http://a b", "http://[::1", "https://a#b", "**")),
        *(
            (root_of, text)
            for text in ("", "cats", "/a//b", "/a/../b", "/a b", "/a?b", "//", "/\n")
        ),
        *((proxy_of, text) for text in ("", "nginx", "10.0.0.1/8", "10.0.0.0/33", "*", "1")),
    ],
)
def test_what_is_none_is_said_with_one_that_is(check: Callable[[str], object], wrong: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(wrong)
    assert caught.value.message.startswith("expected ")
    assert caught.value.hint.startswith("Type: tl-catdog serve --")


@pytest.mark.parametrize("given", ["", "short", "a" * 300, "with space in the middle", "ü" * 20])
def test_a_token_that_is_none_or_easily_guessed_is_refused_and_not_repeated(given: str) -> None:
    for option, environment in ((given, ""), (None, given)):
        with pytest.raises(UsageError) as caught:
            token_of(option, {"TL_CATDOG_TOKEN": environment})
        assert not given or given not in str(caught.value)


def test_the_option_counts_more_than_the_environment() -> None:
    assert token_of(None, {}) is None
    assert token_of(None, {"TL_CATDOG_TOKEN": TOKEN}) == TOKEN
    assert token_of(TOKEN[::-1], {"TL_CATDOG_TOKEN": TOKEN}) == TOKEN[::-1]


def test_a_token_that_is_made_is_another_each_time_and_can_be_given() -> None:
    made = {str(token_of("auto", {})) for _ in range(20)}
    assert len(made) == 20
    assert all(token_of(one, {}) == one for one in made)


def test_sites_are_named_as_browsers_name_them() -> None:
    assert origin_of("HTTP://A.Example:8080") == "http://a.example:8080"
    assert origin_of("http://[::1]:80/") == "http://[::1]"
    assert origin_of("http://127.0.0.1:3000") == "http://127.0.0.1:3000"
