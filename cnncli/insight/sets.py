"""Sets of classes that hold the right one as often as was asked for: conformal prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cnncli.insight.intervals import Interval, if_known, share_interval
from cnncli.wording import percentage, with_interval

_FLOOR, _FLOOR_OF_TWO = 1e-30, 1e-6
"""A class whose least probability is no more than this is in every set: smaller ones are no more told apart in float32;
of a single sigmoid unit, whose first class has 1 - p, no more than the latter."""


def least_images(level: float) -> int:
    """Images that a threshold needs at least: of fewer, the largest score is too small already."""
    return math.ceil(round(level / (1 - level), 6))


def conformal_quantile(values: np.ndarray, level: float) -> float:
    """The threshold that a new value of the same kind stays below or at with a probability of at least `level`.

    Of n values it is the ⌈(n+1)·level⌉-th smallest, which is exact for any number of values and any distribution;
    the probability is at most 1/(n+1) higher where no two values are equal.

    Raises:
        ValueError: There are fewer than `least_images(level)`.

    Source:
        V. Vovk, A. Gammerman, G. Shafer (2005), "Algorithmic learning in a random world", Springer.
    """
    rank = _rank(len(values), level)
    if rank > len(values):
        raise ValueError(f"{len(values)} values are too few for a level of {level}")
    return float(np.partition(values, rank - 1)[rank - 1])


def _rank(images: int, level: float) -> int:
    return math.ceil(round((images + 1) * level, 9))


@dataclass(frozen=True)
class ClassSets:
    """What belongs into the set of an image: every class whose probability is at least its own least one.

    Args:
        level: Share of images whose set holds their class: the coverage that was asked for, 0 to 1.
        least: Shape `(classes,)`, float32; 0 for a class that is in every set.
        has_own: Which classes have a threshold of their own images, bool, shape `(classes,)`.
        images: Number of images that the thresholds are from.
    """

    level: float
    least: np.ndarray
    has_own: np.ndarray
    images: int

    @property
    def thresholds(self) -> np.ndarray:
        """The same as scores: the largest -ln p of a class in a set, shape `(classes,)`, float64; may be infinite."""
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(self.least.astype(np.float64)))

    def members(self, probabilities: np.ndarray) -> np.ndarray:
        """Which classes are in the set of each image, bool, for probabilities `(images, classes)`, float32."""
        return np.asarray(probabilities.astype(np.float32, copy=False) >= self.least)


def fit_sets(probabilities: np.ndarray, labels: np.ndarray, level: float) -> ClassSets | None:
    """Thresholds from images that the network was not trained on; None if these are too few.

    A class with images enough has a threshold of its own, so that its images are covered as often as those of others.
    The rest share one: that of their images together if these are enough, else that of all images.

    Args:
        probabilities: Shape `(images, classes)`.
        labels: True classes as indices, shape `(images,)`.
        level: Between 0 and 1, both excluded.

    Source:
        M. Sadinle, J. Lei, L. Wasserman (2019), "Least ambiguous set-valued classifiers with bounded error levels",
        JASA 114. V. Vovk (2012), "Conditional validity of inductive conformal predictors", ACML.
    """
    enough = least_images(level)
    if len(labels) < enough:
        return None
    of_truth = -probabilities[np.arange(len(labels)), labels].astype(np.float32)  # (images,)
    has_own = np.bincount(labels, minlength=probabilities.shape[1]) >= enough  # (classes,)
    others = of_truth[~has_own[labels]]
    shared = conformal_quantile(others if len(others) >= enough else of_truth, level)
    least = np.full(len(has_own), -shared, np.float32)
    for label in np.flatnonzero(has_own):
        least[label] = -conformal_quantile(of_truth[labels == label], level)
    least[least <= (_FLOOR_OF_TWO if len(least) == 2 else _FLOOR)] = 0
    return ClassSets(level, least, has_own, len(labels))


@dataclass(frozen=True)
class MeasuredSets:
    """How often sets of other images hold the right class, and how large they are.

    Args:
        images: Number of images.
        coverage: Share of images whose set holds their class.
        interval: Holds the true share in 95 of 100 cases.
        size: Mean number of classes in a set.
        single: Share of sets of one class.
        empty: Share of sets of none.
        empty_accuracy: Accuracy of the most probable class in images with an empty set; NaN without any.
        class_coverage: Coverage of the images of each class, shape `(classes,)`; NaN for one without images.
        class_intervals: Shape `(classes, 2)`.
    """

    images: int
    coverage: float
    interval: Interval
    size: float
    single: float
    empty: float
    empty_accuracy: float
    class_coverage: np.ndarray
    class_intervals: np.ndarray

    def sentence(self, level: float) -> str:
        """What sets of this level did, in two halves with a semicolon between them."""
        coverage = with_interval(self.coverage, if_known(self.interval), self.images)
        none = round(self.empty * self.images)
        empty = f", {percentage(none, self.images, 1)} empty" if none else ""
        return f"sets at {level:g} hold the right class in {coverage}; {self.size:.1f} classes on average{empty}"


def measure_sets(
    sets: ClassSets, probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None
) -> MeasuredSets:
    """Measures sets on images that neither the network nor the thresholds have seen.

    Args:
        sets: Thresholds of other images.
        probabilities: Shape `(images, classes)`.
        labels: True classes as indices, shape `(images,)`.
        groups: Group of each image as a number, shape `(images,)`; None where each stands alone.
    """
    members = sets.members(probabilities)  # (images, classes)
    covered, sizes = members[np.arange(len(labels)), labels], members.sum(axis=1)  # (images,), (images,)
    is_empty = sizes == 0
    right = probabilities[is_empty].argmax(axis=1) == labels[is_empty]
    of_classes = [np.flatnonzero(labels == label) for label in range(probabilities.shape[1])]
    return MeasuredSets(
        len(labels),
        float(covered.mean()),
        share_interval(covered, groups),
        float(sizes.mean()),
        float((sizes == 1).mean()),
        float(is_empty.mean()),
        float(right.mean()) if len(right) else math.nan,
        np.array([covered[of].mean() if len(of) else math.nan for of in of_classes]),
        np.array([share_interval(covered[of], None if groups is None else groups[of]) for of in of_classes]),
    )
