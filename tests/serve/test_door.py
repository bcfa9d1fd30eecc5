"""Who is let in, and who gives way where there is no room."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass, field

import pytest

from tl_catdog.serve.door import FAREWELLS, Door, Wait, client_of, is_within

LOOP = asyncio.new_event_loop()


@dataclass(eq=False)
class StubGuest:
    """A connection that waits for something since some time."""

    key: str
    wait: Wait = Wait.HEAD
    since: float = 0.0
    exempt: bool = False
    closed: bool = False
    checked: list[float] = field(default_factory=list)

    def waiting(self) -> Wait:
        return self.wait

    def age(self) -> float:
        return self.since

    def check(self, now: float) -> None:
        self.checked.append(now)

    def hang_up(self) -> None:
        self.closed = True


def let_in(door: Door, *guests: StubGuest) -> list[bool]:
    return [door.let_in(guest, LOOP) for guest in guests]


def many(count: int, key: str, wait: Wait = Wait.HEAD, since: float = 0.0) -> list[StubGuest]:
    return [StubGuest(key, wait, since) for _ in range(count)]


def test_of_a_client_s_silent_connections_the_oldest_gives_way_to_its_next() -> None:
    door = Door(10, 3)
    guests = many(3, "a")
    assert all(let_in(door, *guests))
    assert let_in(door, StubGuest("a"), StubGuest("a")) == [True, True]
    assert [guest.closed for guest in guests] == [True, True, False]
    assert len(door) == 3
    assert door.turned_away == {"gave_way": 2}


@pytest.mark.parametrize(
    ("wait", "since", "let"),
    [
        (Wait.FAREWELL, 0, True),
        (Wait.HEAD, 0, True),
        (Wait.NEXT, 0, True),
        (Wait.READER, 0, True),
        (Wait.BODY, 0.5, False),
        (Wait.BODY, 5, True),
        (Wait.ANSWER, 60, False),
    ],
)
def test_a_client_s_own_work_is_not_dropped_for_its_next_connection(
    wait: Wait, since: float, let: bool
) -> None:
    door = Door(10, 2)
    guests = many(2, "a", wait, since)
    let_in(door, *guests)
    assert let_in(door, StubGuest("a")) == [let]
    assert any(guest.closed for guest in guests) == let
    assert let_in(door, StubGuest("b")) == [True]  # another client is none of its business


def test_when_all_are_taken_the_client_with_most_gives_way() -> None:
    door = Door(6, 5)
    greedy, modest = many(5, "a", Wait.BODY), many(1, "b")
    let_in(door, *greedy, *modest)
    assert let_in(door, StubGuest("c")) == [True]
    assert sum(guest.closed for guest in greedy) == 1
    assert not modest[0].closed


def test_whoever_sends_pictures_gives_way_only_to_those_with_fewer_connections() -> None:
    door = Door(4, 2)
    guests = [*many(2, "a", Wait.BODY), *many(2, "b", Wait.ANSWER)]
    let_in(door, *guests)
    assert let_in(door, StubGuest("c")) == [True]
    door = Door(2, 2)
    let_in(door, *many(1, "a", Wait.BODY), *many(1, "b", Wait.BODY))
    assert let_in(door, StubGuest("c")) == [False]
    assert door.turned_away == {"full": 1}


def test_a_server_that_is_full_of_work_lets_nobody_in() -> None:
    door = Door(2, 2)
    let_in(door, *many(2, "a", Wait.ANSWER))
    assert let_in(door, StubGuest("b"), StubGuest("a")) == [False, False]


def test_a_proxy_s_connections_are_bounded_together_with_all_others_only() -> None:
    door = Door(5, 2)
    guests = [StubGuest("proxy", Wait.ANSWER, exempt=True) for _ in range(5)]
    assert all(let_in(door, *guests))
    assert let_in(door, StubGuest("proxy", exempt=True)) == [False]


def test_those_who_leave_make_room() -> None:
    door = Door(2, 2)
    guests = many(2, "a", Wait.ANSWER)
    let_in(door, *guests)
    door.leave(guests[0])
    door.leave(guests[0])  # asked twice, it is gone once
    assert let_in(door, StubGuest("a")) == [True]
    assert len(door) == 2


def test_only_so_many_are_told_why_they_are_closed() -> None:
    door = Door(1, 1)
    guests = many(FAREWELLS + 1, "a")
    assert [door.say_farewell(guest) for guest in guests] == [True] * FAREWELLS + [False]
    door.leave(guests[0])
    assert door.say_farewell(guests[-1])


def test_all_are_looked_at_again_and_again() -> None:
    door = Door(3, 3)
    guest = StubGuest("a")

    async def wait() -> None:
        door.let_in(guest, asyncio.get_running_loop())
        while len(guest.checked) < 2:
            await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(wait(), 20))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::1", "::2", False),
    ],
)
def test_a_client_is_an_address_or_what_a_provider_gives_one(
    one: str, other: str, same: bool
) -> None:
    assert (client_of(one) == client_of(other)) == same


def test_a_proxy_is_known_by_its_network() -> None:
    networks = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1")]
    assert is_within("10.1.2.3", networks)
    assert is_within("::ffff:10.1.2.3", networks)
    assert is_within("::1", networks)
    assert not is_within("11.0.0.1", networks)
    assert not is_within("unknown", networks)
