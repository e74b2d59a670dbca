"""What the codestreams of JPEG and JPEG 2000 declare of themselves, in files of their own and in those of others."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO, NamedTuple

JPEG_LS = 0xF7
"""The marker of a frame of JPEG-LS."""

_NO_FRAMES = (0xC4, 0xC8, 0xCC)  # markers among those of frames that are something else


class JpegFrame(NamedTuple):
    """The first frame of a JPEG or JPEG-LS."""

    marker: int
    bits: int
    width: int
    height: int
    channels: int


class Codestream(NamedTuple):
    """What a JPEG 2000 declares: its size, and the bits of each component, negative for signed numbers."""

    width: int
    height: int
    bits: tuple[int, ...]


def jpeg_frame(data: bytes) -> JpegFrame | None:
    """The first frame of a JPEG or JPEG-LS; None when there is none."""
    place = 2
    while place + 10 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if (0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES) or marker == JPEG_LS:
            return _frame_at(data, place)
        is_alone = 0xD0 <= marker <= 0xD9 or marker in (0x01, 0xFF)
        place += (1 if marker == 0xFF else 2) if is_alone else 2 + int.from_bytes(data[place + 2 : place + 4])
    return None


def _frame_at(data: bytes, place: int) -> JpegFrame:
    bits, height, width, channels = struct.unpack_from(">BHHB", data, place + 4)
    return JpegFrame(data[place + 1], bits, width, height, channels)


_PLAIN = {0xC4: 2, 0xDB: 2, 0xDD: 2, 0xFE: 2, 0xE0: 16, 0xE2: 16, 0xEE: 14}
"""Segments of a plain JPEG, and the bytes that each has at least: Huffman and quantization tables, restarts, comments,
and what JFIF, ICC and Adobe say of it."""


def plain_frame(data: bytes) -> JpegFrame | None:
    """The frame of a JPEG of 8 bits, grey or of three channels, without EXIF; None for all others, and any doubt."""
    frame, place, end = None, 2, len(data) - 12
    while place < end and data[place] == 0xFF:
        marker, size = data[place + 1], data[place + 2] << 8 | data[place + 3]
        if marker == 0xDA:
            return frame
        if 0xC0 <= marker <= 0xC2 and frame is None:
            frame = _frame_at(data, place)
            if frame.bits != 8 or frame.channels not in (1, 3) or not (frame.width and frame.height):
                return None
        elif size < _PLAIN.get(marker, 1 << 16):
            return None
        place += 2 + size
    return None


def declared_by_jpeg(data: bytes) -> tuple[int, int, int]:
    """Width, height and channels of the first frame of a JPEG or JPEG-LS."""
    frame = jpeg_frame(data)
    if frame is None:
        raise ValueError("a JPEG in it has no frame")
    return frame.width, frame.height, frame.channels


def boxes_of(stream: BinaryIO) -> dict[bytes, int]:
    """Where the contents of each box of a JP2 begin, those of its header among them; none for a codestream."""
    boxes: dict[bytes, int] = {}
    stream.seek(0)
    if stream.read(2) == b"\xff\x4f":
        return boxes
    place = 0
    while b"jp2c" not in boxes:
        stream.seek(place)
        size, kind = struct.unpack(">I4s", stream.read(8))
        start = place + 8
        if size == 1:
            (size,) = struct.unpack(">Q", stream.read(8))
            start += 8
        boxes[kind] = start
        if kind == b"jp2h":  # its contents are boxes
            place = start
        elif size >= 8:
            place += size
        elif kind != b"jp2c":
            raise ValueError("a box has no end")
    return boxes


def codestream_of(stream: BinaryIO) -> Codestream:
    """Reads the segment SIZ, with which the codestream of a JPEG 2000 begins, from where the stream is."""
    start, marker, _, _, right, bottom, left, top = struct.unpack(">HHHHIIII", stream.read(24))
    stream.seek(16, 1)  # tiles
    (components,) = struct.unpack(">H", stream.read(2))
    if start != 0xFF4F or marker != 0xFF51 or right <= left or bottom <= top or not 0 < components <= 16384:
        raise ValueError("it has no header of a codestream")
    depths = stream.read(3 * components)[::3]
    bits = tuple(depth + 1 if depth < 128 else -(depth - 127) for depth in depths)
    return Codestream(right - left, bottom - top, bits)


def declared_by_jpeg2000(data: bytes) -> tuple[int, int, int]:
    """Width, height and channels of a JPEG 2000, with or without boxes around its codestream."""
    stream = io.BytesIO(data)
    stream.seek(boxes_of(stream).get(b"jp2c", 0))
    codestream = codestream_of(stream)
    return codestream.width, codestream.height, len(codestream.bits)
