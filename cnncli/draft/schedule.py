"""Chooses how the network is trained: epochs, batch size, learning rate, loss, and which epoch is best."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

import numpy as np

from cnncli.draft.budget import USUAL, Budget
from cnncli.draft.text import blocks, comment
from cnncli.spec.writer import setting
from cnncli.wording import counted

IMBALANCED = 1.5
"""Ratio of the largest class to the smallest from which on classes are weighted."""

SHORT_EPOCH = 200
"""Steps per epoch below which the averages of batch normalisation must follow quickly."""

_PRECISE = 1000  # validation images from which on accuracy tells epochs apart: one of them is 0.1 %

_BATCHES = ((100, 8), (300, 16), (3000, 32), (20_000, 64))  # below this number of training images
_LARGEST_BATCH = 128

_EPOCHS = 300  # for 360 training images, measured on photographs of twenty classes, see docs/init.md
_EPOCHS_FALL = 0.7  # as this power of the number of images: ten times the images take a fifth of the epochs
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 400
_ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Schedule:
    """Batch size and epochs."""

    batch_size: int
    epochs: int  # with a time limit, those that are expected to fit
    steps: int  # per epoch
    max_time: str | float | None = None


def choose_schedule(images: int, budget: Budget = USUAL) -> Schedule:
    """Small batches and many epochs for few training images, the reverse for many; as many as the budget allows."""
    batch_size = next((batch for below, batch in _BATCHES if images < below), _LARGEST_BATCH)
    while batch_size > max(2, images // 4):  # at least four steps per epoch
        batch_size //= 2
    steps = ceil(images / batch_size)
    if budget.max_time is not None:
        return Schedule(batch_size, budget.epochs, steps, budget.max_time)
    epochs = min(max(_EPOCHS * (360 / images) ** _EPOCHS_FALL, _FEWEST_EPOCHS), _MOST_EPOCHS)
    return Schedule(batch_size, _rounded(epochs * budget.factor), steps)


def _rounded(epochs: float) -> int:
    """The nearest number of epochs that a person would have chosen."""
    power = 10 ** floor(log10(epochs))
    return int(power * min(_ROUND, key=lambda figure: abs(log10(figure * power / epochs))))


def train_section(schedule: Schedule, counts: np.ndarray, validation: int) -> list[str]:
    """The section `train` of a spec, for the training images of each class, shape `(classes,)`."""
    rate = {"CosineDecay": {"initial_learning_rate": 0.001, "decay_steps": "total_steps"}}
    steps = (
        f"{schedule.epochs} epochs of {counted(schedule.steps, 'step')}: {schedule.epochs * schedule.steps:,} steps. "
        "The fewer the images, the more epochs; most of the accuracy comes late, as the learning rate falls, so the "
        "training is not stopped early."
    )
    if schedule.max_time is not None:
        steps = (
            f"As many epochs of {counted(schedule.steps, 'step')} as fit into this time, from the start of the command "
            f"to the last step; about {schedule.epochs:,} on this machine. Test and reports follow."
        )
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
    precision = (
        "Where the processor has instructions for bfloat16, layers compute in it, which takes half the time; elsewhere "
        "in float32."
    )
    timed = schedule.max_time is not None
    length = _setting("max_time", schedule.max_time, steps) if timed else _setting("epochs", schedule.epochs, steps)
    settings = [
        [*length, *_setting("batch_size", schedule.batch_size)],
        _setting("optimizer", {"AdamW": {"learning_rate": rate, "weight_decay": 0.01}}, optimizer),
        _setting("loss", {"CategoricalCrossentropy": {"label_smoothing": 0.1}}, loss),
        _setting("class_weight", "balanced", weights) if largest >= IMBALANCED * smallest else [],
        _setting("monitor", "val_loss", monitor) if validation < _PRECISE else [],
        _setting("precision", "auto", precision),
    ]
    return ["train:", *blocks(settings)]


def _setting(key: str, value: Any, reason: str = "") -> list[str]:
    return [*comment(reason, 2), *setting(key, value, 2)]
