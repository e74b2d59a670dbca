"""Readers of picture files: one module for each library, each function opens one format.

A reader looks at the header first: how large the picture is, and whether it can be read rightly. Only `load` decodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from cnncli.data.decode.formats import Format
    from cnncli.data.decode.input_format import InputFormat


@dataclass(frozen=True)
class DeepPixels:
    """Pixels that may have more than 8 bits. Black is 0.

    Args:
        values: Numbers of any type, shape `(height, width, channels)`, one channel for grey and three for colour.
        white: The value of white; None where the file does not say, so that `data.image.white` must.
        alpha: From 0, transparent, to 1, shape `(height, width)`; None for a picture without transparency.
    """

    values: np.ndarray
    white: float | None
    alpha: np.ndarray | None = None


class NotRead(Exception):
    """A file of a known format that is not read.

    Args:
        fact: What it is: the end of a sentence that begins with its name.
        extra: The extra of cnncli that reads it; empty when there is none.
    """

    def __init__(self, fact: str, extra: str = "") -> None:
        super().__init__(fact)
        self.fact, self.extra = fact, extra


class OpenedPicture(Protocol):
    """A picture file whose header was read. Width, height and colour are as stored, before it is turned."""

    @property
    def width(self) -> int:
        """In pixels."""

    @property
    def height(self) -> int:
        """In pixels."""

    @property
    def is_grey(self) -> bool:
        """Whether it is stored without colour."""

    @property
    def traits(self) -> tuple[str, ...]:
        """Codes of the doctor's findings that the header shows: `sixteen-bit`, `transparent` …"""

    def turn(self) -> Image.Transpose | None:
        """What puts it upright; None when it is. Nothing is decoded, so a PNG is asked again once it is."""

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """Decodes it, of an animation the first frame, and does not turn it.

        Returns:
            A picture of Pillow's, of at most 8 bits, or 16 bits of grey; or an array.

        Raises:
            NotRead: It can only be read with an extra, or not as it is meant.
            Exception: Nearly any, when the file is damaged.
        """


def open_picture(kind: Format, stream: BinaryIO) -> OpenedPicture:
    """Opens a file of a format by its reader, from the start of the stream.

    Raises:
        NotRead: There is no reader, or it needs an extra that is not installed.
        Exception: Nearly any, when the file is damaged.
    """
    if not kind.reader:
        raise NotRead(f"is {kind.words} image, which cnncli does not read")
    stream.seek(0)
    picture: OpenedPicture = _opener(kind.reader)(stream)
    return picture


@cache
def _opener(place: str) -> Any:
    module, _, function = place.partition(":")
    return getattr(import_module(f"{__name__}.{module}"), function)
