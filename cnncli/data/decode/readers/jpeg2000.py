"""JPEG 2000, as a file of boxes (JP2) or the bare codestream (J2K).

Pillow reads 8 bits, imagecodecs all others: Pillow turns the white of deeper colours into black.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from cnncli.data.decode.cut_off import CutOff, is_cut_off
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import DeepPixels, NotRead, with_extra
from cnncli.data.decode.readers.pillow import PillowFile

_COLORS = {1: 1, 2: 1, 3: 3, 4: 3}
"""Channels of grey or colour by the number of components; one more is alpha."""


class _Codestream(NamedTuple):
    """What a codestream declares: its size, and the bits of each component, negative for signed numbers."""

    width: int
    height: int
    bits: tuple[int, ...]


def open_jpeg2000(stream: BinaryIO) -> PillowFile | _DeepFile:
    """A JP2 or J2K."""
    boxes = _boxes(stream)
    stream.seek(boxes.get(b"jp2c", 0))
    codestream = _codestream(stream)
    if is_cut_off("JPEG 2000", stream):  # OpenJPEG fills the rest with grey
        raise CutOff
    stream.seek(0)
    if set(codestream.bits) != {8}:
        return _DeepFile(stream, codestream, boxes)
    picture = Jpeg2KImageFile(stream)
    if picture.size != (codestream.width, codestream.height):
        raise ValueError("its two headers declare different sizes")
    return PillowFile(picture, stream)


class _DeepFile:
    """A picture of other than 8 bits, which imagecodecs reads."""

    profile = b""

    def __init__(self, stream: BinaryIO, codestream: _Codestream, boxes: dict[bytes, int]) -> None:
        bits = set(codestream.bits)
        if len(bits) > 1 or min(bits) < 1 or len(codestream.bits) not in _COLORS or b"pclr" in boxes:
            raise NotRead("is a JPEG 2000 of an unusual kind, which cnncli does not read")
        self._bits = bits.pop()
        self._imagecodecs = with_extra("imagecodecs", f"is a JPEG 2000 of {self._bits} bits per channel", "tiff")
        self.width, self.height = codestream.width, codestream.height
        self._stream, self._components = stream, len(codestream.bits)

    @property
    def is_grey(self) -> bool:
        return self._components < 3

    @property
    def traits(self) -> tuple[str, ...]:
        return ("sixteen-bit",) * (self._bits > 8) + ("transparent",) * (self._components in (2, 4))

    def turn(self) -> None:
        return None

    def load(self, input_format: InputFormat) -> DeepPixels:
        self._stream.seek(0)
        values = self._imagecodecs.jpeg2k_decode(self._stream.read())
        values = values.reshape(self.height, self.width, self._components)
        white, colors = 2**self._bits - 1, _COLORS[self._components]
        alpha = values[:, :, -1] / white if self._components > colors else None
        return DeepPixels(values[:, :, :colors], white, alpha)


def _boxes(stream: BinaryIO) -> dict[bytes, int]:
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


def _codestream(stream: BinaryIO) -> _Codestream:
    """Reads the segment SIZ, which comes first."""
    start, marker, _, _, right, bottom, left, top = struct.unpack(">HHHHIIII", stream.read(24))
    stream.seek(16, 1)  # tiles
    (components,) = struct.unpack(">H", stream.read(2))
    if start != 0xFF4F or marker != 0xFF51 or right <= left or bottom <= top or not 0 < components <= 16384:
        raise ValueError("it has no header of a codestream")
    depths = stream.read(3 * components)[::3]
    bits = tuple(depth + 1 if depth < 128 else -(depth - 127) for depth in depths)
    return _Codestream(right - left, bottom - top, bits)
