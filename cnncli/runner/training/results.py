"""What a training writes into its run besides checkpoints: weights, history, plots and the evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnncli.catalog import Entry
from cnncli.factory.summary import summarize
from cnncli.factory.weights import load_weights, save_weights
from cnncli.records import Evaluation, History
from cnncli.report import EvaluationData, StartData, artifact_names, write_artifacts
from cnncli.runner.inputs.splits import Notice, Splits
from cnncli.runner.model.evaluation import evaluate_split, images_at
from cnncli.runner.training.variables import averaged_weights
from cnncli.runs import BEST, RunDir, verified_weights
from cnncli.spec.graph import Node

if TYPE_CHECKING:
    import keras

    from cnncli.report.classification import ClassificationReport


@dataclass(frozen=True)
class TrainingResult:
    """What a training ends with.

    Args:
        run: Run folder.
        history: All epochs.
        evaluation: Evaluation of the best weights on the test split.
        report: Precision, recall and F1 of each class.
    """

    run: RunDir
    history: History
    evaluation: Evaluation
    report: ClassificationReport


class ResultWriter:
    """Writes the results of a training into its run.

    Args:
        run: Run folder, locked by the caller.
        model: Compiled model; its weights are those of the training until the evaluation loads the best ones.
        splits: Images by split.
        encoding: Encoding of the labels.
        loss: Loss of the spec.
        batch_size: Batch size of the training.
    """

    def __init__(
        self, run: RunDir, model: keras.Model, splits: Splits, encoding: str, loss: Entry, batch_size: int
    ) -> None:
        self._run, self._model, self._splits = run, model, splits
        self._encoding, self._loss, self._batch_size = encoding, loss, batch_size

    @property
    def test_images(self) -> int:
        """Number of images in the test split."""
        return len(self._splits.samples["test"])

    def write_start(self, title: str, nodes: Sequence[Node], notice: Notice) -> None:
        """Writes what no training changes, unless it is there: at the end, a person who pressed Ctrl-C would wait.

        Args:
            title: Name of the spec.
            nodes: Layers of the spec.
            notice: Receives what is left out.
        """
        train = self._splits.samples["train"]
        indices = np.linspace(0, len(train) - 1, min(25, len(train))).astype(int).tolist()
        data = StartData(
            title=title,
            images=lambda: images_at(train)(indices),
            captions=[self._splits.class_names[train.labels[index]] for index in indices],
            summary=lambda: summarize(self._model, nodes),
        )
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
            self._run.remove(artifact_names("evaluation"))  # of an earlier part, and of other weights than these
            self.write_weights(BEST)
        write_artifacts("epoch", history, self._run.write)

    def write_history(self, history: History) -> None:
        """Writes the history and its plot."""
        write_artifacts("epoch", history, self._run.write)
        write_artifacts("end", history, self._run.write)

    def write_evaluation(self, history: History) -> TrainingResult:
        """Evaluates the best weights on the test split and writes the reports.

        Args:
            history: All epochs, one of which is the best.
        """
        test, names = self._splits.samples["test"], self._splits.class_names
        load_weights(self._model, verified_weights(self._run))
        with ThreadPoolExecutor(1) as beside:  # draws while TensorFlow computes
            drawing = beside.submit(self.write_history, history)
            evaluation = evaluate_split(self._model, "test", test, names, self._encoding, self._loss, self._batch_size)
        drawing.result()
        data = EvaluationData(evaluation, images_at(test))
        write_artifacts("evaluation", data, self._run.write)
        self._run.settle_hashes()
        return TrainingResult(self._run, history, evaluation, data.report)
