"""JPEG, and what is not read although it begins like one: 12 bits, JPEG-LS and lossless kinds."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from PIL import Image, ImageChops
from PIL.JpegImagePlugin import JpegImageFile

from cnncli.data.decode.input_format import InputFormat, decode_smaller
from cnncli.data.decode.orientation import ON_ITS_SIDE, turn_of
from cnncli.data.decode.readers import NotRead
from cnncli.data.decode.readers.pillow import PillowFile

_NO_FRAMES = {0xC4, 0xC8, 0xCC}  # tables and an extension among the markers of frames
_JPEG_LS = 0xF7


class _Frame(NamedTuple):
    """The frame that a JPEG declares."""

    marker: int
    bits: int
    width: int
    height: int


class _Jpeg(PillowFile):
    picture: JpegImageFile

    def load(self, input_format: InputFormat) -> Image.Image:
        decode_smaller(self.picture, input_format, turned=turn_of(self.picture) in ON_ITS_SIDE)
        super().load(input_format)
        picture = self.picture
        # Pillow takes every JPEG of inks to store them inverted; only Adobe's, which say so, do
        is_plain_ink = picture.mode == "CMYK" and "adobe" not in picture.info
        return ImageChops.invert(picture) if is_plain_ink else picture


def open_jpeg(stream: BinaryIO) -> PillowFile:
    """A JPEG, or the first photograph of several in one file."""
    try:
        return _Jpeg(JpegImageFile(stream), stream)
    except SyntaxError:
        stream.seek(0)
        frame = _frame(stream.read(1 << 20))
        if frame and frame.marker == _JPEG_LS:
            raise NotRead("is a JPEG-LS, which cnncli does not read") from None
        if frame and frame.bits != 8:
            raise NotRead(f"is a JPEG of {frame.bits} bits, which cnncli does not read") from None
        raise


def size_of_jpeg(data: bytes) -> tuple[int, int]:
    """Width and height that the first frame of a JPEG declares."""
    frame = _frame(data)
    if frame is None:
        raise ValueError("it has no frame")
    return frame.width, frame.height


def _frame(data: bytes) -> _Frame | None:
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if (0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES) or marker == _JPEG_LS:
            height, width = (int.from_bytes(data[at : at + 2]) for at in (place + 5, place + 7))
            return _Frame(marker, data[place + 4], width, height)
        is_alone = marker == 0xFF or 0xD0 <= marker <= 0xD9 or marker == 0x01
        place += 1 if marker == 0xFF else 2 if is_alone else 2 + int.from_bytes(data[place + 2 : place + 4])
    return None
