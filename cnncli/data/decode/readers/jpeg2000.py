"""JPEG 2000, as a file of boxes (JP2) or the bare codestream (J2K).

Pillow reads 8 bits, imagecodecs all others: Pillow turns the white of deeper colours into black.
"""

from __future__ import annotations

from typing import BinaryIO

from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from cnncli.data.decode.cut_off import CutOff, is_cut_off
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import DeepPixels, NotRead, with_extra
from cnncli.data.decode.readers.codestream import Codestream, boxes_of, codestream_of
from cnncli.data.decode.readers.pillow import PillowFile

_COLORS = {1: 1, 2: 1, 3: 3, 4: 3}
"""Channels of grey or colour by the number of components; one more is alpha."""


def open_jpeg2000(stream: BinaryIO) -> PillowFile | _DeepFile:
    """A JP2 or J2K."""
    boxes = boxes_of(stream)
    stream.seek(boxes.get(b"jp2c", 0))
    codestream = codestream_of(stream)
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

    def __init__(self, stream: BinaryIO, codestream: Codestream, boxes: dict[bytes, int]) -> None:
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
