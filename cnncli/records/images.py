"""Evaluations and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.lasting import lasting
from cnncli.records.html import html_table

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class AugmentationGain:
    """What several views of each image bring, all answered and averaged, on the images of an evaluation.

    Args:
        views: Number of views of an image, itself among them.
        words: What they are: `horizontal flip, shifts by 3 pixels`.
        accuracy: Share of images that are right.
        interval: Holds the true accuracy in 95 of 100 cases; None where there are too few groups for one.
        gain: How much more accurate that is than one view, -1…1.
        gain_interval: The same for the gain, of the same images.
        p: How probable such a gain is where there is none; McNemar's mid-p.
        gained: Images that are right only with all views.
        lost: Images that are right only with one.
        log_loss: Mean of -ln p of the true class; None where the outputs are no probabilities.
        log_loss_of_one: The same with one view.

    Example:
        >>> import cnncli
        >>> cnncli.open_run("runs/mnist-001").evaluate().evaluation.augmented is None
        True
    """

    views: int
    words: str
    accuracy: float
    interval: tuple[float, float] | None
    gain: float
    gain_interval: tuple[float, float] | None
    p: float
    gained: int
    lost: int
    log_loss: float | None
    log_loss_of_one: float | None


@dataclass(frozen=True)
class Evaluation:
    """Predictions for every image of one split, with its metrics.

    Args:
        split: `train`, `validation` or `test`; empty for other images that form no splits.
        class_names: Class names in the order of the model's outputs.
        images: File of each image, or its index in the source as text.
        labels: True classes as indices, shape `(images,)`, int64.
        probabilities: Probability of each class, shape `(images, classes)`, float32.
        metrics: `loss` and every metric of the spec.
        loss_contains: What the loss has besides the log loss, such as `label smoothing 0.1`; empty if nothing.
        weights: The weights that were measured, `best` or `last`.
        on: Folder or table of the images, if they are not the run's own; else empty.
        logits: What the softmax of makes the probabilities, shape `(images, classes)`, float32; of one sigmoid unit 0
            for the first class. None where the outputs are no probabilities.
        groups: Number of the group that each image belongs to, such as a patient, shape `(images,)`, int64; None where
            each image stands alone.
        augmented: What test-time augmentation brings, where that was measured.
    """

    split: str
    class_names: tuple[str, ...]
    images: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray
    metrics: Mapping[str, float]
    loss_contains: str = ""
    weights: str = "best"
    on: str = ""
    logits: np.ndarray | None = None
    groups: np.ndarray | None = None
    augmented: AugmentationGain | None = None

    @property
    def title(self) -> str:
        """What was measured, as texts call it: `test`, `test, last weights`, `photos/new, test`."""
        weights = "" if self.weights == "best" else f"{self.weights} weights"
        return ", ".join(part for part in (self.on, self.split, weights) if part)

    @cached_property
    def predicted(self) -> np.ndarray:
        """Most probable class of each image as an index, shape `(images,)`, int64."""
        return self.probabilities.argmax(axis=1)  # (images,)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Probability of the predicted class, shape `(images,)`, float32."""
        return self.probabilities.max(axis=1)  # (images,)


@dataclass(frozen=True)
class Prediction:
    """The probabilities of the classes for one image; shows itself as a table in a notebook.

    Args:
        image: Path of the file, `-` for standard input, or the position: `image 3`.
        class_names: Names of all classes.
        probabilities: One for each class, 0…1.
        note: A warning about the image; empty when there is none.
        top_k: Number of classes in `top`.
        doubt: With `unknown`, `unlike` for an image unlike the training images, `unsure` for an answer of little
            confidence, else empty. None without.
        classes_in_set: With `coverage`, classes of the set that holds the right one as often as that, most probable
            first; of a doubtful image there may be none. None without.

    Example:
        >>> from cnncli import Prediction
        >>> prediction = Prediction("cat.png", ("cat", "dog", "owl"), (0.7, 0.1, 0.2), top_k=2)
        >>> prediction.class_name, prediction.probability
        ('cat', 0.7)
        >>> prediction.top
        (('cat', 0.7), ('owl', 0.2))
    """

    image: str
    class_names: tuple[str, ...]
    probabilities: tuple[float, ...]
    note: str = ""
    top_k: int = 1
    classes_in_set: tuple[str, ...] | None = None
    doubt: str | None = None

    @cached_property
    def top(self) -> tuple[tuple[str, float], ...]:
        """The `top_k` most probable classes with their probabilities, most probable first."""
        ranked = sorted(zip(self.class_names, self.probabilities, strict=True), key=lambda pair: -pair[1])
        return tuple(ranked[: self.top_k])

    @property
    def runner_up(self) -> tuple[str, float] | None:
        """The second class with its probability, if it is at least half as probable as the first; else None."""
        ranked = sorted(zip(self.class_names, self.probabilities, strict=True), key=lambda pair: -pair[1])
        return ranked[1] if len(ranked) > 1 and 2 * ranked[1][1] >= ranked[0][1] else None

    @property
    def class_name(self) -> str:
        """The most probable class."""
        return self.top[0][0]

    @property
    def probability(self) -> float:
        """The probability of the most probable class, 0…1."""
        return self.top[0][1]

    def __repr__(self) -> str:
        return f"Prediction({self.image!r}, {self.class_name!r}, {self.probability:.4f})"

    def _repr_html_(self) -> str:
        rows = [(name, f"{value:.4f}") for name, value in self.top]
        if self.classes_in_set is not None:
            rows.append(("in the set", ", ".join(self.classes_in_set) or "no class"))
        if self.doubt is not None:
            rows.append(("doubt", self.doubt or "none"))
        return html_table((self.image, "probability"), rows)


@dataclass(frozen=True)
class UnreadableImage:
    """An image that could not be read.

    Args:
        image: Its name, as in `Prediction`.
        reason: What is wrong with it.

    Example:
        >>> import cnncli
        >>> run = cnncli.open_run("runs/mnist-001")
        >>> run.predict(["missing.png"], keep_unreadable=True)
        [UnreadableImage(image='missing.png', reason='missing.png does not exist: no such file')]
    """

    image: str
    reason: str


@lasting("path", "unreadable_list")
@dataclass(frozen=True)
class WrittenPredictions:
    """Predictions that were written to a file.

    Args:
        path: The file.
        images: Number of images that were asked for; of a shard, those in it.
        answers: Number of those with a prediction.
        unreadable: Number of those that cannot be read.
        unreadable_list: File that lists these with the reason; None if there are none.
        notes: Warnings about images: the number of those that each applies to, and the name of the first.
        done_before: Number of images that were done when the call began, with `resume`.

    Example:
        >>> import cnncli
        >>> written = cnncli.open_run("runs/mnist-001").predict_to("answers.csv", "digit.png", overwrite=True)
        >>> written.path.name, written.answers, written.unreadable
        ('answers.csv', 1, 0)
    """

    path: Path
    images: int
    answers: int
    unreadable: int
    unreadable_list: Path | None = None
    notes: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    done_before: int = 0
