"""The brightness of images: of a training set, and of the border of a single one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PLAIN = 24.0
"""Standard deviation along a border, and difference of the channels, below which they are of one grey: of 255."""


@dataclass(frozen=True)
class BrightnessStats:
    """Mean brightness of the images of a training set, 0 (black) to 255 (white), and of their outermost ring of pixels.

    `border_std` is the standard deviation of the border over the images; small where all have the same background.
    """

    mean: float
    border_mean: float
    border_std: float


def is_plain(image: np.ndarray) -> bool:
    """Whether the outermost ring of an image is of one grey, as paper or a black background is and no photograph.

    `image` is uint8 `(height, width, channels)`.
    """
    ring = np.concatenate([image[0], image[-1], image[1:-1, 0], image[1:-1, -1]]).astype(np.int64)  # (pixels, channels)
    return bool(ring.std() < PLAIN and np.ptp(image.astype(np.int64), axis=2).mean() < PLAIN)


def brightness_stats(images: np.ndarray) -> BrightnessStats:
    """The brightness of images of shape `(samples, height, width, channels)`, from 2,000 evenly spaced ones at most."""
    subset = images[np.linspace(0, len(images) - 1, min(len(images), 2000)).astype(int)]
    rings = borders(subset)
    return BrightnessStats(float(subset.mean()), float(rings.mean()), float(rings.std()))


def borders(images: np.ndarray) -> np.ndarray:
    """The mean, 0…255, of the outermost ring of pixels of each image: float64, shape `(samples,)`."""
    inner = images[:, 1:-1, 1:-1]
    ring = images.sum(axis=(1, 2, 3), dtype=np.int64) - inner.sum(axis=(1, 2, 3), dtype=np.int64)  # (samples,)
    return ring / (images[0].size - inner[0].size)
