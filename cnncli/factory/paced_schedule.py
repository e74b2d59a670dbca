"""A learning rate schedule over a number of steps that is only known once the training is under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.catalog import Entry
from cnncli.factory.objects import construct
from cnncli.startup import keras, tf

TOTAL = "total_steps"


def waits_for_total(schedule: Any) -> bool:
    """Whether a learning rate is a schedule with `total_steps` among its arguments."""
    return isinstance(schedule, Entry) and TOTAL in schedule.arguments.values()


class PacedSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of Keras whose `total_steps`, and the step at which it is, can be set between two steps.

    Args:
        entry: The schedule; some of its arguments are `total_steps`.
    """

    def __init__(self, entry: Entry) -> None:
        self._schedule = construct(entry, {TOTAL: 1})
        self._total = tf.Variable(1.0, trainable=False)
        self._line = tf.Variable([0.0, 0.0, 0.0], trainable=False, dtype=tf.float64)  # step, position there, slope
        for argument, value in entry.arguments.items():
            if value == TOTAL:  # Keras converts it to a tensor in each step
                setattr(self._schedule, argument, self._total)

    def set_line(self, total: int, line: Sequence[float]) -> None:
        """Sets `total_steps`; and a step of the optimizer, the step of the schedule there, and how many follow each."""
        self._total.assign(float(total))
        self._line.assign(line)

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step of the optimizer."""
        begin, position, slope = tf.unstack(self._line)
        return self._schedule(tf.cast(position + (tf.cast(step, tf.float64) - begin) * slope, tf.float32))

    def get_config(self) -> dict[str, Any]:
        """That of the schedule itself."""
        return dict(self._schedule.get_config())
