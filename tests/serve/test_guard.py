"""Who is let in: names, sites, tokens; and what every answer says and is counted as."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from tests.support.asked_app import HOSTS, Send
from tl_catdog.serve.bodies import Refusal
from tl_catdog.serve.guard import Access, refuse_other_names, refuse_other_sites


def request_with(**headers: str) -> Request:
    given = [(name.encode(), text.encode()) for name, text in headers.items()]
    return Request({"type": "http", "headers": given})


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "mybox:1", "127.0.0.1", "192.0.2.7:8000", "[::1]:8000"],
)
def test_addresses_and_the_server_s_own_names_are_let_in(host: str) -> None:
    refuse_other_names(request_with(host=host), HOSTS)


@pytest.mark.parametrize(
    "host",
    [
        *("", "[", "127.1", "evil.example", "evil.example:80", "xlocalhost"),
        *("localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.example"),
    ],
)
def test_any_other_name_is_refused(host: str) -> None:
    with pytest.raises(Refusal) as caught:
        refuse_other_names(request_with(host=host), HOSTS)
    assert caught.value.status == 400


def test_a_request_without_a_host_is_refused() -> None:
    with pytest.raises(Refusal):
        refuse_other_names(request_with(), HOSTS)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:8000"},
        {"host": "localhost:8000", "origin": "http://localhost:8000"},
        {"host": "localhost:8000", "origin": "https://localhost:8000"},
    ],
)
def test_requests_of_programs_and_of_the_page_itself_are_let_in(headers: dict[str, str]) -> None:
    refuse_other_sites(request_with(**headers))


@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example", "http://localhost", "http://localhost:8001", "localhost:8000"],
)
def test_pages_of_other_sites_are_refused(origin: str) -> None:
    with pytest.raises(Refusal) as caught:
        refuse_other_sites(request_with(host="localhost:8000", origin=origin))
    assert caught.value.status == 403


TOKEN = "0123456789abcdef"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("mode", "dest"),
    [("navigate", "document"), ("navigate", "iframe"), ("no-cors", "image"), ("cors", "empty")],
)
def test_what_another_site_s_page_loads_is_refused_but_the_page_may_be_opened(
    send: Send, site: str, method: str, mode: str, dest: str
) -> None:
    says = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    there = site in ("same-origin", "none") or (method == "GET" and dest == "document")
    found = send(method, "/" if method == "GET" else "/predict", content=b"cat", headers=says)
    assert (found.status_code == 403) is not there
    if method == "GET":  # where other sites may ask, browsers don't always say which one does
        assert send(method, "/", access=Access(HOSTS, [SITE]), headers=says).status_code == 200


@pytest.mark.parametrize(
    ("path", "opened"),
    [
        ("/", True),
        ("/docs", True),
        ("/app.js", True),
        ("/style.css", True),
        ("/healthz", True),
        ("/about", False),
        ("/metrics", False),
        ("/openapi.json", False),
        ("/nothing", False),
        ("/predict", False),
    ],
)
def test_without_the_token_there_is_the_page_alone(send: Send, path: str, opened: bool) -> None:
    method = "POST" if path == "/predict" else "GET"
    access = Access(HOSTS, token=TOKEN)
    found = send(method, path, access=access, content=b"cat")
    assert found.status_code == (200 if opened else 401)
    if not opened:
        assert found.headers["www-authenticate"] == 'Bearer realm="tl-catdog"'
        assert set(found.json()) == {"error", "hint"}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    known = send(method, path, access=access, content=b"cat", headers=headers)
    assert known.status_code == (404 if path == "/nothing" else 200)


@pytest.mark.parametrize(
    "given",
    [
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer x{TOKEN}",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {TOKEN} {TOKEN}",
        "Bearer é",
    ],
)
def test_any_other_token_is_refused(send: Send, given: str) -> None:
    headers = [(b"Authorization", given.encode("latin-1"))]
    found = send("GET", "/about", access=Access(HOSTS, token=TOKEN), headers=headers)
    assert found.status_code == 401
    assert TOKEN not in found.text


@pytest.mark.parametrize("given", [f"bearer {TOKEN}", f"BEARER  {TOKEN} "])
def test_the_scheme_is_read_in_any_letters(send: Send, given: str) -> None:
    headers = {"Authorization": given}
    found = send("GET", "/about", access=Access(HOSTS, token=TOKEN), headers=headers)
    assert found.status_code == 200


SITE = "https://example.org"


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ((SITE,), SITE, SITE),
        ((SITE, "http://other.org"), "http://other.org", "http://other.org"),
        (("*",), SITE, "*"),
        ((SITE,), "https://example.org.evil", None),
        ((SITE,), "http://example.org", None),
        ((SITE,), "null", None),
        ((), SITE, None),
    ],
)
def test_pages_of_sites_that_are_named_may_ask_and_no_others(
    send: Send, origins: tuple[str, ...], origin: str, allowed: str | None
) -> None:
    access = Access(HOSTS, origins=origins)
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    before = send("OPTIONS", "/predict", access=access, headers=asked)
    found = send("POST", "/predict", access=access, content=b"cat", headers={"Origin": origin})
    assert before.status_code == (204 if allowed else 403)
    assert found.status_code == (200 if allowed else 403)
    for response in (before, found):
        assert response.headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in response.headers
        assert ("Origin" in response.headers.get("vary", "")) == bool(origins or allowed)
    if allowed:
        assert "Authorization" in before.headers["access-control-allow-headers"]
        assert "POST" in before.headers["access-control-allow-methods"]


def test_a_preflight_needs_no_token_and_its_request_does(send: Send) -> None:
    access = Access(HOSTS, origins=(SITE,), token=TOKEN)
    asked = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    assert send("OPTIONS", "/predict", access=access, headers=asked).status_code == 204
    found = send("POST", "/predict", access=access, content=b"cat", headers={"Origin": SITE})
    assert found.status_code == 401
    assert found.headers["access-control-allow-origin"] == SITE  # or its page couldn't read why


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/cats/healthz", 200),
        ("/healthz", 200),  # the proxy has taken the prefix off
        ("/cats/", 200),
        ("/cats", 308),
        ("/catsup", 404),
        ("/cats/cats/healthz", 404),
    ],
)
def test_a_proxy_may_take_its_path_off_or_leave_it(send: Send, path: str, status: int) -> None:
    found = send("GET", path, access=Access(HOSTS, root_path="/cats"))
    assert found.status_code == status
    if status == 308:
        assert found.headers["location"] == "/cats/"


def test_the_token_is_asked_for_below_a_proxy_s_path_as_well(send: Send) -> None:
    access = Access(HOSTS, token=TOKEN, root_path="/cats")
    for path in ("/cats/about", "/about", "/cats//about", "/cats/./about"):
        assert send("GET", path, access=access).status_code in (401, 404)
    assert send("GET", "/cats/app.js", access=access).status_code == 200
