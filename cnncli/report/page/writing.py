"""The page of a run, `report.html`, from its evaluation. The template escapes what comes from a spec, folder or run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cnncli.report.artifacts import NotApplicable
from cnncli.report.classification import log_loss
from cnncli.report.confusion import confusion_of
from cnncli.report.page import charts
from cnncli.report.page.charts import Curves, curves_of, reliability_of, selection_of
from cnncli.report.page.confusions import confusions_of
from cnncli.report.page.data import RunFacts
from cnncli.report.page.pictures import Picture, embedded, with_heat
from cnncli.report.page.template import rendered, write
from cnncli.report.plots.mistakes import most_confident_mistakes
from cnncli.report.tables import metric_names
from cnncli.wording import duration_text, percentage, with_interval

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

MOST_MISTAKES = 12
"""Mistakes with a heat map."""

MOST_CLASSES = 1000
"""Classes in the table: those that are recognised worst."""

LONGEST_SPEC = 100_000
"""Characters of the spec that are shown."""


class Figure(NamedTuple):
    """A figure with what it is called, its page of the glossary, and its interval."""

    name: str
    key: str
    value: str
    between: str = ""


class ClassRow(NamedTuple):
    """The figures of one class."""

    name: str
    images: int
    recall: str
    at: float  # the recall
    low: float  # of its interval, 0…1
    high: float
    precision: str
    f1: str
    is_measured: bool
    taken_for: str  # the class that it is most often taken for
    times: int


class Mistake(NamedTuple):
    """A mistake with its picture and heat map."""

    file: str
    true: str
    predicted: str
    probability: str
    picture: Picture
    heat: Picture
    counts: bool


def write_report(data: EvaluationData, path: Path) -> None:
    """Writes `report.html`."""
    if data.run is None:
        raise NotApplicable("it is the evaluation of no run")
    write(page_html(data, data.run), path)


def page_html(data: EvaluationData, run: RunFacts) -> str:
    """The page of a run and its evaluation."""
    evaluation = data.evaluation
    names = evaluation.class_names
    return rendered(
        "run.html.j2",
        run.explain,
        run=run,
        evaluation=evaluation,
        answer=_answer(data),
        figures=list(_figures(data)),
        curves=_curves(run),
        charts=charts,
        confusions=confusions_of(evaluation, data.images),
        rows=list(_class_rows(data))[:MOST_CLASSES],
        classes=len(names),
        confidence=_confidence(data),
        sure=_sure(data),
        mistakes=list(_mistakes(data, run)),
        splits=list(_splits(run)),
        seconds=duration_text(sum(round(epoch.seconds, 3) for epoch in run.history.epochs)),
        spec=run.spec[:LONGEST_SPEC],
    )


def _answer(data: EvaluationData) -> dict[str, Any]:
    """How good the network is, and against what."""
    evaluation, measured = data.evaluation, data.report.measured
    truth = np.bincount(evaluation.labels, minlength=len(evaluation.class_names))  # (classes,)
    right = int((evaluation.labels == evaluation.predicted).sum())
    baseline = float(truth.max() / measured.images)
    low, high = interval = measured.intervals.get("accuracy", (math.nan, math.nan))
    is_known = all(map(math.isfinite, interval))
    return {
        "percent": percentage(right, measured.images, 1),
        "right": right,
        "wrong": measured.images - right,
        "images": measured.images,
        "groups": measured.groups,
        "accuracy": right / measured.images,
        "low": low,
        "high": high,
        "is_known": is_known,
        "between": f"{100 * low:.1f} and {100 * high:.1f} %" if is_known else "",
        "baseline": baseline,
        "baseline_percent": percentage(int(truth.max()), measured.images, 1),
        "is_better": is_known and low > baseline,
        "commonest": evaluation.class_names[int(truth.argmax())],
        "too_few": measured.too_few,
    }


_NAMES = {
    "macro_f1": ("macro F1", "macro average"),
    "balanced_accuracy": ("balanced accuracy", "kappa"),
    "kappa": ("kappa", "kappa"),
    "mcc": ("MCC", "kappa"),
    "top_5_accuracy": ("top-5 accuracy", "top-k accuracy"),
    "roc_auc": ("ROC area", "ROC"),
    "pr_auc": ("PR area", "ROC"),
}


def _figures(data: EvaluationData) -> Iterator[Figure]:
    """Figures besides the accuracy, with their intervals."""
    measured = data.report.measured
    for name, (word, key) in _NAMES.items():
        value = measured.figures.get(name, math.nan)
        if math.isfinite(value):
            text = with_interval(value, measured.intervals.get(name), measured.images)
            number, _, between = text.removesuffix(")").partition(" (")
            yield Figure(word, key, number, between)
    if math.isfinite(loss := log_loss(data.evaluation)):
        yield Figure("log loss", "cross-entropy", f"{loss:.4f}")


def _curves(run: RunFacts) -> list[Curves]:
    names = [name for name in metric_names(run.history) if not name.startswith("val_")]
    found = (curves_of(run.history, name) for name in names)
    return [curves for curves in found if curves is not None]


def _class_rows(data: EvaluationData) -> Iterator[ClassRow]:
    """Every class, that with the lowest recall first."""
    measured, names = data.report.measured, data.evaluation.class_names
    figures = list(data.report.values.values())[: len(names)]
    taken: dict[int, tuple[str, int]] = {}
    for pair in confusion_of(data.evaluation, 1).pairs:
        taken.setdefault(pair.true, (names[pair.predicted], pair.count))
    order = sorted(range(len(figures)), key=lambda index: (not figures[index]["support"], figures[index]["recall"]))
    for index in order:
        row, (low, high) = figures[index], measured.recalls[index].tolist()
        support, is_measured = int(row["support"]), math.isfinite(low)
        yield ClassRow(
            names[index],
            support,
            with_interval(row["recall"], (low, high) if is_measured else None, support) if support else "no images",
            row["recall"],
            low if is_measured else 0.0,
            high if is_measured else 0.0,
            f"{row['precision']:.2f}",
            f"{row['f1-score']:.2f}",
            is_measured,
            *taken.get(index, ("", 0)),
        )


def _confidence(data: EvaluationData) -> dict[str, Any] | None:
    """What confidences mean; None where nobody can tell."""
    try:
        temperature, plain, calibrated = data.calibrations
    except NotApplicable:
        return None
    return {
        "plain": plain,
        "calibrated": calibrated,
        "temperature": temperature,
        "chart": reliability_of(plain, calibrated),
    }


def _sure(data: EvaluationData) -> dict[str, Any] | None:
    """What sets of classes and leaving out answers gain; None where nothing can be said."""
    sure: dict[str, Any] = {"sets": [], "abstention": None, "chart": None}
    with suppress(NotApplicable):
        sure["sets"] = data.sets
    with suppress(NotApplicable):
        sure["abstention"], sure["chart"] = data.abstention, selection_of(data.abstention)
    return sure if sure["sets"] or sure["chart"] else None


def _mistakes(data: EvaluationData, run: RunFacts) -> Iterator[Mistake]:
    evaluation, names = data.evaluation, data.evaluation.class_names
    wrong = most_confident_mistakes(evaluation)[:MOST_MISTAKES]
    pictures = data.images(wrong)
    heats = run.heat_maps(pictures, evaluation.predicted[wrong].tolist())
    for index, picture, heat in zip(wrong, pictures, heats, strict=True):
        yield Mistake(
            evaluation.images[index],
            names[evaluation.labels[index]],
            names[evaluation.predicted[index]],
            f"{evaluation.confidence[index]:.2f}",
            embedded(picture),
            embedded(with_heat(picture, heat.values)),
            heat.counts,
        )


def _splits(run: RunFacts) -> Iterator[tuple[str, int, str]]:
    """Each split with its number of images, and the smallest and largest class."""
    for split, counts in run.counts.items():
        least, most = (pick(counts, key=lambda name: counts[name]) for pick in (min, max))
        sizes = f"{counts[least]:,} ({least}) to {counts[most]:,} ({most})"
        even = f"{counts[least]:,} of each class"
        yield split, sum(counts.values()), even if counts[least] == counts[most] else sizes
