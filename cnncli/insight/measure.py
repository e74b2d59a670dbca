"""Everything that an evaluation is worth in figures, each with its interval."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cnncli.insight.figures import LEAST_GROUPS, LEAST_IMAGES, ClassCounts, bootstrap_intervals, counts_of, figures
from cnncli.insight.intervals import mean_interval, share_interval, wilson
from cnncli.insight.ranking import in_top, mean_areas, ranking_areas
from cnncli.records import Evaluation

TOP = 5

Interval = tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """Figures of an evaluation; those that are not defined are NaN.

    Args:
        figures: By the names of metrics.json.
        intervals: Lower and upper end at 95 %, for those figures that have one.
        recalls: Interval of each class, shape `(classes, 2)`; NaN for a class without images.
        precisions: The same of the images that were given to each class.
        images: Number of images.
        groups: Number of groups that they come in; 0 where each stands alone.
    """

    figures: Mapping[str, float]
    intervals: Mapping[str, Interval]
    recalls: np.ndarray
    precisions: np.ndarray
    images: int
    groups: int

    @property
    def too_few(self) -> str:
        """What there are too few of for intervals of the averages; empty if there are enough."""
        if self.images < LEAST_IMAGES:
            return f"fewer than {LEAST_IMAGES} images"
        return f"fewer than {LEAST_GROUPS} groups" if 0 < self.groups < LEAST_GROUPS else ""


def measure(evaluation: Evaluation) -> Measured:
    """Measures an evaluation of at least one image."""
    labels, predicted, groups = evaluation.labels, evaluation.predicted, evaluation.groups
    classes = len(evaluation.class_names)
    counts, is_right = counts_of(labels, predicted, classes), labels == predicted
    shares = {"accuracy": is_right}
    if classes > TOP:
        shares[f"top_{TOP}_accuracy"] = in_top(evaluation.probabilities, labels, TOP)
    values = {name: float(right.mean()) for name, right in shares.items()}
    intervals = {name: share_interval(right, groups) for name, right in shares.items()}
    averages = {name: float(value) for name, value in figures(counts).items()}
    areas = mean_areas(ranking_areas(evaluation.probabilities, labels), groups)
    of_areas = dict(zip(("roc_auc", "pr_auc"), areas, strict=True))
    measured = Measured(
        values | averages | {name: value for name, (value, _) in of_areas.items()},
        intervals,
        _of_classes(labels, is_right, counts.true, counts.right, groups),
        _of_classes(predicted, is_right, counts.predicted, counts.right, groups),
        len(labels),
        0 if groups is None else len(np.unique(groups)),
    )
    if not measured.too_few:
        sampled = bootstrap_intervals(labels, predicted, classes, groups, averages)
        if is_right.all():  # of which every sample is all right as well
            sampled = dict.fromkeys(averages, intervals["accuracy"])
        intervals |= sampled | {name: ends for name, (_, ends) in of_areas.items()}
        of_classes = _class_averages(counts, measured)
        intervals |= {
            name: (min(ends[0], sampled[name][0]), max(ends[1], sampled[name][1])) for name, ends in of_classes
        }
    defined = {name: ends for name, ends in intervals.items() if all(map(math.isfinite, ends))}
    return dataclasses.replace(measured, intervals=defined)


def _class_averages(counts: ClassCounts, measured: Measured) -> Iterator[tuple[str, Interval]]:
    """Intervals of those averages whose terms have one: the bootstrap takes 3 of 3 right images for certain."""
    averaged = {
        "macro_recall": (counts.true, measured.recalls, len(counts.true)),
        "macro_precision": (counts.predicted, measured.precisions, len(counts.true)),
        "balanced_accuracy": (counts.true, measured.recalls, np.count_nonzero(counts.true)),
    }
    for name, (totals, ends, number) in averaged.items():
        known = (totals > 0) & np.isfinite(ends).all(axis=1)  # (classes,)
        low, high = mean_interval(counts.right[known] / totals[known], ends[known])
        share = float(known.sum() / number)
        yield name, (low * share, high * share)


def _of_classes(
    classes: np.ndarray, is_right: np.ndarray, totals: np.ndarray, right: np.ndarray, groups: np.ndarray | None
) -> np.ndarray:
    """For each class the interval of the share of its images that are right, shape `(classes, 2)`."""
    if groups is None:
        return np.stack(wilson(right, totals), axis=1)
    of = [np.flatnonzero(classes == label) for label in range(len(totals))]
    return np.array([share_interval(is_right[indices], groups[indices]) for indices in of])
