"""Which of several classifiers is better, and whether that is more than luck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cnncli.insight.intervals import Z, wilson

LEVEL = 0.05
"""A difference with a smaller p is called one: it would be found between equal classifiers in 5 of 100 cases."""


def mcnemar(gained: int, lost: int) -> tuple[float, float]:
    """How probable it is that two equally good classifiers differ at least so much on the same images.

    Args:
        gained: Images that only the second has right.
        lost: Images that only the first has right.

    Returns:
        The exact p, and the mid-p, which is nearer to what it says: the exact one finds too few differences. Both 1
        where the classifiers are right on the same images.

    Source:
        Q. McNemar (1947), Psychometrika 12; the exact p as `scipy.stats.binomtest(gained, gained + lost).pvalue`.
        M. W. Fagerland, S. Lydersen, P. Laake (2013), "The McNemar test for binary matched-pairs data: mid-p and
        asymptotic are better than exact conditional", BMC Medical Research Methodology 13.
    """
    number, fewer = gained + lost, min(gained, lost)
    if not number:
        return 1.0, 1.0
    from scipy.special import bdtr  # the binomial distribution; all of scipy.stats would take half of a comparison

    at_most, less = bdtr(fewer, number, 0.5), bdtr(fewer - 1, number, 0.5) if fewer else 0.0
    return min(1.0, float(2 * at_most)), min(1.0, float(at_most + less))


def paired_interval(gained: int, lost: int, images: int) -> tuple[float, float]:
    """Interval at 95 % of the difference between two accuracies on the same images.

    Source:
        A. Agresti, Y. Min (2005), "Simple improved confidence intervals for comparing matched proportions", Statistics
        in Medicine 24.
    """
    gained_, lost_, images_ = gained + 0.5, lost + 0.5, images + 2
    middle = (gained_ - lost_) / images_
    half = Z * np.sqrt(((gained_ + lost_) / images_ - middle**2) / images_)
    return max(float(middle - half), -1.0), min(float(middle + half), 1.0)


def grouped_difference(difference: np.ndarray, groups: np.ndarray) -> tuple[tuple[float, float], float]:
    """Interval at 95 % of a mean difference, and its p, where images come in groups.

    Args:
        difference: 1 for an image that only the second has right, -1 for one that only the first has, else 0.
        groups: Group of each image as a number, shape `(images,)`.

    Returns:
        The interval, NaN of a single group; the p, 1 where the classifiers are right on the same images.

    Source:
        W. G. Cochran (1977), "Sampling Techniques", 3rd edition, section 9A.1, with a t test over the groups.
    """
    from scipy.special import stdtr, stdtrit

    _, place = np.unique(groups, return_inverse=True)
    sums, sizes, mean = np.bincount(place, weights=difference), np.bincount(place), float(difference.mean())
    number = len(sizes)
    if number < 2:
        return (np.nan, np.nan), 1.0
    error = float(np.sqrt(number / (number - 1) * ((sums - mean * sizes) ** 2).sum()) / len(difference))
    half = float(stdtrit(number - 1, 0.975)) * error
    p = 1.0 if not difference.any() else 2 * float(stdtr(number - 1, -abs(mean) / error)) if error else 0.0
    return (mean - half, mean + half), p


class Paired(NamedTuple):
    """Two classifiers on the same images.

    Args:
        gained: Images that only the second has right.
        lost: Images that only the first has right.
        difference: Of their accuracies.
        interval: The same at 95 %; None of a single group.
        exact: McNemar's exact p; None where images come in groups.
        p: The mid-p, or that of a t test over the groups.
    """

    gained: int
    lost: int
    difference: float
    interval: tuple[float, float] | None
    exact: float | None
    p: float


def paired(change: np.ndarray, groups: np.ndarray | None = None) -> Paired:
    """Compares two classifiers on the same images.

    Args:
        change: 1 for an image that only the second has right, -1 for one that only the first has, else 0.
        groups: Group of each image as a number, shape `(images,)`; None where each stands alone.
    """
    gained, lost, difference = int((change > 0).sum()), int((change < 0).sum()), float(change.mean())
    if groups is None:
        exact, p = mcnemar(gained, lost)
        return Paired(gained, lost, difference, paired_interval(gained, lost, len(change)), exact, p)
    ends, p = grouped_difference(change, groups)
    return Paired(gained, lost, difference, ends if np.isfinite(ends).all() else None, None, p)


def unpaired_interval(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, float]:
    """Interval at 95 % of the difference between two accuracies on different images, each as right of how many.

    Source:
        R. G. Newcombe (1998), "Interval estimation for the difference between independent proportions", Statistics in
        Medicine 17.
    """
    shares, ends = zip(*((right / total, wilson(right, total)) for right, total in (first, second)), strict=True)
    (low, high), (other_low, other_high) = ((float(low), float(high)) for low, high in ends)
    difference = shares[1] - shares[0]
    return (
        difference - float(np.hypot(shares[1] - other_low, high - shares[0])),
        difference + float(np.hypot(other_high - shares[1], shares[0] - low)),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """The p of several comparisons, adjusted so that one of them is below 0.05 by luck in at most 5 of 100 cases.

    Source:
        S. Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = largest
    return adjusted


def flattery(right: np.ndarray, draws: int = 1000) -> float:
    """By how much the best of several equally good classifiers seems better than it is, on average.

    Args:
        right: Which images each has right, bool, shape `(classifiers, images)`.
        draws: Samples of the images.

    Returns:
        A difference of accuracies: the mean over the samples of the largest deviation of any classifier.
    """
    patterns, sizes = np.unique(right, axis=1, return_counts=True)  # (classifiers, patterns)
    total = right.shape[1]
    drawn = np.random.default_rng(0).multinomial(total, sizes / total, size=draws)  # (draws, patterns)
    accuracies = drawn @ patterns.T / total  # (draws, classifiers)
    return float((accuracies - right.mean(axis=1)).max(axis=1).mean())


def welch(first: Sequence[float], second: Sequence[float]) -> tuple[tuple[float, float], float]:
    """Interval at 95 % of the difference of two means over repeats, two or more each, and its p.

    Source:
        B. L. Welch (1947), "The generalization of Student's problem when several different population variances are
        involved", Biometrika 34; as `scipy.stats.ttest_ind(second, first, equal_var=False)`.
    """
    from scipy.special import stdtr, stdtrit

    terms = [np.var(values, ddof=1) / len(values) for values in (first, second)]
    difference, variance = float(np.mean(second) - np.mean(first)), float(sum(terms))
    if not variance:
        return (difference, difference), 1.0 if not difference else 0.0
    squares = sum(term**2 / (len(values) - 1) for term, values in zip(terms, (first, second), strict=True))
    freedom = variance**2 / squares
    half = float(stdtrit(freedom, 0.975)) * variance**0.5
    return (difference - half, difference + half), 2 * float(stdtr(freedom, -abs(difference) / variance**0.5))
