"""What another site's page can do to this one from the same browser, and what many tabs can."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.page_room import Taught, filled
from tests.teach.pictures import picture

pytestmark = pytest.mark.slow

ATTACK = """async address => {
  const told = [];
  const tried = async (name, work) => {
    try { told.push([name, String(await work())]); } catch { told.push([name, "refused"]); }
  };
  const loaded = (tag, source) => new Promise((go) => {
    const made = document.createElement(tag);
    made.onload = () => go("loaded");
    made.onerror = () => go("refused");
    made.src = source;
    document.body.append(made);
  });
  const body = JSON.stringify({name: "evil"});
  const simple = {method: "POST", mode: "no-cors", body};
  await tried("simple", async () => (await fetch(`${address}teach/classes`, simple)).type);
  await tried("json", async () => (await fetch(`${address}teach/classes`, {method: "POST", body,
    headers: {"Content-Type": "application/json"}})).status);
  await tried("read", async () => (await fetch(`${address}teach/state`)).text());
  await tried("code", () => loaded("img", `${address}teach/share.svg`));
  await tried("picture", () => loaded("img", `${address}teach/picture/ID`));
  await tried("script", () => loaded("script", `${address}teach.js`));
  await tried("socket", () => new Promise((go) => {
    const socket = new WebSocket(`${address.replace("http", "ws")}teach/changes`);
    socket.onopen = () => go("opened");
    socket.onerror = () => go("refused");
  }));
  const form = document.createElement("form");
  Object.assign(form, {method: "POST", enctype: "text/plain", action: `${address}teach/classes`});
  const field = document.createElement("input");
  Object.assign(field, {name: '{"name": "evil', value: '"}'});
  form.target = "below";
  const frame = document.createElement("iframe");
  frame.name = "below";
  form.append(field);
  document.body.append(frame, form);
  form.submit();
  await new Promise((go) => { setTimeout(go, 500); });
  return told;
}"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """Give the address of another site on this machine."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<!doctype html><title>Evil</title>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_another_site_s_page_reads_and_changes_nothing(
    browser: Any, start: Start, tmp_path: Path, elsewhere: str
) -> None:
    from tl_catdog.data.digest import file_digest

    folder = filled(tmp_path / "pets", cats=1, dogs=1)
    _, address = start(folder)
    id = file_digest(folder / "cats" / "00001.png")[:20]
    page = browser.new_page()
    page.goto(f"{address}teach/picture/{id}")
    assert page.locator("img").count() == 1  # that is its id
    for site in (elsewhere, elsewhere.replace("localhost", "127.0.0.1")):  # same-site as well
        page.goto(site)
        told = dict(page.evaluate(ATTACK.replace("ID", id), address))
        assert told.pop("simple") in ("opaque", "refused")  # it can't even tell
        assert set(told.values()) == {"refused"}, told
    assert {path.name for path in folder.iterdir()} == {".teach", "cats", "dogs"}
    page.close()


def test_a_page_that_nobody_sees_holds_no_connection_and_goes_on(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    folder = filled(tmp_path / "pets", cats=2, dogs=2)
    _, address = start(folder)
    seen = Taught(browser.new_page(), folder)
    page, held = seen.page, set[Any]()
    page.on("request", lambda sent: held.add(sent) if "teach/changes" in sent.url else None)
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda sent: held.discard(sent))
    seen.open(address)
    turn = """hidden => {
      Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.wait_for_selector('#learning:has-text("all there is")')
    for _ in range(1000):  # between one such request and the next there is none
        if not held:
            page.wait_for_timeout(20)
    assert len(held) == 1
    page.evaluate(turn, True)
    page.wait_for_timeout(1000)
    assert not held  # and none is begun anew
    (folder / "cats" / "new.png").write_bytes(picture(99))
    page.evaluate(turn, False)
    seen.counts(cats=3, dogs=2)
    assert seen.wrong == []
    page.close()
