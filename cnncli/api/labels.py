"""Doubtful labels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncli.api.folds import Folds
from cnncli.api.functions import open_run
from cnncli.folds.images import images_as_recorded
from cnncli.isolation import isolated
from cnncli.machine import expanded
from cnncli.notices import Notice, warn
from cnncli.runner.open_run import OpenRun
from cnncli.runs.groups import GroupDir, group_at

if TYPE_CHECKING:
    from cnncli.records import DoubtfulLabel
    from cnncli.spec.schema import Data


def doubtful_labels(
    run: str | os.PathLike[str] | OpenRun | Folds,
    most: int = 100,
    runs_dir: str | os.PathLike[str] = "runs",
    *,
    notice: Notice = warn,
) -> list[DoubtfulLabel]:
    """The labels that a network finds the least probable: worth a look, and not a number of wrong ones.

    Of a training with folds, each image is judged by the network that has not seen it. Of a single run most images are
    those that it was trained on, whose labels it may have learned, wrong ones too; a notice says so.

    Args:
        run: An opened training with folds or run, its folder, or its name in `runs_dir`.
        most: Number of labels.
        runs_dir: Directory of runs.
        notice: Receives warnings; `warnings.warn` by default.

    Returns:
        The least probable label first.

    Raises:
        RunError: There is no such run, or it is incomplete.
        DataError: Images of a run are missing.

    Example:
        >>> import cnncli
        >>> labels = cnncli.doubtful_labels("runs/mnist-001", most=3, notice=lambda text: None)
        >>> len(labels), labels[0].probability <= labels[1].probability
        (3, True)
    """
    subject = _subject(run, runs_dir)
    with images_as_recorded(subject), isolated():
        from cnncli.folds.labels import Doubts

        return Doubts(subject, notice).first(most)


class WrittenLabels(NamedTuple):
    """What `write_labels` gives: the labels, the files that it wrote, the number of all labels, and the corrections and
    section `data` of the training."""

    labels: list[DoubtfulLabel]
    table: Path
    page: Path
    images: int
    earlier: Mapping[str, str]
    data: Data


def write_labels(run: str, most: int, runs_dir: Path, notice: Notice) -> WrittenLabels:
    """The same, with a table of all labels and a page of the most doubtful ones in the folder of the run or group."""
    subject = _subject(run, runs_dir)
    with images_as_recorded(subject), isolated():
        from cnncli.folds.labels import Doubts

        doubts = Doubts(subject, notice)
        files = doubts.write_table(), doubts.write_page(most)
        return WrittenLabels(doubts.first(most), *files, doubts.images, doubts.earlier, doubts.spec.data)


def _subject(run: str | os.PathLike[str] | OpenRun | Folds, runs_dir: str | os.PathLike[str]) -> OpenRun | GroupDir:
    if isinstance(run, OpenRun):
        return run
    if isinstance(run, Folds):
        return run.group
    return group_at(os.fspath(run), expanded(runs_dir)) or open_run(run, runs_dir)
