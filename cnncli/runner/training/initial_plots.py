"""Writes what no training changes, at its start: at the end, a person who pressed Ctrl-C would wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnncli.factory.summary import summarize
from cnncli.report import StartData, artifact_names, write_artifacts
from cnncli.runner.evaluate import images_at
from cnncli.runner.inputs.splits import Notice, Splits
from cnncli.runs import RunDir
from cnncli.spec.schema import Spec

if TYPE_CHECKING:
    import keras


def write_initial_plots(run: RunDir, spec: Spec, splits: Splits, model: keras.Model, notice: Notice) -> None:
    """Writes the artefacts of the start that are not there yet: some training images and the network.

    Args:
        run: Run to write to.
        spec: Spec of the run.
        splits: Images by split.
        model: Model of the spec.
        notice: Receives what is left out.
    """
    existing = [name for name in artifact_names("start") if (run.path / name).exists()]
    train = splits.samples["train"]
    shown = np.linspace(0, len(train) - 1, min(25, len(train))).astype(int).tolist()
    start = StartData(
        title=spec.name,
        images=lambda: images_at(train)(shown),
        captions=[splits.class_names[train.labels[i]] for i in shown],
        summary=lambda: summarize(model, spec.model.nodes),
    )
    for name, reason in write_artifacts("start", start, run.write, skip=existing).items():
        notice(f"{name} was left out: {reason}")
