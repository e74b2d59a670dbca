"""How well the probabilities of a class rank the images: figures that need no threshold."""

from __future__ import annotations

import numpy as np


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


def ranking_areas(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The areas below the ROC and the precision-recall curve of each class against the rest.

    Args:
        probabilities: Shape `(images, classes)`.
        labels: True classes as indices, shape `(images,)`.

    Returns:
        Two arrays of shape `(classes,)`, 0 to 1; NaN for classes without images, the ROC also for one that all have;
        both where a probability is NaN.

    Source:
        T. Fawcett (2006), "An introduction to ROC analysis", Pattern Recognition Letters 27; the latter is the average
        precision. The same as `sklearn.metrics.roc_auc_score` and `average_precision_score`.
    """
    areas = [_areas(probabilities[:, label], labels == label) for label in range(probabilities.shape[1])]
    roc, precision_recall = np.array(areas).T  # (classes,), (classes,)
    return roc, precision_recall


def _areas(scores: np.ndarray, is_class: np.ndarray) -> tuple[float, float]:
    if np.isnan(scores).any():
        return np.nan, np.nan
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # equal scores are one step
    found = np.cumsum(is_class[order])[ends].astype(np.float64)  # (steps,)
    false, gained = ends + 1 - found, np.diff(found, prepend=0)
    with np.errstate(invalid="ignore"):
        roc = np.trapezoid(np.append(0, found), np.append(0, false)) / (found[-1] * false[-1])
        return float(roc), float((gained * found / (ends + 1)).sum() / found[-1])
