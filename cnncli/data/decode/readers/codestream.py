"""What the compressed pictures within files of another format declare of themselves."""

from __future__ import annotations

import struct

_NO_FRAMES = (0xC4, 0xC8, 0xCC)  # markers among those of frames that are something else
_JPEG_LS = 0xF7


def declared_by_jpeg(data: bytes) -> tuple[int, int, int]:
    """Width, height and channels of the first frame of a JPEG or JPEG-LS."""
    place = 2
    while place + 10 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if (0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES) or marker == _JPEG_LS:
            height, width, channels = struct.unpack_from(">HHB", data, place + 5)
            return width, height, channels
        is_alone = 0xD0 <= marker <= 0xD9 or marker in (0x01, 0xFF)
        place += (1 if marker == 0xFF else 2) if is_alone else 2 + int.from_bytes(data[place + 2 : place + 4])
    raise ValueError("a JPEG in it has no frame")


def declared_by_jpeg2000(data: bytes) -> tuple[int, int, int]:
    """Width, height and channels of a JPEG 2000, with or without boxes around its codestream."""
    place = 0
    while data[place : place + 2] != b"\xff\x4f":
        size, kind = struct.unpack_from(">I4s", data, place)
        if kind != b"jp2c" and size < 8:
            raise ValueError("a JPEG 2000 in it has no codestream")
        place += 8 if kind == b"jp2c" else size
    right, bottom, left, top = struct.unpack_from(">IIII", data, place + 8)
    (channels,) = struct.unpack_from(">H", data, place + 40)
    return right - left, bottom - top, channels
