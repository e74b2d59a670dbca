"""The most doubtful labels of a run or of a group of folds, as a list and on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnncli.data.samples import LabelledImages
from cnncli.errors import DataError
from cnncli.explain.topics import explained
from cnncli.folds.results import out_of_fold
from cnncli.insight.labels import log_probability_of_label, most_doubtful_first
from cnncli.notices import Notice, ignore
from cnncli.records import Evaluation
from cnncli.records.labels import DoubtfulLabel
from cnncli.report.page import rendered, write
from cnncli.report.page.pictures import embedded
from cnncli.report.tables import shortest, write_rows
from cnncli.runner.evaluate import evaluate, own_split
from cnncli.runner.inputs.corrections import read_corrections
from cnncli.runner.inputs.own_files import with_own_files
from cnncli.runner.open_run import OpenRun
from cnncli.runs import writing
from cnncli.runs.groups import GroupDir, is_group
from cnncli.spec.schema import Spec
from cnncli.wording import in_shell

TABLE, PAGE = "labels.csv", "labels.html"
"""The files that are written into the folder of the run or group."""

COLUMNS = ("image", "label", "probability", "suggested", "suggested_probability", "place")

SHARE_SHOWN = 0.001
"""Probabilities below it are shown as such."""


@dataclass(frozen=True)
class _Answers:
    """The answers to images that belong together: of a split, or of all folds.

    Args:
        evaluation: The answers.
        names: Name of each image, as `data.corrections` takes it.
        places: Where each image was in the training.
    """

    evaluation: Evaluation
    names: Sequence[str]
    places: Sequence[str]


class Doubts:
    """The labels of a run or group, the most doubtful first.

    Args:
        subject: The run, or the group: then each image is judged by the network that has not seen it.
        notice: Receives a warning where networks judge images that they were trained on.

    Raises:
        RunError: The run or group is incomplete.
        DataError: Images of the run are missing.
    """

    def __init__(self, subject: OpenRun | GroupDir, notice: Notice) -> None:
        self._subject = subject
        if isinstance(subject, GroupDir):
            parts = [_of_group(subject, notice)]
            self.run = OpenRun(subject.fold(1))
        else:
            parts = _of_run(subject, notice)
            self.run = subject
        self.class_names = parts[0].evaluation.class_names
        self._names = [name for part in parts for name in part.names]
        self._places = [place for part in parts for place in part.places]
        self._labels = np.concatenate([part.evaluation.labels for part in parts])  # (images,)
        self._probabilities = np.concatenate([part.evaluation.probabilities for part in parts])  # (images, classes)
        self.order = most_doubtful_first(np.concatenate([_log_probabilities(part.evaluation) for part in parts]))

    @property
    def images(self) -> int:
        """Number of images."""
        return len(self._names)

    def label(self, index: int) -> DoubtfulLabel:
        """The label of an image, by its index in `order`."""
        row, own = self._probabilities[index], int(self._labels[index])
        other = int(np.where(np.arange(len(row)) == own, -np.inf, row).argmax())
        names = self.class_names
        label, suggested = (names[own], float(row[own])), (names[other], float(row[other]))
        return DoubtfulLabel(self._names[index], *label, *suggested, self._places[index])

    def first(self, most: int) -> list[DoubtfulLabel]:
        """The most doubtful labels."""
        return [self.label(index) for index in self.order[:most].tolist()]

    @property
    def path(self) -> Path:
        """Folder of the run or group."""
        return self._subject.path

    def write_table(self) -> Path:
        """Writes labels.csv: all labels, the most doubtful first."""
        file = self.path / TABLE
        with writing(file) as path, path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            write_rows(stream, [COLUMNS])
            for each in map(self.label, self.order.tolist()):
                own, other = shortest(each.probability), shortest(each.suggested_probability)
                write_rows(stream, [(each.image, each.label, own, each.suggested, other, each.place)])
        return file

    def write_page(self, most: int) -> Path:
        """Writes labels.html: pictures of the most doubtful ones, with boxes that make a table of corrections."""
        indices = self.order[:most].tolist()
        pictures = self._pictures(indices)
        page = rendered(
            "labels.html.j2",
            explained,
            ["labels.js"],
            subject=str(self.path),
            is_out_of_fold=isinstance(self._subject, GroupDir),
            images=self.images,
            class_names=self.class_names,
            earlier=list(self.earlier.items()),
            labels=[(self.label(index), embedded(pictures[index])) for index in indices],
            percent=_percent,
        )
        with writing(self.path / PAGE) as path:
            write(page, path)
        return self.path / PAGE

    @property
    def spec(self) -> Spec:
        """The spec of the run, or that of the first fold."""
        return self.run.spec

    @property
    def earlier(self) -> Mapping[str, str]:
        """The corrections that the training had, which those of the page are added to."""
        data = with_own_files(self.run.spec.data, self.run.path)
        if data.corrections is None:
            return {}
        with suppress(DataError):
            return read_corrections(data.corrections)
        return {}

    def _pictures(self, indices: Sequence[int]) -> dict[int, np.ndarray]:
        """Images by their indices: those of one place are read together."""
        pictures: dict[int, np.ndarray] = {}
        for place in sorted({self._places[index] for index in indices}):
            if isinstance(self._subject, GroupDir):
                run, split = OpenRun(self._subject.fold(int(place.removeprefix("fold ")))), "test"
            else:
                run, split = self._subject, place
            splits = own_split(run, split, notice=ignore)
            samples: LabelledImages = splits.samples[split]
            has_files, origin = run.spec.data.source.has_files, splits.source_split[split]
            at = {name: number for number, name in enumerate(_qualified(samples.names, has_files, origin))}
            here = [index for index in indices if self._places[index] == place]
            read = samples.read(np.array([at[self._names[index]] for index in here], np.int64))
            pictures |= dict(zip(here, read, strict=True))
        return pictures


def _of_group(group: GroupDir, notice: Notice) -> _Answers:
    evaluation, folds = out_of_fold(group, notice)
    return _Answers(evaluation, evaluation.images, [f"fold {fold}" for fold in folds.tolist()])


def _of_run(run: OpenRun, notice: Notice) -> list[_Answers]:
    """The answers to all images of a run, most of which it was trained on."""
    better = "train with --folds 5, and name that group"
    if is_group(run.path.parent):
        better = f"name its group: cnncli data --labels {in_shell(run.path.parent)}"
    notice(
        "warning: the network was trained on most of these images and may have learned their labels, wrong ones too; "
        f"to have each judged by a network that has not seen it, {better}"
    )
    found = []
    for split in run_splits(run):
        evaluation = evaluate(run, split, notice)
        origin = own_split(run, split, notice=ignore).source_split[split]
        names = _qualified(evaluation.images, run.spec.data.source.has_files, origin)
        found.append(_Answers(evaluation, names, [split] * len(names)))
    return found


def run_splits(run: OpenRun) -> list[str]:
    """The splits of a run, without validation images that are the test images under a second name."""
    counts = run.folder.read_json("data.json").get("counts", {})
    split = run.spec.data.split
    is_same = split.validation == "test" or split.test == "validation"
    return [
        name for name in ("train", "validation", "test") if name in counts and not (is_same and name == "validation")
    ]


def _qualified(names: Sequence[str], has_files: bool, origin: str) -> list[str]:
    """Names as `data.corrections` takes them: numbered images with their split."""
    return [name if has_files or "/" in name else f"{origin}/{name}" for name in names]


def _log_probabilities(evaluation: Evaluation) -> np.ndarray:
    if evaluation.logits is not None:
        return log_probability_of_label(evaluation.logits, evaluation.labels, are_logits=True)
    return log_probability_of_label(evaluation.probabilities, evaluation.labels, are_logits=False)


def _percent(probability: float) -> str:
    """A probability as the page shows it."""
    return "below 0.001" if probability < SHARE_SHOWN else f"{probability:.3f}"
