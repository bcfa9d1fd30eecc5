"""How long a failed request waits for its next try."""

from __future__ import annotations

import random
import time

import pytest

from tl_catdog.fetch.retry import RetryPolicy


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_waits_double_up_to_the_longest_and_half_of_each_is_chance(
    monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    def uniform(low: float, high: float) -> float:
        assert (low, high) == (0.5, 1)
        return share

    monkeypatch.setattr(random, "uniform", uniform)
    policy = RetryPolicy(first_wait=3, longest_wait=20)
    waits = [policy.wait_after(failures) for failures in range(1, 7)]
    assert waits == [share * wait for wait in (3, 6, 12, 20, 20, 20)]


def test_many_clients_do_not_come_back_at_once() -> None:
    waits = {RetryPolicy(first_wait=8).wait_after(1) for _ in range(200)}
    assert len(waits) > 190
    assert 4 <= min(waits) < 4.5
    assert 7.5 < max(waits) <= 8


def test_by_default_a_broken_server_is_given_up_after_about_half_a_minute() -> None:
    policy = RetryPolicy()
    waited = sum(policy.wait_after(failures) for failures in range(1, policy.tries))
    assert 15 <= waited <= 31
    assert policy.sleep is time.sleep
    assert policy.connect_timeout < policy.read_timeout <= policy.longest_retry_after
