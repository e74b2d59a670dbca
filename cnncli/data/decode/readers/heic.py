"""HEIC, read by libheif through pi-heif: of several pictures the primary one; 10 and 12 bits become 8."""

from __future__ import annotations

from typing import BinaryIO

from PIL import ImageFile

from cnncli.data.decode.readers import OpenedPicture, with_extra
from cnncli.data.decode.readers.pillow import BoxFile


class _HeicFile(BoxFile):
    """A HEIC. It has its own way to turn a picture, and programs are to ignore EXIF; some write only EXIF."""

    def __init__(self, picture: ImageFile.ImageFile, stream: BinaryIO) -> None:
        super().__init__(picture, stream)
        if (picture.info.get("original_orientation") or 1) != 1 and not self._turns():
            self.traits = ("ignored-orientation", *self.traits)

    def _turns(self) -> bool:
        """Whether a property of the file turns or mirrors a picture."""
        data = self._beginning()
        place = data.find(b"\0\0\0\x09irot")
        return b"\0\0\0\x09imir" in data or (place >= 0 and data[place + 8] & 3 != 0)


def open_heic(stream: BinaryIO) -> OpenedPicture:
    """A HEIC or HEIF."""
    pi_heif = with_extra("pi_heif", "is a HEIC image", "heic")
    return _HeicFile(pi_heif.HeifImageFile(stream), stream)
