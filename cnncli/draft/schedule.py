"""Chooses how the network is trained: epochs, batch size, learning rate, loss, and which epoch is best."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from cnncli.draft.text import blocks, comment
from cnncli.spec.writer import setting
from cnncli.wording import counted

IMBALANCED = 1.5
"""Ratio of the largest class to the smallest from which on classes are weighted."""

SHORT_EPOCH = 200
"""Steps per epoch below which the averages of batch normalisation must follow quickly."""

_PRECISE = 1000  # validation images from which on accuracy tells epochs apart: one of them is 0.1 %

_BATCHES_AND_EPOCHS = ((300, 16, 60), (3000, 32, 40), (20_000, 64, 30))  # below this number of training images
_FOR_MANY_IMAGES = (128, 20)


@dataclass(frozen=True)
class Schedule:
    """Batch size and epochs."""

    batch_size: int
    epochs: int
    steps: int  # per epoch


def choose_schedule(images: int) -> Schedule:
    """Small batches and many epochs for few training images, the reverse for many."""
    batch_size, epochs = next(
        ((batch, epochs) for below, batch, epochs in _BATCHES_AND_EPOCHS if images < below), _FOR_MANY_IMAGES
    )
    while batch_size > max(2, images // 4):  # at least four steps per epoch
        batch_size //= 2
    return Schedule(batch_size, epochs, ceil(images / batch_size))


def train_section(schedule: Schedule, counts: np.ndarray, validation: int) -> list[str]:
    """The section `train` of a spec, for the training images of each class, shape `(classes,)`."""
    patience = max(5, schedule.epochs // 3)
    rate = {"CosineDecay": {"initial_learning_rate": 0.001, "decay_steps": "total_steps"}}
    usual = "Few images need many, in small batches" if schedule.epochs >= 40 else "Many images need few"
    steps = f"{schedule.epochs} epochs of {counted(schedule.steps, 'step')}. {usual}."
    optimizer = (
        "AdamW at its usual rate, which falls along a cosine to zero at the last step, whatever the number of epochs; "
        "weight decay reduces overfitting."
    )
    loss = (
        "Label smoothing keeps the network from becoming overconfident; the loss stays well above zero even when every "
        "image is right."
    )
    smallest, largest = int(counts.min()), int(counts.max())
    weights = (
        f"The largest class has {largest:,} images, the smallest {smallest:,}. Without weights the network would "
        "favour the large classes; with them every class counts the same. See the recall of each class in the report."
    )
    monitor = (
        f"The best epoch is the one with the lowest loss: with {counted(validation, 'image')}, accuracy is too coarse "
        "to choose by."
    )
    stop = f"Stops when validation loss has not improved for {patience} epochs; the best weights are kept."
    settings = [
        [*_setting("epochs", schedule.epochs, steps), *_setting("batch_size", schedule.batch_size)],
        _setting("optimizer", {"AdamW": {"learning_rate": rate, "weight_decay": 0.01}}, optimizer),
        _setting("loss", {"CategoricalCrossentropy": {"label_smoothing": 0.1}}, loss),
        _setting("class_weight", "balanced", weights) if largest >= IMBALANCED * smallest else [],
        _setting("monitor", "val_loss", monitor) if validation < _PRECISE else [],
        _setting("callbacks", [{"EarlyStopping": {"monitor": "val_loss", "patience": patience}}], stop),
    ]
    return ["train:", *blocks(settings)]


def _setting(key: str, value: Any, reason: str = "") -> list[str]:
    return [*comment(reason, 2), *setting(key, value, 2)]
