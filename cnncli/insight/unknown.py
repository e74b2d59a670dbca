"""Whether an answer is doubtful: the network is unsure, or the image is unlike those that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnncli.insight.intervals import Interval, share_interval
from cnncli.insight.probabilities import of_logits
from cnncli.insight.sets import conformal_quantile

KEPT = 0.95
"""Share of the validation images that each of the two scores lets pass."""

MOST_DIRECTIONS = 512
MOST_NUMBERS = 1 << 24
"""Numbers of the directions that are kept at most, 64 MiB."""

_SMALL, _MOST_IMAGES, _FEW_IMAGES, _MOST_VALUES = 4096, 10_000, 4_000, 1 << 26
"""Features of up to so many numbers are measured on the first number of images at most, larger ones on the second, and
none on more numbers in all than the last."""


def images_to_measure(images: int, features: int) -> np.ndarray:
    """Places of the training images that the features of a network are measured on, at equal distances."""
    most = min(_MOST_IMAGES if features <= _SMALL else _FEW_IMAGES, _MOST_VALUES // features)
    return np.linspace(0, images - 1, min(images, max(most, 1))).astype(np.int64)


@dataclass(frozen=True)
class Head:
    """The last layer of a network, which makes the logits of the features.

    Args:
        kernel: Shape `(features, classes)`, float32.
        bias: Shape `(classes,)`, float32.
    """

    kernel: np.ndarray
    bias: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """The logits `(images, classes)`, float32, of features `(images, features)`."""
        return np.asarray(features @ self.kernel + self.bias)

    def confidence(self, features: np.ndarray) -> np.ndarray:
        """Probability of the predicted class of each image, float32, shape `(images,)`."""
        return np.asarray(of_logits(self.logits(features)).max(axis=1))


@dataclass(frozen=True)
class Likeness:
    """How far the features of an image lie outside of what the training images span (ViM).

    Args:
        head: The last layer.
        origin: The features whose logits are 0, or as near to it as can be: shape `(features,)`, float32.
        directions: Orthonormal directions in which training images differ most, `(features, directions)`, float32.
        scale: What makes the distance from these directions comparable with a logit.
        images: Number of training images that were measured.
    """

    head: Head
    origin: np.ndarray
    directions: np.ndarray
    scale: float
    images: int

    def unlikeness(self, features: np.ndarray) -> np.ndarray:
        """The more, the less an image is like the training images: float64, shape `(images,)`.

        It is the scaled distance of its features from what the directions span, less the logarithm of the sum of the
        exponentials of its logits.
        """
        logits = self.head.logits(features).astype(np.float64)  # (images, classes)
        most = logits.max(axis=1, keepdims=True)
        energy = np.log(np.exp(logits - most).sum(axis=1)) + most[:, 0]  # (images,)
        return np.asarray(self.scale * _residual(features - self.origin, self.directions) - energy)


def fit_likeness(head: Head, features: np.ndarray) -> Likeness:
    """Measures the features of training images, float32, shape `(images, features)`.

    Source:
        H. Wang, Z. Li, L. Feng, W. Zhang (2022), "ViM: Out-of-distribution with virtual-logit matching", CVPR.
    """
    origin = -np.linalg.pinv(head.kernel.T.astype(np.float64)) @ head.bias  # (features,)
    origin = origin.astype(np.float32)
    centred = (features - origin).astype(np.float64)  # (images, features)
    images, width = centred.shape
    number = max(1, min(width // 2, images // 2, MOST_DIRECTIONS, MOST_NUMBERS // width))
    if width <= images:
        _, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
        directions = vectors[:, -number:]
    else:
        squares, vectors = np.linalg.eigh(centred @ centred.T)
        directions = centred.T @ vectors[:, -number:] / np.sqrt(np.maximum(squares[-number:], 1e-12))
    directions = directions.astype(np.float32)
    distance = float(_residual(features - origin, directions).mean())
    most = float(head.logits(features).max(axis=1).mean())
    return Likeness(head, origin, directions, abs(most) / max(distance, 1e-12), images)


def _residual(centred: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """The length of what remains of each row outside the directions, float64."""
    inside = (centred @ directions).astype(np.float64)  # (images, directions)
    squares = (centred.astype(np.float64) ** 2).sum(axis=1) - (inside**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares, 0)))


@dataclass(frozen=True)
class Doubts:
    """When an answer is doubtful.

    Args:
        likeness: What makes images unlike the training images.
        least_confidence: Below it, an answer is unsure.
        most_unlikeness: Above it, an image is unlike the training images.
    """

    likeness: Likeness
    least_confidence: float
    most_unlikeness: float

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Confidence and unlikeness of images, float32, shape `(2, images)`."""
        found = (self.likeness.head.confidence(features), self.likeness.unlikeness(features))
        return np.stack(found).astype(np.float32)

    def of(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which images are unsure, and which unlike the training images: bool, each of shape `(images,)`."""
        return scores[0] < np.float32(self.least_confidence), scores[1] > np.float32(self.most_unlikeness)

    def words(self, features: np.ndarray) -> list[str]:
        """For each image `unlike`, `unsure`, or nothing; the former where both are true."""
        is_unsure, is_unlike = self.of(self.scores(features))
        return np.where(is_unlike, "unlike", np.where(is_unsure, "unsure", "")).tolist()


def fit_doubts(likeness: Likeness, validation: np.ndarray) -> Doubts:
    """Thresholds that let `KEPT` of the validation images pass, from their features `(images, features)`.

    Raises:
        ValueError: There are fewer than 19.
    """
    confidence, unlikeness = Doubts(likeness, 0, 0).scores(validation)
    return Doubts(likeness, -conformal_quantile(-confidence, KEPT), conformal_quantile(unlikeness, KEPT))


@dataclass(frozen=True)
class DoubtShares:
    """How many of some images are doubtful, each with the interval that holds the true share in 95 of 100 cases.

    Args:
        images: Number of images.
        unsure: Share of those with little confidence.
        unlike: Share of those unlike the training images.
        either: Share of those with at least one of both: what is not answered.
    """

    images: int
    unsure: tuple[float, Interval]
    unlike: tuple[float, Interval]
    either: tuple[float, Interval]


def doubt_shares(is_unsure: np.ndarray, is_unlike: np.ndarray, groups: np.ndarray | None = None) -> DoubtShares:
    """The shares of doubtful images: bool of shape `(images,)` go in, of one image or more."""
    kinds = (is_unsure, is_unlike, is_unsure | is_unlike)
    return DoubtShares(len(is_unsure), *((float(kind.mean()), share_interval(kind, groups)) for kind in kinds))
