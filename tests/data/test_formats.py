"""Formats are told by their bytes, and what isn't read has a name."""

import io
import struct

import pytest
from PIL import Image

from tl_catdog.data.formats import (
    AVIF,
    ENDINGS,
    HEIC,
    RAW_ENDINGS,
    UNREAD_ENDINGS,
    brands,
    format_of,
    other_kind,
)


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, kind)
    return out.getvalue()


def iso(major: bytes, *others: bytes) -> bytes:
    body = major + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body + bytes(40)


@pytest.mark.parametrize(
    ("pillows", "kind"),
    [
        *((name, name) for name in ("JPEG", "PNG", "BMP", "GIF", "TIFF", "AVIF")),
        *(("MPO", "JPEG"), ("WEBP", "WebP"), ("JPEG2000", "JPEG 2000")),
    ],
)
def test_what_pillow_writes_is_known(pillows: str, kind: str) -> None:
    assert format_of(encoded(pillows)) == kind
    assert format_of(encoded(pillows)[:64]) == kind


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (iso(b"heic", b"mif1"), HEIC),
        (iso(b"hevc"), HEIC),  # a series
        (iso(b"mif1", b"heic"), HEIC),
        (iso(b"mif1", b"miaf"), HEIC),  # nothing says more
        (iso(b"avif"), AVIF),
        (iso(b"avis"), AVIF),
        (iso(b"mif1", b"avif", b"miaf"), AVIF),
        (iso(b"isom", b"heic"), None),
        (b"II+\0" + bytes(20), "TIFF"),  # BigTIFF
        (b"II*\0" + bytes(4) + b"CR\x02\0", None),
        (b"BM" + bytes(12) + struct.pack("<I", 40), "BMP"),
        (b"BMI is a number", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"", None),
    ],
)
def test_what_begins_alike_is_told_apart(data: bytes, kind: str | None) -> None:
    assert format_of(data) == kind


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\x0a" + bytes(20), "a JPEG XL file"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(9), "a JPEG XL file"),
        (b"8BPS\0\1" + bytes(20), "a Photoshop file (PSD)"),
        (b"II*\0\x10\0\0\0CR\x02\0", "a camera's raw file (CR2)"),
        (iso(b"crx "), "a camera's raw file (CR3)"),
        (b"FUJIFILMCCD-RAW 0201", "a camera's raw file (RAF)"),
        (b"IIU\0" + bytes(9), "a camera's raw file (RW2)"),
        (iso(b"isom", b"avc1"), "a film (MP4)"),
        (iso(b"qt  "), "a film (QuickTime)"),
        (b"\0\0\0\x20moov" + bytes(9), "a film (QuickTime)"),
        (b"\x1aE\xdf\xa3" + bytes(9), "a film (Matroska or WebM)"),
        (b"RIFF\0\0\0\0AVI LIST", "a film (AVI)"),
        (b"RIFF\0\0\0\0WAVEfmt ", "sound (WAV)"),
        (b"%PDF-1.7\n", "a PDF file"),
        (b"%!PS-Adobe-3.0 EPSF", "a PostScript file (EPS)"),
        (b"\xd7\xcd\xc6\x9a" + bytes(9), "a Windows drawing (WMF)"),
        (b"\0\0\1\0\1\0", "an icon (ICO)"),
        (b"PK\3\4" + bytes(20), "a ZIP archive"),
        (b"P6\n4 4\n255\n" + bytes(48), "a portable bitmap (PNM)"),
        (bytes(128) + b"DICM", "a DICOM file"),
        (bytes(257) + b"ustar\0", "a tar archive"),
        (bytes(range(1, 30)) + b"TRUEVISION-XFILE.\0", "a Targa file (TGA)"),
        (bytes(5000), "a file of zeros, its content lost"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg xmlns='x'/>", "a drawing (SVG)"),
        (b"  <!DOCTYPE html><p>404", "a web page"),
        (b"<note/>", "text in angle brackets (HTML, SVG or XML)"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a pointer of Git LFS (type: git lfs pull)",
        ),
        ("ein schöner Text ".encode() * 99, "text"),
        (b"\xff\xfet\0e\0x\0t\0", "text"),
        (b"\xee" * 40, None),
        (b"text, and\0then not", None),
    ],
)
def test_what_is_not_read_is_named(data: bytes, words: str | None) -> None:
    assert format_of(data) is None
    assert other_kind(data) == words


def test_a_text_cut_in_the_middle_of_a_letter_is_text() -> None:
    assert other_kind("ö".encode() * 2000) == "text"
    assert other_kind(b"a" + "ö".encode() * 2000) == "text"


def test_endings_are_of_one_kind_alone() -> None:
    read = [ending for endings in ENDINGS.values() for ending in endings]
    assert len(set(read)) == len(read)
    assert not set(read) & UNREAD_ENDINGS
    assert RAW_ENDINGS < UNREAD_ENDINGS
    assert {".heic", ".avif", ".tif", ".jp2"} < set(read)


def test_brands_end_where_their_box_does() -> None:
    assert brands(iso(b"mif1", b"heic", b"miaf")) == (b"mif1", b"heic", b"miaf")
    assert brands(struct.pack(">I", 2**31) + b"ftypmif1" + bytes(4) + b"heic") == (b"mif1", b"heic")
