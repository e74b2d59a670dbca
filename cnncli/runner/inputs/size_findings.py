"""Lint that depends on the images: how many there are, how large, and of how many classes."""

from __future__ import annotations

import numpy as np

from cnncli.notices import Notice
from cnncli.runner.inputs.splits import Splits
from cnncli.spec.lint import lint_images
from cnncli.spec.schema import Spec
from cnncli.spec.static_data_info import StaticDataInfo


def warn_about_sizes(spec: Spec, splits: Splits, notice: Notice) -> None:
    """Gives the lint warnings that `cnncli check` cannot give without the images, each once.

    Args:
        spec: The checked spec.
        splits: Its images.
        notice: Receives a line for each.
    """
    for finding in lint_images(spec, training_images(spec, splits)):
        notice(f"warning: {finding.key}: {finding.message} [{finding.code}]")


def training_images(spec: Spec, splits: Splits) -> StaticDataInfo:
    """What lint needs of the images of a training."""
    counts = np.bincount(splits.samples["train"].labels, minlength=len(splits.class_names))  # (classes,)
    balanced = spec.train.sampling == "balanced"
    images = int(counts.max() * (counts > 0).sum() if balanced else counts.sum())
    is_drawn = splits.source_split.get("validation") == "train" and spec.data.split.validation != "test"
    validation = len(splits.samples["validation"]) if is_drawn else None
    return StaticDataInfo(splits.shape, splits.class_names, images, validation)
