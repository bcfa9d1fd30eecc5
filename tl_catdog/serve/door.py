"""Who is let in: so many connections in all and for each client, and who gives way to others."""

from __future__ import annotations

import asyncio
import enum
import ipaddress
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Protocol

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FAREWELLS = 64
"""Connections beyond the limit that are told so before they are closed; the rest is just closed."""

HURRIED = 2.0
"""Seconds for which whoever sends pictures isn't asked to give way to the same client."""

EACH_SWEEP = 0.25  # seconds


class Wait(enum.IntEnum):
    """What a connection waits for; the lower, the less is lost if it is closed."""

    FAREWELL = 0  # that the other side has read why it is closed
    HEAD = 1  # a request, or its rest
    NEXT = 2  # another request: one was answered
    READER = 3  # that its answer is read
    BODY = 4  # the rest of a request's body
    ANSWER = 5  # us


class Guest(Protocol):
    """A connection, as the door sees it."""

    key: str
    exempt: bool

    def waiting(self) -> Wait:
        """Return what it waits for."""

    def age(self) -> float:
        """Return for how many seconds."""

    def check(self, now: float) -> None:
        """Close it if it has waited for too long."""

    def hang_up(self) -> None:
        """Close it at once."""


def client_of(address: str) -> str:
    """Return who an address stands for: a provider gives a customer a whole /64 of IPv6.

    >>> client_of("192.0.2.7"), client_of("::ffff:192.0.2.7"), client_of("2001:db8:1:2:3::4")
    ('192.0.2.7', '192.0.2.7', '2001:db8:1:2::/64')
    >>> client_of("fe80::1%eth0"), client_of("not an address")
    ('fe80::/64', 'not an address')
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        if not found.is_loopback:
            return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Return whether an address is in one of some networks."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


class Door:
    """All connections of a server.

    A newcomer isn't locked out by those who only hold a place: where there is none left, one who
    waits for nothing of ours gives way, of the client that has most of them, and the one who has
    waited longest.

    Args:
        most: Connections at a time.
        each: Connections of one client at a time; see ``client_of``.
        proxies: Whose connections are of many clients, so that only ``most`` bounds them.
    """

    def __init__(
        self,
        most: int,
        each: int,
        proxies: Collection[Network] = (),
    ) -> None:
        self.most, self.each, self.proxies = most, each, proxies
        self.turned_away: Counter[str] = Counter()
        """How many were closed, by the reason: ``full``, ``client``, ``gave_way``, ``slow``."""
        self._guests: dict[Guest, None] = {}  # in the order in which they came
        self._leaving: set[Guest] = set()
        self._of: dict[str, dict[Guest, None]] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._guests)

    def let_in(self, guest: Guest, loop: asyncio.AbstractEventLoop) -> bool:
        """Return whether a connection may stay; ``leave`` is called for it in any case."""
        if self._sweeping is None:
            self._sweeping = loop.call_later(EACH_SWEEP, self._sweep, loop)
        key = guest.key
        own = self._of.get(key, {})
        if not guest.exempt and len(own) >= self.each and not self._make_own_room(own):
            return self._turn_away("client")
        if len(self._guests) >= self.most and not self._make_room(1 + len(own)):
            return self._turn_away("full")
        self._guests[guest] = None
        self._of.setdefault(key, {})[guest] = None
        return True

    def say_farewell(self, guest: Guest) -> bool:
        """Return whether there is time to tell a connection why it is closed."""
        if len(self._leaving) >= FAREWELLS:
            return False
        self._leaving.add(guest)
        return True

    def leave(self, guest: Guest) -> None:
        """Forget a connection."""
        self._leaving.discard(guest)
        if guest in self._guests:
            del self._guests[guest]
            own = self._of[guest.key]
            del own[guest]
            if not own:
                del self._of[guest.key]

    def _turn_away(self, why: str) -> bool:
        self.turned_away[why] += 1
        return False

    def _make_own_room(self, own: Iterable[Guest]) -> bool:
        """Close the connection of a client that it can best do without, if there is one."""
        best: tuple[tuple[int, float], Guest] | None = None
        for guest in own:
            wait = guest.waiting()
            if wait <= Wait.HEAD:
                return self._close(guest)  # the oldest of them, as they are in order
            if wait == Wait.ANSWER or (wait == Wait.BODY and guest.age() < HURRIED):
                continue
            rank = (int(wait), -guest.age())
            if best is None or rank < best[0]:
                best = rank, guest
        return best is not None and self._close(best[1])

    def _make_room(self, newcomers: int) -> bool:
        """Close the connection that can best be done without, of the client that has most of them.

        Whoever sends pictures gives way only to a client that has fewer connections.

        Args:
            newcomers: How many connections the client would have that wants to come in.
        """
        for own in sorted(self._of.values(), key=len, reverse=True):
            waits = [(guest.waiting(), -guest.age(), guest) for guest in own]
            found = [
                item
                for item in waits
                if item[0] < Wait.BODY or (item[0] == Wait.BODY and len(own) > newcomers)
            ]
            if found:
                return self._close(min(found, key=lambda item: item[:2])[2])
        return False

    def _close(self, guest: Guest) -> bool:
        self.turned_away["gave_way"] += 1
        self.leave(guest)
        guest.hang_up()
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for guest in [*self._guests, *self._leaving]:
            guest.check(now)
        more = self._guests or self._leaving
        self._sweeping = loop.call_later(EACH_SWEEP, self._sweep, loop) if more else None
