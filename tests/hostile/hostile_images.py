"""Files that are called images: bombs, lies, damage and things that are none, each with what is to be said of it."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

PIXELS = np.random.default_rng(3).integers(0, 256, (12, 12, 3), dtype=np.uint8)
READ = ""
"""Said of an image that is read: nothing."""


def saved(kind: str, pixels: np.ndarray = PIXELS, **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def chunk(name: bytes, data: bytes, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return struct.pack(">I", size) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *more: bytes, data: bytes = b"") -> bytes:
    """A PNG of grey that says it has this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(data or bytes(13 * 12), level=1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + body + chunk(b"IEND", b"")


def gif(width: int, height: int, frame: tuple[int, int, int, int]) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", *frame, 0) + b"\x02\x02\x44\x01\x00;"


def bmp(width: int, height: int, compression: int = 0, colors: int = 0, offset: int = 54, data: bytes = b"") -> bytes:
    header = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, 8 if compression else 24, compression, 0, 1, 1, colors, 0
    )
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, offset) + header + data


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG whose frame header says that it has this size."""
    data = bytearray(saved("JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def after_start(data: bytes, *segments: bytes) -> bytes:
    """A JPEG with segments behind its first two bytes."""
    return data[:2] + b"".join(segments) + data[2:]


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def webp_of_size(width: int, height: int) -> bytes:
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + canvas + saved("WEBP", lossless=True)[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def animated(frames: int) -> bytes:
    """A GIF of frames that are all the same."""
    data = saved("GIF")
    start = 13 + 3 * 256  # behind the screen and its palette
    assert data[start : start + 1] in b"!,"
    return data[:start] + data[start:-1] * frames + data[-1:]


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../evil.py", "x")
    return out.getvalue()


def tiff(next_page: int = 0, data: bytes = bytes(144), **tags: int) -> bytes:
    """A TIFF of grey, 12×12 pixels in one strip behind its tags, but for the tags that are given as `tag_256=9`."""
    numbers = {256: 12, 257: 12, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: 12, 279: len(data)}
    numbers |= {int(name.removeprefix("tag_")): number for name, number in tags.items()}
    start = 8 + 2 + 12 * len(numbers) + 4
    numbers[273] = numbers[273] or start
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, number) for tag, number in sorted(numbers.items()))
    return struct.pack("<2sHIH", b"II", 42, 8, len(numbers)) + entries + struct.pack("<I", next_page) + data


def codestream(width: int, height: int) -> bytes:
    """A JPEG 2000 of one grey component that says it has this size, and no more."""
    size = struct.pack(">HHHIIIIIIIIH", 0xFF51, 41, 0, width, height, 0, 0, width, height, 0, 0, 1) + b"\7\1\1"
    return b"\xff\x4f" + size + b"\xff\xd9"


def icon(picture: bytes) -> bytes:
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(picture), 22) + picture


class Canary:
    def __reduce__(self):
        return os.system, ('touch "$CANARY"',)


ZEROS = zlib.compress(bytes(1 << 26), level=1)
LOOP_OF_EXIF = b"Exif\0\0II*\0\x08\0\0\0\1\0\x69\x87\4\0\1\0\0\0\x08\0\0\0\x08\0\0\0"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>'
)

IMAGES: dict[str, tuple[bytes, str]] = {
    "png of 3.6 billion pixels": (png(60_000, 60_000), "50 million"),
    "png of 64 million pixels that unpacks": (png(8000, 8000, data=bytes(8001 * 8000)), "50 million"),
    "png wider than any integer": (png(0x7FFFFFFF, 0x7FFFFFFF), "50 million"),
    "png without a size": (png(0, 0), "damaged"),
    "png cut off": (saved("PNG")[:-40], "cut off"),
    "png without pixels": (saved("PNG")[:33], "cut off"),
    "png with a wrong checksum": (saved("PNG")[:29] + b"\0\0\0\0" + saved("PNG")[33:], "damaged"),
    "png with a chunk of 2 GB": (png(12, 12, chunk(b"tEXt", b"a\0b", 0x7FFFFFFF)), "damaged"),
    "png with a text that is a bomb": (png(12, 12, chunk(b"zTXt", b"a\0\0" + ZEROS)), READ),
    "png with a profile that is a bomb": (png(12, 12, chunk(b"iCCP", b"a\0\0" + ZEROS)), READ),
    "png with broken exif": (png(12, 12, chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff" * 9)), READ),
    "png of a billion frames": (png(12, 12, chunk(b"acTL", struct.pack(">II", 10**9, 0))), READ),
    "png and zip at once": (saved("PNG") + zipped(), READ),
    "gif of 1,000 frames": (animated(1000), READ),
    "gif of 4 billion pixels": (gif(65_535, 65_535, (0, 0, 1, 1)), "50 million"),
    "gif with a frame larger than itself": (gif(1, 1, (0, 0, 65_535, 65_535)), "50 million"),
    "gif with a frame beside itself": (gif(4, 4, (60_000, 60_000, 4, 4)), "50 million"),
    "gif cut off": (saved("GIF")[:60], "cut off"),
    "gif of a header": (b"GIF89a", "GIF"),
    "gif with nothing in it": (gif(4, 4, (0, 0, 4, 4))[:19] + b";", "GIF"),
    "webp of 268 million pixels": (webp_of_size(16_383, 16_383), "WEBP"),
    "webp cut off": (saved("WEBP")[:-30], "cut off"),
    "webp of a header": (b"RIFF\x04\0\0\0WEBP", "WEBP"),
    "webp with a wrong length": (saved("WEBP")[:4] + b"\xff\xff\xff\x7f" + saved("WEBP")[8:], "WEBP"),
    "bmp of 4 billion pixels": (bmp(65_535, 65_535), "50 million"),
    "bmp wider than any integer": (bmp(0x7FFFFFFF, 1), "50 million"),
    "bmp of less than nothing": (bmp(-5, -5), "BMP"),
    "bmp with pixels behind its end": (bmp(12, 12, offset=1 << 30), "BMP"),
    "bmp with runs that have no end": (bmp(7000, 7000, compression=1, data=b"\xff\1" * 200), "BMP"),
    "bmp with a palette of 2 GB": (bmp(12, 12, 1, colors=0x7FFFFFFF), "BMP"),
    "jpeg of 4 billion pixels": (jpeg_of_size(65_535, 65_535), "50 million"),
    "jpeg of no height": (jpeg_of_size(12, 0), "JPEG"),
    "jpeg cut off": (saved("JPEG")[:-200], "cut off"),
    "jpeg with exif that leads to itself": (saved("JPEG", exif=LOOP_OF_EXIF), READ),
    "jpeg with 9 MB of profiles": (
        after_start(saved("JPEG"), *[segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(60_000))] * 150), READ),
    "jpeg with a text of another program": (after_start(saved("JPEG"), segment(0xFE, b"<?php x();")), READ),
    "jpeg of nothing but a start": (b"\xff\xd8\xff", "JPEG"),
    "tiff called png": (saved("TIFF"), READ),
    "tiff of grey": (tiff(), READ),
    "tiff of 3.6 billion pixels": (tiff(tag_256=60_000, tag_257=60_000, tag_278=60_000), "50 million"),
    "tiff wider than any integer": (tiff(tag_256=0xFFFFFFFF), "TIFF"),
    "tiff without a size": (tiff(tag_256=0), "damaged"),
    "tiff with a tile of 4 billion pixels": (tiff(tag_322=65_520, tag_323=65_520, tag_324=150, tag_325=9), "damaged"),
    "tiff of 65,535 channels": (tiff(tag_277=65_535), "damaged"),
    "tiff whose pages have no end": (tiff(8), "damaged"),
    "tiff with a page behind its end": (tiff(1 << 30), "cut off"),
    "tiff with pixels behind its end": (tiff(tag_273=1 << 30), "cut off"),
    "tiff with fewer pixels than it declares": (tiff(data=bytes(9)), "TIFF"),
    "tiff that unpacks to 64 MB": (tiff(data=ZEROS, tag_259=8), READ),
    "tiff with a tag of 4 billion numbers": (tiff()[:14] + b"\xff\xff\xff\xff" + tiff()[18:], "TIFF"),
    "tiff of a header": (b"II*\0\x08\0\0\0", "cut off"),
    "tiff of no page": (b"II*\0\0\0\0\0", "TIFF"),
    "avif cut off": (saved("AVIF")[:-30], "cut off"),
    "avif of a header": (b"\0\0\0\x14ftypavif\0\0\0\0avif", "AVIF"),
    "heic of a header": (b"\0\0\0\x14ftypheic\0\0\0\0heic", "HEIC"),
    "jpeg 2000 of 4 billion pixels": (codestream(65_535, 65_535), "50 million"),
    "jpeg 2000 without pixels": (codestream(12, 12), "JPEG 2000"),
    "jpeg 2000 of a header": (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    "qoi of 4 billion pixels": (b"qoif" + struct.pack(">II", 65_535, 65_535) + b"\3\0", "50 million"),
    "qoi cut off": (b"qoif" + struct.pack(">II", 12, 12) + b"\3\0", "cut off"),
    "pgm of more pixels than there are atoms": (b"P5 9999999999 9999999999 255\n", "50 million"),
    "pgm without pixels": (b"P5 12 12 255\n", "cut off"),
    "pgm without a white": (b"P5 12 12 0\n" + bytes(144), "damaged"),
    "ppm of words": (b"P3 1 1 255\none two three\n", "damaged"),
    "pam of a header": (b"P7\nWIDTH 4\n", "damaged"),
    "icon with a png of 3.6 billion pixels": (icon(png(60_000, 60_000)), "50 million"),
    "icon of a header": (b"\0\0\1\0\1\0\x10\x10\0\0", "ICO"),
    "raw photograph called png": (tiff(tag_254=1), "raw photograph"),
    "photoshop called png": (b"8BPS\0\1" + bytes(100), "is a Photoshop"),
    "postscript called png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n", "text file"),
    "svg with entities": (LAUGHS.encode(), "SVG"),
    "page called png": (b"<!DOCTYPE html><html><script>alert(1)</script></html>", "HTML"),
    "pickle called png": (pickle.dumps(Canary()), "not an image"),
    "archive called png": (zipped(), "ZIP"),
    "nothing": (b"", "is empty"),
    "zeros": (bytes(4096), "not an image"),
}  # fmt: skip


def fifo(path: Path) -> None:
    os.mkfifo(path)


ODD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "fifo": (fifo, "FIFO"),
    "link to itself": (lambda path: path.symlink_to(path), "link"),
    "link to nowhere": (lambda path: path.symlink_to("nowhere"), "does not exist"),
    "link to a device": (lambda path: path.symlink_to("/dev/zero"), "device"),
    "link to a folder": (lambda path: path.symlink_to("/etc"), "folder"),
}
"""What is no file at all, and how it is made."""
