"""Writes report.html of a group: what its folds say together."""

from __future__ import annotations

from pathlib import Path

from cnncli.explain.topics import explained
from cnncli.folds.results import out_of_fold, over_folds, pictures
from cnncli.notices import Notice
from cnncli.report.classification import classification_report
from cnncli.report.page import write
from cnncli.report.page.folds import FoldsData, folds_html
from cnncli.runner.open_run import OpenRun
from cnncli.runs import PAGE, RunDir, writing
from cnncli.runs.groups import FINAL, GroupDir
from cnncli.wording import counted, with_interval


def write_page(group: GroupDir, notice: Notice) -> Path:
    """Writes the page of a group whose folds are finished.

    Raises:
        RunError: A fold is not finished.
        DataError: Images are missing.
    """
    evaluation, fold_of = out_of_fold(group, notice)
    figures = over_folds(group)
    data = FoldsData(
        group=str(group.path),
        evaluation=evaluation,
        report=classification_report(evaluation),
        folds=figures["folds"],
        over_folds=figures["over_folds"],
        fold_of=fold_of,
        pages={run.name: f"{run.name}/{PAGE}" for run in group.runs if (run.path / PAGE).is_file()},
        final=_final(group),
        pictures=lambda indices: pictures(group, evaluation, fold_of, indices),
        explain=explained,
    )
    with writing(group.page) as path:
        write(folds_html(data), path)
    return group.page


def _final(group: GroupDir) -> str:
    """A sentence about the run on all images; empty without one."""
    run = RunDir(group.path / FINAL)
    metrics = run.metrics() if group.record.final else {}
    accuracy, images = metrics.get("accuracy"), metrics.get("images")
    if not isinstance(accuracy, float) or not isinstance(images, int):
        return ""
    measured = f"Its accuracy is {with_interval(accuracy, None, images)} on {counted(images, 'image')}"
    if OpenRun(run).spec.data.split.test == "validation":
        return (
            f"The run on all images, {FINAL}, has no test images. {measured} that chose its best epoch, which is too "
            "good: expect that of the folds, or slightly more."
        )
    return f"The run on all images is {FINAL}. {measured} for testing, which no fold has used."
