"""Load on `tl-catdog serve`, by Locust (https://locust.io), which is installed apart:

    tl-catdog serve --run mobilenet &
    PICTURES=../shared/data/dogs-vs-cats/test locust -f benchmarks/serve_load.py --headless \\
        --users 64 --spawn-rate 64 --run-time 120s --host http://127.0.0.1:8000

Each client posts one picture after the other; what isn't answered rightly counts as a failure.
`serve_hostile.py` does this beside clients that mean ill.
"""

import itertools
import os
from pathlib import Path

from locust import FastHttpUser, task

PICTURES = [path.read_bytes() for path in sorted(Path(os.environ["PICTURES"]).rglob("*.jpg"))]
TURN = itertools.count()


class Client(FastHttpUser):
    """Posts pictures, each client others."""

    @task
    def predict(self) -> None:
        """Post the next picture."""
        data = PICTURES[next(TURN) % len(PICTURES)]
        headers = {"Content-Type": "image/jpeg"}
        with self.client.post("/predict", data, headers=headers, catch_response=True) as response:
            if response.status_code != 200 or response.json()["label"] is None:
                response.failure(response.text)
