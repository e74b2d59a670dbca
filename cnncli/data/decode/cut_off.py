"""Whether the end of a picture file is missing."""

from __future__ import annotations

import os
from typing import BinaryIO

_HEAD = 16
_TAIL = 64


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
    return False
