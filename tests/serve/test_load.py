"""The server under a public load tool, with the file that the benchmarks use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serve.conftest import Served
from tests.serve.test_api import assert_alive, picture

LOAD = Path(__file__).parents[2] / "benchmarks" / "serve_load.py"
CLIENTS = 64


@pytest.mark.slow
def test_64_clients_of_locust_meet_no_error(served: Served, tmp_path: Path) -> None:
    for seed in range(16):
        (tmp_path / f"{seed}.jpg").write_bytes(picture(seed))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "locust", "-f", str(LOAD), "--headless", "--json"),
            *("--users", str(CLIENTS), "--spawn-rate", str(CLIENTS), "--run-time", "10s"),
            *("--host", served.address),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PICTURES": str(tmp_path)},
        timeout=120,
    )
    (told,) = json.loads(done.stdout)
    assert told["num_failures"] == 0, done.stderr
    assert told["num_requests"] >= CLIENTS
    assert done.returncode == 0
    assert_alive(served)
