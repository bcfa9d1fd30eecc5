"""Which formats pictures may have, told by their first bytes, and the names of those not read."""

from __future__ import annotations

import re

from tl_catdog.errors import ImageError

JPEG, PNG, WEBP, BMP, GIF = "JPEG", "PNG", "WebP", "BMP", "GIF"
TIFF, HEIC, AVIF, JPEG_2000 = "TIFF", "HEIC", "AVIF", "JPEG 2000"

ENDINGS = {
    JPEG: (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    PNG: (".png", ".apng"),
    WEBP: (".webp",),
    BMP: (".bmp", ".dib"),
    GIF: (".gif",),
    TIFF: (".tif", ".tiff"),
    HEIC: (".heic", ".heif", ".hif", ".heics", ".heifs"),
    AVIF: (".avif", ".avifs"),
    JPEG_2000: (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
}
"""The formats that are read, and how their files are called."""

READ = f"{', '.join(list(ENDINGS)[:-1])} or {list(ENDINGS)[-1]}"

TEXT_KIND = "text"


class UnreadError(ImageError):
    """A whole file, for all that is known, of a kind that isn't read."""


RAW_ENDINGS = frozenset(
    {
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef"),
        *(".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".sr2", ".srf", ".srw"),
        ".x3f",
    }
)
"""Cameras' raw files. Many are TIFF by their bytes, and what a TIFF reader finds is a thumbnail."""

UNREAD_ENDINGS = RAW_ENDINGS | {
    *(".jxl", ".jxr", ".hdp", ".wdp", ".psd", ".psb", ".svg", ".svgz", ".ico", ".icns", ".tga"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".exr", ".hdr", ".xcf", ".pcx", ".qoi", ".dds"),
    *(".dcm", ".dicom", ".fits", ".fit", ".nii", ".eps", ".wmf", ".emf", ".djvu", ".flif", ".bpg"),
}
"""Endings of pictures that aren't read; how many there are is said where folders are read."""

HEAD = 256  # bytes that tell a format
TEXT = 1024  # bytes in which a text says what it is
BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
"""Sizes of the second header of a BMP file, in all versions of the format."""
TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"MM*\0", b"II\0*")  # as Pillow takes them

HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})
NEUTRAL_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", b"miaf"})
"""Brands of the container; the others beside it say what is in it."""

FILM, RAW = "a film", "a camera's raw file"
MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\x0a", "a JPEG XL file"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL file"),
    (0, b"II\xbc", "a JPEG XR file"),
    (0, b"8BPS", "a Photoshop file (PSD)"),
    (0, b"FUJIFILMCCD-RAW", f"{RAW} (RAF)"),
    (0, b"IIRO", f"{RAW} (ORF)"),
    (0, b"IIRS", f"{RAW} (ORF)"),
    (0, b"MMOR", f"{RAW} (ORF)"),
    (0, b"IIU\0", f"{RAW} (RW2)"),
    (0, b"FOVb", f"{RAW} (X3F)"),
    (0, b"\0MRM", f"{RAW} (MRW)"),
    (6, b"HEAPCCDR", f"{RAW} (CRW)"),
    (8, b"CR\x02", f"{RAW} (CR2)"),
    (0, b"\x1aE\xdf\xa3", f"{FILM} (Matroska or WebM)"),
    (0, b"\0\0\1\xba", f"{FILM} (MPEG)"),
    (0, b"\0\0\1\xb3", f"{FILM} (MPEG)"),
    (0, b"FLV\1", f"{FILM} (FLV)"),
    (0, b"0&\xb2u\x8ef\xcf\x11", f"{FILM} (WMV)"),
    *((4, box, f"{FILM} (QuickTime)") for box in (b"moov", b"mdat", b"wide", b"pnot")),
    (0, b"OggS", "a film or sound (Ogg)"),
    (0, b"ID3", "sound (MP3)"),
    (0, b"fLaC", "sound (FLAC)"),
    (0, b"\0\0\1\0", "an icon (ICO)"),
    (0, b"\0\0\2\0", "a cursor (CUR)"),
    (0, b"icns", "an icon (ICNS)"),
    (0, b"%!PS", "a PostScript file (EPS)"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript file (EPS)"),
    (0, b"%PDF-", "a PDF file"),
    (0, b"\xd7\xcd\xc6\x9a", "a Windows drawing (WMF)"),
    (40, b" EMF", "a Windows drawing (EMF)"),
    (0, b"PK\3\4", "a ZIP archive"),
    (0, b"PK\5\6", "a ZIP archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\7", "a RAR archive"),
    (0, b"\x1f\x8b", "a file packed with gzip"),
    (0, b"BZh", "a file packed with bzip2"),
    (0, b"\xfd7zXZ\0", "a file packed with xz"),
    (0, b"(\xb5/\xfd", "a file packed with zstd"),
    (128, b"DICM", "a DICOM file"),
    (0, b"SIMPLE  =", "a FITS file"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"\x93NUMPY", "a NumPy file"),
    (0, b"v/1\1", "an OpenEXR file"),
    (0, b"#?RADIANCE", "a Radiance file (HDR)"),
    (0, b"#?RGBE", "a Radiance file (HDR)"),
    (0, b"gimp xcf", "a GIMP file (XCF)"),
    (0, b"DDS ", "a DDS texture"),
    (1, b"KTX ", "a KTX texture"),
    (0, b"qoif", "a QOI file"),
    (0, b"FLIF", "a FLIF file"),
    (0, b"BPG\xfb", "a BPG file"),
    (0, b"AT&TFORM", "a DjVu file"),
    (0, b"\x8aMNG", "an MNG animation"),
    (0, b"\x8bJNG", "a JNG file"),
    (0, b"SDPX", "a DPX file"),
    (0, b"XPDS", "a DPX file"),
    (0, b"\x01\xda", "an SGI file"),
    (0, b"\n\5\1\x08", "a PCX file"),
    (0, b"\x59\xa6\x6a\x95", "a Sun raster file"),
    (0, b"\0\5\x16\7", "a macOS companion of a file (._)"),
    (0, b"SQLite format 3\0", "a database"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"version https://git-lfs", "a pointer of Git LFS (type: git lfs pull)"),
    (0, b"data:image/", "a picture's data URI as text"),
)
"""Where which bytes begin files of other kinds, and what these are called."""

PORTABLE = re.compile(rb"P[1-7F f][\s#]")


def format_of(data: bytes) -> str | None:
    """Return which of the formats that are read a file begins as; None if it is none of them.

    Args:
        data: The file, or its first ``HEAD`` bytes.

    >>> format_of(b"GIF89a"), format_of(b"just text")
    ('GIF', None)
    """
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if data.startswith(b"RIFF"):
        return WEBP if data[8:12] == b"WEBP" else None
    if data.startswith((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return JPEG_2000
    if data[4:8] == b"ftyp":
        return _of_brands(data)
    if data.startswith(TIFFS):
        return None if data[8:11] == b"CR\x02" else TIFF
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in BMP_HEADERS:
        return BMP
    return None


def brands(data: bytes) -> tuple[bytes, ...]:
    """Return the brands of a file of the ISO's media container, the major one first."""
    end = min(int.from_bytes(data[:4], "big"), HEAD, len(data))
    return (data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4)))


def _of_brands(data: bytes) -> str | None:
    major, *others = brands(data)
    for brand in (major, *others) if major in NEUTRAL_BRANDS else (major,):
        if brand in HEIC_BRANDS:
            return HEIC
        if brand in AVIF_BRANDS:
            return AVIF
    # A container that doesn't say what it holds: HEVC, or what libheif decodes besides.
    return HEIC if major in NEUTRAL_BRANDS else None


def other_kind(data: bytes) -> str | None:
    """Return what a file that is no picture of a format that is read is, or None if unknown.

    >>> other_kind(b"8BPS"), other_kind(b"<svg>"), other_kind(b"\\xee" * 9)
    ('a Photoshop file (PSD)', 'a drawing (SVG)', None)
    """
    for at, magic, words in MAGIC:
        if data.startswith(magic, at):
            return words
    if data[4:8] == b"ftyp":
        return _iso_kind(brands(data))
    if data.startswith(b"RIFF"):
        return {b"AVI ": f"{FILM} (AVI)", b"WAVE": "sound (WAV)"}.get(data[8:12])
    if PORTABLE.match(data):
        return "a portable bitmap (PNM)"
    if data[257:262] == b"ustar":
        return "a tar archive"
    if data.endswith(b"TRUEVISION-XFILE.\0"):
        return "a Targa file (TGA)"
    if data[344:348] in (b"n+1\0", b"ni1\0"):
        return "a NIfTI file"
    if data.count(0) == len(data):
        return "a file of zeros, its content lost"
    return _text_kind(data[:TEXT])


def _iso_kind(found: tuple[bytes, ...]) -> str:
    if b"crx " in found:
        return f"{RAW} (CR3)"
    if b"jxl " in found:
        return "a JPEG XL file"
    if found[0] in (b"qt  ", b"moov"):
        return f"{FILM} (QuickTime)"
    if found[0] in (b"M4A ", b"M4B "):
        return "sound (M4A)"
    if found[0] in (b"jpeg", b"jpgs", b"avci", b"vvic", b"evbi", b"j2ki"):
        return "a HEIF file of another kind than HEIC and AVIF"
    return f"{FILM} (MP4)"


def _text_kind(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return TEXT_KIND
    if any(byte < 9 or 13 < byte < 27 for byte in head):
        return None
    try:
        text = head.decode("utf-8").lstrip("\ufeff \t\r\n").lower()
    except UnicodeDecodeError as error:
        if error.end < len(head) - 3:  # not merely the last letter that was cut in two
            return None
        text = head.decode("utf-8", "ignore").lower()
    if not text.startswith("<"):
        return TEXT_KIND
    if "<svg" in text:
        return "a drawing (SVG)"
    if "<html" in text or "<!doctype html" in text:
        return "a web page"
    return "text in angle brackets (HTML, SVG or XML)"
