"""Whose picture is next, by the time that each has had."""

from __future__ import annotations

from collections import Counter

from tl_catdog.serve.turns import Request, Turns


def waiting(turns: Turns[str], client: str, *jobs: str) -> Request[str]:
    request = turns.open(client)
    for job in jobs:
        turns.put(request, job)
    return request


def work(turns: Turns[str], costs: dict[str, float], steps: int) -> list[str]:
    """Let one thread do some steps; return whose they were."""
    found = []
    for _ in range(steps):
        taken = turns.take()
        if taken is None:
            break
        request, job = taken
        found.append(job)
        turns.done(request, costs.get(job, 1.0))
    return found


def test_requests_of_a_client_take_turns_and_keep_their_order() -> None:
    turns = Turns[str]()
    waiting(turns, "a", "1", "2", "3")
    waiting(turns, "a", "x", "y")
    found = work(turns, {}, 9)
    assert found == ["1", "x", "2", "y", "3"] or found == ["1", "x", "y", "2", "3"]
    assert turns.take() is None


def test_a_form_of_slow_pictures_holds_up_nobody_s_single_one() -> None:
    turns = Turns[str]()
    waiting(turns, "a", *["slow"] * 64)
    assert work(turns, {"slow": 1.0}, 3) == ["slow"] * 3
    for client in ("a", "b"):
        waiting(turns, client, "quick")
        assert work(turns, {"quick": 0.01}, 1) == ["quick"]


def test_clients_share_the_time_not_the_number_of_turns() -> None:
    turns = Turns[str]()
    waiting(turns, "slow", *["slow"] * 500)
    waiting(turns, "quick", *["quick"] * 500)
    found = Counter(work(turns, {"slow": 1.0, "quick": 0.1}, 110))
    assert 80 <= found["quick"] <= 100


def test_many_requests_give_a_client_no_more_than_one() -> None:
    turns = Turns[str]()
    for _ in range(50):
        waiting(turns, "many", "many", "many")
    waiting(turns, "one", *["one"] * 100)
    found = Counter(work(turns, {}, 60))
    assert abs(found["many"] - found["one"]) <= 2


def test_who_was_idle_has_saved_nothing_up() -> None:
    turns = Turns[str]()
    waiting(turns, "busy", *["busy"] * 100)
    work(turns, {}, 50)
    waiting(turns, "new", *["new"] * 100)
    found = Counter(work(turns, {}, 20))
    assert abs(found["busy"] - found["new"]) <= 2


def test_who_has_a_thread_waits_while_others_have_none() -> None:
    turns = Turns[str]()
    waiting(turns, "a", "a1", "a2")
    first = turns.take()
    assert first is not None
    waiting(turns, "b", "b1")
    second = turns.take()
    assert second is not None
    assert (first[1], second[1]) == ("a1", "b1")
    third = turns.take()
    assert third is not None  # but no thread is idle
    assert third[1] == "a2"


def test_whoever_hangs_up_is_not_taken_for_new_while_a_thread_is_at_work() -> None:
    turns = Turns[str]()
    request = waiting(turns, "a", "a1", "a2", "a3")
    taken = turns.take()
    assert taken is not None
    assert turns.close(request) == 2
    waiting(turns, "a", "again")
    waiting(turns, "b", "b1")
    found = turns.take()
    assert found is not None
    assert found[1] == "b1"
    turns.done(taken[0], 1.0)
    assert len(turns) == 1


def test_what_waits_of_a_closed_request_is_forgotten() -> None:
    turns = Turns[str]()
    request = waiting(turns, "a", "a1", "a2")
    assert turns.close(request) == 2
    assert turns.close(request) == 0
    turns.put(request, "late")
    assert turns.take() is None
    assert len(turns) == 0
