"""Whose picture is next: requests take turns, by the time that each has had."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

J = TypeVar("J")


class Flow:
    """What waits for a turn, or has one: a client, or one of its requests.

    Attributes:
        spent: Seconds of a core that it has had, with what others had before it came.
        running: How many of its pictures are under way.
        begun: How many have been.
    """

    def __init__(self, spent: float) -> None:
        self.spent = spent
        self.running = 0
        self.begun = 0

    def rank(self) -> tuple[int, float, int]:
        """Return what sorts whoever is next first: few under way, little time had, few begun."""
        return self.running, self.spent, self.begun


class Request(Flow, Generic[J]):
    """The pictures of one request.

    Attributes:
        client: Whose it is.
        waiting: Those that have not begun.
    """

    def __init__(self, client: Client[J], spent: float) -> None:
        super().__init__(spent)
        self.client = client
        self.waiting: deque[J] = deque()


class Client(Flow, Generic[J]):
    """The requests of one client that have pictures waiting or under way."""

    def __init__(self, name: str, spent: float) -> None:
        super().__init__(spent)
        self.name = name
        self.requests: list[Request[J]] = []


class Turns(Generic[J]):
    """Pictures of many requests of many clients; threads take the next one.

    First comes the client with the fewest pictures under way, of those the one that has had the
    least of the cores' time, and among its requests likewise. Turns by number alone would give
    whoever sends slow pictures most of the time. Who comes anew starts where the others are: what
    was not used is not saved up (start-time fair queueing, Goyal, Vin and Cheng, 1996).

    It may be used by several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, Client[J]] = {}
        self._now = 0.0

    def __len__(self) -> int:
        with self._lock:
            return sum(len(request.waiting) for request in self._requests())

    def open(self, name: str) -> Request[J]:
        """Return a new request of a client, for ``put`` and ``close``."""
        with self._lock:
            client = self._clients.setdefault(name, Client(name, self._now))
            if not client.running and not any(item.waiting for item in client.requests):
                client.spent = max(client.spent, self._now)
            begun = min((other.spent for other in client.requests), default=0.0)
            request = Request(client, begun)
            client.requests.append(request)
            return request

    def put(self, request: Request[J], job: J) -> None:
        """Let a picture of a request wait for its turn."""
        with self._lock:
            request.waiting.append(job)

    def take(self) -> tuple[Request[J], J] | None:
        """Return whose picture is next, and it; None if none waits. ``done`` is to follow."""
        with self._lock:
            clients = [
                client
                for client in self._clients.values()
                if any(request.waiting for request in client.requests)
            ]
            if not clients:
                return None
            client = min(clients, key=Flow.rank)
            request = min((item for item in client.requests if item.waiting), key=Flow.rank)
            self._now = max(self._now, client.spent)
            for flow in (client, request):
                flow.running += 1
                flow.begun += 1
            return request, request.waiting.popleft()

    def done(self, request: Request[J], seconds: float) -> None:
        """Say that a picture that was taken is answered, and how long that took."""
        with self._lock:
            for flow in (request, request.client):
                flow.running -= 1
                flow.spent += seconds
            self._forget(request.client)

    def close(self, request: Request[J]) -> int:
        """Forget a request; return how many of its pictures had not begun."""
        with self._lock:
            left = len(request.waiting)
            request.waiting.clear()
            client = request.client
            if request in client.requests:
                client.requests.remove(request)
            self._forget(client)
            return left

    def _forget(self, client: Client[J]) -> None:
        """Forget a client without requests; not while it has a thread, which counts against it."""
        if not client.requests and not client.running:
            self._clients.pop(client.name, None)

    def _requests(self) -> Iterator[Request[J]]:
        for client in self._clients.values():
            yield from client.requests
