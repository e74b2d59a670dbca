"""What a run answered for its test images, read from predictions.csv; no network is loaded."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

import numpy as np

from cnncli.errors import RunError
from cnncli.report.tables import cell
from cnncli.runner.open_run import OpenRun
from cnncli.runs.image_list import GROUP, MANIFEST, MAX_RECORD, read_manifest
from cnncli.runs.untrusted import Unreadable, read_bytes
from cnncli.wording import in_shell

FILE = "predictions.csv"
COLUMNS = ("image", "true", "predicted", "probability")


@dataclass(frozen=True)
class RecordedAnswers:
    """The answers of a run for its test images.

    Args:
        images: Name of each image.
        identities: What tells each image from all others, also of another run: its content, or place in a data set.
        true: Class of each image, shape `(images,)`, text.
        predicted: Answer for each image, shape `(images,)`, text.
        groups: Group of each image, shape `(images,)`, text; None where each stands alone.
    """

    images: tuple[str, ...]
    identities: tuple[tuple[str, ...], ...]
    true: np.ndarray
    predicted: np.ndarray
    groups: np.ndarray | None

    @property
    def right(self) -> np.ndarray:
        """Which images are right, bool, shape `(images,)`."""
        return np.asarray(self.true == self.predicted)


def recorded_answers(run: OpenRun) -> RecordedAnswers:
    """Reads the answers of a run.

    Raises:
        RunError: The run has none, or they are damaged.
    """
    path = run.path / FILE
    if not path.exists():
        hint = f"finish its training: cnncli resume {in_shell(run.path)}"
        raise RunError(f"'{run.path}' has no {FILE}, so there is nothing to compare", hint)
    try:
        text = read_bytes(path, MAX_RECORD).decode("utf-8")
        heading, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (Unreadable, ValueError, csv.Error) as error:
        raise RunError(f"'{path}' cannot be read: {error}") from None
    if tuple(heading) != COLUMNS or not rows or any(len(row) != len(COLUMNS) for row in rows):
        raise RunError(f"'{path}' is damaged: it does not list the answers of the run")
    images, true, predicted, _ = zip(*rows, strict=True)
    contents, groups = _recorded_images(run)
    source = repr(run.spec.data.source.plain())
    identities = [contents.get(image, ("", source, image)) for image in images]
    of_each = np.array([groups.get(image, "") for image in images]) if groups else None
    return RecordedAnswers(images, _counted(identities), np.array(true), np.array(predicted), of_each)


def _recorded_images(run: OpenRun) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The content and the group of each test image by its name; a built-in data set has no list."""
    if not (run.path / MANIFEST).exists():
        return {}, {}
    rows = [row for row in read_manifest(run.path / MANIFEST, run.class_names) if row["split"] == "test"]
    groups = {cell(row["image"]): row[GROUP] for row in rows if GROUP in row}
    return {cell(row["image"]): (row["content"],) for row in rows}, groups


def _counted(identities: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The same with a number for each copy of an image, so that every one is there once."""
    seen: Counter[tuple[str, ...]] = Counter()
    numbered = []
    for identity in identities:
        numbered.append((*identity, str(seen[identity])))
        seen[identity] += 1
    return tuple(numbered)
