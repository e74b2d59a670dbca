"""What a training writes into its run besides checkpoints: weights, history, plots and the evaluation."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cnncli.factory.summary import summarize
from cnncli.factory.weights import digest_of, load_weights, save_weights
from cnncli.notices import Notice
from cnncli.records import Evaluation, History
from cnncli.report import EvaluationData, Reports, StartData, artifact_names, write_artifacts
from cnncli.runner.execution.steps import Answering
from cnncli.runner.inputs.splits import Splits, evaluated_splits, groups_in
from cnncli.runner.model.evaluation import evaluate_split, images_at
from cnncli.runner.training.variables import averaged_weights
from cnncli.runs import BEST, LAST, RunDir, verified_weights
from cnncli.spec.graph import Node

if TYPE_CHECKING:
    import keras

    from cnncli.data.samples import LabelledImages
    from cnncli.report.classification import ClassificationReport
    from cnncli.runner.page import Facts
    from cnncli.runner.training.phases import TrainingPhases


@dataclass(frozen=True)
class Trained:
    """What an export of the network needs when a training ends.

    Args:
        model: The model, with the best weights.
        tested: The test images as their source has them.
        seconds: How long the training and its reports took.
        report_seconds: How long the evaluation took, about.
    """

    model: keras.Model
    tested: LabelledImages
    seconds: float
    report_seconds: float


@dataclass(frozen=True)
class TrainingResult:
    """What a training ends with: its run, all epochs, and the evaluation of the best weights on the test split.

    A trial of a search is not evaluated.
    """

    run: RunDir
    history: History
    evaluation: Evaluation | None = None
    report: ClassificationReport | None = None
    trained: Trained | None = None


class ResultWriter:
    """Writes the results of a training into its run, which the caller has locked.

    The weights of the model are those of the training until the evaluation loads the best ones. Files that `reports`
    makes beside the training appear when they are ready, at the latest at its end.
    """

    def __init__(
        self,
        run: RunDir,
        splits: Splits,
        phases: TrainingPhases,
        facts: Facts,
        reports: Reports = Reports(),  # noqa: B008  has no state
    ) -> None:
        self.run, self.splits = run, splits
        self._facts, self._phases, self._model, self._reports = facts, phases, phases.model, reports
        self._best = b""  # digest of the weights that were written as the best ones

    def write_start(self, title: str, nodes: Sequence[Node], notice: Notice) -> None:
        """Writes what no training changes, unless it is there: at the end, a person who pressed Ctrl-C would wait."""
        train = self.splits.samples["train"]
        indices = np.linspace(0, len(train) - 1, min(25, len(train))).astype(int).tolist()
        labels, names = train.labels[indices].tolist(), self.splits.class_names
        data = StartData(title, lambda: images_at(train)(indices), labels, names, lambda: summarize(self._model, nodes))
        existing = [name for name in artifact_names("start") if (self.run.path / name).exists()]
        tell = lambda name, reason: notice(f"{name} was left out: {reason}")  # noqa: E731
        self._reports.begin("start", data, self.run.write, existing, tell)

    def settle(self, wait: bool = True) -> None:
        """Writes what was made beside the training: everything, or what is ready."""
        self._reports.settle(wait)

    def write_weights(self, name: str) -> None:
        """Writes the current weights: their moving averages, where the optimizer keeps some."""
        with averaged_weights(self._model), self.run.write_hashed(name) as path:
            save_weights(self._model, path)
            if name == BEST:
                self._best = digest_of(self._model)

    def write_last(self, is_best: bool) -> None:
        """Writes the weights that a training ends with, a copy of the best ones where it ends with those."""
        if not is_best:
            self.write_weights(LAST)
            return
        with self.run.write_hashed(LAST) as path:
            shutil.copyfile(self.run.path / BEST, path)

    def write_epoch(self, history: History) -> None:
        """Writes what follows from the checkpoint at the end of an epoch."""
        if history.best and history.best == len(history.epochs):
            # Of an earlier part, and of other weights than these
            self.run.remove(artifact_names("evaluation"))
            self.write_weights(BEST)
        write_artifacts("epoch", history, self.run.write)

    def write_history(self, history: History) -> None:
        """Writes the history and its plot."""
        self._begin_history(history)
        self._reports.settle()

    def _begin_history(self, history: History) -> None:
        write_artifacts("epoch", history, self.run.write)
        self._reports.begin("end", history, self.run.write)

    def write_without_evaluation(self, history: History) -> TrainingResult:
        """Writes the history; the test images are not looked at."""
        self.write_history(history)
        self.run.settle_hashes()
        return TrainingResult(self.run, history)

    def write_evaluation(self, history: History) -> TrainingResult:
        """Evaluates the best weights on the test split and writes the reports; one of the epochs is the best."""
        test, names = self.splits.samples["test"], self.splits.class_names
        encoding, train = self._phases.batches.encoding, self._phases.train
        best = verified_weights(self.run)
        if digest_of(self._model) != self._best:  # to read what the model has takes longer than a small evaluation
            load_weights(self._model, best)
        answering = Answering(self._model)
        with ThreadPoolExecutor(1) as beside:  # draws while TensorFlow computes
            drawing = beside.submit(self._begin_history, history)
            evaluation, *others = (
                replace(
                    evaluate_split(
                        self._model, split, samples, names, encoding, train.loss, train.batch_size, answering
                    ),
                    groups=groups_in(self.splits, split),
                )
                for split, samples in evaluated_splits(self.splits).items()
            )
        drawing.result()
        facts = self._facts(self._model, history)
        data = EvaluationData(evaluation, images_at(test), next(iter(others), None), facts)
        self._reports.begin("evaluation", data, self.run.write)
        self._reports.settle()
        self.run.settle_hashes()
        return TrainingResult(self.run, history, evaluation, data.report)
