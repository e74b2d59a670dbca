"""Draws what no training changes, at its beginning: at the end, somebody who pressed Ctrl-C would wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnncli import report
from cnncli.catalog.validators import counted
from cnncli.factory.summary import summarize
from cnncli.runner.evaluate import images_at
from cnncli.runner.inputs.splits import Notice, Splits
from cnncli.runs import RunDir
from cnncli.spec.schema import Spec

if TYPE_CHECKING:
    import keras


def write_initial_plots(run: RunDir, spec: Spec, splits: Splits, model: keras.Model, notice: Notice) -> None:
    """Draws some training images and the network, unless an earlier part of the training did.

    Args:
        run: is written to.
        spec: of the run.
        splits: the images.
        model: of the spec.
        notice: is told of what is left out.
    """
    if not (run.path / report.SAMPLES).exists():
        train = splits.samples["train"]
        shown = np.linspace(0, len(train) - 1, min(25, len(train))).astype(int)
        captions = [splits.class_names[train.labels[i]] for i in shown]
        report.write_samples(images_at(train)(shown.tolist()), captions, run.write)
    if not (run.path / report.NETWORK).exists():
        summary = summarize(model, spec.model.nodes)
        if not report.write_network(summary, spec.name, run.write):
            layers = counted(len(summary.layers), "layer")
            notice(
                f"plots/network.png was left out, for {layers} are too many to look at: "
                f"'cnncli summary {run.path} --plot network.png' draws them all the same"
            )
