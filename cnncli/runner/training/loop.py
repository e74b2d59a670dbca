"""The loops over batches of a training and its validation: many steps in each call into TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Collection
from math import isfinite

from cnncli.runner.execution.execution import Execution
from cnncli.runner.execution.steps import Drawn, PacedCalls, many_drawn_steps, many_steps, metrics_of
from cnncli.startup import keras, tf

OnSteps = Callable[[int, int], int | None]
"""Called a few times a second with the number of steps done in the epoch and their total; what it raises ends the loop
between two steps, and a number that it returns is the total from then on."""


class NotFinite(Exception):
    """The loss became infinite or NaN in one of some steps of the epoch, counted from 0."""

    def __init__(self, steps: range, loss: float) -> None:
        super().__init__(f"the loss became {loss} in {steps}")
        self.steps, self.loss = steps, loss


class TrainingLoop(PacedCalls):
    """Trains a compiled model from batches, one for each step of the whole training.

    Attributes:
        metrics: Metrics over the current epoch, as of the last call.
    """

    def __init__(
        self, model: keras.Model, batches: tf.data.Dataset | Drawn, execution: Execution, jit_compile: bool = False
    ) -> None:
        step = execution.training_step(model, jit_compile)
        run = many_drawn_steps(step, batches.draw) if isinstance(batches, Drawn) else many_steps(step)
        super().__init__(run, execution.group)
        self.metrics: dict[str, float] = {}
        self._model, self._execution = model, execution
        self.continue_with(batches)

    def continue_with(self, batches: tf.data.Dataset | Drawn) -> None:
        """Takes further batches of the same kind from another step on, or from another dataset."""
        drawn = isinstance(batches, Drawn)
        self._iterator = batches if drawn else iter(self._execution.distribute(batches))

    def epoch(
        self, steps: int, on_steps: OnSteps, done: int = 0, pauses: Collection[int] = (), stops: Collection[int] = ()
    ) -> dict[str, float]:
        """Runs one epoch, or the rest of one, and returns the metrics over it.

        Args:
            steps: Number of steps in the epoch.
            on_steps: Receives the progress.
            done: Number of steps done before; the metrics continue from their current values.
            pauses: `on_steps` is called at every multiple of each of these numbers of steps.
            stops: Further steps at which it is called.

        Raises:
            NotFinite: The loss became infinite or NaN.
        """
        self._execution.align(self._model)
        if not done:
            self._model.reset_metrics()
        while done < steps:
            until = min([steps, *(stop for stop in stops if stop > done)])
            until = min([until, *(done + pause - done % pause for pause in pauses)])
            count, _ = self.call(self._iterator, until - done)
            self.metrics = metrics_of(self._model, self._group)
            if not isfinite(self.metrics["loss"]):  # it stays so until the end of the epoch, however long that is
                raise NotFinite(range(done, done + count), self.metrics["loss"])
            done += count
            steps = on_steps(done, steps) or steps
        return metrics_of(self._model, self._group)


class ValidationLoop(PacedCalls):
    """Measures a compiled model on the same batches again and again."""

    def __init__(self, model: keras.Model, batches: tf.data.Dataset, execution: Execution) -> None:
        super().__init__(many_steps(execution.validation_step(model)), execution.group)
        self._model, self._batches, self._total = model, execution.distribute(batches), int(batches.cardinality())

    def measure(self, on_steps: OnSteps = lambda done, steps: None) -> dict[str, float]:
        """The metrics over all batches."""
        self._model.reset_metrics()
        iterator, done = iter(self._batches), 0
        while done < self._total:
            done += self.call(iterator, self._total - done)[0]
            on_steps(done, self._total)
        return metrics_of(self._model, self._group)
