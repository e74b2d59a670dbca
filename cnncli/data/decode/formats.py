"""What a file is, judged by its first bytes: an image that is read here, or something that only looks like one."""

from __future__ import annotations

import os
from typing import BinaryIO

READ = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
"""The formats that are read, as Pillow calls them.

TIFF, PSD, JPEG 2000 and the rest are left out on purpose: their decoders are where most of Pillow's holes were, and a
TIFF of floating-point numbers does not say which number is white.
"""

READ_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp"})

SUFFIXES = READ_SUFFIXES | frozenset(
    {".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".j2k", ".jxl", ".psd", ".svg", ".dcm", ".exr", ".hdr"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".pcx", ".ico"}
)
"""Suffixes of images, also of formats that are not read: those are reported, not silently ignored."""

HEAD = 512
"""How many of a file's first bytes the functions here want to see."""

_READ_MAGIC = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF"}
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # "BM" alone may begin any text

_OTHER_IMAGES = (
    (0, b"II*\0", "a TIFF"),
    (0, b"MM\0*", "a TIFF"),
    (0, b"II+\0", "a BigTIFF"),
    (4, b"ftypavif", "an AVIF"),
    (4, b"ftyphe", "a HEIC"),
    (4, b"ftypmif1", "a HEIF"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (0, b"\xff\x0a", "a JPEG XL"),
    (0, b"8BPS", "a Photoshop"),
    (128, b"DICM", "a DICOM"),
    (0, b"v/1\x01", "an OpenEXR"),
    (0, b"#?RADIANCE", "a Radiance"),
    *((0, b"P%d\n" % kind, "a Netpbm (PPM, PGM or PBM)") for kind in range(1, 7)),
    (0, b"\0\0\x01\0", "an icon (ICO)"),
)
_BY_SUFFIX = {".tga": "a Targa", ".pcx": "a PCX"}
"""Of pictures that may begin with anything."""

_NONE = "not an image"
_NO_IMAGES = (
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF", "an HDF5 file"),
    (4, b"ftyp", "a video"),
    (0, b"version https://git-lfs", "a Git LFS pointer (`git lfs pull` fetches the file itself)"),
    (0, b"\0\x05\x16\x07", "a resource fork of macOS"),
)


def format_of(head: bytes) -> str:
    """Which of the formats in `READ` a file that begins like this has; empty when none."""
    for magic, kind in _READ_MAGIC.items():
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return ""


def is_other_image(head: bytes, suffix: str = "") -> bool:
    """Whether a file that begins like this is a picture in a format that is not read."""
    begins = any(head[offset:].startswith(magic) for offset, magic, _ in _OTHER_IMAGES)
    return begins or (suffix in _BY_SUFFIX and description(head) == _NONE)


def description(head: bytes, suffix: str = "") -> str:
    """What a file that begins like this is, when it is not of a format in `READ`: the end of "this file is …"."""
    read = f"image, and {', '.join(READ[:-1])} and {READ[-1]} are what is read"
    for offset, magic, words in _OTHER_IMAGES:
        if head[offset:].startswith(magic):
            return f"{words} {read}"
    for offset, magic, words in _NO_IMAGES:
        if head[offset:].startswith(magic):
            return f"{words}, not an image"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in text:
        return "an SVG drawing, not an image made of pixels"
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or (text[:1] == b"<" and b"<html" in text):
        return "an HTML page, not an image (a download that failed?)"
    if all(byte >= 32 or byte in b"\t\n\r\f\x1b" for byte in head):
        return "a text file, not an image"
    return f"{_BY_SUFFIX[suffix]} {read}" if suffix in _BY_SUFFIX else _NONE


def is_cut_off(kind: str, stream: BinaryIO) -> bool:
    """Whether the end is missing of a file that could not be decoded."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 64))
    tail = stream.read()
    stream.seek(0)
    head = stream.read(8)
    if kind == "PNG":
        return b"IEND" not in tail
    if kind == "JPEG":
        return b"\xff\xd9" not in tail
    if kind == "GIF":
        return not tail.rstrip(b"\0").endswith(b";")
    if kind == "BMP":
        return size < int.from_bytes(head[2:6], "little")
    return size < 8 + int.from_bytes(head[4:8], "little")  # WEBP
