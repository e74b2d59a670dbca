"""What the folds of a group say together: every image, answered by the one network that has not seen it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import softmax, stdtrit

from cnncli.data.groups import Groups
from cnncli.errors import RunError
from cnncli.notices import Notice
from cnncli.records import Evaluation
from cnncli.report import EvaluationData, write_artifacts
from cnncli.report.classification import metrics_of
from cnncli.report.tables import cell, shortest, write_rows
from cnncli.runner.inputs.division_file import DIVISION, MAX_BYTES
from cnncli.runner.open_run import OpenRun
from cnncli.runner.stored_logits import stored_logits
from cnncli.runs import PAGE, writing
from cnncli.runs.groups import GroupDir
from cnncli.runs.image_list import GROUP, MANIFEST, read_manifest
from cnncli.runs.untrusted import Unreadable, read_bytes

SPLIT = "out-of-fold"
"""What the images of all folds are called where others are of a split."""

PREDICTIONS = "predictions.csv"

COLUMNS = ("image", "true", "predicted", "probability", "probability_of_true", "fold")

_OWN_WRITERS = (PREDICTIONS, "metrics.json", PAGE)


def out_of_fold(group: GroupDir, notice: Notice) -> tuple[Evaluation, np.ndarray]:
    """The answers of all folds to the images that they test.

    They come from the files of the runs; where these hold a sample of the logits, the run is evaluated once more.

    Returns:
        The evaluation of every image once, in the order of the group's division, and the fold of each image, from 1,
        shape `(images,)`, int64.

    Raises:
        RunError: A run is incomplete, or the folds do not test each image once.
    """
    place = {name: index for index, name in enumerate(image_names(group))}
    runs = [OpenRun(run) for run in group.folds]
    evaluations = [_answers(run, notice) for run in runs]
    names = [name for evaluation in evaluations for name in evaluation.images]
    if sorted(names) != sorted(place) or len({run.class_names for run in runs}) > 1:
        raise RunError(f"the runs of '{group.path}' do not belong together: their folds do not test each image once")
    order = np.argsort([place[name] for name in names])  # (images,)
    folds = np.repeat(np.arange(1, len(runs) + 1), [len(each.images) for each in evaluations])  # (images,)
    logits = [each.logits for each in evaluations if each.logits is not None]
    groups = [_groups_of(run, each.images) for run, each in zip(runs, evaluations, strict=True)]
    return Evaluation(
        SPLIT,
        runs[0].class_names,
        tuple(names[index] for index in order.tolist()),
        np.concatenate([each.labels for each in evaluations])[order],
        np.concatenate([each.probabilities for each in evaluations])[order],
        {},
        logits=np.concatenate(logits)[order] if len(logits) == len(runs) else None,
        groups=Groups.named([name for of in groups for name in of]).of_image[order] if all(groups) else None,
    ), folds[order]


def image_names(group: GroupDir) -> list[str]:
    """Names of the images of a group, in the order of its predictions.csv.

    Raises:
        RunError: The division is missing or damaged.
    """
    return [row["image"] for row in _division(group.division(1))]


def _division(file: Any) -> list[dict[str, str]]:
    try:
        text = read_bytes(file, MAX_BYTES).decode("utf-8", "surrogateescape")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (Unreadable, csv.Error) as error:
        raise RunError(f"'{file}' cannot be read: {error}") from None
    if not rows or any(not row.get("image") or not row.get("split") for row in rows):
        raise RunError(f"'{file}' is damaged: it does not list the images")
    return rows


def _answers(run: OpenRun, notice: Notice) -> Evaluation:
    """The answers of a run to its test images."""
    names = tuple(row["image"] for row in _division(run.path / DIVISION) if row["split"] == "test")
    stored = stored_logits(run, "test")
    if stored is None or len(stored.labels) != len(names):
        from cnncli.runner.evaluate import evaluate

        return evaluate(run, "test", notice)
    probabilities = softmax(stored.logits.astype(np.float64), axis=1).astype(np.float32)  # (images, classes)
    return Evaluation("test", run.class_names, names, stored.labels, probabilities, {}, logits=stored.logits)


def _groups_of(run: OpenRun, images: Sequence[str]) -> list[str]:
    """The group of each test image; empty where each stands alone."""
    if run.spec.data.split.group is None or not (run.path / MANIFEST).exists():
        return []
    rows = read_manifest(run.path / MANIFEST, run.class_names)
    of = {row["image"]: row[GROUP] for row in rows if row["split"] == "test" and GROUP in row}
    return [of[image] for image in images] if set(images) <= set(of) else []


def write_results(group: GroupDir, notice: Notice) -> None:
    """Writes the files of a group that follow from its folds; metrics.json comes last."""
    evaluation, folds = out_of_fold(group, notice)
    data = EvaluationData(evaluation, lambda indices: pictures(group, evaluation, folds, indices))
    write_artifacts("evaluation", data, lambda name: writing(group.path / name), skip=_OWN_WRITERS)
    with writing(group.path / PREDICTIONS) as path, path.open("w", encoding="utf-8", newline="") as file:
        write_rows(file, _rows(evaluation, folds))
    group.write_json("metrics.json", metrics_of(evaluation, data.report) | over_folds(group))


def _rows(evaluation: Evaluation, folds: np.ndarray) -> Iterator[Sequence[str]]:
    names = [cell(name) for name in evaluation.class_names]
    of_true = evaluation.probabilities[np.arange(len(folds)), evaluation.labels]  # (images,)
    columns = (evaluation.labels, evaluation.predicted, evaluation.confidence, of_true, folds)
    yield COLUMNS
    for image, true, predicted, confidence, own, fold in zip(evaluation.images, *columns, strict=True):
        escaped = cell(image).encode("utf-8", "backslashreplace").decode("utf-8")
        yield escaped, names[true], names[predicted], shortest(confidence), shortest(own), str(fold)


def pictures(
    group: GroupDir, evaluation: Evaluation, folds: np.ndarray, indices: Sequence[int]
) -> Sequence[np.ndarray]:
    """The images at these indices: those of a fold are read together."""
    from cnncli.notices import ignore
    from cnncli.runner.evaluate import own_split

    by_index: dict[int, np.ndarray] = {}
    for fold in sorted({int(folds[index]) for index in indices}):
        samples = own_split(OpenRun(group.fold(fold)), "test", notice=ignore).samples["test"]
        place = {name: position for position, name in enumerate(samples.names)}
        of_fold = [index for index in indices if folds[index] == fold]
        read = samples.read(np.array([place[evaluation.images[index]] for index in of_fold], np.int64))
        by_index |= dict(zip(of_fold, read, strict=True))
    return [by_index[index] for index in indices]


def over_folds(group: GroupDir) -> dict[str, Any]:
    """The figures of each fold, and of each figure the mean over the folds with its interval, as metrics.json has them.

    The interval of a mean is Student's: what another division into folds of other such images would give.

    Source:
        R. R. Bouckaert, E. Frank (2004), "Evaluating the replicability of significance tests for comparing learning
        algorithms": folds share training images, so such an interval is approximate.
    """
    metrics = [run.metrics() for run in group.folds]
    names = [name for name, value in metrics[0].items() if isinstance(value, float)]
    figures = {name: np.array([each.get(name) for each in metrics], np.float64) for name in names}
    means = {}
    for name, values in figures.items():
        if np.isfinite(values).all():
            mean, deviation = float(values.mean()), float(values.std(ddof=1))
            half = float(stdtrit(len(values) - 1, 0.975)) * deviation / math.sqrt(len(values))
            low = max(mean - half, 0.0) if (values >= 0).all() else mean - half
            high = mean + half if "loss" in name else min(mean + half, 1.0)
            means[name] = {"mean": mean, "std": deviation, "interval": [low, high]}
    of_each = [
        {"run": run.name, "images": each.get("images"), **{name: each.get(name) for name in names}}
        | {"intervals": {"accuracy": each.get("intervals", {}).get("accuracy")}}
        for run, each in zip(group.folds, metrics, strict=True)
    ]
    return {"over_folds": means, "folds": of_each}
