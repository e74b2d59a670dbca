"""Figures of a classification that follow from three numbers of each class: images, answers, right answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cnncli.insight.intervals import Z

DRAWS = 400
"""Samples of a bootstrap: the width of an interval is then off by 4 %, one standard error."""

LEAST_IMAGES = 100
"""Images from which on a bootstrap covers what it should."""

LEAST_GROUPS = 20
"""Groups from which on a bootstrap of groups does."""


class ClassCounts(NamedTuple):
    """Images of each class, answers with it, and right ones; each of shape `(classes,)`, or `(draws, classes)`."""

    true: np.ndarray
    predicted: np.ndarray
    right: np.ndarray


def counts_of(labels: np.ndarray, predicted: np.ndarray, classes: int) -> ClassCounts:
    """The counts of labels and answers, each of shape `(images,)`."""
    of = (labels, predicted, labels[labels == predicted])
    return ClassCounts(*(np.bincount(each, minlength=classes) for each in of))


def figures(counts: ClassCounts, of: ClassCounts | None = None) -> dict[str, np.ndarray]:
    """Averages of classes and measures of agreement, by the names of metrics.json.

    A class without images or answers counts 0, as in scikit-learn's report. In a sample of the images, the classes
    that it lacks by chance are left out instead; balanced accuracy leaves out all that have no images.

    Args:
        counts: Counts, of one sample or of many.
        of: The counts that these are samples of; themselves by default.

    Returns:
        For each name a number, or an array of shape `(draws,)`; NaN where a figure is not defined.

    Source:
        Kappa: J. Cohen (1960), Educational and Psychological Measurement 20. MCC of several classes: J. Gorodkin
        (2004), Computational Biology and Chemistry 28; 0 where it is 0/0, as in `sklearn.metrics.matthews_corrcoef`.
    """
    true, predicted, right = (each.astype(np.float64) for each in counts)
    whole, images = of or counts, true.sum(-1)

    def mean(values: np.ndarray, shown: np.ndarray) -> np.ndarray:  # of the classes that are shown
        return np.where(shown, values, 0).sum(-1) / shown.sum(-1)

    with np.errstate(invalid="ignore", divide="ignore"):
        recall, precision, f1 = right / true, right / predicted, 2 * right / (true + predicted)
        precision = np.where(predicted > 0, precision, 0)
        known, seen = np.mean(whole.true > 0), np.mean(whole.true + whole.predicted > 0)
        balanced = mean(recall, true > 0)
        agreed, chance = right.sum(-1) / images, (true * predicted).sum(-1) / images**2
        spread = [1 - ((each / images[..., None]) ** 2).sum(-1) for each in (true, predicted)]
        scale = np.sqrt(spread[0] * spread[1])
        return {
            "macro_precision": mean(precision, true + predicted > 0) * seen,
            "macro_recall": balanced * known,
            "macro_f1": mean(f1, true + predicted > 0) * seen,
            "weighted_f1": np.where(true > 0, true * f1, 0).sum(-1) / images,
            "balanced_accuracy": balanced,
            "kappa": (agreed - chance) / (1 - chance),
            "mcc": np.where(scale > 0, (agreed - chance) / scale, 0.0),
        }


def bootstrap_intervals(
    labels: np.ndarray, predicted: np.ndarray, classes: int, groups: np.ndarray | None, values: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """Intervals of averages, at 95 %: 1.96 standard deviations of the figures of samples, to both sides.

    Percentiles of the samples would miss the figure itself where classes have few images: the F1 of a sample is too
    low, for it repeats some of the images in place of others.

    Args:
        labels: True classes as indices, shape `(images,)`.
        predicted: Answers, shape `(images,)`.
        classes: Number of classes.
        groups: Group of each image as a number, shape `(images,)`, to be drawn whole; or None.
        values: The figures.
    """
    of_samples = figures(resampled(labels, predicted, classes, groups), counts_of(labels, predicted, classes))
    half = {name: Z * float(np.nanstd(of_samples[name])) for name in values}
    least = {"kappa": -1.0, "mcc": -1.0}
    return {
        name: (max(value - half[name], least.get(name, 0.0)), min(value + half[name], 1.0))
        for name, value in values.items()
    }


def resampled(
    labels: np.ndarray, predicted: np.ndarray, classes: int, groups: np.ndarray | None = None, seed: int = 0
) -> ClassCounts:
    """The counts of many samples of the images, or of their groups, drawn with replacement.

    Images with the same label and the same answer are drawn together: their numbers are multinomial.

    Source:
        B. Efron (1979), "Bootstrap methods: another look at the jackknife", Annals of Statistics 7.
    """
    from scipy.sparse import csr_array

    random = np.random.default_rng(seed)
    of_image = labels * classes + predicted if groups is None else groups  # what is drawn as one
    _, first, place, sizes = np.unique(of_image, return_index=True, return_inverse=True, return_counts=True)
    if groups is None:
        labels, predicted, place = labels[first], predicted[first], np.arange(len(first))
        total, shares = int(sizes.sum()), sizes / sizes.sum()
    else:
        total, shares = len(sizes), np.full(len(sizes), 1 / len(sizes))
    is_right = labels == predicted
    parts = ((place, labels), (place, predicted), (place[is_right], labels[is_right]))
    shape = (len(sizes), classes)
    matrices = [csr_array((np.ones(len(rows)), (rows, columns)), shape=shape) for rows, columns in parts]
    blocks = []
    for _ in range(10):  # so that the numbers of many confusions need little memory
        drawn = random.multinomial(total, shares, size=DRAWS // 10).astype(np.float64)  # (draws, drawn as one)
        blocks.append([drawn @ matrix for matrix in matrices])
    return ClassCounts(*map(np.concatenate, zip(*blocks, strict=True)))
