"""Reading requests: what is taken up to which limit, and what is refused with which status."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import pytest
from starlette.requests import Request

from tl_catdog.serve.bodies import MAX_FIELDS, SLICE, Budget, Limits, Refusal, images_of, read_body

FORM = "multipart/form-data; boundary=b"

Messages = Iterable[MutableMapping[str, Any]]


def request_of(
    messages: Messages = (), *, kind: str | None = None, length: str | None = None
) -> Request:
    """Return a request that gets its body by messages, and nothing more after them."""
    left = iter(messages)

    async def receive() -> MutableMapping[str, Any]:
        for message in left:
            return message
        return await asyncio.Future()  # silent for ever

    headers = {"content-type": kind, "content-length": length}
    given = [(name.encode(), text.encode()) for name, text in headers.items() if text is not None]
    return Request({"type": "http", "method": "POST", "headers": given}, receive)


def sent(*parts: bytes) -> list[MutableMapping[str, Any]]:
    """Return the messages in which a server hands over a body."""
    last = len(parts) - 1
    return [
        {"type": "http.request", "body": part, "more_body": number < last}
        for number, part in enumerate(parts)
    ]


def read(request: Request, take: Callable[[int], None] = lambda size: None, **limits: Any) -> bytes:
    return asyncio.run(read_body(request, Limits(**limits), take))


def images(body: bytes, kind: str | None, **limits: Any) -> list[tuple[str | None, bytes]]:
    return asyncio.run(images_of(request_of(kind=kind), body, Limits(**limits)))


def part(content: bytes, name: str | None) -> bytes:
    """Return one part of a form: a file, or a plain field where the name is None."""
    filename = "" if name is None else f'; filename="{name}"'
    head = f'--b\r\nContent-Disposition: form-data; name="any"{filename}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(*files: tuple[str, bytes], fields: int = 0) -> bytes:
    plain = [part(b"text", None)] * fields
    return b"".join([*plain, *(part(content, name) for name, content in files), b"--b--\r\n"])


def refused(action: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        action()
    return caught.value


def test_all_requests_together_are_bounded() -> None:
    budget = Budget(10)
    with budget.share() as one, budget.share() as two:
        one(4)
        one(4)
        with pytest.raises(Refusal) as caught:
            two(3)
        assert caught.value.status == 503
        two(2)
    assert budget.left == 10


def test_each_share_gives_back_its_own_bytes_also_after_an_error() -> None:
    budget = Budget(10)

    def fail() -> None:
        with budget.share() as two:
            two(5)
            two(1)
            raise OSError("gone")

    with budget.share() as one:
        one(3)
        with pytest.raises(OSError, match="gone"):
            fail()
        assert budget.left == 7
    assert budget.left == 10


@pytest.mark.parametrize("parts", [(b"12345678",), (b"1234", b"5678"), (b"", b"12345678", b"")])
def test_a_body_of_just_the_limit_is_read_whole(parts: tuple[bytes, ...]) -> None:
    taken: list[int] = []
    assert read(request_of(sent(*parts), length="8"), taken.append, body=8) == b"12345678"
    assert sum(taken) == 8


def test_a_byte_more_is_too_large_whether_it_is_announced_or_not() -> None:
    taken: list[int] = []
    unannounced = request_of(sent(b"1234", b"56789"))
    assert refused(lambda: read(unannounced, taken.append, body=8)).status == 413
    assert taken == [4]  # what isn't kept isn't counted
    announced = request_of(length="9")  # nothing of it need come
    found = refused(lambda: read(announced, body=8, seconds=0.2))
    assert found.status == 413
    assert "8 bytes" in found.error


def test_a_length_that_is_no_number_is_refused() -> None:
    found = refused(lambda: read(request_of(sent(b"x"), length="many")))
    assert (found.status, found.error) == (400, "expected a number as Content-Length")


def test_a_body_that_takes_too_long_or_ends_early_is_refused() -> None:
    slow = request_of([{"type": "http.request", "body": b"x", "more_body": True}])
    found = refused(lambda: read(slow, seconds=0.05))
    assert found.status == 408
    assert "0.05 s" in found.error
    early = request_of([*sent(b"x", b"y")[:1], {"type": "http.disconnect"}])
    assert refused(lambda: read(early)).status == 400


def test_a_body_that_no_room_is_left_for_is_refused() -> None:
    budget = Budget(8)
    with budget.share() as other, budget.share() as take:
        other(4)
        assert refused(lambda: read(request_of(sent(b"123", b"45")), take)).status == 503
        assert budget.left == 1
    with budget.share() as take:
        assert read(request_of(sent(b"12345678")), take) == b"12345678"


@pytest.mark.parametrize(
    "kind",
    [None, "", "image/jpeg", "IMAGE/PNG", "image/x-new; q=1", "application/octet-stream"],
)
def test_a_body_of_a_picture_s_kind_or_of_none_is_a_picture(kind: str | None) -> None:
    assert images(b"bytes", kind) == [(None, b"bytes")]
    assert refused(lambda: images(b"", kind)).status == 400


@pytest.mark.parametrize("kind", ["text/plain", "imagery/x", "application/octet", "multipart/x"])
def test_a_body_of_another_kind_is_refused_by_its_name(kind: str) -> None:
    found = refused(lambda: images(b"bytes", f"{kind}; charset=utf-8"))
    assert found.status == 415
    assert found.error.endswith(f"found {kind}")


def test_a_long_kind_is_not_repeated_whole() -> None:
    assert "x" * 75 + "y" not in refused(lambda: images(b"b", f"text/{'x' * 75}y")).error
    assert refused(lambda: images(b"b", f"text/{'x' * 75}")).error.endswith("/" + "x" * 75)


def test_files_of_a_form_keep_their_order_names_and_bytes() -> None:
    large = bytes(range(256)) * (3 * SLICE // 256) + b"end"
    files = [("b.jpg", b"1"), ("a.jpg", large), ("b.jpg", b""), ("Größe.jpg", b"\r\n--")]
    assert images(form(*files, fields=2), f"{FORM}; charset=utf-8") == files
    assert images(form(*files), "Multipart/Form-Data; boundary=b") == files


def test_no_file_of_a_form_is_written_to_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be full, and pictures stay in the memory that is counted."""

    def full(*_: object, **__: object) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    large = b"x" * 3 * 2**20
    assert images(form(("a.jpg", large), ("b.jpg", large)), FORM) == [
        ("a.jpg", large),
        ("b.jpg", large),
    ]


def test_a_file_without_a_name_has_none() -> None:
    assert images(form(("", b"bytes")), FORM) == [(None, b"bytes")]


def test_half_characters_of_a_name_are_replaced() -> None:
    body = form(("\\ud800\\u00e9.jpg", b"bytes"))
    assert images(body, f"{FORM}; charset=unicode_escape") == [("?é.jpg", b"bytes")]


@pytest.mark.parametrize("limits", [{"files": 3, "queue": 9}, {"files": 9, "queue": 3}])
def test_as_many_files_are_taken_as_are_allowed_and_can_wait(limits: dict[str, int]) -> None:
    files = [(f"{number}.jpg", b"x") for number in range(4)]
    assert images(form(*files[:3]), FORM, **limits) == files[:3]
    found = refused(lambda: images(form(*files), FORM, **limits))
    assert found.status == 413
    assert "Too many files. Maximum number of files is 3" in found.error


def test_fields_of_a_form_are_bounded_too() -> None:
    file = ("a.jpg", b"x")
    assert images(form(file, fields=MAX_FIELDS), FORM) == [file]
    assert refused(lambda: images(form(file, fields=MAX_FIELDS + 1), FORM)).status == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (form(), FORM),
        (form(fields=3), FORM),
        (b"", FORM),
        (form(("a.jpg", b"x")), "multipart/form-data"),
        (b"no form", FORM),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", FORM),
    ],
)
def test_a_form_that_is_odd_or_has_no_files_is_refused(body: bytes, kind: str) -> None:
    found = refused(lambda: images(body, kind))
    assert found.status == 400
    assert "form" in found.error


def test_others_get_their_turn_while_a_long_form_is_read() -> None:
    body = form(("a.jpg", bytes(10 * SLICE)))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def both(reading: Awaitable[object]) -> None:
        waiting = asyncio.create_task(other())
        await reading
        waiting.cancel()

    asyncio.run(both(images_of(request_of(kind=FORM), body, Limits())))
    assert turns >= 10
