"""Answers for a number of images, and how they become text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

_SPLITS_LINES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Answers:
    """Answers, in the order of the images.

    Args:
        positions: Position of each image in the list, from 0: int64, shape `(images,)`.
        names: Name of each image, on one line.
        classes: The most probable classes, as indices, most probable first: int64, shape `(images, top_k)`.
        probabilities: Of these classes: float32, shape `(images, top_k)`.
        every: Probability of every class if it was asked for: float32, shape `(images, classes)`.
        embeddings: Inputs of the last layer if they were asked for: float32, shape `(images, values)`.
        doubts: `unlike`, `unsure` or nothing for each image, if it was asked for.
        sets: Classes in the set of each image if it was asked for, as indices, most probable first.
    """

    positions: np.ndarray
    names: Sequence[str]
    classes: np.ndarray
    probabilities: np.ndarray
    every: np.ndarray | None = None
    embeddings: np.ndarray | None = None
    sets: Sequence[Sequence[int]] | None = None
    doubts: Sequence[str] | None = None

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Self:
        """All of some, one behind the other."""

        def stacked(field: str) -> np.ndarray | None:
            arrays = [getattr(part, field) for part in parts]
            return None if arrays[0] is None else np.concatenate(arrays)

        names = [name for part in parts for name in part.names]
        positions, classes, probabilities = map(stacked, ("positions", "classes", "probabilities"))
        assert positions is not None
        assert classes is not None
        assert probabilities is not None
        sets = None if parts[0].sets is None else [each for part in parts for each in part.sets or ()]
        doubts = None if parts[0].doubts is None else [each for part in parts for each in part.doubts or ()]
        return cls(positions, names, classes, probabilities, stacked("every"), stacked("embeddings"), sets, doubts)


@dataclass(frozen=True)
class Refused:
    """An image that cannot be read, with its position in the list, and why."""

    position: int
    name: str
    reason: str


def columns(class_names: Sequence[str], answers: Answers) -> list[str]:
    """Names of the columns of a table of answers, without that of the position: `image`, `class`, `probability` …"""
    top_k, more = answers.classes.shape[1], {"set": answers.sets, "doubt": answers.doubts}
    numbers = ["", *(f"_{rank}" for rank in range(2, top_k + 1))]
    top = [f"{heading}{number}" for number in numbers for heading in ("class", "probability")]
    return [
        "image",
        *top,
        *(name for name, values in more.items() if values is not None),
        *(f"p_{name}" for name in class_names if answers.every is not None),
    ]


def ranked(probabilities: np.ndarray, top_k: int) -> np.ndarray:
    """The `top_k` most probable classes, of equals the first: int64, shape `(images, top_k)`."""
    if top_k == 1:
        return probabilities.argmax(axis=1)[:, None]
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :top_k]


def on_one_line(text: str) -> str:
    """The text with line breaks, other control characters and bytes that are no UTF-8 as escapes."""
    return _SPLITS_LINES.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def shortest_texts(values: np.ndarray) -> list[list[str]]:
    """Each float32 in the fewest digits that identify it, as `report.tables.shortest` writes one."""
    floats = values.astype(str).astype(np.float64).tolist()
    return [[repr(value) for value in row] for row in floats]
