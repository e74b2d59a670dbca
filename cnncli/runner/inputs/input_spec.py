"""What a model is built for: the shape of an image, the classes, and the statistics of the pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from cnncli.data.samples import LabelledImages
from cnncli.factory.model import Preprocessing
from cnncli.spec.schema import Data

CHUNK = 2**23
"""Bytes of images that are read at a time; counting their values takes eight times that."""

_LEAST_DEVIATION = 1e-6
"""Below this a channel is constant, and dividing by its deviation would only amplify rounding."""


@dataclass(frozen=True)
class InputSpec:
    """The images that a model is built for.

    Args:
        shape: Height, width and channels.
        class_names: Names of the classes in the order of the outputs.
        preprocessing: What the model does to pixels before its first layer.
        mean: Mean of the training pixels of each channel, 0…255; empty unless the spec standardizes by it.
        deviation: Standard deviation of the same.
    """

    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    @classmethod
    def of(
        cls,
        data: Data,
        shape: tuple[int, int, int],
        class_names: tuple[str, ...],
        mean: tuple[float, ...] = (),
        deviation: tuple[float, ...] = (),
    ) -> Self:
        """With the preprocessing that the section `data` of a spec asks for."""
        if data.standardize == "samplewise":
            preprocessing = Preprocessing(samplewise=True)
        elif data.standardize == "featurewise":
            spread = [value if value > _LEAST_DEVIATION else 1.0 for value in deviation]
            offset = tuple(-m / value for m, value in zip(mean, spread, strict=True))
            preprocessing = Preprocessing(tuple(1 / value for value in spread), offset)
        else:
            low, high = data.scale
            preprocessing = Preprocessing(((high - low) / 255,), (low,))
        return cls(shape, class_names, preprocessing, mean, deviation)


def channel_statistics(samples: LabelledImages) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, 0…255, in one pass over all images."""
    channels = samples.shape[2]
    total, squares = [0] * channels, [0] * channels  # whole numbers: exact, however many images there are
    at_a_time = max(1, CHUNK // math.prod(samples.shape))
    for start in range(0, len(samples), at_a_time):
        images = samples.read(np.arange(start, min(start + at_a_time, len(samples))))
        for channel in range(channels):
            counts = np.bincount(images[..., channel].ravel(), minlength=256)
            total[channel] += int((counts * np.arange(256)).sum())
            squares[channel] += int((counts * np.arange(256) ** 2).sum())
    pixels = len(samples) * samples.shape[0] * samples.shape[1]
    mean = tuple(value / pixels for value in total)
    deviation = tuple(math.sqrt(max(s / pixels - m * m, 0)) for s, m in zip(squares, mean, strict=True))
    return mean, deviation
