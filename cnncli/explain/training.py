"""Worked examples of what is no layer: the learning rate along a schedule, the steps of an epoch."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from cnncli.catalog import Entry, parse
from cnncli.explain.schedules import rate
from cnncli.explain.topics import Topic
from cnncli.spec import LoadedSpec
from cnncli.spec.lint.context import examine
from cnncli.spec.reader import read

STEPS = 1000
"""What `total_steps` stands for in the examples of the texts."""

_POINTS = (0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1)


class Rate(NamedTuple):
    """The learning rate at a step."""

    step: int
    rate: float


def rates(schedule: Entry, total_steps: int) -> list[Rate]:
    """The learning rate at some points of a training."""
    steps = [round(point * total_steps) for point in _POINTS]
    return [Rate(step, rate(schedule, step, total_steps)) for step in dict.fromkeys(steps)]


def schedule_of_text(topic: Topic) -> Entry:
    """The schedule in the usage of a text."""
    optimizer = parse("optimizer", read(topic.usage, topic.name).value["train"]["optimizer"], (), [])
    assert optimizer
    schedule: Entry = optimizer.get("learning_rate")
    return schedule


def schedule_of_spec(loaded: LoadedSpec) -> Entry | None:
    """The schedule of the reader's spec, if it has one."""
    value = loaded.spec.train.optimizer.get("learning_rate")
    return value if isinstance(value, Entry) else None


class Steps(NamedTuple):
    """How often a training changes the weights.

    Args:
        images: that are trained on.
        batch_size: images in a step.
        epochs: passes over the images.
    """

    images: int
    batch_size: int
    epochs: int

    @property
    def in_epoch(self) -> int:
        """Steps of one epoch; the last one may have fewer images."""
        return ceil(self.images / self.batch_size)

    @property
    def total(self) -> int:
        """Steps of the whole training."""
        return self.in_epoch * self.epochs


def steps_of_spec(loaded: LoadedSpec) -> Steps | None:
    """The steps of the reader's training; None where only the images tell."""
    images, train = examine(loaded.spec).images, loaded.spec.train
    return None if images is None else Steps(images, train.batch_size, train.epochs)
