"""What an evaluation returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, overload

from cnncli.records import Evaluation, Prediction
from cnncli.records.html import html_table
from cnncli.wording import with_interval

if TYPE_CHECKING:
    from cnncli.report.classification import ClassificationReport


@dataclass(frozen=True)
class EvaluationResult:
    """How well a run classifies the images of one split; shows itself as a table in a notebook.

    Args:
        evaluation: Labels, as int64 `(images,)`, and probabilities, as float32 `(images, classes)`, of every image.
        report: Precision, recall, F1 and number of images of every class: `text`, `values`.
        metrics: Loss, accuracy and every other metric, as in metrics.json; `intervals` has those that hold the true
            value in 95 of 100 cases.

    Example:
        >>> import cnncli
        >>> result = cnncli.open_run("runs/mnist-001").evaluate("test")
        >>> result.metrics["accuracy"] > 0.3
        True
        >>> result.predictions[0].class_name in result.class_names
        True
    """

    evaluation: Evaluation
    report: ClassificationReport
    metrics: Mapping[str, Any]

    @classmethod
    def of(cls, evaluation: Evaluation, report: ClassificationReport | None = None) -> Self:
        """The result of an evaluation of at least one image, whose report may have been made before."""
        from cnncli.report.classification import classification_report, metrics_of

        report = report or classification_report(evaluation)
        return cls(evaluation, report, metrics_of(evaluation, report))

    @property
    def split(self) -> str:
        """`train`, `validation` or `test`; empty for other images that form no splits."""
        return self.evaluation.split

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of the probabilities."""
        return self.evaluation.class_names

    @cached_property
    def predictions(self) -> Sequence[Prediction]:
        """One prediction for each image, in the order of the split."""
        return _Predictions(self.evaluation)

    def __repr__(self) -> str:
        figures = ", ".join(f"{name}={value}" for name, value in self.metrics.items() if not isinstance(value, dict))
        return f"EvaluationResult({figures})"

    def _repr_html_(self) -> str:
        columns = ("precision", "recall", "f1-score", "support")
        of_classes = {name: row for name, row in self.report.values.items() if isinstance(row, dict)}
        rows = [
            (name, *(f"{row[column]:.4f}" for column in columns[:3]), str(row["support"]))
            for name, row in of_classes.items()
        ]
        images, intervals = len(self.evaluation.labels), self.report.measured.intervals
        figures = [
            (name, with_interval(value, intervals.get(name), images))
            for name, value in self.metrics.items()
            if isinstance(value, float)
        ]
        return html_table(("class", *columns), rows) + html_table(("metric", self.evaluation.title), figures)


class _Predictions(Sequence[Prediction]):
    """The predictions of an evaluation, each made when it is asked for."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    def __len__(self) -> int:
        return len(self._evaluation.images)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Prediction]: ...
    def __getitem__(self, index: int | slice) -> Prediction | Sequence[Prediction]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        names, probabilities = self._evaluation.class_names, self._evaluation.probabilities[index]
        return Prediction(self._evaluation.images[index], names, tuple(probabilities.tolist()))
