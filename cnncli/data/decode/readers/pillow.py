"""The formats that Pillow reads.

Its readers are called by their classes, not through Image.open: no other format can be reached, the first frame is all
that is looked at, and a picture of too many pixels still tells its size.
"""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image, ImageChops, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.WebPImagePlugin import WebPImageFile

from cnncli.data.decode.input_format import InputFormat, decode_smaller
from cnncli.data.decode.orientation import ON_ITS_SIDE, turn_of
from cnncli.data.decode.readers import DeepPixels


class PillowFile:
    """A file that one of Pillow's readers opened."""

    def __init__(self, picture: ImageFile.ImageFile, stream: BinaryIO) -> None:
        self.picture = picture
        self.width, self.height = picture.size
        self._stream = stream
        self._loaded = False

    @property
    def is_grey(self) -> bool:
        """Whether it is stored without colour."""
        return self.picture.mode in ("1", "L", "LA") or self.picture.mode.startswith("I")

    @property
    def traits(self) -> tuple[str, ...]:
        """Codes of the doctor's findings that the header shows."""
        return ("transparent",) if self.picture.has_transparency_data else ()

    def turn(self) -> Image.Transpose | None:
        """What puts it upright."""
        return turn_of(self.picture)

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """The first frame."""
        self.picture.load()
        self._loaded = True
        return self.picture


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
    return _Jpeg(JpegImageFile(stream), stream)


def open_gif(stream: BinaryIO) -> PillowFile:
    """A GIF."""
    return PillowFile(GifImageFile(stream), stream)


def open_bmp(stream: BinaryIO) -> PillowFile:
    """A BMP."""
    return PillowFile(BmpImageFile(stream), stream)


def open_webp(stream: BinaryIO) -> PillowFile:
    """A WebP."""
    return PillowFile(WebPImageFile(stream), stream)
