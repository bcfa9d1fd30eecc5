"""Which files of tests begin first: what takes long must not be left for one process at the end."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

LONGEST = (
    # These fork often: the sooner, the less there is to copy.
    *("tests/fetch/test_rests.py", "tests/journal/test_kills.py"),
    *("tests/faults/test_short.py", "tests/training/test_settings.py"),
    *("tests/test_end_to_end.py", "tests/test_hostile.py", "tests/training/test_fit.py"),
    "tests/teach/test_end_to_end.py",
    *("tests/training/test_trainer.py", "tests/training/test_one_stage.py"),
    *("tests/runs/test_shipped.py", "tests/cli/test_train_resume.py", "tests/test_docs.py"),
    *("tests/training/test_mirrored.py", "tests/serve/test_api.py"),
    *("tests/faults/test_batch_kills.py", "tests/cluster/engines/test_local.py"),
    *("tests/api/test_strange_runs.py", "tests/cli/test_streams.py"),
    *("tests/export/test_formats.py", "tests/models/backbones/test_keras_applications.py"),
    *("tests/cluster/engines/test_ray.py", "tests/cluster/engines/test_dask.py"),
    *("tests/review/test_label_issues.py", "tests/benchmarks/test_one_set.py"),
    *("tests/export/test_usage.py", "tests/audit/test_near_duplicates.py"),
    *("tests/api/test_turns.py", "tests/cli/test_doctor.py", "tests/cli/test_explain.py"),
    *("tests/cli/test_backbones.py", "tests/serve/test_load.py", "tests/tuning/test_search.py"),
    *("tests/serve/test_page_access.py", "tests/training/test_keras_networks.py"),
    *("tests/models/test_graph.py", "tests/models/backbones/test_registry.py"),
    *("tests/features/test_extraction.py", "tests/teach/test_keeping.py"),
    *("tests/teach/test_page_collect.py", "tests/teach/test_page_late.py"),
    *("tests/doctor/test_dry_run.py", "tests/data/test_batches.py", "tests/export/test_litert.py"),
)
"""Files that take a quarter of a minute of processor time and more, the longest first."""


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with these files' first; of all others, and within a file, as they were."""
    places = {file: place for place, file in enumerate(LONGEST)}
    return sorted(items, key=lambda item: places.get(item.nodeid.split("::")[0], len(places)))
