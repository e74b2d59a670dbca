"""Writes report.html of a run: its test images evaluated once more, with heat maps of the worst mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.explain.topics import explained
from cnncli.factory.summary import summarize
from cnncli.notices import Notice, ignore
from cnncli.records import HeatMap
from cnncli.report.classification import classification_report
from cnncli.report.page import Mistake, PageData, page_html, write
from cnncli.report.plots.mistakes import most_confident_mistakes
from cnncli.runner.evaluate import evaluate, own_split
from cnncli.runner.heatmap import HeatMapper
from cnncli.runner.model.evaluation import images_at
from cnncli.runner.open_run import OpenRun
from cnncli.runs import PAGE
from cnncli.runs.untrusted import read_bytes

MOST_MISTAKES = 12

_LONGEST = 300  # characters of a value in environment.json


def write_page(run: OpenRun, data_path: Path | None, allow_changed_weights: bool, notice: Notice) -> Path:
    """Writes the page of a run, as `cnncli.Run.write_report` says."""
    evaluation = evaluate(run, "test", notice, data_path, allow_changed_weights)
    splits = own_split(run, "test", data_path, ignore)
    mapper = HeatMapper(run, "best", allow_changed_weights, ignore)
    wrong = most_confident_mistakes(evaluation)[:MOST_MISTAKES]
    pictures = images_at(splits.samples["test"])(wrong)
    predicted = [evaluation.class_names[evaluation.predicted[index]] for index in wrong]
    heats = (_heat_map(mapper, *each) for each in zip(pictures, predicted, strict=True))
    data = PageData(
        run=str(run.path),
        state=str(run.status.get("state")),
        evaluation=evaluation,
        report=classification_report(evaluation),
        history=run.history,
        counts={
            split: dict(zip(splits.class_names, _counts(samples.labels, len(splits.class_names)), strict=True))
            for split, samples in splits.samples.items()
        },
        network=summarize(mapper.model, run.spec.model.nodes),
        mistakes=[Mistake(*each) for each in zip(wrong, pictures, heats, strict=True)],
        spec=read_bytes(run.folder.spec).decode("utf-8", "replace"),
        machine=list(_machine(run.environment)),
        explain=explained,
    )
    with run.folder.write(PAGE) as path:
        write(page_html(data), path)
    return run.path / PAGE


def _heat_map(mapper: HeatMapper, picture: np.ndarray, class_name: str) -> HeatMap:
    method = "layercam" if mapper.has_feature_maps else "occlusion"
    (heat,) = mapper.heat_maps([picture], class_name, method, invert=False)
    assert isinstance(heat, HeatMap)
    return heat


def _counts(labels: np.ndarray, classes: int) -> list[int]:
    return [int(count) for count in np.bincount(labels, minlength=classes)]


def _machine(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the training ran on, in words; the file may say anything."""
    for key in ("time", "device", "processor", "platform", "seed", "cnncli", "python"):
        if key in environment:
            yield key, str(environment[key])[:_LONGEST]
    packages = environment.get("packages")
    if isinstance(packages, dict):
        yield "packages", ", ".join(f"{name} {version}" for name, version in packages.items())[:_LONGEST]
