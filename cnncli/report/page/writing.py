"""Fills the template of the page. Everything that comes from a spec, a folder or a run is escaped there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cnncli.report.page.charts import HEIGHT, WIDTH, Curves, curves_of
from cnncli.report.page.data import PageData
from cnncli.report.page.pictures import embedded, with_heat
from cnncli.report.page.template import rendered
from cnncli.report.tables import metric_names
from cnncli.wording import percentage, with_interval

MOST_IN_MATRIX = 20
"""Classes up to which the confusions are a matrix; of more, the most frequent ones are listed."""

MOST_LISTED = 30
"""Confusions in that list, and classes that are shown before the reader unfolds the rest."""

LONGEST_SPEC = 200_000
"""Characters of the spec that are shown."""


class ClassRow(NamedTuple):
    """The figures of one class."""

    name: str
    images: int
    recall: str
    low: float  # of the interval of the recall, 0…1
    high: float
    at: float  # the recall
    precision: str
    f1: str
    is_measured: bool


class Confusion(NamedTuple):
    """How often a class was taken for another."""

    true: str
    predicted: str
    images: int
    share: str  # of the images of the true class


class Pictured(NamedTuple):
    """A mistake with its pictures as addresses."""

    file: str
    true: str
    predicted: str
    probability: str
    picture: str
    heat: str
    check: str


def page_html(data: PageData) -> str:
    """The page of a run, to be written as UTF-8."""
    evaluation, measured = data.evaluation, data.report.measured
    accuracy, interval = measured.figures["accuracy"], measured.intervals.get("accuracy")
    truth = np.bincount(evaluation.labels, minlength=len(evaluation.class_names))  # (classes,)
    right = int((evaluation.labels == evaluation.predicted).sum())
    matrix = _matrix(data)
    return rendered(
        "run.html.j2",
        data.explain,
        data=data,
        evaluation=evaluation,
        accuracy=with_interval(accuracy, None, measured.images),
        interval=f"{100 * interval[0]:.1f} and {100 * interval[1]:.1f} %" if interval else "",
        percent=percentage(right, measured.images, 1),
        right=right,
        baseline=percentage(int(truth.max()), measured.images, 1),
        is_better=interval is not None and interval[0] > truth.max() / measured.images,
        commonest=evaluation.class_names[int(truth.argmax())],
        figures=list(_figures(data)),
        curves=_curves(data),
        width=WIDTH,
        height=HEIGHT,
        matrix=matrix if len(evaluation.class_names) <= MOST_IN_MATRIX else None,
        confusions=list(_confusions(data, matrix)),
        rows=list(_class_rows(data)),
        most=MOST_LISTED,
        calibration=data.report.calibration,
        mistakes=[_pictured(data, number) for number in range(len(data.mistakes))],
        splits=list(_splits(data)),
        spec=data.spec[:LONGEST_SPEC],
    )


_WORDS = {
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "kappa": "kappa",
    "mcc": "MCC",
    "top_5_accuracy": "top-5 accuracy",
    "roc_auc": "ROC area",
    "pr_auc": "PR area",
}


def _figures(data: PageData) -> Iterator[tuple[str, str]]:
    """Figures besides the accuracy, with their intervals."""
    measured = data.report.measured
    for name, word in _WORDS.items():
        value = measured.figures.get(name, math.nan)
        if math.isfinite(value):
            yield word, with_interval(value, measured.intervals.get(name), measured.images)
    if math.isfinite(loss := data.evaluation.metrics.get("loss", math.nan)):
        yield "loss", f"{loss:.4f}"


def _curves(data: PageData) -> list[Curves]:
    names = [name for name in metric_names(data.history) if not name.startswith("val_")]
    found = (curves_of(data.history, name) for name in names)
    return [curves for curves in found if curves is not None]


def _matrix(data: PageData) -> np.ndarray:
    """Images by true and predicted class, shape `(classes, classes)`."""
    evaluation, classes = data.evaluation, len(data.evaluation.class_names)
    cells = np.bincount(evaluation.labels * classes + evaluation.predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def _confusions(data: PageData, matrix: np.ndarray) -> Iterator[Confusion]:
    """The most frequent confusions, the most frequent first."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    names, classes = data.evaluation.class_names, len(matrix)
    for cell in np.argsort(-wrong, axis=None, kind="stable")[:MOST_LISTED].tolist():
        true, predicted = divmod(cell, classes)
        if count := int(wrong[true, predicted]):
            share = percentage(count, int(matrix[true].sum()), 0)
            yield Confusion(names[true], names[predicted], count, share)


def _class_rows(data: PageData) -> Iterator[ClassRow]:
    """Every class, that with the lowest recall first."""
    measured = data.report.measured
    figures = list(data.report.values.values())[: len(data.evaluation.class_names)]
    order = sorted(range(len(figures)), key=lambda index: (not figures[index]["support"], figures[index]["recall"]))
    for index in order:
        row, (low, high) = figures[index], measured.recalls[index].tolist()
        support = int(row["support"])
        is_measured = math.isfinite(low)
        interval = (low, high) if is_measured else None
        yield ClassRow(
            data.evaluation.class_names[index],
            support,
            with_interval(row["recall"], interval, support) if support else "no images",
            low if is_measured else 0.0,
            high if is_measured else 0.0,
            row["recall"],
            f"{row['precision']:.2f}",
            f"{row['f1-score']:.2f}",
            is_measured,
        )


def _pictured(data: PageData, number: int) -> Pictured:
    mistake, evaluation = data.mistakes[number], data.evaluation
    names, heat = evaluation.class_names, mistake.heat
    return Pictured(
        evaluation.images[mistake.index],
        names[evaluation.labels[mistake.index]],
        names[evaluation.predicted[mistake.index]],
        f"{evaluation.confidence[mistake.index]:.2f}",
        embedded(mistake.picture),
        embedded(with_heat(mistake.picture, heat.values)),
        f"{heat.covered.hottest:.2f}",
    )


def _splits(data: PageData) -> Iterator[tuple[str, int, str]]:
    """Each split with its number of images, and the smallest and largest class."""
    for split, counts in data.counts.items():
        least, most = (pick(counts, key=lambda name: counts[name]) for pick in (min, max))
        sizes = f"{counts[least]:,} ({least}) to {counts[most]:,} ({most})"
        even = f"{counts[least]:,} of each class"
        yield split, sum(counts.values()), even if counts[least] == counts[most] else sizes
