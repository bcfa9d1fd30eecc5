"""Whatever networks and servers do: the right folder or none, and a clear error."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import pytest

from tests.support import fetch_server as server
from tests.support.fetch_server import Answer
from tests.support.fetch_sets import Shop
from tl_catdog.errors import CatdogError
from tl_catdog.fetch.download import CHUNK
from tl_catdog.fetch.retry import RetryPolicy
from tl_catdog.wording import byte_size

HALF = 3 * CHUNK  # of the tiny set's 110,000 bytes; what comes after a whole chunk may be lost


def fails(shop: Shop, *parts: str, **other: Any) -> CatdogError:
    """Getting the set fails with these words in one line, and leaves nothing but the cache."""
    with pytest.raises(CatdogError) as caught:
        shop.get(shop.source(), **other)
    text = str(caught.value)
    assert all(part in text for part in ("expected", "found", *parts)), text
    assert "\n" not in text
    assert caught.value.exit_code == 1
    assert caught.value.hint
    assert shop.is_empty()
    return caught.value


def test_a_set_arrives_whole_and_nothing_stays_in_the_cache(shop: Shop) -> None:
    got = shop.get(shop.source())
    assert shop.is_right()
    assert (got.images, got.already, got.recorded) == (12, False, ())
    assert got.counts == {
        "train/cats": 3, "train/dogs": 3, "validation/cats": 3, "validation/dogs": 3,
    }  # fmt: skip
    assert shop.cached() == set()
    assert shop.site.ranges() == [None]


CUTS = [
    [server.cut_before_headers],
    [server.cut_in_headers],
    [server.cut_after(0)],
    [server.cut_after(1)],
    [server.cut_after(HALF)],
    [server.cut_after(HALF), server.cut_before_headers],
    [server.cut_after(HALF), server.cut_in_headers],
    [server.cut_after(HALF), server.cut_after(0)],
    [server.cut_after(30_000), server.cut_after(30_000), server.cut_after(30_000)],
    [server.chunked(-HALF)],
    [server.stalling_after(-1)],
    [server.stalling_after(0)],
    [server.stalling_after(HALF)],
    [server.status(503), server.status(429)],
    [server.status(500)],
    [server.cut_after(HALF), server.status(502)],
]


@pytest.mark.parametrize("steps", CUTS)
def test_what_passes_is_tried_again(shop: Shop, steps: list[Answer]) -> None:
    shop.site.script = list(steps)
    shop.get(shop.source())
    assert shop.is_right()
    assert len(shop.waits) == len(shop.said) == len(steps)
    assert shop.cached() == set()


def test_a_cut_file_is_gone_on_with_where_it_ended(shop: Shop) -> None:
    shop.site.script = [server.cut_after(HALF), server.cut_in_headers, server.cut_before_headers]
    shop.get(shop.source())
    first, *others = shop.site.ranges()
    assert first is None
    assert others == [f"bytes={HALF}-"] * 3
    assert {headers.get("If-Range") for _, headers in shop.site.asked[1:]} == {server.ETAG}
    assert byte_size(HALF) in shop.said[0]


def test_cuts_without_end_are_given_up_and_gone_on_with_next_time(shop: Shop) -> None:
    shop.site.script = [server.cut_after(HALF)]
    shop.site.always = server.cut_before_headers
    error = fails(shop, "connection", "(4 tries)", f"{byte_size(HALF)} of 110.1 kB are kept")
    assert error.hint.endswith(f"tl-catdog data get filtered --into {shop.into}")
    assert len(shop.waits) == 3
    shop.site.always = None
    shop.site.asked.clear()
    shop.get(shop.source())
    assert shop.is_right()
    assert shop.site.ranges() == [f"bytes={HALF}-"]


def test_cuts_that_bring_something_are_not_counted(shop: Shop) -> None:
    shop.site.always = server.cut_after(CHUNK)
    shop.get(shop.source())
    assert shop.is_right()
    assert len(shop.site.asked) > shop.retry.tries


def test_drops_of_bytes_are_counted(shop: Shop) -> None:
    shop.site.always = server.cut_after(1)
    fails(shop, "(4 tries)")
    assert len(shop.site.asked) == 4


CHANGES = [
    server.ignoring_ranges,
    server.another_version,
    server.from_elsewhere,
    server.status(416),
]


@pytest.mark.parametrize("answer", CHANGES)
def test_another_version_or_no_ranges_begin_anew(shop: Shop, answer: Answer) -> None:
    shop.site.script = [server.cut_after(HALF), answer]
    shop.get(shop.source())
    assert shop.is_right()


def test_an_answer_that_does_not_say_its_part_is_not_used(shop: Shop) -> None:
    shop.site.script = [server.cut_after(HALF), server.without_content_range]
    shop.get(shop.source())
    assert shop.is_right()
    assert shop.site.ranges() == [None, f"bytes={HALF}-", f"bytes={HALF}-"]


def test_a_weak_etag_is_no_reason_to_go_on(shop: Shop) -> None:
    def weak(to: server.Handler, data: bytes) -> None:
        to.begin(200, {"ETag": 'W/"one"', "Content-Length": str(len(data))})
        to.wfile.write(data[:HALF])
        to.wfile.flush()
        to.hang_up()

    shop.site.script = [weak]
    shop.get(shop.source())
    assert shop.is_right()
    assert shop.site.ranges() == [None, None]


def test_pieces_that_do_not_fit_are_fetched_as_a_whole(shop: Shop) -> None:
    shop.site.script = [server.cut_after(HALF), server.wrong_bytes]
    shop.get(shop.source())
    assert shop.is_right()
    assert shop.site.ranges() == [None, f"bytes={HALF}-", None]
    assert "don't fit together" in shop.said[-1]


def test_wrong_bytes_are_refused_with_both_hashes(shop: Shop) -> None:
    shop.site.always = server.wrong_bytes
    wanted = shop.source().archives[0].sha256
    error = fails(shop, "few.zip with SHA-256", wanted)
    assert len(error.message.split(wanted)[1].split()[-1].rstrip(".")) == 64
    assert shop.cached() == set()


REFUSED = [
    (server.status(403), "403 Forbidden"),
    (server.status(404), "404 Not Found"),
    (server.status(410), "410 Gone"),
    (server.status(204), "204"),
    (server.status(302), "302"),
    (server.claiming(-10), "bytes"),
    (server.claiming(10), "bytes"),
    (server.chunked(10), "more"),
    (server.page, "25 (text/html)"),
    (server.redirect("ftp://127.0.0.1/few.zip"), "ftp://"),
]


@pytest.mark.parametrize(("answer", "word"), REFUSED)
def test_what_does_not_pass_is_an_error_at_once(shop: Shop, answer: Answer, word: str) -> None:
    shop.site.always = answer
    error = fails(shop, word)
    assert "--from FILE" in error.hint
    assert len(shop.site.asked) == 1
    assert shop.waits == []


def test_a_server_that_stays_broken_is_given_up(shop: Shop) -> None:
    shop.site.always = server.status(500)
    fails(shop, "500 Internal Server Error", "(4 tries)")


def test_waits_double_up_to_a_limit_with_chance(shop: Shop) -> None:
    shop.retry = RetryPolicy(first_wait=1, longest_wait=3, tries=6, sleep=shop.waits.append)
    shop.site.always = server.cut_before_headers
    fails(shop)
    for wait, longest in zip(shop.waits, (1, 2, 3, 3, 3), strict=True):
        assert longest / 2 <= wait <= longest


def test_the_server_says_how_long_to_wait(shop: Shop) -> None:
    then = email.utils.formatdate(time.time() + 40, usegmt=True)
    shop.site.script = [
        server.status(503, Retry_After="7"),
        server.status(429, Retry_After=then),
    ]
    shop.get(shop.source())
    assert shop.waits[0] == 7
    assert 30 < shop.waits[1] <= 40
    assert shop.is_right()


def test_a_server_that_asks_for_hours_is_not_waited_for(shop: Shop) -> None:
    shop.site.always = server.status(503, Retry_After="7200")
    fails(shop, "503", "(1 try)")
    assert shop.waits == []


def test_redirections_are_followed_also_to_another_host(shop: Shop) -> None:
    source = shop.source()
    port = shop.site.address.rpartition(":")[2]
    shop.site.files["/there"] = shop.site.files["/sets/few.zip"]
    shop.site.script = [
        server.redirect("/here"),
        server.redirect(f"http://localhost:{port}/there"),
        server.cut_after(HALF),
        server.redirect("/there"),
    ]
    shop.get(source)
    assert shop.is_right()
    assert [path for path, _ in shop.site.asked[:3]] == ["/sets/few.zip", "/here", "/there"]
    assert shop.site.ranges()[-1] == f"bytes={HALF}-"


def test_redirections_in_a_circle_end(shop: Shop) -> None:
    shop.site.always = server.redirect("/sets/few.zip")
    fails(shop, "at most 5 redirections")
    assert len(shop.site.asked) == 6


def test_nobody_there_is_said(shop: Shop) -> None:
    source = shop.source()
    with server.serving() as gone:
        address = gone.address
    shop.site.address, old = address, shop.site.address
    try:
        fails(shop, "the connection failed", "(4 tries)")
    finally:
        shop.site.address = old
    assert source.archives[0].host == "127.0.0.1"
