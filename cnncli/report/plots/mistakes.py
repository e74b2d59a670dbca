"""The wrong predictions with the highest probability: often it is the label that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from cnncli.records import Evaluation
from cnncli.report.plots import style, text_layout
from cnncli.report.plots.grid import Grid, Line, grid_of

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData


MOST_SHOWN = 25


def draw_mistakes(data: EvaluationData, path: Path) -> None:
    """Draws the up to 25 most confident wrong predictions: "true → predicted 0.98" and the file name below each."""
    evaluation = data.evaluation
    files = [PurePath(evaluation.images[index]).name for index in most_confident_mistakes(evaluation)]
    with style.applied([*evaluation.class_names, *files]):
        mistakes_of(data).save(path)


def most_confident_mistakes(evaluation: Evaluation) -> list[int]:
    """Indices of up to 25 wrong predictions, the most confident first."""
    wrong = np.flatnonzero(evaluation.labels != evaluation.predicted)  # (mistakes,)
    order = np.argsort(-evaluation.confidence[wrong], kind="stable")  # (mistakes,)
    return [int(index) for index in wrong[order[:MOST_SHOWN]]]


def mistakes_of(data: EvaluationData) -> Grid:
    """The grid of `draw_mistakes`; to be created and saved in one `style.applied` block."""
    evaluation = data.evaluation
    total = len(evaluation.labels)
    mistakes = int(np.count_nonzero(evaluation.labels != evaluation.predicted))
    if not mistakes:
        return _nothing_wrong(evaluation.split, total)
    indices = most_confident_mistakes(evaluation)
    names = text_layout.drawable_names(evaluation.class_names)
    below = f"{evaluation.split}: {mistakes:,} of {total:,} images are wrong"
    if mistakes > len(indices):
        below += f"; the {len(indices)} most confident are shown"
    captions = [_caption(evaluation, index, names) for index in indices]
    return grid_of(data.images(indices), captions, "Mistakes: true → predicted", below)


def _caption(evaluation: Evaluation, index: int, names: Sequence[str]) -> list[Line]:
    """Two lines for the two class names, and one for the file name."""
    return [
        Line(names[evaluation.labels[index]]),
        Line(f"→ {names[evaluation.predicted[index]]} {evaluation.confidence[index]:.2f}", style.VERMILLION),
        Line(text_layout.drawable(PurePath(evaluation.images[index]).name), style.FAINT),
    ]


def _nothing_wrong(split: str, total: int) -> Grid:
    figure = style.new_figure(4.0, 0.8)
    style.heading(figure, "No mistakes", f"{split}: all {total:,} images are right" if total else f"{split}: no images")
    return Grid(figure, [])
