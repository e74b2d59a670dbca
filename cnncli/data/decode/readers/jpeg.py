"""JPEG: Pillow reads 8 bits, imagecodecs all others and JPEG-LS.

Most JPEGs are given to Pillow's decoder at once. Its reader looks at all that one may declare, which takes a twentieth
of the time of a small photograph and holds Python's lock meanwhile.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from PIL import Image, ImageChops
from PIL.JpegImagePlugin import JpegImageFile

from cnncli.data.decode.cut_off import CutOff, is_cut_off
from cnncli.data.decode.input_format import InputFormat, reduction
from cnncli.data.decode.orientation import ON_ITS_SIDE, turn_of, turn_told_by
from cnncli.data.decode.readers import DeepPixels, NotRead, OpenedPicture, with_extra
from cnncli.data.decode.readers.codestream import JPEG_LS, JpegFrame, jpeg_frame, plain_frame
from cnncli.data.decode.readers.pillow import PillowFile

_EXIF = b"Exif\0\0"
_AT_ONCE = 1 << 25  # bytes given to the decoder; between its calls it waits for Python's lock


class _Jpeg(PillowFile):
    picture: JpegImageFile

    def __init__(self, picture: JpegImageFile, stream: BinaryIO) -> None:
        super().__init__(picture, stream)
        self._turn = turn_of(picture)

    def turn(self) -> Image.Transpose | None:
        return self._turn

    def load(self, input_format: InputFormat) -> Image.Image:
        picture = self.picture
        factor = reduction(*picture.size, input_format, turned=self._turn in ON_ITS_SIDE)
        if factor > 1:
            picture.draft(None, (picture.width // factor, picture.height // factor))
        picture.decodermaxblock = _AT_ONCE
        super().load(input_format)
        # Pillow takes every JPEG of inks to store them inverted; only Adobe's, which say so, do
        is_plain_ink = picture.mode == "CMYK" and "adobe" not in picture.info
        return ImageChops.invert(picture) if is_plain_ink else picture


def open_jpeg(stream: BinaryIO) -> OpenedPicture:
    """A JPEG, or the first photograph of several in one file."""
    if isinstance(stream, io.BytesIO) and (plain := plain_frame(data := stream.getvalue())):
        return _PlainJpeg(data, plain)
    try:
        return _Jpeg(JpegImageFile(stream), stream)
    except SyntaxError:
        stream.seek(0)
        data = stream.read()
        frame = jpeg_frame(data)
        if frame is None or (frame.bits == 8 and frame.marker != JPEG_LS):
            raise
        return _DeepJpeg(data, frame)


class _PlainJpeg(OpenedPicture):
    """A picture of 8 bits, grey or in colour, that is stored upright."""

    def __init__(self, data: bytes, frame: JpegFrame) -> None:
        super().__init__(frame.width, frame.height, frame.channels == 1)
        self._data = data

    def profile(self) -> bytes:
        return self._as_others().profile() if b"ICC_PROFILE\0" in self._data else b""

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        mode, factor = "L" if self.is_grey else "RGB", reduction(self.width, self.height, input_format)
        picture = Image.new(mode, (self.width // factor, self.height // factor), None)
        try:
            picture.frombytes(self._data, "jpeg", (mode, "", factor, 0))
        except ValueError:  # it is damaged, and the other way says how
            return self._as_others().load(input_format)
        return picture

    def _as_others(self) -> _Jpeg:
        stream = io.BytesIO(self._data)
        return _Jpeg(JpegImageFile(stream), stream)


class _DeepJpeg(OpenedPicture):
    """A picture of other than 8 bits, or a JPEG-LS."""

    def __init__(self, data: bytes, frame: JpegFrame) -> None:
        super().__init__(frame.width, frame.height, frame.channels == 1, frame.bits > 8)
        self._data, self._frame = data, frame
        name = "JPEG-LS" if frame.marker == JPEG_LS else "JPEG"
        if frame.channels not in (1, 3) or not 2 <= frame.bits <= 16:
            raise NotRead(f"is a {name} of {frame.channels} channels of {frame.bits} bits, which cnncli does not read")
        self._imagecodecs = with_extra("imagecodecs", f"is a {name} of {frame.bits} bits per channel", "tiff")

    def turn(self) -> Image.Transpose | None:
        exif, place = Image.Exif(), self._data.find(_EXIF)
        exif.load(self._data[place : place + 65536] if place >= 0 else b"")
        return turn_told_by(lambda: exif)

    def load(self, input_format: InputFormat) -> DeepPixels:
        if is_cut_off("JPEG", io.BytesIO(self._data)):  # libjpeg fills the rest with grey
            raise CutOff
        is_ls = self._frame.marker == JPEG_LS
        values = (self._imagecodecs.jpegls_decode if is_ls else self._imagecodecs.jpeg_decode)(self._data)
        return DeepPixels(values.reshape(self.height, self.width, self._frame.channels), 2**self._frame.bits - 1)
