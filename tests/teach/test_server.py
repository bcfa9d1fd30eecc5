"""A real process: it starts on an empty folder, answers, and ends without losing anything."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.teach.conftest import Start
from tests.teach.sites import picture
from tl_catdog.errors import UsageError
from tl_catdog.teach.server import Options, teach

pytestmark = pytest.mark.slow


def add(address: str, number: int, label: str = "") -> str:
    files = [("files", (f"{number}.png", picture(number)))]
    answer = httpx.post(f"{address}teach/pictures?class={label}", files=files, timeout=30)
    return str(answer.json()["ids"][0])


def test_from_an_empty_folder_over_a_kill_to_the_end(start: Start, tmp_path: Path) -> None:
    process, address = start("pets")
    httpx.post(f"{address}teach/classes", json={"name": "cats"})
    id = add(address, 1)
    (tmp_path / "pets" / ".teach" / "incoming" / "rest").mkdir()
    process.kill()
    process.wait()
    process, address = start("pets")
    assert not (tmp_path / "pets" / ".teach" / "incoming").exists()
    found = httpx.get(f"{address}teach/state").json()
    assert (found["total"], found["classes"]) == (1, [{"name": "cats", "count": 0}])
    mark = httpx.get(f"{address}teach/pictures/{id}").json()["mark"]
    sent = {"ids": [id], "label": "cats", "seen": {id: mark}}
    assert httpx.post(f"{address}teach/label", json=sent).status_code == 200
    assert (tmp_path / "pets" / "cats" / "1.png").is_file()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert said.splitlines()[-1] == "Ended; everything is in the folder."


def test_a_page_that_waits_is_answered_and_doesn_t_hold_up_the_end(start: Start) -> None:
    process, address = start("pets")
    news = httpx.get(f"{address}teach/state").json()["news"]
    answers: list[httpx.Response] = []

    def wait() -> None:
        answers.append(httpx.get(f"{address}teach/changes?since={news}", timeout=60))

    while httpx.get(f"{address}teach/state").json()["news"] != news:  # the learner's first word
        news = httpx.get(f"{address}teach/state").json()["news"]
    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    waiting.join(20)
    assert answers[0].status_code == 200
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_what_others_do_on_the_disk_is_news(start: Start, tmp_path: Path) -> None:
    _, address = start("pets")
    (tmp_path / "pets" / "birds").mkdir()
    (tmp_path / "pets" / "birds" / "1.png").write_bytes(picture(1))
    found: dict[str, object] = {}
    for _ in range(20):
        found = httpx.get(f"{address}teach/state", timeout=60).json()
        if found["total"]:
            break
        httpx.get(f"{address}teach/changes?since={found['news']}", timeout=60)
    assert found["classes"] == [{"name": "birds", "count": 1}]


def test_one_folder_has_one_server(start: Start, tmp_path: Path) -> None:
    start("pets")
    with pytest.raises(UsageError, match="nobody teaches"):
        teach(tmp_path / "pets", Options(port=0), lambda address, others: None)


def test_open_to_a_network_it_asks_for_a_token(start: Start) -> None:
    _, address = start("pets", "--host", "0.0.0.0")
    bare, _, token = address.partition("#token=")
    assert len(token) >= 16
    assert httpx.get(f"{bare}teach/state").status_code == 401
    head = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{bare}teach/state", headers=head).status_code == 200
    shared = httpx.get(f"{bare}teach/share", headers=head).json()
    assert shared == {"address": address, "others": True}


def test_an_upload_larger_than_memory_may_hold_goes_to_the_disk(
    start: Start, tmp_path: Path
) -> None:
    process, address = start("pets", "--max-mb", 200)
    import psutil

    before = psutil.Process(process.pid).memory_info().rss

    def pieces() -> Iterator[bytes]:
        for _ in range(150):
            yield bytes(2**20)

    answer = httpx.post(f"{address}teach/pictures?name=x.bin", content=pieces(), timeout=120)
    assert answer.status_code == 200, answer.text
    assert "x.bin" in json.dumps(answer.json()["refused"])
    assert psutil.Process(process.pid).memory_info().rss - before < 100 * 2**20
    assert list((tmp_path / "pets" / ".teach" / "incoming").iterdir()) == []
    many = httpx.post(f"{address}teach/pictures", content=bytes(201 * 2**20), timeout=120)
    assert many.status_code == 413
