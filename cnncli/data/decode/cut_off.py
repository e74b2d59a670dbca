"""What is wrong with a broken picture file; first of all whether its end is missing."""

from __future__ import annotations

import os
from typing import BinaryIO

from cnncli.errors import DataError

_HEAD = 16
_TAIL = 64


class UnreadableImage(DataError):
    """A file that is not an image which can be read, with the code of the doctor's finding.

    `is_known` if it begins like a picture.
    """

    def __init__(self, message: str, hint: str = "", code: str = "damaged", is_known: bool = True) -> None:
        super().__init__(message, hint)
        self.code, self.is_known = code, is_known


class CutOff(Exception):
    """A file ends before all that it declares."""


def damage(kind: str, stream: BinaryIO, error: Exception) -> str:
    """What is wrong with a file of this format whose reader raised an error: the end of "this file …"."""
    if isinstance(error, CutOff) or is_cut_off(kind, stream):
        return f"is cut off: the end of the {kind} is missing"
    return f"is a damaged {kind}: {' '.join(str(error).split())}"


def is_cut_off(kind: str, stream: BinaryIO) -> bool:
    """Whether the end is missing of a file of this format, as far as its first and last bytes show."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _TAIL))
    tail = stream.read()
    stream.seek(0)
    head = stream.read(_HEAD)
    if kind == "PNG":
        return b"IEND" not in tail
    if kind == "JPEG":
        return b"\xff\xd9" not in tail
    if kind == "GIF":
        return not tail.rstrip(b"\0").endswith(b";")
    if kind == "BMP":
        return size < int.from_bytes(head[2:6], "little")
    if kind == "WEBP":
        return size < 8 + int.from_bytes(head[4:8], "little")
    if kind == "QOI":
        return not tail.endswith(b"\0\0\0\0\0\0\0\1")
    if head[4:8] in (b"ftyp", b"jP  "):
        return _end_of_boxes(stream, size) > size
    return kind == "JPEG 2000" and b"\xff\xd9" not in tail


def _end_of_boxes(stream: BinaryIO, size: int) -> int:
    """Where the boxes of a HEIC, AVIF or JP2 end as they declare it; a box whose header is cut ends behind the file."""
    place = 0
    while place < size:
        stream.seek(place)
        head = stream.read(16)
        if len(head) < 8:
            return size + 1
        length = int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[8:16])
        if length == 0:  # up to the end of the file
            return size
        place += max(8, length)
    return place
