"""Icons of Windows: of the pictures in the file the largest, of several the one with the most colours."""

from __future__ import annotations

import io
from typing import BinaryIO, NamedTuple

from PIL import Image
from PIL.IcoImagePlugin import IcoFile
from PIL.PngImagePlugin import PngImageFile

from cnncli.data.decode.cut_off import CutOff
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import OpenedPicture

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST = 256  # pictures in a file that are looked at; programs write up to about 20


class _Entry(NamedTuple):
    """A picture in the file, by its own header: the directory may say anything."""

    area: int
    bits: int
    place: int
    width: int
    height: int


class _IcoFile(OpenedPicture):
    def __init__(self, stream: BinaryIO) -> None:
        self._file = IcoFile(stream)
        if not self._file.entry:
            raise ValueError("it holds no picture")
        if max(one.offset + one.size for one in self._file.entry) > stream.seek(0, io.SEEK_END):
            raise CutOff
        entries = [_entry(stream, index, one.offset) for index, one in enumerate(self._file.entry[:_MOST])]
        self._entry = max(entries, key=lambda one: (one.area, one.bits))
        super().__init__(self._entry.width, self._entry.height, is_grey=False, has_alpha=True)

    def load(self, input_format: InputFormat) -> Image.Image:
        index = self._entry.place
        # Pillow takes the depth from the directory, where some programs write 0
        self._file.entry[index] = self._file.entry[index]._replace(bpp=self._entry.bits)
        picture = self._file.frame(index)
        picture.load()
        return picture


def _entry(stream: BinaryIO, index: int, offset: int) -> _Entry:
    stream.seek(offset)
    head = stream.read(40)
    if head.startswith(_PNG):
        width, height = PngImageFile(io.BytesIO(head[:33] + bytes(4) + b"IDAT" + bytes(4))).size
        bits = 32
    else:
        width, height = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little") // 2
        bits = int.from_bytes(head[14:16], "little")
    if width < 1 or height < 1:
        raise ValueError("a picture in it has no size")
    return _Entry(width * height, bits, index, width, height)


def open_ico(stream: BinaryIO) -> OpenedPicture:
    """An icon."""
    return _IcoFile(stream)
