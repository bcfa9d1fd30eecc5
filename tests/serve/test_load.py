"""The server under a public load tool, with the file that the benchmarks use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.serve.conftest import Served
from tests.serve.test_api import assert_alive, picture, post

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LOAD = BENCHMARKS / "serve_load.py"
CLIENTS = 64


@pytest.mark.slow
def test_64_clients_of_locust_meet_no_error(served: Served, tmp_path: Path) -> None:
    for seed in range(16):
        (tmp_path / f"{seed}.jpg").write_bytes(picture(seed))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "locust", "-f", str(LOAD), "--headless", "--json"),
            *("--users", str(CLIENTS), "--spawn-rate", str(CLIENTS), "--run-time", "6s"),
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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs several loopback addresses")
def test_hostile_clients_cost_honest_ones_no_answer(served: Served) -> None:
    """Those of the benchmark: bombs, forms of bombs, slow senders, silent sockets, deaf readers."""
    place = urlsplit(served.address)
    attack = f"import serve_hostile; serve_hostile.attack(({place.hostname!r}, {place.port}), 8)"
    hostile = subprocess.Popen([sys.executable, "-c", attack], cwd=BENCHMARKS)
    asked = 0
    while hostile.poll() is None:
        assert post(served, picture(asked % 8)).status_code == 200
        asked += 1
    assert hostile.returncode == 0
    assert asked
    assert_alive(served)
