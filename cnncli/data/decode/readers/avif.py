"""AVIF, read by libavif through Pillow; 10 and 12 bits become 8.

libavif decodes what the codestreams in a file declare, and only then brings it to the size that the file declares.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from PIL.AvifImagePlugin import AvifImageFile

from cnncli.data.decode.readers import OpenedPicture
from cnncli.data.decode.readers.pillow import BoxFile

_FOLDERS = {b"meta": 4, b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0}
"""Boxes that hold boxes, with the bytes before the first of these."""

_SEQUENCE_HEADER = 1
_UNITS = 8  # of a codestream that are looked at for its header, which comes first or second
_UNIT_BYTES = 256  # more than a header can have


class _AvifFile(BoxFile):
    """An AVIF whose size is the largest that it or a codestream in it declares, the alpha channel's and tiles' too."""

    def __init__(self, picture: AvifImageFile, stream: BinaryIO) -> None:
        super().__init__(picture, stream)
        stream.seek(0)
        data = stream.read()
        for place in _codestreams(data, 0, len(data)):
            width, height = _declared_size(data, place)
            if width * height > self.width * self.height and not self._is_padding(width, height):
                self.width, self.height = width, height

    def _is_padding(self, width: int, height: int) -> bool:
        """Whether a larger codestream is that of a picture whose sides were rounded up."""
        return width - self.width < 64 and height - self.height < 64


def open_avif(stream: BinaryIO) -> OpenedPicture:
    """An AVIF; of an animation the first frame."""
    return _AvifFile(AvifImageFile(stream), stream)


def _codestreams(data: bytes, start: int, end: int) -> Iterator[int]:
    """Where the codestreams of a file of boxes begin: those of its items, and the first of each track."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1 and start + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        after = end if size == 0 else min(end, start + max(8, size))
        if kind in _FOLDERS:
            yield from _codestreams(data, body + _FOLDERS[kind], after)
        elif kind == b"iloc":
            yield from _items(data[body:after])
        elif kind == b"stco" and body + 12 <= after:
            yield from struct.unpack_from(">I", data, body + 8)
        elif kind == b"co64" and body + 16 <= after:
            yield from struct.unpack_from(">Q", data, body + 8)
        start = after


def _items(box: bytes) -> Iterator[int]:
    """Where the items in a box `iloc` begin (ISO/IEC 14496-12, 8.11.3), as far as the file itself holds them."""
    version, sizes, place = box[0], box[4] << 8 | box[5], 6
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))

    def number(count: int) -> int:
        nonlocal place
        place += count
        return int.from_bytes(box[place - count : place])

    for _ in range(number(2 if version < 2 else 4)):
        if place > len(box):
            return
        number(2 if version < 2 else 4)
        method = number(2) & 15 if version else 0
        number(2)
        start = number(base)
        for extent in range(number(2)):
            number(index if version else 0)
            at = number(offset)
            number(length)
            if extent == 0 and method == 0:
                yield start + at


def _declared_size(data: bytes, place: int) -> tuple[int, int]:
    """The largest width and height of the frames of a codestream; zeros where no header begins it.

    Source: AV1 Bitstream & Decoding Process Specification (2019), sections 5.3 and 5.5.
    """
    for _ in range(_UNITS):
        if place + 2 > len(data):
            break
        kind, has_size, body = data[place] >> 3 & 15, data[place] & 2, place + 1 + (data[place] >> 2 & 1)
        length = shift = 0
        while has_size and body < len(data) and shift < 56:
            length |= (data[body] & 127) << shift
            body, shift = body + 1, shift + 7
            if data[body - 1] < 128:
                break
        if kind == _SEQUENCE_HEADER:
            return _of_header(int.from_bytes(data[body : body + _UNIT_BYTES].ljust(_UNIT_BYTES, b"\0")))
        place = body + length
    return 0, 0


def _of_header(bits: int) -> tuple[int, int]:
    """Width and height in a sequence header, given as a number of `_UNIT_BYTES` bytes."""
    left = 8 * _UNIT_BYTES

    def take(count: int) -> int:
        nonlocal left
        left -= count
        return bits >> left & (1 << count) - 1

    take(4)
    delay = 0
    if take(1):  # a picture alone
        take(5)
    else:
        if take(1):  # times
            take(64)
            if take(1):
                zeros = 0
                while not take(1) and zeros < 32:
                    zeros += 1
                take(zeros)
            if take(1):
                delay = take(5) + 1
                take(42)
        has_delays = take(1)
        for _ in range(take(5) + 1):
            take(12)
            take(take(5) > 7)
            if delay and take(1):
                take(2 * delay + 1)
            if has_delays and take(1):
                take(4)
    width_bits, height_bits = take(4) + 1, take(4) + 1
    return take(width_bits) + 1, take(height_bits) + 1
