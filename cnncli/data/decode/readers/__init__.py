"""Readers of picture files: one module for each library, each function opens one format.

A reader looks at the header first: how large the picture is, and whether it can be read rightly. Only `load` decodes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from cnncli.data.decode.formats import Format
    from cnncli.data.decode.input_format import Frame, InputFormat
    from cnncli.data.decode.readers.dicom import DicomFacts


@dataclass(frozen=True)
class DeepPixels:
    """Pixels that may have more than 8 bits. Black is 0."""

    values: np.ndarray  # of any type, shape `(height, width, channels)`, one for grey and three for colour
    white: float | None  # the value of white; None where the file does not say, so that `data.image.white` must
    alpha: np.ndarray | None = None  # from 0, transparent, to 1, shape `(height, width)`; None for none


class NotRead(Exception):
    """A file of a known format that is not read.

    Args:
        fact: What it is: the end of a sentence that begins with its name.
        extra: The extra of cnncli that reads it; empty when there is none.
        remedy: What to do, where that is neither installing nor converting.
    """

    def __init__(self, fact: str, extra: str = "", remedy: str = "") -> None:
        super().__init__(fact)
        self.fact, self.extra, self.remedy = fact, extra, remedy


class NoPicture(NotRead):
    """A file of a format of pictures that holds none, such as a report."""


class OpenedPicture(ABC):
    """A picture file whose header was read: as it is stored, before it is turned. A deep one has more than 8 bits."""

    def __init__(self, width: int, height: int, is_grey: bool, is_deep: bool = False, has_alpha: bool = False) -> None:
        self.width, self.height, self.is_grey = width, height, is_grey
        self.traits: tuple[str, ...] = ("sixteen-bit",) * is_deep + ("transparent",) * has_alpha
        """Codes of the doctor's findings that the header shows."""

    def profile(self) -> bytes:
        """Its ICC profile; empty for none."""
        return b""

    def dicom(self) -> DicomFacts | None:
        """What the header of a DICOM says; None for other files."""
        return None

    def turn(self) -> Image.Transpose | None:
        """What puts it upright; None when it is. Nothing is decoded, so a PNG is asked again once it is."""
        return None

    @abstractmethod
    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """Decodes it, of an animation the first frame, and does not turn it.

        Returns:
            A picture of Pillow's, of at most 8 bits, or 16 bits of grey; or an array.

        Raises:
            NotRead: It can only be read with an extra, or not as it is meant.
            Exception: Nearly any, when the file is damaged.
        """


def open_picture(kind: Format, stream: BinaryIO, frame: Frame | None = None) -> OpenedPicture:
    """Opens a file of a format by its reader, from the start of the stream.

    `frame` is `data.image.frame`: which picture to take of a stack.

    Raises:
        NotRead: There is no reader, or it needs an extra that is not installed.
        Exception: Nearly any, when the file is damaged.
    """
    if not kind.reader:
        raise NotRead(f"is {kind.words} image, which cnncli does not read")
    stream.seek(0)
    opener = _opener(kind.reader)
    picture: OpenedPicture = opener(stream, frame) if kind.has_frames else opener(stream)
    return picture


def chosen_frame(frame: Frame | None, count: int, what: str, frames: str = "frames") -> int:
    """The index of the frame that `data.image.frame` chooses of `count`.

    Raises:
        NotRead: There are several and none is chosen, or there are fewer.
    """
    if count == 1 and frame in (None, "first", "middle", 0):
        return 0
    if frame is None:
        remedy = f"choose one with data.image.frame: a number from 0 to {count - 1}, first or middle"
        raise NotRead(f"is {what} of {count:,} {frames}", remedy=remedy)
    index = frame if isinstance(frame, int) else {"first": 0, "middle": count // 2}[frame]
    if index >= count:
        plural = frames if count > 1 else frames.removesuffix("s")
        raise NotRead(f"is {what} of {count:,} {plural}", remedy=f"data.image.frame is {frame}; the first is 0")
    return index


@cache
def _opener(place: str) -> Any:
    module, _, function = place.partition(":")
    return getattr(import_module(f"{__name__}.{module}"), function)


def with_extra(module: str, fact: str, extra: str) -> Any:
    """Imports a package of an extra of cnncli; `fact` says what the file is that needs it.

    Raises:
        NotRead: The package is missing.
    """
    try:
        return import_module(module)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == module
        state = "is not installed" if absent else f"cannot be imported: {error}"
        raise NotRead(f"{fact}, and {module}, which reads it, {state}", extra) from error
