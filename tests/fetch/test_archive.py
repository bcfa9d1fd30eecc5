"""Hostile and damaged archives leave nothing; odd but harmless ones are unpacked."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fetch_sets import FEW, Files, Shop, noise, tarred, zipped
from tl_catdog.errors import CatdogError
from tl_catdog.fetch.archive import Bounds, read_texts
from tl_catdog.fetch.archive_streams import ArchiveError

GOOD = "cats_and_dogs_filtered/train/cats/0.jpg"
SMALL = Bounds(members=40, total=1 << 20, each=40_000, ratio=10)


def zip_with(name: str, data: bytes = b"x", mode: int = 0) -> bytes:
    """The tiny set and one more member."""
    out = io.BytesIO(zipped(FEW))
    with zipfile.ZipFile(out, "a") as file:
        info = zipfile.ZipInfo("placeholder" if "\0" in name else name)
        info.external_attr = mode << 16
        file.writestr(info, data)
    whole = out.getvalue()
    if "\0" in name:
        return whole.replace(b"placeholder", name.encode().ljust(11, b"_")[:11])
    return whole


def tar_with(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return tarred(FEW, info)


def encrypted() -> bytes:
    """The flag that says "encrypted" set on the last member, in both of its headers."""
    data = bytearray(zip_with("secret.jpg"))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.rindex(magic) + offset
        data[at : at + 2] = struct.pack("<H", 1)
    return bytes(data)


def understating() -> bytes:
    """A member that unpacks to more than its headers say."""
    data = bytearray(zipped({**FEW, "big.jpg": bytes(30_000)}, zipfile.ZIP_DEFLATED))
    for magic, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(magic) + offset
        data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def long_header() -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2 << 20
    return tarred({}, info)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "zip: up and out": lambda: zip_with("../../evil.jpg"),
    "zip: up within": lambda: zip_with("cats_and_dogs_filtered/../../evil.jpg"),
    "zip: absolute": lambda: zip_with("/tmp/evil.jpg"),
    "zip: of Windows": lambda: zip_with("..\\..\\evil.jpg"),
    "zip: of a drive": lambda: zip_with("C:evil.jpg"),
    "zip: nul": lambda: zip_with("a.jpg\0.txt"),
    "zip: newline": lambda: zip_with("a\nb.jpg"),
    "zip: link": lambda: zip_with("link.jpg", b"/etc/passwd", stat.S_IFLNK | 0o777),
    "zip: device": lambda: zip_with("device.jpg", b"", stat.S_IFCHR | 0o666),
    "zip: encrypted": encrypted,
    "zip: twice": lambda: zip_with(GOOD),
    "zip: twice but for case": lambda: zip_with(GOOD.replace("0.jpg", "0.JPG")),
    "zip: too many": lambda: zipped(FEW | {f"{number}.txt": b"" for number in range(40)}),
    "zip: too large": lambda: zip_with("large.txt", bytes(50_000)),
    "zip: too large in all": lambda: zipped(
        FEW | {f"{number}.txt": bytes(39_000) for number in range(27)}
    ),
    "zip: larger than it says": understating,
    "zip: cut": lambda: zipped(FEW)[:-30],
    "zip: cut in the middle": lambda: zipped(FEW)[:50_000],
    "zip: a byte changed": lambda: zipped(FEW).replace(noise(9_000)[:50], bytes(50)),
    "tar: up and out": lambda: tar_with("../../evil.jpg"),
    "tar: absolute": lambda: tar_with("/tmp/evil.jpg"),
    "tar: link": lambda: tar_with("a.jpg", tarfile.SYMTYPE, link="/etc/passwd"),
    "tar: hard link": lambda: tar_with("a.jpg", tarfile.LNKTYPE, link=GOOD),
    "tar: device": lambda: tar_with("a.jpg", tarfile.CHRTYPE),
    "tar: pipe": lambda: tar_with("a.jpg", tarfile.FIFOTYPE),
    "tar: twice": lambda: tar_with(GOOD, size=5),
    "tar: too many": lambda: tarred(FEW | {f"{number}.txt": b"" for number in range(40)}),
    "tar: too large": lambda: tar_with("large.txt", size=50_000),
    "tar: too large in all": lambda: tarred(
        FEW | {f"{number}.txt": bytes(39_000) for number in range(27)}
    ),
    "tar: long header": long_header,
    "tar: cut": lambda: tarred(FEW)[:-40],
    "tar: cut in the middle": lambda: tarred(FEW)[:50_000],
    "tar: without its checksum": lambda: tarred(FEW)[:-8],
    "text": lambda: b"<html>not found</html>",
    "gzip of text": lambda: b"\x1f\x8b" + noise(500),
    "a picture": lambda: b"\xff\xd8\xff\xe0" + noise(500),
    "the wrong pictures": lambda: zipped({name: FEW[name] for name in list(FEW)[:-1]}),
    "no pictures": lambda: zipped({"readme.txt": b"Hello"}),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_and_damaged_archives_leave_nothing(shop: Shop, kind: str) -> None:
    outside = sorted(shop.into.parent.iterdir())
    with pytest.raises(ArchiveError) as caught:
        shop.get(shop.source(HOSTILE[kind]()), bounds=SMALL)
    text = str(caught.value)
    assert "expected" in text
    assert "found" in text
    assert "few.zip" in text
    assert "\n" not in text
    assert caught.value.exit_code == 1
    assert shop.is_empty()
    # A first download's archive is no reason to refuse the next one.
    assert shop.cached() == set()
    assert [path for path in sorted(shop.into.parent.iterdir()) if path.name != "cache"] == outside


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_is_refused_by_its_ratio(shop: Shop, pack: Callable[..., bytes]) -> None:
    bomb: Files = {**FEW, "cats_and_dogs_filtered/train/cats/bomb.jpg": bytes(6 << 20)}
    data = pack(bomb, zipfile.ZIP_DEFLATED) if pack is zipped else pack(bomb)
    with pytest.raises(ArchiveError):
        shop.get(shop.source(data), bounds=Bounds(ratio=10))
    assert shop.is_empty()


def test_harmless_oddities_are_left_out(shop: Shop) -> None:
    folder = tarfile.TarInfo("cats_and_dogs_filtered/train/")
    folder.type = tarfile.DIRTYPE
    odd: Files = {
        "cats_and_dogs_filtered/train/cats/Thumbs.db": b"db",
        "cats_and_dogs_filtered/train/cats/._0.jpg": b"of a Mac",
        "__MACOSX/cats_and_dogs_filtered/train/cats/0.jpg": b"of a Mac",
        "readme[1].txt": b"Hello",
    }
    for data in (zipped(odd | FEW), tarred(odd | FEW, folder)):
        shop.get(shop.source(data))
        assert shop.is_right()
        (shop.into / "filtered").rename(shop.into.parent / f"{len(data)}")


def test_names_may_begin_with_this_folder(shop: Shop) -> None:
    shop.get(shop.source(tarred({f"./{name}": data for name, data in FEW.items()})))
    assert shop.is_right()


def test_texts_are_read_from_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "texts.tar.gz"
    path.write_bytes(tarred({"a/list.txt": "Katze ü".encode(), "a/other.txt": b"\xff"}))
    assert read_texts(path, ["a/list.txt"], Bounds()) == {"a/list.txt": "Katze ü"}
    with pytest.raises(CatdogError, match=r"found no a/more\.txt"):
        read_texts(path, ["a/list.txt", "a/more.txt"], Bounds())
    with pytest.raises(CatdogError, match="damaged"):
        read_texts(path, ["a/other.txt"], Bounds())
