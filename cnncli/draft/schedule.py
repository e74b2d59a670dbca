"""How long, in which steps and against which loss the network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from cnncli.draft.text import apart, comment, counted
from cnncli.spec.writer import setting

IMBALANCED = 1.5
"""How many times larger than the smallest class the largest may be without weights."""

FEW_STEPS = 200
"""Steps of an epoch below which batch normalisation must follow quickly."""

_SURE = 1000  # images to validate on from which on accuracy tells epochs apart

_PACE = ((300, 16, 60), (3000, 32, 40), (20_000, 64, 30))  # training images below: batch size and epochs
_PACE_OF_MANY = (128, 20)


@dataclass(frozen=True)
class Pace:
    """Batch size and epochs.

    Args:
        batch_size: images in a step.
        epochs: passes over the training images.
        steps: of one epoch.
    """

    batch_size: int
    epochs: int
    steps: int


def choose_pace(images: int) -> Pace:
    """Small batches and many epochs for few images, the reverse for many."""
    batch_size, epochs = next(((batch, epochs) for below, batch, epochs in _PACE if images < below), _PACE_OF_MANY)
    while batch_size > max(2, images // 4):  # an epoch of fewer than four steps would hardly be one
        batch_size //= 2
    return Pace(batch_size, epochs, ceil(images / batch_size))


def training_lines(pace: Pace, counts: np.ndarray, validation: int) -> list[str]:
    """The section `train` of a spec.

    Args:
        pace: as chosen.
        counts: images of each class, shape `(classes,)`.
        validation: images to validate on.
    """
    patience = max(5, pace.epochs // 3)
    rate = {"CosineDecay": {"initial_learning_rate": 0.001, "decay_steps": "total_steps"}}
    optimizer = {"AdamW": {"learning_rate": rate, "weight_decay": 0.01}}
    usual = "few images take many, in small batches" if pace.epochs >= 40 else "many images take few, in large batches"
    steps = f"{pace.epochs} epochs of {counted(pace.steps, 'step')}: {usual}."
    parts = [
        [*_setting("epochs", pace.epochs, steps), *_setting("batch_size", pace.batch_size)],
        _setting("optimizer", optimizer, _OPTIMIZER),
        _setting("loss", {"CategoricalCrossentropy": {"label_smoothing": 0.1}}, _LOSS),
        _weights(counts),
        _monitor(validation),
        [
            *comment(f"Ends a training that has not become better for {patience} epochs; the best one is kept.", 2),
            *setting("callbacks", [{"EarlyStopping": {"monitor": "val_loss", "patience": patience}}], 2),
        ],
    ]
    return ["train:", *apart(parts)]


_OPTIMIZER = (
    "AdamW at its usual rate, which falls along a cosine to nothing at the last step, whatever the number of epochs; "
    "the decay keeps weights small."
)
_LOSS = "Labels of 0.9 and a little for the other classes keep the network from becoming surer than it should."


def _setting(key: str, value: Any, reason: str = "") -> list[str]:
    return [*comment(reason, 2), *setting(key, value, 2)]


def _weights(counts: np.ndarray) -> list[str]:
    smallest, largest = int(counts.min()), int(counts.max())
    if largest < IMBALANCED * smallest:
        return []
    reason = (
        f"The largest class has {largest:,} images, the smallest {smallest:,}. Without weights guessing "
        "the large ones would pay; with them every class counts the same. Look at the recall of each in the report."
    )
    return _setting("class_weight", "balanced", reason)


def _monitor(validation: int) -> list[str]:
    if validation >= _SURE:
        return []
    reason = (
        f"The best epoch is that of the lowest loss: on {validation:,} images accuracy moves in steps of "
        f"{100 / max(validation, 1):.2g} %, and luck would choose."
    )
    return _setting("monitor", "val_loss", reason)
