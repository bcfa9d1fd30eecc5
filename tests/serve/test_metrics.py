"""What is counted, as Prometheus reads it; no stranger can add a series."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.asked_app import HOSTS, Send, StubWorker
from tl_catdog.prediction.answers import apply_policy
from tl_catdog.prediction.predictor import Answer
from tl_catdog.runs.folder import Run
from tl_catdog.serve.guard import Access, Seen
from tl_catdog.serve.metrics import MOST_CLASSES, OTHER, Metrics


def values(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return all samples by their name and labels' values."""
    return {
        (sample.name.removeprefix("tl_catdog_"), *words(sample.labels)): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def words(labels: dict[str, str]) -> list[str]:
    return [labels[name] for name in sorted(labels)]


@pytest.fixture
def metrics(bare_run: Run) -> Metrics:
    def now() -> list[tuple[str, str, float]]:
        return [("queue", "Waiting.", 7)]

    return Metrics(bare_run, ("/predict",), ("/", "/app.js"), now, lambda: {"x": 2})


def test_requests_are_counted_by_route_method_and_status(metrics: Metrics) -> None:
    metrics.request(Seen("", "POST", "/predict", 200, seconds=0.03))
    metrics.request(Seen("", "POST", "/predict", 200, seconds=3.0))
    metrics.request(Seen("", "GET", "/app.js", 200))
    found = values(metrics)
    assert found["requests_total", "POST", "/predict", "200"] == 2
    assert found["requests_total", "GET", "page", "200"] == 1
    assert found["request_seconds_bucket", "0.05", "/predict"] == 1
    assert found["request_seconds_sum", "/predict"] == pytest.approx(3.03)
    assert found["queue",] == 7
    assert found["connections_closed_total", "x"] == 2


def test_strangers_add_no_series(metrics: Metrics) -> None:
    metrics.request(Seen("", "GET", "/nothing", 404))
    before = len(values(metrics))
    for number in range(50):
        metrics.request(Seen("", f"M{number}", f"/{number}\n# HELP x", 404))
    assert len(values(metrics)) == before + 1  # the method that is none of the known
    assert values(metrics)["requests_total", OTHER, OTHER, "404"] == 50


def test_answers_are_counted_by_label_and_doubt(bare_run: Run, metrics: Metrics) -> None:
    said = [Answer(None, label, {label: 1.0}, None) for label in ("ant", "ant", "bee", "new")]
    metrics.answered(apply_policy(item, None) for item in said)
    metrics.answered([apply_policy(Answer(None, None, None, "broken"), None)])
    found = values(metrics)
    assert found["answers_total", "ant"] == 2
    assert found["answers_total", "bee"] == 1
    assert found["answers_total", OTHER] == 1
    assert found["unreadable_total",] == 1


def test_what_answers_is_said_whatever_it_is_called(bare_run: Run) -> None:
    classes = ["\udcff", *(f"class {number}" for number in range(2 * MOST_CLASSES))]
    run = Run(
        bare_run.path.with_name('ru\n"n\udcff'), {**bare_run.config}, {"data": {"classes": classes}}
    )
    found = Metrics(run, (), (), lambda: [], lambda: {})
    found.answered([apply_policy(Answer(None, name, {name: 1.0}, None), None) for name in classes])
    labels = [key for key in values(found) if key[0] == "answers_total"]
    assert len(labels) == MOST_CLASSES + 1
    assert any(key[0] == "build_info" for key in values(found))


def test_they_are_there_for_whoever_knows_the_token(send: Send, worker: StubWorker) -> None:
    worker.waiting = 5
    found = send("GET", "/metrics", access=Access(HOSTS))
    assert found.headers["content-type"].startswith("text/plain; version=")
    assert "tl_catdog_queue_pictures 5.0" in found.text
    assert "process_resident_memory_bytes" in found.text
