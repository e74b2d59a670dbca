"""Records → files: tables, reports and pictures of a run. Prints nothing and knows nothing of run folders."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.records import Evaluation, History, ModelSummary
from cnncli.report import tables

# matplotlib and sklearn take a second to import; the history is written after each epoch and needs neither.
if TYPE_CHECKING:
    from cnncli.report.classification import ClassificationReport

Write = Callable[[str], AbstractContextManager[Path]]
"""Gives a path to write a file of that name to; the file is put in its place when the block ends."""

ImagesAt = Callable[[Sequence[int]], Sequence[np.ndarray]]
"""Gives the uint8 images, each `(height, width, channels)`, at indices of an evaluation."""

OF_EVALUATION = (
    "metrics.json",
    "report.txt",
    "report.json",
    "predictions.csv",
    "plots/confusion_matrix.png",
    "plots/mistakes.png",
)
"""What `write_evaluation` writes."""

SAMPLES, NETWORK = "plots/samples.png", "plots/network.png"
"""What `write_samples` and `write_network` write; no training changes them."""


def write_evaluation(evaluation: Evaluation, images: ImagesAt, write: Write) -> ClassificationReport:
    """Writes metrics, the report per class, all predictions, and pictures of what goes wrong.

    The files are those of `OF_EVALUATION`.

    Args:
        evaluation: of at least one image.
        images: gives the images at indices of the evaluation; called once, for up to 25 of them.
        write: gives the path for a file's name.

    Returns:
        The report per class, which is also what a console shows.
    """
    from cnncli.report.classification import classification_report
    from cnncli.report.plots.confusion_matrix import draw_confusion_matrix
    from cnncli.report.plots.mistakes import draw_mistakes

    report = classification_report(evaluation)
    _write_text(write, "metrics.json", _json(metrics_of(evaluation, report)))
    _write_text(write, "report.txt", report.text)
    _write_text(write, "report.json", _json(report.values))
    with write("predictions.csv") as path:
        tables.write_predictions(path, evaluation)
    with write("plots/confusion_matrix.png") as path:
        draw_confusion_matrix(evaluation, path)
    with write("plots/mistakes.png") as path:
        draw_mistakes(images, evaluation, path)
    return report


def write_history(history: History, write: Write) -> None:
    """Writes `history.csv` and, once there is an epoch, `plots/history.png`.

    Args:
        history: may be empty.
        write: gives the path for a file's name.
    """
    with write("history.csv") as path:
        tables.write_history(path, history)
    if history.epochs:
        from cnncli.report.plots.history import draw_history

        with write("plots/history.png") as path:
            draw_history(history, path)


def write_samples(images: np.ndarray | Sequence[np.ndarray], captions: Sequence[str], write: Write) -> None:
    """Writes `plots/samples.png`.

    Args:
        images: at least one, uint8, each of shape `(height, width, channels)`; the first 25 are drawn.
        captions: one for each image.
        write: gives the path for a file's name.
    """
    from cnncli.report.plots.samples import draw_samples

    with write(SAMPLES) as path:
        draw_samples(images, captions, path)


MOST_LAYERS = 300
"""Layers of a network that is drawn unasked; more are a picture of many pages, which takes seconds."""


def write_network(summary: ModelSummary, title: str, write: Write) -> bool:
    """Writes `plots/network.png`, unless the network has more than `MOST_LAYERS` layers.

    Args:
        summary: of the network; a backbone is one layer.
        title: above the picture.
        write: gives the path for a file's name.

    Returns:
        Whether it was drawn.
    """
    if len(summary.layers) > MOST_LAYERS:
        return False
    from cnncli.report.plots.network import draw_network

    with write(NETWORK) as path:
        draw_network(summary, path, title)
    return True


def metrics_of(evaluation: Evaluation, report: ClassificationReport) -> dict[str, Any]:
    """What `metrics.json` holds: one flat mapping of names to numbers, loss and accuracy first.

    Args:
        evaluation: whose metrics go before figures of the same name from the report.
        report: of the same evaluation.
    """
    own = {name: _plain(value) for name, value in evaluation.metrics.items()}
    first = {"split": evaluation.split, "images": len(evaluation.labels)}
    loss_and_accuracy = {"loss": own.get("loss"), "accuracy": own.get("accuracy", report.accuracy)}
    averages = {
        "macro_precision": report.macro.precision,
        "macro_recall": report.macro.recall,
        "macro_f1": report.macro.f1,
        "weighted_f1": report.weighted.f1,
    }
    return first | loss_and_accuracy | averages | own | first


def _plain(value: float) -> float | None:
    """The number with the fewest digits that give back the float32; JSON has no word for nan and infinity."""
    return float(tables.shortest(value)) if math.isfinite(value) else None


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _write_text(write: Write, name: str, text: str) -> None:
    with write(name) as path:
        # A folder name that is no UTF-8 is a lone surrogate here; the escape is what JSON writes for it, too.
        path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
