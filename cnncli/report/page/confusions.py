"""What is taken for what: a matrix, the list of confusions, and some images of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cnncli.records import Evaluation
from cnncli.report.confusion import Confusion, confusion_of
from cnncli.report.page.pictures import Picture, embedded
from cnncli.wording import counted, percentage

MOST_IN_TABLE = 20
"""Classes up to which the matrix is a table with numbers."""

MOST_IN_GRID = 60
"""Classes that a drawn matrix has at most: those that are confused most often."""

MOST_LISTED = 100
"""Confusions in the list."""

MOST_PICTURES = 240
"""Images that the cells have together."""

MOST_PER_CELL = 12

_PICTURE_BYTES = 1_200_000
"""Characters of all these images; the page is to stay below 3 MB."""

_SIDE = 84  # pixels, the longer side of an image
_CELL, _LABELS = 13, 130  # pixels, of a drawn matrix
_LONGEST_LABEL = 18  # characters


class Cell(NamedTuple):
    """A cell of the matrix.

    Args:
        images: Number of images.
        share: Of the images of the class, 0…1.
        is_right: Whether it is on the diagonal.
        panel: Id of its images; empty without any.
        text: What it says.
    """

    images: int
    share: float
    is_right: bool
    panel: str
    text: str


class Row(NamedTuple):
    """A row of the matrix: a class with its number of mistakes."""

    name: str
    wrong: int
    cells: Sequence[Cell]


class Pair(NamedTuple):
    """A confusion in the list."""

    true: str
    predicted: str
    images: int
    share: str
    portion: float  # the same as a number
    panel: str


class Panel(NamedTuple):
    """Images of a cell: of how many in all, and each with its caption."""

    id: str
    true: str
    predicted: str
    images: int
    pictures: Sequence[tuple[Picture, str]]


@dataclass(frozen=True)
class Confusions:
    """What a page shows of the mistakes.

    Args:
        columns: Classes of the matrix.
        rows: Rows of the matrix.
        is_table: Whether the matrix is a table, not a drawing.
        classes: Number of classes, of which the matrix may have only some.
        pairs: Confusions, the most frequent first.
        kinds: Number of different confusions.
        panels: Images of cells and pairs.
    """

    columns: Sequence[str]
    rows: Sequence[Row]
    is_table: bool
    classes: int
    pairs: Sequence[Pair]
    kinds: int
    panels: Sequence[Panel]

    cell = _CELL
    labels = _LABELS

    @property
    def side(self) -> int:
        """Pixels of a side of the drawn matrix."""
        return _LABELS + _CELL * len(self.columns)

    @staticmethod
    def label(name: str) -> str:
        """A name as the drawing has room for it."""
        return name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…"


def confusions_of(evaluation: Evaluation, images: Callable[[Sequence[int]], Sequence[np.ndarray]]) -> Confusions:
    """The confusions of an evaluation; `images` gives pixels, uint8 `(height, width, channels)`, by indices."""
    names = evaluation.class_names
    is_table = len(names) <= MOST_IN_TABLE
    confusion = confusion_of(evaluation, MOST_IN_TABLE if is_table else MOST_IN_GRID)
    panels = list(_panels(evaluation, confusion, images))
    ids = {panel.id for panel in panels}

    def panel_of(true: int, predicted: int) -> str:
        return id_ if (id_ := _id(true, predicted)) in ids else ""

    shown = confusion.classes.tolist()
    rows = []
    for true, counts, total in zip(shown, confusion.counts.tolist(), confusion.totals.tolist(), strict=True):
        cells = [
            Cell(
                count,
                count / total if total else 0.0,
                true == predicted,
                panel_of(true, predicted),
                _text(names[true], names[predicted], count, true == predicted),
            )
            for predicted, count in zip(shown, counts, strict=True)
        ]
        right = next(cell.images for cell in cells if cell.is_right)
        rows.append(Row(names[true], total - right, cells))
    totals = np.bincount(evaluation.labels, minlength=len(names)).tolist()
    pairs = [
        Pair(
            names[each.true],
            names[each.predicted],
            each.count,
            percentage(each.count, totals[each.true], 1),
            each.share,
            panel_of(each.true, each.predicted),
        )
        for each in confusion.pairs[:MOST_LISTED]
    ]
    return Confusions([names[at] for at in shown], rows, is_table, len(names), pairs, len(confusion.pairs), panels)


def _text(true: str, predicted: str, images: int, is_right: bool) -> str:
    if is_right:
        return f"{true}: {counted(images, 'image')} right"
    return f"{true} taken for {predicted}: {counted(images, 'image')}"


def _id(true: int, predicted: int) -> str:
    return f"taken-{true}-{predicted}"


def _panels(
    evaluation: Evaluation, confusion: Confusion, images: Callable[[Sequence[int]], Sequence[np.ndarray]]
) -> Iterable[Panel]:
    """The most confident mistakes of each confusion, some of each before more of the frequent ones."""
    pairs = confusion.pairs[:MOST_PICTURES]
    wrong = np.flatnonzero(evaluation.labels != evaluation.predicted)  # (mistakes,)
    wrong = wrong[np.argsort(-evaluation.confidence[wrong], kind="stable")]
    of_pair: dict[tuple[int, int], list[int]] = {}
    for index, true, predicted in zip(
        wrong.tolist(), evaluation.labels[wrong].tolist(), evaluation.predicted[wrong].tolist(), strict=True
    ):
        of_pair.setdefault((true, predicted), []).append(index)
    chosen: dict[tuple[int, int], list[int]] = {(each.true, each.predicted): [] for each in pairs}
    left = MOST_PICTURES
    for rank in range(MOST_PER_CELL):
        for key, taken in chosen.items():
            if left and rank < len(of_pair[key]):
                taken.append(of_pair[key][rank])
                left -= 1
    room = _PICTURE_BYTES
    for each in pairs:
        shown = []
        indices = chosen[each.true, each.predicted]
        for index, pixels in zip(indices, images(indices), strict=True):
            picture = embedded(pixels, _SIDE)
            room -= len(picture.address)
            shown.append((picture, f"{evaluation.images[index]}, {evaluation.confidence[index]:.2f}"))
        if room < 0:
            return
        if shown:
            names = evaluation.class_names
            yield Panel(_id(each.true, each.predicted), names[each.true], names[each.predicted], each.count, shown)
