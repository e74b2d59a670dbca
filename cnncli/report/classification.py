"""Precision, recall, F1 and support of every class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import sklearn.metrics

from cnncli.records import Evaluation

AVERAGES = ("accuracy", "macro avg", "weighted avg")


class ClassRow(NamedTuple):
    """One line of the report: a class, or an average over all of them.

    Args:
        name: of the class, or `macro avg`, `weighted avg`.
        precision: share of the images called so that are so; 0 when none was called so.
        recall: share of the images that are so and were called so; 0 when the split has none.
        f1: harmonic mean of precision and recall.
        support: images of the class in the split.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ClassificationReport:
    """How well each class was recognised.

    Args:
        text: the table that `sklearn.metrics.classification_report` prints.
        values: the same as plain numbers, in sklearn's `output_dict` form.
        rows: one for each class, in the order of the model's outputs.
        accuracy: share of all images that were recognised.
        macro: mean over classes, each counting the same.
        weighted: mean over classes, each counting as often as it occurs.
    """

    text: str
    values: dict[str, Any]
    rows: tuple[ClassRow, ...]
    accuracy: float
    macro: ClassRow
    weighted: ClassRow


def classification_report(evaluation: Evaluation) -> ClassificationReport:
    """Precision, recall, F1 and support of each class, also of those that the split lacks.

    All classes of the model are passed to sklearn as `labels`. They always contain every class that occurs, so
    sklearn prints an `accuracy` row; it is for a strict subset only that it prints `micro avg` in its place.

    Args:
        evaluation: of at least one image.

    Returns:
        The report as text, as JSON-able values and as rows.

    Source:
        scikit-learn, `sklearn.metrics.classification_report`.
    """
    names = evaluation.class_names
    shared = {"labels": range(len(names)), "zero_division": 0}
    truth, predicted = evaluation.labels, evaluation.predicted  # (images,), (images,)
    text = sklearn.metrics.classification_report(truth, predicted, target_names=list(names), **shared)
    # By index, because two of the names may be alike, or one of them may be "accuracy".
    numbers = sklearn.metrics.classification_report(
        truth, predicted, target_names=[str(index) for index in range(len(names))], output_dict=True, **shared
    )
    rows = tuple(_row(name, numbers[str(index)]) for index, name in enumerate(names))
    macro, weighted = (_row(name, numbers[name]) for name in ("macro avg", "weighted avg"))
    accuracy = float(numbers["accuracy"])
    values: dict[str, Any] = {_key(row.name): _values(row) for row in rows}
    values |= {"accuracy": accuracy, "macro avg": _values(macro), "weighted avg": _values(weighted)}
    return ClassificationReport(text, values, rows, accuracy, macro, weighted)


def _key(name: str) -> str:
    """The name of a class where averages have names, too."""
    return f"{name} (class)" if name in AVERAGES else name


def _row(name: str, numbers: dict[str, float]) -> ClassRow:
    return ClassRow(
        name,
        float(numbers["precision"]),
        float(numbers["recall"]),
        float(numbers["f1-score"]),
        int(numbers["support"]),
    )


def _values(row: ClassRow) -> dict[str, float | int]:
    return {"precision": row.precision, "recall": row.recall, "f1-score": row.f1, "support": row.support}
