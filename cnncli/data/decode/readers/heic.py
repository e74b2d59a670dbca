"""HEIC, read by libheif through pi-heif: of several pictures the primary one; 10 and 12 bits become 8."""

from __future__ import annotations

from typing import BinaryIO

from cnncli.data.decode.readers import with_extra
from cnncli.data.decode.readers.pillow import BoxFile, PillowFile


class _HeicFile(BoxFile):
    @property
    def traits(self) -> tuple[str, ...]:
        """Codes of the doctor's findings that the header shows.

        The format has its own way to turn a picture, and programs are to ignore EXIF; some write only EXIF.
        """
        noted = self.picture.info.get("original_orientation") or 1
        stays = noted != 1 and not self._turns()
        return ("ignored-orientation",) * stays + super().traits

    def _turns(self) -> bool:
        """Whether a property of the file turns or mirrors a picture."""
        data = self._beginning()
        place = data.find(b"\0\0\0\x09irot")
        return b"\0\0\0\x09imir" in data or (place >= 0 and data[place + 8] & 3 != 0)


def open_heic(stream: BinaryIO) -> PillowFile:
    """A HEIC or HEIF."""
    pi_heif = with_extra("pi_heif", "is a HEIC image", "heic")
    return _HeicFile(pi_heif.HeifImageFile(stream), stream)
