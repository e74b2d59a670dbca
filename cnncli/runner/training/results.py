"""What a training writes into its run besides checkpoints: weights, history, plots and the evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cnncli.factory.summary import summarize
from cnncli.factory.weights import load_weights, save_weights
from cnncli.notices import Notice
from cnncli.records import Evaluation, History
from cnncli.report import EvaluationData, StartData, artifact_names, write_artifacts
from cnncli.runner.inputs.splits import Splits, evaluated_splits, groups_in
from cnncli.runner.model.evaluation import evaluate_split, images_at
from cnncli.runner.training.variables import averaged_weights
from cnncli.runs import BEST, RunDir, verified_weights
from cnncli.spec.graph import Node

if TYPE_CHECKING:
    import keras

    from cnncli.data.samples import LabelledImages
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
    trained: Trained | None = None


class ResultWriter:
    """Writes the results of a training into its run, which the caller has locked.

    The weights of the model are those of the training until the evaluation loads the best ones.
    """

    def __init__(self, run: RunDir, splits: Splits, phases: TrainingPhases, facts: Facts) -> None:
        self._facts = facts
        self._run, self._splits, self._phases, self._model = run, splits, phases, phases.model

    def write_start(self, title: str, nodes: Sequence[Node], notice: Notice) -> None:
        """Writes what no training changes, unless it is there: at the end, a person who pressed Ctrl-C would wait."""
        train = self._splits.samples["train"]
        indices = np.linspace(0, len(train) - 1, min(25, len(train))).astype(int).tolist()
        captions = [self._splits.class_names[train.labels[index]] for index in indices]
        data = StartData(title, lambda: images_at(train)(indices), captions, lambda: summarize(self._model, nodes))
        existing = [name for name in artifact_names("start") if (self._run.path / name).exists()]
        for name, reason in write_artifacts("start", data, self._run.write, skip=existing).items():
            notice(f"{name} was left out: {reason}")

    def write_weights(self, name: str) -> None:
        """Writes the current weights: their moving averages, where the optimizer keeps some."""
        with averaged_weights(self._model), self._run.write_hashed(name) as path:
            save_weights(self._model, path)

    def write_epoch(self, history: History) -> None:
        """Writes what follows from the checkpoint at the end of an epoch."""
        if history.best and history.best == len(history.epochs):
            # Of an earlier part, and of other weights than these
            self._run.remove(artifact_names("evaluation"))
            self.write_weights(BEST)
        write_artifacts("epoch", history, self._run.write)

    def write_history(self, history: History) -> None:
        """Writes the history and its plot."""
        write_artifacts("epoch", history, self._run.write)
        write_artifacts("end", history, self._run.write)

    def write_without_evaluation(self, history: History) -> TrainingResult:
        """Writes the history; the test images are not looked at."""
        self.write_history(history)
        self._run.settle_hashes()
        return TrainingResult(self._run, history)

    def write_evaluation(self, history: History) -> TrainingResult:
        """Evaluates the best weights on the test split and writes the reports; one of the epochs is the best."""
        test, names = self._splits.samples["test"], self._splits.class_names
        encoding, train = self._phases.batches.encoding, self._phases.train
        load_weights(self._model, verified_weights(self._run))
        with ThreadPoolExecutor(1) as beside:  # draws while TensorFlow computes
            drawing = beside.submit(self.write_history, history)
            evaluation, *others = (
                replace(
                    evaluate_split(self._model, split, samples, names, encoding, train.loss, train.batch_size),
                    groups=groups_in(self._splits, split),
                )
                for split, samples in evaluated_splits(self._splits).items()
            )
        drawing.result()
        facts = self._facts(self._model, history)
        data = EvaluationData(evaluation, images_at(test), next(iter(others), None), facts)
        write_artifacts("evaluation", data, self._run.write)
        self._run.settle_hashes()
        return TrainingResult(self._run, history, evaluation)
