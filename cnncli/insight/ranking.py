"""How well the probabilities of a class rank the images: figures that need no threshold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from cnncli.insight.intervals import Interval, Z, mean_interval, share_interval


def in_top(probabilities: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Which images have their true class among the k most probable ones; equal probabilities count against it.

    Args:
        probabilities: Shape `(images, classes)`.
        labels: True classes as indices, shape `(images,)`.
        k: Number of classes.

    Returns:
        Bool, shape `(images,)`. A network whose answers are all equal has none, while Keras' top-k metric has all.
    """
    of_truth = probabilities[np.arange(len(labels)), labels][:, None]  # (images, 1)
    return np.asarray((~(probabilities < of_truth)).sum(axis=1) <= k)  # NaN is no answer


_SAME = 1e-12
"""How far two areas are apart at most that are one: the ROCs of two classes."""


class Area(NamedTuple):
    """The area below a curve of one class against the rest.

    Args:
        value: 0 to 1; NaN where it is not defined.
        influence: How much the area changes with the weight of each image, shape `(images,)`; they add up to 0.
        images: Images that decide where it ends: 0 where it is not defined.
    """

    value: float
    influence: np.ndarray
    images: int

    def interval(self, groups: np.ndarray | None = None) -> Interval:
        """Interval at 95 %; NaN where the area is not defined."""
        if self.value < 1 or not self.images:
            return _interval(self.value, self.influence, groups)
        return share_interval(np.ones(self.images, bool))  # of areas of 1 the influences are 0


def ranking_areas(probabilities: np.ndarray, labels: np.ndarray) -> Iterator[tuple[Area, Area]]:
    """The areas below the ROC and the precision-recall curve of each class against the rest.

    Args:
        probabilities: Shape `(images, classes)`.
        labels: True classes as indices, shape `(images,)`.

    Returns:
        Both for each class. None is defined for classes without images, the ROC's neither for one that all have; both
        are not where a probability is NaN.

    Source:
        T. Fawcett (2006), "An introduction to ROC analysis", Pattern Recognition Letters 27; the latter is the average
        precision. The same as `sklearn.metrics.roc_auc_score` and `average_precision_score`.
    """
    return (_areas(probabilities[:, label], labels == label) for label in range(probabilities.shape[1]))


def roc_area(scores: np.ndarray, is_class: np.ndarray) -> float:
    """The area below the ROC curve of a score, both of shape `(images,)`: the chance that it is higher in a class."""
    return _areas(scores, is_class)[0].value


def mean_areas(
    areas: Iterable[tuple[Area, Area]], groups: np.ndarray | None = None
) -> tuple[tuple[float, Interval], ...]:
    """For both curves the mean of the areas that are defined, and its interval at 95 %; NaN where none is.

    The wider one of two intervals: that of the mean, whose terms depend on each other, and that of the intervals of the
    terms, since where all images are ranked rightly only these are wide.

    Args:
        areas: Those of each class, from `ranking_areas`.
        groups: Group of each image as a number, shape `(images,)`; None where each stands alone.

    Source:
        E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson (1988), "Comparing the areas under two or more correlated
        receiver operating characteristic curves", Biometrics 44, whose variance that of the influences is; G. Qin, L.
        Hotilovac (2008), "Comparison of non-parametric confidence intervals for the area under the ROC curve of a
        continuous-scale diagnostic test", Statistical Methods in Medical Research 17, for the logits.
    """
    means = _Mean(groups), _Mean(groups)
    for of_class in areas:
        for mean, area in zip(means, of_class, strict=True):
            mean.add(area)
    return tuple(mean.with_interval() for mean in means)


class _Mean:
    """The mean of areas, each of which is let go: the influences of a thousand classes would need much memory."""

    def __init__(self, groups: np.ndarray | None) -> None:
        self._groups = groups
        self._values, self._ends, self._influence = list[float](), list[Interval](), np.array(0.0)

    def add(self, area: Area) -> None:
        """Adds one, if it is defined."""
        if np.isfinite(area.value):
            self._values.append(area.value)
            self._ends.append(area.interval(self._groups))
            self._influence = self._influence + area.influence  # (images,)

    def with_interval(self) -> tuple[float, Interval]:
        """The mean and its interval."""
        values, ends = self._values, self._ends
        if not values:
            return np.nan, (np.nan, np.nan)
        value = float(np.mean(values))
        low, high = _interval(value, self._influence / len(values), self._groups)
        if len(values) == 2 and np.ptp(values) < _SAME:
            values, ends = values[:1], ends[:1]
        of_terms = mean_interval(np.array(values), np.array(ends))
        return value, (max(min(low, of_terms[0]), 0.0), min(max(high, of_terms[1]), 1.0))


def _interval(value: float, influence: np.ndarray, groups: np.ndarray | None) -> Interval:
    """An interval at 95 % on the scale of logits, from the influence of each image or of each group."""
    from scipy.special import expit, logit, stdtrit

    of_each = influence if groups is None else np.bincount(np.unique(groups, return_inverse=True)[1], influence)
    number = len(of_each)
    if number < 2 or not 0 < value < 1:
        return (value, value) if number > 1 else (np.nan, np.nan)
    error = np.sqrt(number / (number - 1) * (of_each**2).sum())
    half = (Z if groups is None else stdtrit(number - 1, 0.975)) * error / (value * (1 - value))
    low, high = expit(logit(value) + np.array([-half, half]))
    return float(low), float(high)


def _areas(scores: np.ndarray, is_class: np.ndarray) -> tuple[Area, Area]:
    """Those of the ROC and of precision and recall, by what the images of equal and of higher scores are."""
    images, positives = len(scores), int(is_class.sum())
    negatives, nothing = images - positives, Area(np.nan, np.full(images, np.nan), 0)
    if np.isnan(scores).any() or not positives:
        return nothing, nothing
    order = np.argsort(-scores, kind="stable")
    is_end = np.append(np.diff(scores[order]) != 0, True)  # equal scores are one step
    step = np.empty(images, np.int64)
    step[order] = np.append(0, np.cumsum(is_end)[:-1])  # of each image
    ends = np.flatnonzero(is_end)
    found, above = np.cumsum(is_class[order])[ends].astype(np.float64), ends + 1.0  # (steps,)
    gained, false = np.diff(found, prepend=0), above - found
    precision = found / above
    value = float((gained * precision).sum() / positives)
    later = np.cumsum((gained / above)[::-1])[::-1], np.cumsum((gained * precision / above)[::-1])[::-1]
    influence = (is_class * (precision - value + later[0])[step] - later[1][step]) / positives
    precision_recall = Area(value, influence, positives)
    if not negatives:
        return nothing, precision_recall
    below = (negatives - false + np.diff(false, prepend=0) / 2) / negatives  # of negatives, seen from a positive
    higher = (found - gained / 2) / positives  # of positives, seen from a negative
    value = float((gained * below).sum() / positives)
    influence = np.where(is_class, (below[step] - value) / positives, (higher[step] - value) / negatives)
    return Area(value, influence, min(positives, negatives)), precision_recall
