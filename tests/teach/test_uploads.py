"""Uploads: whatever their size they go to files, and end in a line where they can't."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from tl_catdog.serve.bodies import Refusal
from tl_catdog.teach import uploads
from tl_catdog.teach.intake import aside
from tl_catdog.teach.uploads import Bound, Upload, receive

FORM = "multipart/form-data; boundary=x"


def part(name: str, data: bytes) -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    return head.encode() + data + b"\r\n"


def sent(
    folder: Path, *pieces: bytes, kind: str = FORM, bound: Bound | None = None, end: bool = True
) -> list[Upload]:
    """Receive a request that comes in pieces."""
    left = list(pieces)

    async def more() -> dict[str, Any]:
        if left:
            body = left.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(left) or not end}
        return {"type": "http.disconnect"}

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "headers": headers}
    request = Request(scope, more)
    return asyncio.run(receive(request, folder, bound or Bound(), "body.jpg"))


def test_a_form_s_files_are_written_whatever_the_pieces_are(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9
    form = part("a.jpg", data) + part("dir/b.jpg", b"--x\r\n no end") + b"--x--\r\n"
    one_by_one = (form[i : i + 7] for i in range(0, len(form), 7))
    found = sent(tmp_path, *one_by_one)
    assert [upload.name for upload in found] == ["a.jpg", "dir/b.jpg"]
    assert found[0].path.read_bytes() == data


def test_a_body_is_one_file(tmp_path: Path) -> None:
    (found,) = sent(tmp_path, b"abc", b"def", kind="image/jpeg")
    assert (found.name, found.path.read_bytes()) == ("body.jpg", b"abcdef")


def test_names_never_are_places(tmp_path: Path) -> None:
    (found,) = sent(tmp_path, part("../../../etc/passwd", b"x") + b"--x--\r\n")
    assert found.path.parent == tmp_path


@pytest.mark.parametrize(
    ("pieces", "kind", "status"),
    [
        ((b"x" * 101,), "image/png", 413),
        ((b"x" * 60, b"x" * 60), "image/png", 413),
        ((b"",), "image/png", 400),
        ((b"nonsense",), FORM, 400),
        ((b"nonsense",), "multipart/form-data", 400),
        ((part("a", b"data"),), FORM, 400),
        ((b"--x--\r\n",), FORM, 400),
        ((b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n",), FORM, 400),
    ],
)
def test_what_can_t_be_taken_is_refused(
    tmp_path: Path, pieces: tuple[bytes, ...], kind: str, status: int
) -> None:
    with pytest.raises(Refusal) as refused:
        sent(tmp_path, *pieces, kind=kind, bound=Bound(bytes=100))
    assert refused.value.status == status


def test_a_form_has_so_many_files_at_most(tmp_path: Path) -> None:
    form = b"".join(part(str(i), b"x") for i in range(4)) + b"--x--\r\n"
    with pytest.raises(Refusal) as refused:
        sent(tmp_path, form, bound=Bound(files=3))
    assert refused.value.status == 413


def test_who_leaves_in_the_midst_leaves_nothing(tmp_path: Path) -> None:
    with aside(tmp_path / "in") as folder, pytest.raises(Refusal, match="ended early"):
        sent(folder, part("a", b"data"), end=False)
    assert list((tmp_path / "in").iterdir()) == []


def test_a_disconnect_is_no_fault(tmp_path: Path) -> None:
    class Gone(Request):
        async def stream(self) -> AsyncIterator[bytes]:  # type: ignore[override]
            yield b"x"
            raise ClientDisconnect

    request = Gone({"type": "http", "headers": []})
    with pytest.raises(Refusal, match="ended early"):
        asyncio.run(receive(request, tmp_path, Bound()))


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "ROOM", 2**62)
    with pytest.raises(Refusal) as refused:
        sent(tmp_path, b"x", kind="image/png")
    assert refused.value.status == 507
    assert "No space left" in refused.value.error


def test_who_takes_too_long_is_told(tmp_path: Path) -> None:
    async def never() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    request = Request({"type": "http", "headers": []}, never)
    with pytest.raises(Refusal, match=r"within 0\.05 s"):
        asyncio.run(receive(request, tmp_path, Bound(seconds=0.05)))
