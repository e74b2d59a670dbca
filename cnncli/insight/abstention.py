"""How many answers are right if those of little confidence are left out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cnncli.insight.intervals import Interval, if_known, share_interval
from cnncli.insight.sets import conformal_quantile, least_images
from cnncli.wording import percentage, with_interval

SHARES = (1.0, 0.99, 0.98, 0.95, *(share / 100 for share in range(90, 0, -5)))
"""Shares of the validation images that the answers are kept of."""

_TOLD = 0.8
"""The share that the sentence is about."""

_FEWEST = 20
"""Validation images from which on a curve says something."""


@dataclass(frozen=True)
class AbstentionPoint:
    """What answers above a confidence are worth, on images that it was not chosen by.

    Args:
        threshold: Least confidence of an answer that is given, 0 to 1.
        asked: Share of validation images that have at least so much.
        answered: Share of the images that are answered.
        answered_interval: Holds the true share in 95 of 100 cases.
        images: Number of these.
        accuracy: Share of the answers that are right; NaN of none.
        interval: Holds the true share in 95 of 100 cases; NaN of none.
    """

    threshold: float
    asked: float
    answered: float
    answered_interval: Interval
    images: int
    accuracy: float
    interval: Interval


@dataclass(frozen=True)
class Abstention:
    """Points from all images answered to few."""

    points: tuple[AbstentionPoint, ...]

    @property
    def sentence(self) -> str:
        """What is gained, in one sentence of two halves; empty where there is no point for it."""
        of = [point for point in self.points if point.asked == _TOLD and point.images]
        if not of:
            return ""
        (point,), whole = of, self.points[0]
        some, every = (with_interval(each.accuracy, if_known(each.interval), each.images) for each in (point, whole))
        share = percentage(point.images, whole.images, 0)
        return f"answers of {point.threshold:.2f} or more ({share}) are right in {some}; all answers in {every}"


def abstention(
    validation: np.ndarray, confidence: np.ndarray, right: np.ndarray, groups: np.ndarray | None = None
) -> Abstention | None:
    """Chooses confidences on validation images, and measures on others what leaving out answers below them gains.

    Args:
        validation: Probability of the predicted class in validation images, shape `(images,)`.
        confidence: The same of the images to measure, shape `(images,)`.
        right: Which of these are right, bool, shape `(images,)`.
        groups: Group of each as a number, shape `(images,)`; None where each stands alone.

    Returns:
        None of fewer than 20 validation images.

    Source:
        Y. Geifman, R. El-Yaniv (2017), "Selective classification for deep neural networks", NeurIPS.
    """
    if len(validation) < _FEWEST:
        return None
    points = []
    for share in SHARES:
        if share < 1 and len(validation) < least_images(share):
            continue
        threshold = 0.0 if share == 1 else -conformal_quantile(-validation, share)
        is_answered = confidence >= threshold  # (images,)
        answers, of = right[is_answered], None if groups is None else groups[is_answered]
        points.append(
            AbstentionPoint(
                float(threshold),
                share,
                float(is_answered.mean()),
                share_interval(is_answered, groups),
                len(answers),
                float(answers.mean()) if len(answers) else math.nan,
                share_interval(answers, of),
            )
        )
    return Abstention(tuple(points))
