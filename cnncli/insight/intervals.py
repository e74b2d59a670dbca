"""How sure a figure is: intervals that hold the true value in 95 of 100 cases."""

from __future__ import annotations

import numpy as np

Interval = tuple[float, float]

Z = 1.959963984540054
"""Within so many standard deviations are 95 % of a normal distribution."""


def wilson(right: np.ndarray | float, total: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval of a share, at 95 %.

    Args:
        right: How many are right.
        total: Of how many.

    Returns:
        Lower and upper end; NaN of nothing.

    Source:
        E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22; the same
        as `scipy.stats.binomtest(right, total).proportion_ci(method="wilson")`.
    """
    right, total = np.asarray(right, np.float64), np.asarray(total, np.float64)
    with np.errstate(invalid="ignore"):
        half = Z * np.sqrt(right * (total - right) / total + Z**2 / 4)
    low, high = (right + Z**2 / 2 - half) / (total + Z**2), (right + Z**2 / 2 + half) / (total + Z**2)
    return np.where(right == 0, 0 * low, low), np.where(right == total, 0 * high + 1, high)


def effective_size(right: np.ndarray, groups: np.ndarray) -> float:
    """How many independent images say as much about a share as these, which come in groups.

    Args:
        right: Which images are right, bool, shape `(images,)`.
        groups: Group of each image as a number, shape `(images,)`.

    Returns:
        At most the number of images; NaN of a single group, which says nothing about others.

    Source:
        E. L. Korn, B. I. Graubard (1998), "Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data", Survey Methodology 24. Where all or none are right, groups count as images.
    """
    from scipy.special import stdtrit

    _, place = np.unique(groups, return_inverse=True)
    sizes, sums = np.bincount(place), np.bincount(place, weights=right)  # (groups,)
    number, images, share = len(sizes), len(right), float(np.mean(right))
    if number < 2:
        return np.nan
    size = float(number)
    if 0 < share < 1:
        variance = number / (number - 1) * ((sums - share * sizes) ** 2).sum() / images**2
        size = min(share * (1 - share) / variance, images) if variance else images
    return float(size * (Z / stdtrit(number - 1, 0.975)) ** 2)


def share_interval(right: np.ndarray, groups: np.ndarray | None = None) -> tuple[float, float]:
    """Interval of the share of images that are right: Wilson's, of as many images as the groups are worth."""
    size = len(right) if groups is None or not len(right) else effective_size(right, groups)
    low, high = wilson(np.mean(right) * size if len(right) else 0.0, size)
    return float(low), float(high)


def if_known(interval: Interval) -> Interval | None:
    """The interval; None for that of a single group, which is not a number."""
    return interval if interval[0] == interval[0] else None


def mean_interval(shares: np.ndarray, ends: np.ndarray) -> tuple[float, float]:
    """Interval of the mean of several shares, such as the recalls of all classes, from the interval of each.

    Args:
        shares: Shape `(classes,)`.
        ends: Lower and upper end of each, shape `(classes, 2)`.

    Source:
        G. Y. Zou, A. Donner (2008), "Construction of confidence limits about effect measures: a general approach",
        Statistics in Medicine 27.
    """
    mean, apart = shares.mean(), np.sqrt(((ends - shares[:, None]) ** 2).sum(axis=0)) / len(shares)  # (2,)
    return float(mean - apart[0]), float(mean + apart[1])
