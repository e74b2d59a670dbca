"""Which number is white, where files and arrays leave it open, and pixels of any range brought to 0…255."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from PIL import Image

from cnncli.data.decode.cut_off import UnreadableImage
from cnncli.data.decode.readers import DeepPixels

WHITE = 255
"""The white of bytes, and of all images once they are read."""

TOLERANCE = 1e-3
"""How far above white or below black a value may be, as a share of white, to count as rounded and be clipped.

Half precision rounds values near 1 to steps of 2**-10.
"""

FEW_LEVELS = 32
"""Greatest value up to which white has to be set: photographs without any bright pixel are rarer than another range."""

HIDDEN = 1
"""Alpha, 0…255, up to which nothing is visible: 0 is what was left empty, 1 is true in bytes.

An image that has no more than that anywhere is taken for one without transparency.
"""

_BLOCK = 1 << 20  # numbers

HALF = 127
"""Greatest value up to which a set of bytes is suspiciously dark."""


OUTSIDE = "values-outside"
"""Code of the doctor's finding that numbers do not lie between black and white, or that nothing says what white is."""


def likely_white(greatest: float) -> float:
    """The value that is probably white where no image of a set has a greater one than this.

    Example:
        >>> likely_white(0.9), likely_white(16), likely_white(200), likely_white(3_071), likely_white(40_000)
        (1, 16, 255, 4095, 65535)
    """
    if not is_outside(0, greatest, 1):
        return 1
    if greatest <= FEW_LEVELS:
        return greatest
    bits = 8
    while is_outside(0, greatest, 2**bits - 1):
        bits += 1
    return 2**bits - 1


def is_outside(least: float, greatest: float, white: float) -> bool:
    """Whether values reach further below 0 or above white than rounding explains."""
    return least < -TOLERANCE * white or greatest > (1 + TOLERANCE) * white


def used_white(own: float | None, white: float | None) -> float | None:
    """The value of white of a file: that of the spec, unless the file's own numbers cannot be so large.

    Example:
        >>> used_white(65535, None), used_white(65535, 4095), used_white(1000, 4095), used_white(None, 4095)
        (65535, 4095, 1000, 4095)
    """
    return own if white is None or (own is not None and white >= own) else white


def eight_bits(pixels: DeepPixels | Image.Image, white: float | None, name: str) -> Image.Image:
    """Pixels of any range as a picture of 8 bits, rounded; an array with transparency is laid on white.

    Without a white that the spec sets, that of the file counts, and for pictures of 8 bits in place of one above 255.

    Raises:
        UnreadableImage: There are negative numbers, NaN or values above white, or nothing says which value is white.
    """
    if isinstance(pixels, Image.Image):
        is_deep = pixels.mode[0] in "IF"  # I;16, I and F, which Pillow would clip at 255
        if not is_deep and (white is None or white >= WHITE):
            return pixels
        pixels = _as_array(pixels)
    values = pixels.values
    least, greatest = float(values.min()), float(values.max())
    if not np.isfinite(least + greatest):
        message = f"{name} has pixels that are not finite numbers"
        raise UnreadableImage(message, "replace NaN and infinite values", OUTSIDE)
    used = used_white(pixels.white, white)
    if used is None:
        raise UnreadableImage(
            f"{name} has pixels from {least:g} to {greatest:g} and does not say which value is white",
            f"set the value of white, for example data.image.white: {likely_white(greatest):g}",
            OUTSIDE,
        )
    _require_within(least, greatest, used, name)
    is_visible = pixels.alpha is not None and pixels.alpha.max() > HIDDEN / WHITE
    bands = _scaled(values, used, pixels.alpha if is_visible else None)  # (height, width, channels)
    if pixels.alpha is not None and not is_visible:  # still to be told
        bands = np.concatenate([bands, np.zeros_like(bands[:, :, :1])], axis=2)
    return Image.fromarray(bands[:, :, 0] if bands.shape[2] == 1 else np.ascontiguousarray(bands))


def _as_array(picture: Image.Image) -> DeepPixels:
    """A picture in any mode as an array: grey or colour, with its transparency."""
    if picture.mode[0] in "IF":
        values, key = np.asarray(picture)[:, :, None], picture.info.get("transparency")  # (height, width, 1)
        alpha = None if key is None else (values[:, :, 0] != key).astype(np.float32)
        return DeepPixels(values, 65535 if picture.mode[0] == "I" else None, alpha)
    has_alpha = picture.has_transparency_data
    mode = ("LA" if has_alpha else "L") if picture.mode in ("L", "LA") else ("RGBA" if has_alpha else "RGB")
    bands = np.asarray(picture.convert(mode)).reshape(picture.height, picture.width, -1)  # (height, width, channels)
    return DeepPixels(bands[:, :, :-1], WHITE, bands[:, :, -1] / WHITE) if has_alpha else DeepPixels(bands, WHITE)


def _require_within(least: float, greatest: float, white: float, name: str) -> None:
    """Refuses values that reach further below 0 or above white than rounding explains, with a DataError."""
    if is_outside(least, greatest, white):
        hint = f"set data.image.white to {likely_white(greatest):g}, or exclude the file"
        hint = "black must be 0: convert or exclude the file" if least < -TOLERANCE * white else hint
        raise UnreadableImage(
            f"{name} has pixels from {least:g} to {greatest:g}, and white is {white:g}", hint, OUTSIDE
        )


def _scaled(values: np.ndarray, white: float, alpha: np.ndarray | None) -> np.ndarray:
    """Values in 0…255, laid on white where they are transparent: before they are rounded, not once more after it."""
    eight = np.empty(values.shape, np.uint8)
    for rows in blocks_of_rows(values):
        if values.dtype.kind == "u" and values.dtype.itemsize <= 2 and alpha is None:
            eight[rows] = _table(256**values.dtype.itemsize, white)[values[rows]]
            continue
        scaled = values[rows].astype(np.float64) * (WHITE / white)
        if alpha is not None:
            scaled = WHITE + (scaled - WHITE) * np.clip(alpha[rows], 0, 1)[:, :, None]
        eight[rows] = np.clip(np.rint(scaled), 0, WHITE)
    return eight


def blocks_of_rows(values: np.ndarray) -> Iterator[slice]:
    """Rows of an image that are computed at a time, so that what lies between needs little memory."""
    rows = max(1, _BLOCK // max(1, values[0].size))
    return (slice(start, start + rows) for start in range(0, len(values), rows))


@lru_cache
def _table(size: int, white: float) -> np.ndarray:
    """What becomes of the numbers below `size`: uint8, shape `(size,)`."""
    return np.clip(np.rint(np.arange(size) * (WHITE / white)), 0, WHITE).astype(np.uint8)
