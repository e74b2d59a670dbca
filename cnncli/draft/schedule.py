"""Chooses how the network is trained: epochs, batch size, learning rate, loss, and which epoch is best."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

import numpy as np

from cnncli.draft.budget import USUAL, Budget
from cnncli.draft.pretrained import STAGES
from cnncli.draft.text import blocks, comment
from cnncli.spec.writer import setting
from cnncli.wording import counted

IMBALANCED = 1.5
"""Ratio of the largest class to the smallest from which on classes are weighted."""

_EXTREME = 10  # ratio from which on full weights would let a handful of images outweigh all others
_MOST_WEIGHTS = 50  # classes whose weights can be listed without hiding the rest of the spec

SHORT_EPOCH = 200
"""Steps per epoch below which the averages of batch normalisation must follow quickly."""

_PRECISE = 1000  # validation images from which on accuracy tells epochs apart: one of them is 0.1 %

_BATCHES = ((100, 8), (300, 16), (3000, 32), (20_000, 64))  # below this number of training images
_LARGEST_BATCH = 128

_EPOCHS = 400  # for 360 training images, measured on photographs of twenty classes, see docs/init.md
_EPOCHS_FALL = 0.7  # as this power of the number of images: ten times the images take a fifth of the epochs
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 500
_ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Schedule:
    """Batch size and epochs."""

    batch_size: int
    epochs: int  # with a time limit, those that are expected to fit
    steps: int  # per epoch
    max_time: str | float | None = None
    pretrained: bool = False  # in the stages of a backbone


def choose_schedule(images: int, budget: Budget = USUAL, pretrained: bool = False) -> Schedule:
    """Small batches and many epochs for few training images, the reverse for many; as many as the budget allows."""
    batch_size = next((batch for below, batch in _BATCHES if images < below), _LARGEST_BATCH)
    while batch_size > max(2, images // 4):  # at least four steps per epoch
        batch_size //= 2
    steps = ceil(images / batch_size)
    if pretrained:
        return Schedule(batch_size, sum(stage["epochs"] for stage in STAGES), steps, budget.max_time, pretrained)
    if budget.max_time is not None:
        return Schedule(batch_size, budget.epochs, steps, budget.max_time)
    epochs = min(max(_EPOCHS * (360 / images) ** _EPOCHS_FALL, _FEWEST_EPOCHS), _MOST_EPOCHS)
    return Schedule(batch_size, _rounded(epochs * budget.factor), steps)


def _rounded(epochs: float) -> int:
    """The nearest number of epochs that a person would have chosen."""
    power = 10 ** floor(log10(epochs))
    return int(power * min(_ROUND, key=lambda figure: abs(log10(figure * power / epochs))))


def train_section(schedule: Schedule, counts: np.ndarray, class_names: tuple[str, ...], validation: int) -> list[str]:
    """The section `train` of a spec, for the training images of each class, shape `(classes,)`."""
    loss = (
        "Label smoothing keeps the network from becoming overconfident; the loss stays well above zero even when every "
        "image is right."
    )
    monitor = (
        f"The best epoch is the one with the lowest loss: with {counted(validation, 'image')}, accuracy is too coarse "
        "to choose by."
    )
    precision = (
        "Where the processor has instructions for bfloat16, layers compute in it, which takes half the time; elsewhere "
        "in float32."
    )
    settings = [
        *(_pretrained(schedule) if schedule.pretrained else _from_scratch(schedule)),
        _setting("loss", {"CategoricalCrossentropy": {"label_smoothing": 0.1}}, loss),
        _class_weight(counts, class_names),
        _setting("monitor", "val_loss", monitor) if validation < _PRECISE else [],
        _setting("precision", "auto", precision),
    ]
    return ["train:", *blocks(settings)]


def _class_weight(counts: np.ndarray, class_names: tuple[str, ...]) -> list[str]:
    """The key `class_weight`, where classes differ.

    Source:
        Square roots: Mahajan et al., "Exploring the Limits of Weakly Supervised Pretraining", 2018, section 2.2.
    """
    smallest, largest = int(counts.min()), int(counts.max())
    differ = f"The largest class has {largest:,} images, the smallest {smallest:,}. "
    if largest < IMBALANCED * smallest:
        return []
    if largest < _EXTREME * smallest:
        return _setting(
            "class_weight",
            "balanced",
            f"{differ}Without weights the network would favour the large classes; with them every class counts the "
            "same. See the recall of each class in the report.",
        )
    if len(class_names) >= _MOST_WEIGHTS:
        return []
    roots = 1 / np.sqrt(np.maximum(counts, 1))
    weights = roots * counts.sum() / (roots * counts).sum()  # their mean over all images is 1
    return _setting(
        "class_weight",
        dict(zip(class_names, (round(float(weight), 2) for weight in weights), strict=True)),
        f"{differ}These weights follow the square root of that ratio: 'balanced' would let a few images outweigh all "
        "others. See the recall of each class in the report.",
    )


def _from_scratch(schedule: Schedule) -> list[list[str]]:
    rate = {"CosineDecay": {"initial_learning_rate": 0.002, "decay_steps": "total_steps"}}
    length = (
        f"{schedule.epochs} epochs of {counted(schedule.steps, 'step')}: {schedule.epochs * schedule.steps:,} steps. "
        "The fewer the images, the more epochs; most of the accuracy comes late, as the learning rate falls, so the "
        "training is not stopped early."
    )
    if schedule.max_time is not None:
        length = (
            f"As many epochs of {counted(schedule.steps, 'step')} as fit into this time, from the start of the command "
            f"to the last step; about {schedule.epochs:,} on this machine. Test and reports follow."
        )
    timed = schedule.max_time is not None
    lines = _setting("max_time", schedule.max_time, length) if timed else _setting("epochs", schedule.epochs, length)
    optimizer = (
        "AdamW at 0.002, which falls along a cosine to zero at the last step, whatever the number of epochs; weight "
        "decay reduces overfitting."
    )
    return [
        [*lines, *_setting("batch_size", schedule.batch_size)],
        _setting("optimizer", {"AdamW": {"learning_rate": rate, "weight_decay": 0.01}}, optimizer),
    ]


def _pretrained(schedule: Schedule) -> list[list[str]]:
    stages = (
        "First the new layer is trained on the frozen backbone, then also the last four blocks of the backbone, at a "
        "hundredth of the rate, which keeps what they have learned. Batch normalisation keeps the statistics of "
        "ImageNet, because few images are too few for new ones."
    )
    limit = "Ends the training on time, should the stages take longer."
    return [
        _setting("max_time", schedule.max_time, limit) if schedule.max_time is not None else [],
        _setting("batch_size", schedule.batch_size),
        _setting("optimizer", "Adam"),
        _setting("stages", STAGES, stages),
    ]


def _setting(key: str, value: Any, reason: str = "") -> list[str]:
    return [*comment(reason, 2), *setting(key, value, 2)]
