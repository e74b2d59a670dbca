"""Arrays of numbers as images: which axis is which, and which number is white."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnncli.errors import DataError
from cnncli.wording import dimensions

_CHUNK = 1024  # images looked at at a time, so that no second copy of everything is made


def image_shape(shape: tuple[int, ...], where: str) -> tuple[int, int, int, int]:
    """Number, height, width and channels of the images in an array of this shape; a DataError when ambiguous."""
    if len(shape) not in (3, 4) or not all(shape):
        expected = "expected (images, height, width) or (images, height, width, channels), and at least one image"
        raise DataError(f"{where} has the shape {shape}", expected)
    if len(shape) == 3:
        return (*shape, 1)
    first, last = shape[1] in (1, 3), shape[3] in (1, 3)
    if first == last:
        cause = "either the second or the last axis may be the channels" if first else "no axis is 1 or 3 channels long"
        raise DataError(
            f"{where} has the shape {shape}: {cause}", "save it as (images, height, width, 1 for grey or 3 for colour)"
        )
    if last:
        return shape[0], shape[1], shape[2], shape[3]
    return shape[0], shape[2], shape[3], shape[1]


def as_images(arrays: Mapping[str, np.ndarray], white: float | None, where: str) -> dict[str, np.ndarray]:
    """The arrays of all splits as images: uint8, shape `(images, height, width, channels)`.

    They may be grey `(images, height, width)`, channels last, or channels first where that is certain. Bytes stay as
    they are. Of other numbers, those from 0 to 1 and those from 0 to 255 are told apart by all splits together, unless
    `white` is set.

    Raises:
        DataError: There are negative numbers or NaN, or it is ambiguous which number is white.
    """
    shapes = {split: image_shape(array.shape, f"{where}: {split}") for split, array in arrays.items()}
    if len({shape[1:] for shape in shapes.values()}) > 1:
        sizes = ", ".join(f"{split} {dimensions(shape[1:])}" for split, shape in shapes.items())
        raise DataError(f"{where} has images of different sizes: {sizes} (height×width×channels)")
    odd = {str(array.dtype) for array in arrays.values() if array.dtype.kind not in "buif"}
    if odd:
        raise DataError(f"{where} has images of the type {', '.join(sorted(odd))}", "expected numbers")
    plain = all(array.dtype == np.uint8 for array in arrays.values())
    if white is None:
        white = 255 if plain else _white(arrays, where)
    elif not (plain and white == 255):
        low, high = _least_and_greatest(arrays, where)
        if low < 0 or high > white:
            raise DataError(f"{where} has pixels from {low:g} to {high:g}, and from 0 to {white:g} was expected")
    return {split: _bytes(array, shapes[split], white) for split, array in arrays.items()}


def _white(arrays: Mapping[str, np.ndarray], where: str) -> float:
    low, high = _least_and_greatest(arrays, where)
    extent = f"{where} has pixels from {low:g} to {high:g}"
    if low < 0:
        raise DataError(f"{extent}, and black is 0", "save pixels as 0 to 255, or as fractions from 0 to 1")
    if all(array.dtype.kind == "b" for array in arrays.values()):
        return 1
    whole = all(array.dtype.kind in "bui" for array in arrays.values())
    if high <= 1 and not whole:
        return 1
    if high > 255:
        raise DataError(f"{extent}, and white is 255", "set the value of white, for example white: 65535")
    if high <= 32:  # a set of photographs without any bright pixel is rarer than one in some other range
        raise DataError(
            f"{extent}: white could be {1 if high <= 1 else f'{high:g}'} or 255",
            "set the value of white, for example white: 255",
        )
    return 255


def _least_and_greatest(arrays: Mapping[str, np.ndarray], where: str) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for split, array in arrays.items():
        for start in range(0, len(array), _CHUNK):
            chunk = array[start : start + _CHUNK]
            least, greatest = float(chunk.min()), float(chunk.max())
            if not np.isfinite(least + greatest):  # NaN is the least and the greatest of everything
                bad = np.flatnonzero(~np.isfinite(chunk).all(axis=tuple(range(1, chunk.ndim))))
                raise DataError(
                    f"{where}: {split} image {start + bad[0]} has pixels that are not finite numbers",
                    "replace NaN and infinite values before saving",
                )
            low, high = min(low, least), max(high, greatest)
    return low, high


def _bytes(array: np.ndarray, shape: tuple[int, int, int, int], white: float) -> np.ndarray:
    count, height, width, channels = shape
    channels_first = array.ndim == 4 and array.shape[1:] != (height, width, channels)
    if array.dtype == np.uint8 and white == 255 and not channels_first:
        return array.reshape(shape)  # no copy: it may be on disk
    scaled = array.dtype.kind == "f" or white != 255
    images = np.empty(shape, np.uint8)  # (images, height, width, channels)
    for start in range(0, count, _CHUNK):
        chunk = array[start : start + _CHUNK]
        if scaled:
            chunk = np.rint(chunk.astype(np.float64) * (255 / white))
        if channels_first:
            chunk = np.moveaxis(chunk, 1, -1)
        images[start : start + _CHUNK] = chunk.reshape(-1, height, width, channels)
    return images
