"""The page of a training with folds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from cnncli.records import Evaluation
from cnncli.report.classification import ClassificationReport
from cnncli.report.page.pictures import embedded
from cnncli.report.page.template import Explain, rendered
from cnncli.report.plots.mistakes import most_confident_mistakes
from cnncli.wording import percentage, with_interval

MOST_MISTAKES = 12
MOST_CONFUSIONS = 30

_SHOWN = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "kappa": "kappa",
    "mcc": "MCC",
    "roc_auc": "ROC area",
    "log_loss": "log loss",
}


@dataclass(frozen=True)
class FoldsData:
    """A training with folds.

    Args:
        group: Path of the group.
        evaluation: The answers to all images, each of the fold that tests it.
        report: Figures of the evaluation.
        folds: The figures of each fold, as metrics.json has them.
        over_folds: Mean and deviation of each figure over the folds.
        fold_of: The fold of each image, from 1, shape `(images,)`.
        pages: For those runs that have a page, its path from the folder of the group.
        final: Accuracy of the run on all images, and on how many of which images; empty without that run.
        pictures: Gives images by their indices.
        explain: Explains words of the glossary.
    """

    group: str
    evaluation: Evaluation
    report: ClassificationReport
    folds: Sequence[Mapping[str, Any]]
    over_folds: Mapping[str, Mapping[str, Any]]
    fold_of: np.ndarray
    pages: Mapping[str, str]
    final: str
    pictures: Callable[[Sequence[int]], Sequence[np.ndarray]]
    explain: Explain


class Row(NamedTuple):
    """A figure with its interval."""

    name: str
    images: int
    text: str
    at: float
    low: float
    high: float
    page: str = ""


def folds_html(data: FoldsData) -> str:
    """The page, to be written with `write`."""
    evaluation, measured = data.evaluation, data.report.measured
    truth = np.bincount(evaluation.labels, minlength=len(evaluation.class_names))  # (classes,)
    right = int((evaluation.labels == evaluation.predicted).sum())
    interval = measured.intervals.get("accuracy")
    wrong = most_confident_mistakes(evaluation)[:MOST_MISTAKES]
    return rendered(
        "folds.html.j2",
        data.explain,
        data=data,
        images=measured.images,
        groups=measured.groups,
        classes=len(evaluation.class_names),
        right=right,
        percent=percentage(right, measured.images, 1),
        interval=f"{100 * interval[0]:.1f} and {100 * interval[1]:.1f} %" if interval else "",
        baseline=percentage(int(truth.max()), measured.images, 1),
        commonest=evaluation.class_names[int(truth.argmax())],
        folds=list(_folds(data)),
        figures=list(_figures(data)),
        rows=list(_classes(data, truth)),
        confusions=list(_confusions(data, truth)),
        mistakes=[
            (embedded(picture), *_answer(data, index))
            for index, picture in zip(wrong, data.pictures(wrong) if wrong else [], strict=True)
        ],
    )


def _folds(data: FoldsData) -> Iterator[Row]:
    for fold in data.folds:
        low, high = fold["intervals"]["accuracy"] or (math.nan, math.nan)
        ends = (low, high) if math.isfinite(low) else None
        text = with_interval(fold["accuracy"], ends, fold["images"])
        page = data.pages.get(fold["run"], "")
        yield Row(fold["run"], fold["images"], text, fold["accuracy"], low, high, page)


def _figures(data: FoldsData) -> Iterator[tuple[str, str, str, str]]:
    """Of all images, and over the folds: mean and standard deviation."""
    measured = data.report.measured
    for name, word in _SHOWN.items():
        of_folds = data.over_folds.get(name)
        value = measured.figures.get(name, math.nan)
        together = ""
        if math.isfinite(value):
            together = with_interval(value, measured.intervals.get(name), measured.images)
        if of_folds is not None:
            yield word, together, f"{of_folds['mean']:.4f}", f"{of_folds['std']:.4f}"


def _classes(data: FoldsData, truth: np.ndarray) -> Iterator[Row]:
    """The recall of each class, the lowest first."""
    measured, names = data.report.measured, data.evaluation.class_names
    figures = list(data.report.values.values())[: len(names)]
    order = sorted(range(len(names)), key=lambda label: (not truth[label], figures[label]["recall"]))
    for label in order:
        low, high = measured.recalls[label].tolist()
        ends, images = (low, high) if math.isfinite(low) else None, int(truth[label])
        text = with_interval(figures[label]["recall"], ends, images) if images else "no images"
        yield Row(names[label], images, text, figures[label]["recall"], low, high)


def _confusions(data: FoldsData, truth: np.ndarray) -> Iterator[tuple[str, str, int, str]]:
    """The most frequent ones: class, answer, images, and their share of the class."""
    evaluation, classes = data.evaluation, len(truth)
    wrong = evaluation.labels != evaluation.predicted
    cells = np.bincount(evaluation.labels[wrong] * classes + evaluation.predicted[wrong])
    for cell in np.argsort(-cells, kind="stable")[:MOST_CONFUSIONS].tolist():
        if cells[cell]:
            true, predicted = divmod(cell, classes)
            share = percentage(int(cells[cell]), int(truth[true]), 1)
            yield evaluation.class_names[true], evaluation.class_names[predicted], int(cells[cell]), share


def _answer(data: FoldsData, index: int) -> tuple[str, str, str, str, int]:
    evaluation = data.evaluation
    names = evaluation.class_names
    true, predicted = names[evaluation.labels[index]], names[evaluation.predicted[index]]
    return evaluation.images[index], true, predicted, f"{evaluation.confidence[index]:.2f}", int(data.fold_of[index])
