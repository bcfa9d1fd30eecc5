"""What honest clients of `tl-catdog serve` notice of hostile ones, on this machine:

    python benchmarks/serve_hostile.py --pictures ../shared/data/dogs-vs-cats/test --seconds 60

It starts a server, lets Locust's clients (`serve_load.py`) post pictures alone, then the same with
hostile ones beside them, and alone again; it says median and 95th percentile of the honest clients'
latency, their errors, and the server's memory. Hostile clients come from 127.0.0.2 to 127.0.0.9,
each kind from an address of its own, a bounded number of them, and pay no heed to refusals:

- bombs: PNG of 16 bits at the limit of pixels and above it, RLE bitmaps, cut JPEGs, junk
- forms of 64 large pictures
- senders of a byte a second, and readers who never read
- silent sockets, as many as they get
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

LOAD = Path(__file__).with_name("serve_load.py")
SENDERS = 4  # hostile clients of a kind
SILENT = 200  # sockets of a kind


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture's bytes."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def bombs() -> list[bytes]:
    """Return pictures that cost more than they look."""
    wide = np.zeros((5_000, 5_900), np.uint16)
    wide[::64] = 40_000
    deep = encoded(Image.fromarray(wide), "PNG", compress_level=9)
    over = encoded(Image.new("L", (12_000, 9_000)), "PNG")
    noise = np.random.default_rng(0).integers(0, 256, (2_000, 3_000, 3), np.uint8)
    jpeg = encoded(Image.fromarray(noise), "JPEG", progressive=True)
    return [deep, over, run_length(6_000, 4_000), jpeg, jpeg[: len(jpeg) // 2], b"\x89PNG" * 999]


def run_length(width: int, height: int) -> bytes:
    """Return a bitmap whose rows are runs of one byte, which are read one by one."""
    row = b"\x01\x01\x01\x02" * (width // 2) + b"\x00\x00"
    body = row * height + b"\x00\x01"
    palette = bytes(range(256)) * 4
    offset = 54 + len(palette)
    head = b"BM" + (offset + len(body)).to_bytes(4, "little") + bytes(4)
    head += offset.to_bytes(4, "little") + (40).to_bytes(4, "little")
    head += width.to_bytes(4, "little") + height.to_bytes(4, "little") + b"\x01\0\x08\0"
    head += (1).to_bytes(4, "little") + len(body).to_bytes(4, "little") + bytes(16)
    return (head + palette + body)[: 30 * 2**20]


def form(pictures: list[bytes]) -> bytes:
    """Return the body of a form, whose boundary is ``b``."""
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    return b"".join(head + data + b"\r\n" for data in pictures) + b"--b--\r\n"


class Hostile:
    """Clients that mean ill, of one address.

    Args:
        place: The server's host and port.
        number: The last part of the address.
    """

    def __init__(self, place: tuple[str, int], number: int) -> None:
        self.place, self.source = place, (f"127.0.0.{number}", 0)
        self.told: Counter[str] = Counter()

    @contextlib.contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """Connect from the address."""
        with socket.socket() as found:
            found.bind(self.source)
            found.settimeout(60)
            found.connect(self.place)
            yield found

    def post(self, body: bytes, kind: str) -> None:
        """Post a body and read the answer."""
        head = f"POST /predict?explain=1&preview=1 HTTP/1.1\r\nHost: {self.place[0]}\r\n"
        head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        with self.connected() as one:
            one.sendall(head.encode() + body)
            answer = b""
            while piece := one.recv(2**20):
                answer = answer or piece[:12]
        self.told[answer[9:12].decode() or "closed"] += 1

    def drip(self, body: bytes, kind: str) -> None:
        """Send a byte a second, and read nothing."""
        with self.connected() as one:
            one.sendall(f"POST /predict HTTP/1.1\r\nHost: {self.place[0]}\r\n".encode())
            one.sendall(f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            for byte in body[:60]:
                time.sleep(1)
                one.sendall(bytes([byte]))
        self.told["endured"] += 1

    def deaf(self, body: bytes, kind: str) -> None:
        """Ask for much, and read nothing."""
        with self.connected() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            one.sendall(
                f"GET /openapi.json HTTP/1.1\r\nHost: {self.place[0]}\r\n\r\n".encode() * 500
            )
            time.sleep(20)
        self.told["endured"] += 1

    def silent(self, body: bytes, kind: str) -> None:
        """Hold as many sockets as possible."""
        with contextlib.ExitStack() as kept:
            for _ in range(SILENT):
                kept.enter_context(self.connected())
            time.sleep(15)
        self.told["held"] += SILENT

    def until(self, end: float, act: Callable[[bytes, str], None], body: bytes, kind: str) -> None:
        """Do something again and again."""
        while time.monotonic() < end:
            try:
                act(body, kind)
            except OSError as error:
                self.told[type(error).__name__] += 1
                time.sleep(0.1)


def attack(place: tuple[str, int], seconds: float) -> None:
    """Attack a server for so many seconds, and print what became of it."""
    if hasattr(os, "nice"):
        os.nice(19)  # the server shares its cores with us, which strangers' machines don't
    end = time.monotonic() + seconds
    pictures = bombs()
    large = form([pictures[0]] * 64)
    image, multipart = "application/octet-stream", "multipart/form-data; boundary=b"
    plans: list[tuple[str, str, list[bytes], str]] = [
        ("bombs", "post", pictures, image),
        ("forms of 64", "post", [large], multipart),
        ("form again", "post", [large], multipart),
        ("drips", "drip", [large], multipart),
        ("deaf", "deaf", [b""], image),
        ("silent", "silent", [b""], image),
        ("silent too", "silent", [b""], image),
        ("silent as well", "silent", [b""], image),
    ]
    threads, clients = [], {}
    for number, (name, act, bodies, kind) in enumerate(plans, 2):
        client = clients[name] = Hostile(place, number)
        for turn in range(40 if act == "drip" else SENDERS):
            body = bodies[turn % len(bodies)]
            words = (end, getattr(client, act), body, kind)
            threads.append(threading.Thread(target=client.until, args=words, daemon=True))
    if len(pictures) > SENDERS:  # each of them
        for body in pictures[SENDERS:]:
            words = (end, clients["bombs"].post, body, image)
            threads.append(threading.Thread(target=clients["bombs"].until, args=words, daemon=True))
    for thread in threads:
        thread.start()
    time.sleep(max(0.0, end - time.monotonic()))
    for name, client in clients.items():
        print(f"  {name}: {dict(client.told)}", flush=True)


def honest(address: str, pictures: Path, users: int, seconds: float) -> dict[str, float]:
    """Return what Locust's clients saw."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "locust", "-f", str(LOAD), "--headless", "--json"),
            *("--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds:g}s"),
            *("--host", address),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PICTURES": str(pictures)},
        timeout=seconds + 120,
    )
    (told,) = json.loads(done.stdout)
    times = sorted((float(ms), count) for ms, count in told["response_times"].items())
    return {
        "requests": told["num_requests"],
        "errors": told["num_failures"],
        "median": quantile(times, 0.5),
        "p95": quantile(times, 0.95),
    }


def quantile(times: list[tuple[float, int]], part: float) -> float:
    """Return a quantile of values with counts."""
    left = part * sum(count for _, count in times)
    for value, count in times:
        left -= count
        if left <= 0:
            return value
    return times[-1][0]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--run", default="cats-dogs")
    parser.add_argument("--users", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, "-m", "tl_catdog", "serve", "--run", given.run, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert server.stdout is not None
    found = re.search(r"(http://([\d.]+):(\d+))/", server.stdout.readline())
    assert found
    memory = psutil.Process(server.pid)
    rows = []
    try:
        for beside in (False, True, False):
            attacker = None
            if beside:
                place = (found[2], int(found[3]))
                words = (place, given.seconds + 5)
                attacker = multiprocessing.get_context("spawn").Process(target=attack, args=words)
                attacker.start()
                time.sleep(5)  # pictures are made
            row = honest(found[1], given.pictures, given.users, given.seconds)
            rss = memory.memory_info().rss / 2**20
            print(f"{'hostile' if beside else 'alone':8} {row} {rss:.0f} MiB", flush=True)
            rows.append(row)
            if attacker:
                attacker.join()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(120)
    for name in ("median", "p95"):
        alone = (rows[0][name] + rows[2][name]) / 2
        print(f"{name}: {rows[1][name] / alone:.2f} times as long")


if __name__ == "__main__":
    main()
