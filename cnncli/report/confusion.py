"""Which classes are mistaken for which: the counts behind the confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnncli.records import Evaluation


@dataclass(frozen=True)
class ConfusedPair:
    """Number of images of one class that were mistaken for another, and their share of that class, 0 to 1."""

    true: int
    predicted: int
    count: int
    share: float


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix of some of the classes."""

    classes: np.ndarray  # (shown,), ascending indices
    counts: np.ndarray  # (shown, shown), images by true and predicted class
    totals: np.ndarray  # (shown,), images of each true class, whatever the prediction
    pairs: tuple[ConfusedPair, ...]  # of all classes, the most frequent first

    def shares(self) -> np.ndarray:
        """Shares of the images of each true class, 0 to 1; NaN without images. Shape `(shown, shown)`, float64."""
        totals = self.totals[:, None]  # (shown, 1)
        return np.divide(self.counts, totals, out=np.full(self.counts.shape, np.nan), where=totals > 0)


def confusion_of(evaluation: Evaluation, at_most: int) -> Confusion:
    """Counts true classes by predicted classes, with the pairs of all classes.

    Of more than `at_most` classes, those of the most frequent confusions are counted.
    """
    classes = len(evaluation.class_names)
    totals = np.bincount(evaluation.labels, minlength=classes)  # (classes,)
    pairs = _confused_pairs(evaluation, totals)
    shown = np.arange(classes) if classes <= at_most else _most_confused(pairs, classes, at_most)  # (shown,)
    place = np.full(classes, -1)
    place[shown] = np.arange(len(shown))
    row, column = place[evaluation.labels], place[evaluation.predicted]  # (images,), (images,)
    inside = (row >= 0) & (column >= 0)
    cells = np.bincount(row[inside] * len(shown) + column[inside], minlength=len(shown) ** 2)
    return Confusion(shown, cells.reshape(len(shown), len(shown)), totals[shown], pairs)


def _confused_pairs(evaluation: Evaluation, totals: np.ndarray) -> tuple[ConfusedPair, ...]:
    wrong = evaluation.labels != evaluation.predicted  # (images,)
    codes = evaluation.labels[wrong] * len(totals) + evaluation.predicted[wrong]
    # Only pairs that occur are counted: a full matrix of 20,000 classes would take 3 GB
    codes, counts = np.unique(codes, return_counts=True)
    true, predicted = np.divmod(codes, len(totals))
    shares = counts / totals[true]
    order = np.lexsort((codes, -shares, -counts))
    return tuple(ConfusedPair(int(true[at]), int(predicted[at]), int(counts[at]), float(shares[at])) for at in order)


def _most_confused(pairs: tuple[ConfusedPair, ...], classes: int, at_most: int) -> np.ndarray:
    """Indices of the classes in the most frequent pairs, so that each pair has a cell in the matrix."""
    confused: dict[int, None] = {}
    for pair in pairs:
        both = confused | {pair.true: None, pair.predicted: None}
        if len(both) > at_most:
            break
        confused = both
    return np.array(sorted(confused) if confused else range(min(classes, at_most)))
