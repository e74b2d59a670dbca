"""What test-time augmentation brings: answers to several views of each image, averaged, against those to one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnncli.data.samples import LabelledImages
from cnncli.insight.comparison import paired
from cnncli.insight.intervals import share_interval
from cnncli.insight.views import View, Views, averaged
from cnncli.records import AugmentationGain, Evaluation
from cnncli.report.classification import log_loss


@dataclass(frozen=True)
class ViewedImages:
    """A view of labelled images."""

    samples: LabelledImages
    view: View

    @property
    def labels(self) -> np.ndarray:
        """As `LabelledImages` has it."""
        return self.samples.labels

    @property
    def names(self) -> tuple[str, ...]:
        """As `LabelledImages` has it."""
        return self.samples.names

    @property
    def shape(self) -> tuple[int, int, int]:
        """As `LabelledImages` has it."""
        return self.samples.shape

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, indices: np.ndarray) -> ViewedImages:
        """As `LabelledImages` has it."""
        return ViewedImages(self.samples.take(indices), self.view)

    def read(self, indices: np.ndarray) -> np.ndarray:
        """The view of the images at these indices."""
        return self.view.of(self.samples.read(indices))


def with_gain(
    evaluation: Evaluation, samples: LabelledImages, views: Views, measure: Callable[[LabelledImages], Evaluation]
) -> Evaluation:
    """The evaluation, whose figures stay, with the gain of all views over the image as it is.

    Args:
        evaluation: That of the images as they are.
        samples: The images.
        views: What is averaged, the image as it is first.
        measure: Evaluates a view of the images.
    """
    others = [measure(ViewedImages(samples, view)).probabilities for view in views.views[1:]]
    every = dataclasses.replace(evaluation, probabilities=averaged([evaluation.probabilities, *others]))
    labels, groups = evaluation.labels, evaluation.groups
    right, before = every.predicted == labels, evaluation.predicted == labels
    found = paired(right.astype(np.int64) - before, groups)
    ends = share_interval(right, groups)
    losses = (value if math.isfinite(value) else None for value in map(log_loss, (every, evaluation)))
    gain = AugmentationGain(
        len(views.views),
        views.words,
        float(right.mean()),
        ends if all(map(math.isfinite, ends)) else None,
        found.difference,
        found.interval,
        found.p,
        found.gained,
        found.lost,
        *losses,
    )
    return dataclasses.replace(evaluation, augmented=gain)
