"""JPEG 2000, as a file of boxes (JP2) or the bare codestream (J2K).

Pillow reads 8 bits, imagecodecs all others: Pillow turns the white of deeper colours into black.
"""

from __future__ import annotations

from typing import BinaryIO

from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from cnncli.data.decode.cut_off import CutOff, is_cut_off
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import DeepPixels, NotRead, OpenedPicture, with_extra
from cnncli.data.decode.readers.codestream import Codestream, boxes_of, codestream_of
from cnncli.data.decode.readers.pillow import PillowFile

_LONGEST_PROFILE = 1 << 24  # bytes
_COLORS = {1: 1, 2: 1, 3: 3, 4: 3}
"""Channels of grey or colour by the number of components; one more is alpha."""


def open_jpeg2000(stream: BinaryIO) -> OpenedPicture:
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
    picture.info["icc_profile"] = _profile(stream, boxes)  # which Pillow does not look for
    return PillowFile(picture, stream)


class _DeepFile(OpenedPicture):
    """A picture of other than 8 bits, which imagecodecs reads."""

    def __init__(self, stream: BinaryIO, codestream: Codestream, boxes: dict[bytes, int]) -> None:
        bits = set(codestream.bits)
        if len(bits) > 1 or min(bits) < 1 or len(codestream.bits) not in _COLORS or b"pclr" in boxes:
            raise NotRead("is a JPEG 2000 of an unusual kind, which cnncli does not read")
        self._bits = bits.pop()
        self._imagecodecs = with_extra("imagecodecs", f"is a JPEG 2000 of {self._bits} bits per channel", "tiff")
        self._stream, self._components = stream, len(codestream.bits)
        is_grey, has_alpha = self._components < 3, self._components in (2, 4)
        super().__init__(codestream.width, codestream.height, is_grey, self._bits > 8, has_alpha)
        self._profile = _profile(stream, boxes)
        # imagecodecs would apply the profile of a file; a codestream has none
        self._start = boxes[b"jp2c"] if self._profile else 0

    def profile(self) -> bytes:
        return self._profile

    def load(self, input_format: InputFormat) -> DeepPixels:
        self._stream.seek(self._start)
        values = self._imagecodecs.jpeg2k_decode(self._stream.read())
        values = values.reshape(self.height, self.width, self._components)
        white, colors = 2**self._bits - 1, _COLORS[self._components]
        alpha = values[:, :, -1] / white if self._components > colors else None
        return DeepPixels(values[:, :, :colors], white, alpha)


def _profile(stream: BinaryIO, boxes: dict[bytes, int]) -> bytes:
    """The ICC profile in the box of the colour space; empty where that has a number instead."""
    stream.seek(boxes.get(b"colr", 0))
    head = stream.read(7)  # method, precedence and approximation, then the length that a profile begins with
    has_profile = b"colr" in boxes and head[:1] in (b"\2", b"\3")
    return head[3:] + stream.read(min(int.from_bytes(head[3:]), _LONGEST_PROFILE) - 4) if has_profile else b""
