"""What the page of a run is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnncli.records import Evaluation, HeatMap, History, ModelSummary
from cnncli.report.classification import ClassificationReport
from cnncli.report.page.template import Explain


@dataclass(frozen=True)
class Mistake:
    """One wrong answer.

    Args:
        index: Of the image in the evaluation.
        picture: The image as the network takes it, uint8, shape `(height, width, 1 or 3)`.
        heat: Where the evidence for the wrong answer was.
    """

    index: int
    picture: np.ndarray
    heat: HeatMap


@dataclass(frozen=True)
class PageData:
    """A run and its evaluation.

    Args:
        run: Path of the run.
        state: How its training ended.
        evaluation: Answers to the test images, of which there is at least one.
        report: Figures of the evaluation.
        history: Metrics of each epoch.
        counts: Images of each class in each split.
        network: Layers and cost.
        mistakes: The most confident wrong answers.
        spec: Text of spec.yaml.
        machine: Versions and hardware, in words.
        explain: Explains words of the glossary.
    """

    run: str
    state: str
    evaluation: Evaluation
    report: ClassificationReport
    history: History
    counts: Mapping[str, Mapping[str, int]]
    network: ModelSummary
    mistakes: Sequence[Mistake]
    spec: str
    machine: Sequence[tuple[str, str]]
    explain: Explain
