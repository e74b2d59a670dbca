"""Decides which image is tested by which fold, and which ones validate meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cnncli.data.names.classes import require_images
from cnncli.data.split import Drawing, validation_indices
from cnncli.errors import Problem, SpecError
from cnncli.folds.dealing import fold_numbers, uneven
from cnncli.folds.notices import WithoutRepeats
from cnncli.isolation import isolated_images
from cnncli.notices import Notice
from cnncli.observer import TrainingObserver
from cnncli.report.tables import write_rows
from cnncli.runner.inputs.class_check import require_known_classes, unused_splits
from cnncli.runner.inputs.division import groups_of
from cnncli.runner.inputs.division_file import COLUMNS, pooled
from cnncli.runner.inputs.splits import load_source
from cnncli.runs import writing
from cnncli.spec.schema import Data, Spec, Split
from cnncli.temporary import temporary_folder
from cnncli.wording import counted


@dataclass(frozen=True)
class FoldPlan:
    """The division of images into folds.

    Args:
        images: Names of the images.
        fold: The fold that tests each image, from 0, shape `(images,)`, int64.
        validation: For each fold the sorted indices of the images that validate it, int64.
        own_test: Number of test images of the source, which no fold uses; 0 if it has none.
    """

    images: tuple[str, ...]
    fold: np.ndarray
    validation: tuple[np.ndarray, ...]
    own_test: int

    @property
    def folds(self) -> int:
        """Number of folds."""
        return len(self.validation)

    def write(self, number: int, file: Path) -> None:
        """Writes the division of a fold, counted from 1, for `data.split.file`."""
        split = np.where(self.fold == number - 1, "test", "train").astype("U10")  # (images,)
        split[self.validation[number - 1]] = "validation"
        with writing(file) as path, path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            write_rows(stream, [COLUMNS])
            write_rows(stream, zip(split.tolist(), self.images, strict=True))


def plan_folds(spec: Spec, folds: int, final: bool, notice: Notice) -> FoldPlan:
    """Deals the training and validation images of a spec to folds; the source's own test images stay out of them.

    Args:
        spec: A checked spec.
        folds: Number of folds.
        final: Whether a run on all images is to follow.
        notice: Receives what a user would not expect.

    Raises:
        SpecError: The spec has a division that folds contradict.
        DataError: The images cannot be loaded, or divided into this number of folds.
    """
    problems = list(_contradictions(spec.data))
    if problems:
        raise SpecError(problems)
    with isolated_images():
        source = load_source(spec.data)  # the first fold repeats whatever there is to say about it
    own_test = len(source.splits["test"]) if "test" in source.splits else 0
    if final and not own_test and not spec.data.split.held_out("validation"):
        message = "--final trains on all images and needs validation images to measure it on; set a part, such as 0.1"
        raise SpecError([Problem(("data", "split", "validation"), message)])
    used = [name for name in source.splits if name != "test" and name not in unused_splits(spec.data.split)]
    require_known_classes(source, used)
    require_images(source.class_names, {name: len(source.splits[name]) for name in used}, spec.data.source.where)
    splits = {name: source.splits[name] for name in used}
    groups_by_name = {name: of for name, of in source.groups.items() if name in used}
    images = pooled(replace(source, splits=splits, foreign={}, groups=groups_by_name), spec.data.source.has_files)
    labels, groups = images.splits["train"].labels, groups_of(images, spec.data.split.group).get("train")
    drawing = Drawing(spec.data.split.stratify, spec.seed, groups)
    numbers = fold_numbers(labels, folds, drawing, source.class_names)
    validation = _validation(spec.data, labels, numbers, folds, drawing, source.class_names)
    own_validation = len(source.splits["validation"]) if "validation" in used else 0
    for line in _remarks(spec.data, own_test, own_validation, uneven(labels, numbers, folds, source.class_names)):
        notice(line)
    return FoldPlan(images.splits["train"].names, numbers, validation, own_test)


def _contradictions(data: Data) -> Iterator[Problem]:
    split = data.split
    if split.file is not None:
        message = f"{split.file} divides the images, and so does --folds; remove the key, or train without --folds"
        yield Problem(("data", "split", "file"), message)
    if split.validation == "test":
        message = (
            "with --folds, the test images of a fold must not choose its best epoch; "
            "set a part, such as 0.1, which each fold takes from its training images, or 0 for none"
        )
        yield Problem(("data", "split", "validation"), message)


def _validation(
    data: Data, labels: np.ndarray, numbers: np.ndarray, folds: int, drawing: Drawing, class_names: tuple[str, ...]
) -> tuple[np.ndarray, ...]:
    """For each fold the images that validate it, drawn from those that it does not test."""
    part = data.split.held_out("validation")
    if not part:
        return (np.empty(0, np.int64),) * folds
    count = max(1, round(len(labels) * part)) if isinstance(part, float) else part
    drawn = []
    for number in range(folds):
        rest = np.flatnonzero(numbers != number)
        drawn.append(rest[validation_indices(labels[rest], count, drawing.take(rest), class_names)])
    return tuple(drawn)


def _remarks(data: Data, own_test: int, own_validation: int, warning: str) -> Iterator[str]:
    if own_validation:
        yield (
            f"the {counted(own_validation, 'validation image')} of {data.source.where} are in the folds as well: "
            "each run draws its own from those that it does not test"
        )
    if own_test:
        yield (
            f"the {counted(own_test, 'test image')} of {data.source.where} are in no fold: "
            "the folds divide the training images; a run with --final is tested on them"
        )
    elif "test" in data.split.set_keys and data.split.test != "validation":
        yield f"data.split.test: {data.split.test} has no effect: with --folds, each image is tested once"
    if warning:
        yield warning


@contextmanager
def first_fold(
    spec: Spec, folds: int, final: bool, observer: TrainingObserver
) -> Iterator[tuple[Spec, TrainingObserver]]:
    """Inside, the spec of the first fold can be used, with an observer: for a dry run. Errors are `plan_folds`'s."""
    notices = WithoutRepeats([observer])
    plan = plan_folds(spec, folds, final, notices.on_notice)
    with temporary_folder() as place:
        notices.division = str(place / "fold-1.csv")
        plan.write(1, place / "fold-1.csv")
        yield fold_spec(spec, place / "fold-1.csv"), notices


def fold_spec(spec: Spec, file: Path) -> Spec:
    """The spec of a fold, whose division is in a file."""
    split = spec.data.split
    divided = replace(
        split,
        file=str(file.absolute()),
        test=Split().test,
        validation=Split().validation if split.held_out("validation") else 0,
        set_keys=split.set_keys - {"validation", "test"} | {"file"},
    )
    return spec.replace(data=spec.data.replace(split=divided))
