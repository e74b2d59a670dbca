"""Chooses the format of the network's input: size, colour, and how images of other proportions are resized."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnncli.draft.text import joined
from cnncli.wording import dimensions

SMALL = 64
"""Longer side in pixels up to which images keep about their own size."""

FEW = 1000
"""Number of training images below which a network cannot learn fine detail."""

MANY = 20_000
"""Number of training images from which on an epoch of large images takes long on a CPU."""

_SIDE = 96
_LARGE_SIDE = 128
_SPREAD = 1.5  # ratio between the proportions of wide and of narrow images above which stretching distorts them
_OBLONG = 2.0  # ratio of width to height, or the reverse, from which on a square would waste half of its pixels
_GREY = 0.9  # share of grey images above which a class, or the whole set, counts as grey


@dataclass(frozen=True)
class ImageFormat:
    """The format of the network's input, and the reasons for it."""

    height: int  # in pixels
    width: int
    color: str  # `rgb` or `grayscale`
    resize: str  # `stretch` or `pad`
    reasons: tuple[str, ...]  # sentences on size, colour and proportions

    @property
    def is_small(self) -> bool:
        """Whether it is as small as digits and icons are."""
        return max(self.height, self.width) <= SMALL


def choose_image_format(
    sizes: np.ndarray,
    grey: np.ndarray,
    labels: np.ndarray,
    class_names: tuple[str, ...],
    training_images: int,
    largest: int | None = None,
) -> ImageFormat:
    """Chooses the format for images of these sizes, `(images, 2)`, some of which are stored without colour.

    Large images get a side of at most `largest` pixels, where a time limit leaves no room for more.
    """
    height, width, reason = _size(sizes, training_images, largest)
    color, color_reason = _color(grey, labels, class_names)
    resize, resize_reason = _resize(sizes)
    return ImageFormat(height, width, color, resize, tuple(filter(None, (reason, resize_reason, color_reason))))


def _size(sizes: np.ndarray, training_images: int, most: int | None) -> tuple[int, int, str]:
    height, width = (float(value) for value in np.median(sizes, axis=0))
    size = dimensions((round(height), round(width)))
    if max(height, width) <= SMALL:
        if (sizes == sizes[0]).all():
            return int(height), int(width), f"All images have {size} pixels (height×width) and keep their size."
        rounded = _multiple(height, 8), _multiple(width, 8)
        return *rounded, (
            f"The images are small, {size} pixels at the median (height×width); this is the nearest "
            "multiple of 8, which can be halved three times."
        )
    largest, reason = _LARGE_SIDE, "that is enough for most objects and affordable on a CPU"
    if training_images < FEW:
        largest, reason = _SIDE, "with so few images a network learns shapes rather than fine detail"
    elif training_images >= MANY:
        largest, reason = _SIDE, "with so many images an epoch would take long on a CPU"
    if most is not None and most < largest:
        largest, reason = most, "with larger ones too few epochs would fit into the time"
    side = min(largest, _multiple(float(np.sqrt(height * width)), 32))
    median = f"The images have {size} pixels at the median (height×width)"
    halved = "a multiple of 32 can be halved five times"
    if height < _OBLONG * width and width < _OBLONG * height:
        limit = f"{side}×{side} because {reason}" if side == largest else f"{side}×{side} is close to that"
        return side, side, f"{median}; {limit}, and {halved}. Twice the side takes four times as long."
    ratio = float(np.sqrt(width / height))
    oblong = _multiple(side / ratio, 32), _multiple(side * ratio, 32)
    area = f"the area is about that of {side}×{side} because {reason}"
    return *oblong, f"{median}, so the input is oblong too; {area}, and {halved}."


def _multiple(value: float, of: int) -> int:
    return max(of, round(value / of) * of)


def _color(grey: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...]) -> tuple[str, str]:
    count = int(grey.sum())
    if count == len(grey):
        return "grayscale", "All of them are grey."
    if not count:
        return "rgb", ""
    if count >= _GREY * len(grey):
        return "grayscale", f"In grey, like {count:,} of the {len(grey):,} images."
    reason = f"In colour; the {count:,} grey images are converted to rgb with three equal channels."
    counts = np.bincount(labels, minlength=len(class_names))
    shares = np.bincount(labels, grey, len(class_names)) / np.maximum(counts, 1)
    grey_classes = [name for name, share in zip(class_names, shares.tolist(), strict=True) if share >= _GREY]
    if grey_classes and (shares <= 1 - _GREY).any():
        several = len(grey_classes) > 1
        reason += (
            f" {joined(grey_classes)} {'are' if several else 'is'} grey where other classes are in colour, so the "
            f"network may learn the missing colour instead of the class{'es' if several else ''}: add images in "
            "colour, or set 'grayscale' if colour does not matter."
        )
    return "rgb", reason


def _resize(sizes: np.ndarray) -> tuple[str, str]:
    ratios = sizes[:, 1] / sizes[:, 0]  # (images,)
    narrow, wide = (float(value) for value in np.percentile(ratios, [10, 90]))
    if (sizes == sizes[0]).all():
        return "stretch", ""
    if wide <= _SPREAD * narrow:
        return "stretch", "Their proportions are similar; stretching changes them all in about the same way."
    return "pad", (
        f"Their proportions differ (width over height from {narrow:.2g} to {wide:.2g}); 'pad' keeps them and adds "
        "black borders."
    )
