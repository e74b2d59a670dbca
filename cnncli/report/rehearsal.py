"""A page of made-up answers, after which all is imported, read and compiled that the page of a run needs."""

from __future__ import annotations

import numpy as np

from cnncli.records import Epoch, Evaluation, History, ModelSummary
from cnncli.report.artifacts import EvaluationData
from cnncli.report.page import Heat, RunFacts
from cnncli.report.page.template import Explain
from cnncli.report.page.writing import page_html

_NAMES = ("a", "b", "c")
_IMAGES = 120  # enough for all that a report says of answers


def rehearse(explain: Explain) -> None:
    """Makes the page, and with it the reports that are part of it; nothing is kept."""
    epochs = tuple(Epoch(number, {"loss": 1.0, "val_loss": 1.0}, 1e-3, 1.0) for number in (1, 2))
    facts = RunFacts(
        name="rehearsal",
        state="finished",
        history=History(epochs, "val_loss", 1),
        counts={"test": dict.fromkeys(_NAMES, 1)},
        findings=(),
        network=ModelSummary((), (8, 8, 1), 0),
        heat_maps=lambda pictures, labels: [Heat(np.zeros(each.shape[:2], np.float32), False) for each in pictures],
        spec="",
        machine=(),
        explain=explain,
    )
    images = np.zeros((1, 8, 8, 1), np.uint8)
    data = EvaluationData(
        _evaluation("test"), lambda places: [images[0]] * len(places), _evaluation("validation"), facts
    )
    page_html(data, facts)


def _evaluation(split: str) -> Evaluation:
    """Two answers of three are right."""
    labels = np.arange(_IMAGES) % len(_NAMES)
    answers = np.where(np.arange(_IMAGES) % 5, labels, (labels + 1) % len(_NAMES))
    logits = np.eye(len(_NAMES), dtype=np.float32)[answers] + np.linspace(0, 1, _IMAGES, dtype=np.float32)[:, None]
    logits[:, 0] *= 1.5
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = tuple(map(str, range(_IMAGES)))
    return Evaluation(split, _NAMES, names, labels, probabilities, {"loss": 1.0, "accuracy": 0.8}, logits=logits)
