"""The loops over batches of a training and its validation: many steps in each call into TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, Any

from cnncli.runner.execution.steps import Pace, many_steps, metrics_of
from cnncli.runner.training.errors import NotFinite
from cnncli.startup import tf

if TYPE_CHECKING:
    import keras

    from cnncli.runner.execution.execution import Execution, Step

OnSteps = Callable[[int, int], None]
"""Called with the steps of the epoch that are done, and their number."""


class _Loop:
    """Runs steps on a compiled model, many in each call.

    Args:
        model: Compiled model.
        step: Takes one batch, as arguments.
    """

    def __init__(self, model: keras.Model, step: Step) -> None:
        self.model, self._pace, self._run_steps = model, Pace(), many_steps(step)

    @property
    def seconds_per_step(self) -> float:
        """Duration of a step in the last call; 0 before the first."""
        return self._pace.seconds_per_step

    def _call(self, iterator: Any, remaining: int) -> int:
        """Makes one call; returns the number of its steps."""
        steps = self._pace.steps(remaining)
        with self._pace.timed(steps):
            self._run_steps(iterator, tf.constant(steps))
        return steps


class TrainingLoop(_Loop):
    """Trains a compiled model from one endless iterator of batches.

    Args:
        model: Compiled model.
        batches: Dataset of batches, one for each step of the whole training.
        execution: Where the steps run.
        jit_compile: Whether a step becomes one XLA program.

    Attributes:
        metrics: Metrics over the current epoch, as of the last call.
    """

    def __init__(
        self, model: keras.Model, batches: tf.data.Dataset, execution: Execution, jit_compile: bool = False
    ) -> None:
        super().__init__(model, execution.training_step(model, jit_compile))
        self.metrics: dict[str, float] = {}
        self._execution = execution
        self.continue_with(batches)

    def continue_with(self, batches: tf.data.Dataset) -> None:
        """Takes further batches from another dataset with elements of the same kind."""
        self._iterator = iter(self._execution.distribute(batches))

    def epoch(self, steps: int, on_steps: OnSteps, done: int = 0, pause: int | None = None) -> dict[str, float]:
        """Runs one epoch, or the rest of one.

        Args:
            steps: Number of steps in the epoch.
            on_steps: Called a few times a second; an exception that it raises ends the epoch between two steps.
            done: Number of steps done before; the metrics continue from their current values.
            pause: `on_steps` is called at every multiple of this number of steps.

        Returns:
            The metrics over the epoch.

        Raises:
            NotFinite: The loss became infinite or NaN.
        """
        if not done:
            self.model.reset_metrics()
        while done < steps:
            until = steps if pause is None else min(steps, done + pause - done % pause)
            count = self._call(self._iterator, until - done)
            self.metrics = metrics_of(self.model)
            if not isfinite(self.metrics["loss"]):  # it stays so until the end of the epoch, however long that is
                raise NotFinite(range(done, done + count), self.metrics["loss"])
            done += count
            on_steps(done, steps)
        return metrics_of(self.model)


class ValidationLoop(_Loop):
    """Measures a compiled model on the same batches again and again.

    Args:
        model: Compiled model.
        batches: Dataset of batches.
        execution: Where the steps run.
    """

    def __init__(self, model: keras.Model, batches: tf.data.Dataset, execution: Execution) -> None:
        super().__init__(model, execution.validation_step(model))
        self._batches, self._steps = execution.distribute(batches), int(batches.cardinality())

    def measure(self, on_steps: OnSteps = lambda done, steps: None) -> dict[str, float]:
        """The metrics over all batches.

        Args:
            on_steps: Called a few times a second; an exception that it raises ends the measurement.
        """
        self.model.reset_metrics()
        iterator, done = iter(self._batches), 0
        while done < self._steps:
            done += self._call(iterator, self._steps - done)
            on_steps(done, self._steps)
        return metrics_of(self.model)
