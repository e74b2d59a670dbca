"""The formats that Pillow reads.

Its readers are called by their classes, not through Image.open: no other format can be reached, the first frame is all
that is looked at, and a picture of too many pixels still tells its size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.QoiImagePlugin import QoiImageFile
from PIL.WebPImagePlugin import WebPImageFile

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.orientation import turn_of
from cnncli.data.decode.profiles import profile_in_boxes, profile_in_exif
from cnncli.data.decode.readers import DeepPixels, OpenedPicture

_PROPERTIES = 1 << 20  # bytes


class PillowFile(OpenedPicture):
    """A file that one of Pillow's readers opened."""

    def __init__(self, picture: ImageFile.ImageFile, stream: BinaryIO) -> None:
        is_grey = picture.mode in ("1", "L", "LA") or picture.mode.startswith("I")
        super().__init__(*picture.size, is_grey, has_alpha=picture.has_transparency_data)
        self.picture, self._stream = picture, stream

    def profile(self) -> bytes:
        """Its ICC profile, or that of the space that its EXIF names; empty for none."""
        return self.picture.info.get("icc_profile") or profile_in_exif(self.picture)

    def turn(self) -> Image.Transpose | None:
        """What puts it upright."""
        return turn_of(self.picture)

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """The first frame."""
        self.picture.load()
        return self.picture


def _opener(plugin: type[ImageFile.ImageFile]) -> Callable[[BinaryIO], PillowFile]:
    return lambda stream: PillowFile(plugin(stream), stream)


open_bmp, open_gif, open_qoi, open_webp = map(_opener, (BmpImageFile, GifImageFile, QoiImageFile, WebPImageFile))


class BoxFile(PillowFile):
    """An AVIF or HEIC, which may have the numbers of its colours in place of a profile."""

    def profile(self) -> bytes:
        """Its ICC profile, or one of the colours that it names; empty for none."""
        return super().profile() or profile_in_boxes(self._beginning())

    def _beginning(self) -> bytes:
        """As much of the file as its boxes of properties lie in."""
        self._stream.seek(0)
        return self._stream.read(_PROPERTIES)
