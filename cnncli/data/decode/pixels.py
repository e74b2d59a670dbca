"""Arrays of numbers as images: which axis is which, and which number is white."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from cnncli.data.decode.white import FEW_LEVELS, HALF, TOLERANCE, WHITE, is_outside, likely_white
from cnncli.errors import DataError
from cnncli.notices import Notice, ignore
from cnncli.wording import dimensions

_Extent = tuple[float, float]
"""The least and the greatest value."""

_SET = "set the value of white, for example data.image.white:"
_CHUNK = 1024  # images looked at at a time, so that no second copy of everything is made


class UnknownWhite(DataError):
    """All values are so small that 255 is probably not white."""


def image_shape(shape: tuple[int, ...], where: str) -> tuple[int, int, int, int]:
    """Number, height, width and channels of the images in an array of this shape; a DataError when ambiguous."""
    if len(shape) not in (3, 4) or not all(shape):
        expected = "expected (images, height, width) or (images, height, width, channels), and at least one image"
        raise DataError(f"{where} has the shape {shape}", expected + _unflattened(shape))
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


def _unflattened(shape: tuple[int, ...]) -> str:
    """How to give rows of pixels, as scikit-learn has them, the shape of square images; empty for other shapes."""
    if len(shape) != 2 or not all(shape):
        return ""
    for channels in (1, 3):
        side = math.isqrt(shape[1] // channels)
        if side > 1 and side * side * channels == shape[1]:
            sizes = f"-1, {side}, {side}" + ", 3" * (channels == 3)
            return f"; if each row is a square image, save array.reshape({sizes})"
    return ""


def as_images(
    arrays: Mapping[str, np.ndarray], white: float | None, where: str, notice: Notice = ignore
) -> dict[str, np.ndarray]:
    """The arrays of all splits as images: uint8, shape `(images, height, width, channels)`.

    They may be grey `(images, height, width)`, channels last, or channels first where that is certain. Numbers from 0
    to 1 and those from 0 to 255 are told apart by all splits together, unless `white` is set: fractions up to 1 are
    fractions, whole numbers up to 32 are refused because white could be either, and up to 127 there is a notice.

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
    if white is not None and _are_bytes(arrays):
        white = min(white, WHITE)  # a larger one is that of deeper numbers
    if white is None:
        white = _white(arrays, where, notice)
    elif not (white == WHITE and _are_bytes(arrays)):
        low, high = _least_and_greatest(_extents(arrays, where))
        if is_outside(low, high, white):
            raise DataError(f"{where} has pixels from {low:g} to {high:g}, and from 0 to {white:g} was expected")
    return {split: _bytes(array, shapes[split], white) for split, array in arrays.items()}


def _white(arrays: Mapping[str, np.ndarray], where: str, notice: Notice) -> float:
    if all(array.dtype.kind == "b" for array in arrays.values()):
        return 1
    extents = _extents(arrays, where, bright=HALF if _are_bytes(arrays) else None)
    low, high = _least_and_greatest(extents)
    extent = f"{where} has pixels from {low:g} to {high:g}"
    if low < -TOLERANCE * likely_white(high):
        halves = "; (x + 1) / 2 turns -1 to 1 into fractions" if -low <= 1 + TOLERANCE >= high else ""
        raise DataError(f"{extent}, and black is 0", f"save pixels as 0 to 255, or as fractions from 0 to 1{halves}")
    if not is_outside(low, high, 1) and any(array.dtype.kind == "f" for array in arrays.values()):
        return 1
    _require_one_scale(arrays, extents, where)
    likely = likely_white(high)
    if is_outside(low, high, WHITE):
        raise DataError(f"{extent}, and white is 255", f"{_SET} {likely:g}")
    if high <= FEW_LEVELS:
        raise UnknownWhite(
            f"{extent}: white could be {likely:g} or 255", f"{_SET} {likely:g}, or 255 if they are so dark"
        )
    if high <= HALF:
        notice(f"warning: {extent}, and white is 255; {_SET} {high:g}, if that is white")
    return WHITE


def _are_bytes(arrays: Mapping[str, np.ndarray]) -> bool:
    return all(array.dtype == np.uint8 for array in arrays.values())


def _require_one_scale(arrays: Mapping[str, np.ndarray], extents: Mapping[str, _Extent], where: str) -> None:
    """Refuses fractions in one split beside larger numbers in another: they would be black."""
    for split, (low, high) in extents.items():
        if not is_outside(low, high, 1) and _has_fractions(arrays[split]):
            other, (least, greatest) = max(extents.items(), key=lambda item: item[1][1])
            raise DataError(
                f"{where} has {split} images with pixels from {low:g} to {high:g}, and {other} images with pixels from "
                f"{least:g} to {greatest:g}",
                "save all of them as 0 to 255, or all as fractions from 0 to 1",
            )


def _has_fractions(array: np.ndarray) -> bool:
    return array.dtype.kind == "f" and any(
        (array[start : start + _CHUNK] % 1).any() for start in range(0, len(array), _CHUNK)
    )


def _least_and_greatest(extents: Mapping[str, _Extent]) -> _Extent:
    return min(low for low, _ in extents.values()), max(high for _, high in extents.values())


def _extents(arrays: Mapping[str, np.ndarray], where: str, bright: float | None = None) -> dict[str, _Extent]:
    """The least and the greatest value of each split; of those up to the first above `bright`, where that decides."""
    extents: dict[str, _Extent] = {}
    for split, array in arrays.items():
        low, high = np.inf, -np.inf
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
            extents[split] = low, high
            if bright is not None and high > bright:
                return extents
    return extents


def _bytes(array: np.ndarray, shape: tuple[int, int, int, int], white: float) -> np.ndarray:
    count, height, width, channels = shape
    channels_first = array.ndim == 4 and array.shape[1:] != (height, width, channels)
    if array.dtype == np.uint8 and white == WHITE and not channels_first:
        return array.reshape(shape)  # no copy: it may be on disk
    scaled = array.dtype.kind == "f" or white != WHITE
    images = np.empty(shape, np.uint8)  # (images, height, width, channels)
    for start in range(0, count, _CHUNK):
        chunk = array[start : start + _CHUNK]
        if scaled:
            chunk = np.clip(np.rint(chunk.astype(np.float64) * (WHITE / white)), 0, WHITE)
        if channels_first:
            chunk = np.moveaxis(chunk, 1, -1)
        images[start : start + _CHUNK] = chunk.reshape(-1, height, width, channels)
    return images
