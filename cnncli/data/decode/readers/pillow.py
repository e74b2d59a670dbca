"""The formats that Pillow reads.

Its readers are called by their classes, not through Image.open: no other format can be reached, the first frame is all
that is looked at, and a picture of too many pixels still tells its size.
"""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.QoiImagePlugin import QoiImageFile
from PIL.WebPImagePlugin import WebPImageFile

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.orientation import turn_of
from cnncli.data.decode.profiles import profile_in_boxes
from cnncli.data.decode.readers import DeepPixels

_PROPERTIES = 1 << 20  # bytes


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

    @property
    def profile(self) -> bytes:
        """Its ICC profile; empty for none."""
        return self.picture.info.get("icc_profile") or b""

    def turn(self) -> Image.Transpose | None:
        """What puts it upright."""
        return turn_of(self.picture)

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """The first frame."""
        self.picture.load()
        self._loaded = True
        return self.picture


def open_gif(stream: BinaryIO) -> PillowFile:
    """A GIF."""
    return PillowFile(GifImageFile(stream), stream)


class BoxFile(PillowFile):
    """An AVIF or HEIC, which may have the numbers of its colours in place of a profile."""

    @property
    def profile(self) -> bytes:
        """Its ICC profile, or one of the colours that it names; empty for none."""
        return super().profile or profile_in_boxes(self._beginning())

    def _beginning(self) -> bytes:
        """As much of the file as its boxes of properties lie in."""
        self._stream.seek(0)
        return self._stream.read(_PROPERTIES)


def open_bmp(stream: BinaryIO) -> PillowFile:
    """A BMP."""
    return PillowFile(BmpImageFile(stream), stream)


def open_webp(stream: BinaryIO) -> PillowFile:
    """A WebP."""
    return PillowFile(WebPImageFile(stream), stream)


def open_qoi(stream: BinaryIO) -> PillowFile:
    """A QOI."""
    return PillowFile(QoiImageFile(stream), stream)
