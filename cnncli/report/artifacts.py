"""The files of a run that are made from its results, each once: what it is, when it is written, and by what.

A new artefact is a function `(data, path)` that writes it, and a line in `ARTIFACTS`.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Container, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from cnncli.records import Evaluation, History, ModelSummary
from cnncli.wording import counted

if TYPE_CHECKING:
    from cnncli.insight.abstention import Abstention
    from cnncli.insight.calibration import Calibration, Temperature
    from cnncli.insight.sets import ClassSets, MeasuredSets
    from cnncli.report.classification import ClassificationReport
    from cnncli.report.page import RunFacts

Write = Callable[[str], AbstractContextManager[Path]]
"""Gives a path to write a file of that name to; the file is put in its place when the block ends."""

Moment = Literal["start", "epoch", "end", "evaluation"]
"""When an artefact is written, and from what: `StartData`, a `History` (each epoch, and the end), `EvaluationData`."""


SET_LEVELS = (0.8, 0.9, 0.95, 0.99)
"""Coverages that sets of classes are measured at in every evaluation; `cnncli predict --coverage` takes any."""

_TOLD = 0.95
"""The level that a report is about, if there are validation images enough."""


@dataclass(frozen=True)
class StartData:
    """What is known when a training starts."""

    title: str  # name of the spec
    images: Callable[[], Sequence[np.ndarray]]  # gives up to 25 training images, uint8 `(height, width, channels)`
    labels: Sequence[int]  # class of each of these images, an index into the names
    class_names: Sequence[str]
    summary: Callable[[], ModelSummary]  # gives the summary of the network


@dataclass(frozen=True)
class EvaluationData:
    """An evaluation of at least one image, and what its files need besides.

    Args:
        evaluation: The evaluation.
        images: Gives the images at indices of the evaluation, uint8, each `(height, width, channels)`.
        validation: The evaluation of the validation images; None where there are none but those of the evaluation.
        run: The run that was evaluated; None of something else.
    """

    evaluation: Evaluation
    images: Callable[[Sequence[int]], Sequence[np.ndarray]]
    validation: Evaluation | None = None
    run: RunFacts | None = None

    @cached_property
    def report(self) -> ClassificationReport:
        """Precision, recall, F1 and support of each class."""
        from cnncli.report.classification import classification_report

        return classification_report(self.evaluation)

    @cached_property
    def calibrations(self) -> tuple[Temperature | None, Calibration, Calibration | None]:
        """The temperature of the validation images, if there are some; the calibration, and that with it if it helps.

        Raises:
            NotApplicable: The outputs are no probabilities, or there are too few images.
        """
        from cnncli.insight.calibration import calibration, fit_temperature

        test, validation, plain = self.evaluation, self.validation, self.report.calibration
        if test.logits is None:
            raise NotApplicable("the outputs of an image do not add up to 1")
        if plain is None:
            raise NotApplicable("there are fewer than 50 images")
        temperature = None
        if validation is not None and validation.logits is not None:
            temperature = fit_temperature(validation.logits, validation.labels, validation.groups)
        if temperature is None or temperature.value == 1:
            return temperature, plain, None
        return temperature, plain, calibration(test.logits / temperature.value, test.labels, test.groups)

    @cached_property
    def sets(self) -> Sequence[tuple[ClassSets, MeasuredSets]]:
        """Sets of classes at those levels of `SET_LEVELS` that the validation images are enough for, and their measure.

        Raises:
            NotApplicable: There are no validation images, too few, or the outputs are no probabilities.
        """
        from cnncli.insight.sets import fit_sets, measure_sets

        validation, test = self._validation(), self.evaluation
        fitted = [fit_sets(validation.probabilities, validation.labels, level) for level in SET_LEVELS]
        measured = [(sets, measure_sets(sets, test.probabilities, test.labels, test.groups)) for sets in fitted if sets]
        if not measured:
            raise NotApplicable(f"there are only {counted(len(validation.labels), 'validation image')}")
        return measured

    @cached_property
    def abstention(self) -> Abstention:
        """How many answers are right if those of little confidence are left out.

        Raises:
            NotApplicable: There are no validation images, too few, or the outputs are no probabilities.
        """
        from cnncli.insight.abstention import abstention

        validation, test = self._validation(), self.evaluation
        found = abstention(validation.confidence, test.confidence, test.labels == test.predicted, test.groups)
        if found is None:
            raise NotApplicable(f"there are only {counted(len(validation.labels), 'validation image')}")
        return found

    @property
    def sure_lines(self) -> list[str]:
        """What sets of classes and leaving out answers gain, in halves of sentences; none where nothing can be said."""
        sentences = []
        with contextlib.suppress(NotApplicable):
            told = [(sets.level, measured) for sets, measured in self.sets if sets.level <= _TOLD]
            sentences += [measured.sentence(level) for level, measured in told[-1:]]
        with contextlib.suppress(NotApplicable):
            sentences.append(self.abstention.sentence)
        return [half for sentence in filter(None, sentences) for half in sentence.replace("; ", ";\n").split("\n")]

    def _validation(self) -> Evaluation:
        if self.validation is None:
            raise NotApplicable("there are no validation images")
        if self.evaluation.logits is None or self.validation.logits is None:
            raise NotApplicable("the outputs of an image do not add up to 1")
        return self.validation


class NotApplicable(Exception):
    """Raised by an artefact that does not apply to its data; says why."""


class Artifact(NamedTuple):
    """One file of a run.

    Args:
        name: File name within the run folder.
        when: Moment at which it is written.
        writer: Function that writes it, as `module:function`, relative to this package with a dot; imported when it is
            needed, because matplotlib takes half a second.
        description: One line of Markdown for the list of files in the documentation.
    """

    name: str
    when: Moment
    writer: str
    description: str


ARTIFACTS = (
    Artifact("plots/samples.png", "start", ".plots.samples:draw_samples", "training images with their classes"),
    Artifact(
        "plots/network.png",
        "start",
        ".plots.network:write_network",
        "[the network](summary.md#the-picture); left out, with a notice, when it has more than 300 layers",
    ),
    Artifact(
        "history.csv",
        "epoch",
        ".tables:write_history",
        "one row per epoch: training and validation metrics, learning rate, seconds, and the [stage](spec.md#stages) "
        "where there is one",
    ),
    Artifact("plots/history.png", "end", ".plots.history:draw_history", "the curves of `history.csv`"),
    Artifact(
        "metrics.json",
        "evaluation",
        ".classification:write_metrics",
        "[loss](#the-loss-and-the-log-loss) and metrics on the test images, with their [intervals](#intervals)",
    ),
    Artifact(
        "report.txt",
        "evaluation",
        ".classification:write_text",
        "precision, recall with its [interval](#intervals), F1 and support by class; loss and metrics",
    ),
    Artifact("report.json", "evaluation", ".classification:write_values", "the same, with all digits"),
    Artifact("predictions.csv", "evaluation", ".tables:write_predictions", "the prediction for every test image"),
    Artifact(
        "logits.npz",
        "evaluation",
        ".logits:write_logits",
        "the [logits](#logits) of the test and validation images with their labels",
    ),
    Artifact(
        "plots/confusion_matrix.png",
        "evaluation",
        ".plots.confusion_matrix:draw_confusion_matrix",
        "which classes are mistaken for which; of more than 50 classes the most confused ones",
    ),
    Artifact(
        "calibration.json",
        "evaluation",
        ".calibration:write_calibration",
        "what [confidences](#calibration) mean, and the temperature that corrects them",
    ),
    Artifact(
        "plots/reliability.png",
        "evaluation",
        ".plots.reliability:draw_reliability",
        "how many images are right, by the [confidence](#calibration) of their answers",
    ),
    Artifact(
        "sets.json",
        "evaluation",
        ".sure:write_sets",
        "how often [sets of classes](sure.md#sets-of-classes) hold the right one, and how large they are",
    ),
    Artifact(
        "abstention.json",
        "evaluation",
        ".sure:write_abstention",
        "how many answers are right if [the least sure ones](sure.md#leave-out-doubtful-answers) are left out",
    ),
    Artifact("plots/mistakes.png", "evaluation", ".plots.mistakes:draw_mistakes", "the most confident mistakes"),
    Artifact(
        "report.html",
        "evaluation",
        ".page.writing:write_report",
        "[the page](#the-page): all of this in one file, to read and to show",
    ),
)


def artifact_names(when: Moment) -> tuple[str, ...]:
    """File names of the artefacts of a moment."""
    return tuple(artifact.name for artifact in ARTIFACTS if artifact.when == when)


def write_artifacts(
    when: Moment, data: StartData | History | EvaluationData, write: Write, skip: Container[str] = ()
) -> dict[str, str]:
    """Writes the artefacts of a moment but those to skip, from the type of data that belongs to it.

    Returns:
        Reason for each artefact that does not apply and was left out, by file name.
    """
    left_out = {}
    for artifact in ARTIFACTS:
        if artifact.when == when and artifact.name not in skip:
            module, _, function = artifact.writer.partition(":")
            writer = getattr(importlib.import_module(module, __package__), function)
            try:
                with write(artifact.name) as path:
                    writer(data, path)
            except NotApplicable as reason:
                left_out[artifact.name] = str(reason)
    return left_out
