"""Photographs for a page: WebP inside the HTML."""

from __future__ import annotations

import base64
import io
from typing import NamedTuple

import numpy as np
from PIL import Image

SIDE = 150
"""Pixels of the longer side, unless it is said."""

SHARP_FROM = 2.5
"""From this magnification on, pixels are shown as squares."""

_QUALITY = 80
_EFFORT = 2  # of 0 to 6: hardly larger files than with the default of 4, in half the time

_OPACITY = 0.6
_COLORS = np.array(
    [
        *([13, 8, 135], [76, 2, 161], [126, 3, 168], [170, 35, 149], [204, 71, 120]),
        *([230, 108, 92], [248, 149, 64], [253, 197, 39], [240, 249, 33]),
    ]
)
"""The colours of `cnncli heatmap` from 0 to 1, Matplotlib's plasma, at equal distances; shape `(9, 3)`."""


class Picture(NamedTuple):
    """A picture in a page.

    Args:
        address: An address that holds all of it.
        width: In pixels of the page.
        height: In pixels of the page.
        is_sharp: Whether its pixels are to be shown as squares.
    """

    address: str
    width: int
    height: int
    is_sharp: bool


def embedded(pixels: np.ndarray, side: int = SIDE) -> Picture:
    """A picture whose longer side has so many pixels on the page; a smaller one is magnified there.

    Shape:
        pixels: (height, width, 1 or 3), uint8
    """
    image = _image(pixels)
    zoom = side / max(image.size)
    width, height = (max(1, round(length * zoom)) for length in image.size)
    if zoom < 1:
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    drawn = io.BytesIO()
    image.convert("RGB").save(drawn, "WEBP", quality=_QUALITY, method=_EFFORT)
    address = f"data:image/webp;base64,{base64.b64encode(drawn.getvalue()).decode()}"
    return Picture(address, width, height, zoom >= SHARP_FROM)


def with_heat(pixels: np.ndarray, values: np.ndarray, side: int = SIDE) -> np.ndarray:
    """A picture in grey below its map of 0…1, with a longer side of `side`.

    Shape:
        pixels: (height, width, 1 or 3), uint8; values: (height, width) → (height, width, 3), uint8
    """
    image = _image(pixels).convert("L")
    zoom = side / max(image.size)
    size = max(1, round(image.width * zoom)), max(1, round(image.height * zoom))
    grey = image.resize(size, Image.Resampling.NEAREST if zoom >= SHARP_FROM else Image.Resampling.LANCZOS)
    heat = np.asarray(Image.fromarray(values.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)).clip(0, 1)
    places = np.linspace(0, 1, len(_COLORS))
    colors = np.stack([np.interp(heat, places, channel) for channel in _COLORS.T], axis=-1)  # (height, width, 3)
    dimmed = 64 + np.asarray(grey)[..., None] / 2
    return np.rint(_OPACITY * colors + (1 - _OPACITY) * dimmed).astype(np.uint8)


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
