"""What the network is to see of each image: size, colour, and how other proportions are made to fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnncli.draft.text import joined, pixels

SMALL = 64
"""Pixels of the longer side up to which images are taken about as they are."""

FEW = 1000
"""Images below which fine detail is more than there is to learn from."""

MANY = 20_000
"""Images from which on an epoch of large images takes long on a processor."""

_SIDE = 96
_LARGE_SIDE = 128
_SPREAD = 1.5  # between the proportions of wide and of narrow images, above which stretching bends them
_OBLONG = 2.0  # width over height, or the reverse, from which on a square would waste half of its pixels
_GREY = 0.9  # share of grey images in a class that is grey


@dataclass(frozen=True)
class Frame:
    """What the network sees, and why.

    Args:
        height: in pixels.
        width: in pixels.
        color: `rgb` or `grayscale`.
        resize: `stretch` or `pad`.
        reasons: sentences on size, colour and proportions.
    """

    height: int
    width: int
    color: str
    resize: str
    reasons: tuple[str, ...]

    @property
    def is_small(self) -> bool:
        """Whether it is as small as digits and icons are."""
        return max(self.height, self.width) <= SMALL


def choose_frame(sizes: np.ndarray, grey: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...]) -> Frame:
    """Chooses for these images.

    Args:
        sizes: heights and widths, shape `(images, 2)`.
        grey: which are stored without colour, shape `(images,)`.
        labels: their classes, shape `(images,)`.
        class_names: in the order of the labels.
    """
    height, width, why_size = _size(sizes)
    color, why_color = _color(grey, labels, class_names)
    resize, why_resize = _resize(sizes)
    return Frame(height, width, color, resize, tuple(filter(None, (why_size, why_resize, why_color))))


def _size(sizes: np.ndarray) -> tuple[int, int, str]:
    height, width = (float(value) for value in np.median(sizes, axis=0))
    if max(height, width) <= SMALL:
        if (sizes == sizes[0]).all():
            same = int(height), int(width)
            return *same, f"All have {pixels(*same)} pixels (height×width): small enough to be taken as they are."
        rounded = _multiple(height, 8), _multiple(width, 8)
        return *rounded, (
            f"The images are small, {pixels(height, width)} pixels at the median (height×width): close to that, in "
            "multiples of 8, which can be halved three times."
        )
    largest, reason = _largest(len(sizes))
    side = min(largest, _multiple(float(np.sqrt(height * width)), 32))
    median = f"The images have {pixels(height, width)} pixels at the median (height×width)"
    halved = "multiples of 32 can be halved again and again"
    if height < _OBLONG * width and width < _OBLONG * height:
        limit = f"{side} a side, because {reason}" if side == largest else f"{side} a side is near that"
        return side, side, f"{median}; {limit}, and {halved}. Twice the side takes four times as long."
    ratio = float(np.sqrt(width / height))
    oblong = _multiple(side / ratio, 32), _multiple(side * ratio, 32)
    much = f"about as much as {side} a side, because {reason}"
    return *oblong, f"{median}, so the frame is oblong as well; {much}, and {halved}."


def _largest(images: int) -> tuple[int, str]:
    """The side that is enough, and why."""
    if images < FEW:
        return _SIDE, "so few images teach shapes rather than fine detail"
    if images >= MANY:
        return _SIDE, "of so many images an epoch would take long on a processor"
    return _LARGE_SIDE, "that is enough for most things and bearable on a processor"


def _multiple(value: float, of: int) -> int:
    return max(of, round(value / of) * of)


def _color(grey: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...]) -> tuple[str, str]:
    count = int(grey.sum())
    if count == len(grey):
        return "grayscale", "All of them are grey."
    if not count:
        return "rgb", ""
    shares = np.bincount(labels, grey, len(class_names)) / np.maximum(
        np.bincount(labels, minlength=len(class_names)), 1
    )
    told = [name for name, share in zip(class_names, shares.tolist(), strict=True) if share >= _GREY]
    if told and (shares <= 1 - _GREY).any():
        return "grayscale", (
            f"In grey, because other classes than {joined(told)} are in colour: the network would learn the colour "
            "and not the class."
        )
    if count >= _GREY * len(grey):
        return "grayscale", f"In grey, as {count:,} of {len(grey):,} are."
    return "rgb", f"In colour; the {count:,} that are grey are made rgb of three equal channels."


def _resize(sizes: np.ndarray) -> tuple[str, str]:
    ratios = sizes[:, 1] / sizes[:, 0]  # (images,)
    narrow, wide = (float(value) for value in np.percentile(ratios, [10, 90]))
    if (sizes == sizes[0]).all():
        return "stretch", ""
    if wide <= _SPREAD * narrow:
        return "stretch", "Their proportions are alike, so that stretching bends them all in about the same way."
    return "pad", (
        f"Their proportions differ (width over height from {narrow:.2g} to {wide:.2g}), and stretching would bend "
        "things; 'pad' keeps the proportions and fills up with black."
    )
