"""What the server counts, for Prometheus (https://prometheus.io)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from tl_catdog.prediction.answers import Prediction
from tl_catdog.runs.folder import Run
from tl_catdog.serve.guard import Seen
from tl_catdog.version import __version__

KIND = CONTENT_TYPE_LATEST
METHODS = ("GET", "HEAD", "POST", "OPTIONS")
SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
MOST_CLASSES = 100
OTHER = "other"

Numbers = Callable[[], Iterable[tuple[str, str, float]]]
"""Gives names of gauges, what they say, and their values at the moment."""


class Metrics:
    """Counts requests and answers.

    What a stranger sends can't add a series: paths, methods and classes are of a known few.

    Args:
        run: The run that answers.
        routes: Paths of the API; others are counted as ``page`` or ``other``.
        pages: Paths of the page.
        now: What is measured when it is asked for.
        turned_away: Connections that were closed, by the reason.
    """

    def __init__(
        self,
        run: Run,
        routes: Collection[str],
        pages: Collection[str],
        now: Numbers,
        turned_away: Callable[[], dict[str, int]],
    ) -> None:
        self._registry = CollectorRegistry()
        self._routes, self._pages = routes, pages
        self._classes = frozenset(run.classes[:MOST_CLASSES])
        to = self._registry
        self._requests = Counter(
            "tl_catdog_requests", "Requests.", ["route", "method", "status"], registry=to
        )
        self._seconds = Histogram(
            "tl_catdog_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=to,
        )
        self._answers = Counter(
            "tl_catdog_answers", "Pictures, by the most probable class.", ["label"], registry=to
        )
        self._unsure = Counter(
            "tl_catdog_unsure", "Pictures answered unsure, by the doubt.", ["doubt"], registry=to
        )
        self._unread = Counter(
            "tl_catdog_unreadable", "Pictures that could not be read.", registry=to
        )
        about = Gauge(
            "tl_catdog_build_info", "What answers.", ["version", "run", "arch"], registry=to
        )
        about.labels(__version__, clean(run.name), clean(str(run.config["arch"]))).set(1)
        ProcessCollector(registry=self._registry)
        self._registry.register(_Now(now, turned_away))

    def request(self, seen: Seen) -> None:
        """Count a request."""
        route = self.route(seen.path)
        method = seen.method if seen.method in METHODS else OTHER
        self._requests.labels(route, method, str(seen.status)).inc()
        self._seconds.labels(route).observe(seen.seconds)

    def route(self, path: str) -> str:
        """Return what a path is counted as."""
        if path in self._routes:
            return path
        return "page" if path in self._pages else OTHER

    def answered(self, said: Iterable[Prediction]) -> None:
        """Count answers."""
        for item in said:
            if item.label is None:
                self._unread.inc()
                continue
            label = item.label if item.label in self._classes else OTHER
            self._answers.labels(clean(label)).inc()
            if item.doubt:
                self._unsure.labels(item.doubt).inc()

    def text(self) -> bytes:
        """Return all of it in Prometheus' format."""
        return generate_latest(self._registry)


def clean(name: str) -> str:
    """Return a name as text that can be sent: a folder's may hold half characters."""
    return name.encode("utf-8", "replace").decode()


class _Now:
    """What is measured when it is asked for."""

    def __init__(self, now: Numbers, turned_away: Callable[[], dict[str, int]]) -> None:
        self._now, self._turned_away = now, turned_away

    def collect(self) -> Iterator[Metric]:
        for name, words, value in self._now():
            yield GaugeMetricFamily(f"tl_catdog_{name}", words, value=value)
        closed = CounterMetricFamily(
            "tl_catdog_connections_closed",
            "Connections closed for others' sake, by the reason.",
            labels=["reason"],
        )
        for reason, count in sorted(self._turned_away().items()):
            closed.add_metric([reason], count)
        yield closed
