"""One compiled model with its batches, its validation and its callbacks: what an epoch of a training takes.

A training is one such stage, or several after one another. Everything that a checkpoint holds of Keras is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cnncli.runner.training import callbacks as kept
from cnncli.runner.training.batches import Batches
from cnncli.runner.training.checkpoint import TrainingState
from cnncli.runner.training.loop import OnSteps, TrainingLoop, ValidationLoop, failures_of, gradient_norm
from cnncli.runner.training.variables import assign, averaged_weights, values_of
from cnncli.spec.schema import Spec

Metrics = dict[str, float]


class Stage:
    """Trains and validates one epoch after the other.

    Args:
        spec: of the run.
        batches: of the training and the validation.
        model: compiled.
        before: epochs that were trained before the stage.
    """

    def __init__(self, spec: Spec, batches: Batches, model: Any, before: int = 0) -> None:
        self.model, self._spec, self._before = model, spec, before
        self._batches, self.steps = batches, batches.steps
        self._callbacks = kept.callbacks_of(spec.train.callbacks, spec.train.metrics)
        self._list = _callback_list(self._callbacks, model)
        self._loop = TrainingLoop(model, batches.training(before * self.steps), spec.train.jit_compile)
        self._validation = None if batches.validation is None else ValidationLoop(model, batches.validation)

    def begin(self) -> None:
        """Starts the callbacks."""
        self.model.stop_training = False
        self._list.on_train_begin()

    def end(self) -> None:
        """Ends the callbacks."""
        self._list.on_train_end()

    def train(self, done: int, on_steps: OnSteps, pause: int | None = None, until: int | None = None) -> Metrics:
        """Trains what is missing of an epoch, to its end or to another step; as `TrainingLoop.epoch`."""
        with failures_of(*self._batches.readers):
            return self._loop.epoch(self.steps if until is None else until, on_steps, done, pause)

    def validate(self, on_steps: OnSteps) -> Metrics:
        """What the validation comes to, named `val_…`; nothing without validation images."""
        if self._validation is None:
            return {}
        with averaged_weights(self.model), failures_of(*self._batches.readers):
            return {f"val_{name}": value for name, value in self._validation.measure(on_steps).items()}

    def end_epoch(self, number: int, metrics: Mapping[str, float]) -> bool:
        """Tells the callbacks of an epoch, and says whether one of them has seen enough of the stage."""
        self._list.on_epoch_end(number - 1 - self._before, dict(metrics))
        return bool(self.model.stop_training)

    @property
    def learning_rate(self) -> float:
        """The optimizer's, now."""
        return float(np.asarray(self.model.optimizer.learning_rate))

    @property
    def seconds_per_step(self) -> float:
        """How long a training step takes; 0 before the first."""
        return self._loop.seconds_per_step

    @property
    def seconds_per_image(self) -> float:
        """How long it takes to measure an image, at most; 0 when nothing is known."""
        measured = self._validation.seconds_per_step / self._batches.together if self._validation else 0.0
        return measured or self._loop.seconds_per_step / self._spec.train.batch_size

    def state(self, metrics: bool) -> tuple[tuple[Mapping[str, Any], ...], dict[str, np.ndarray]]:
        """What the callbacks remember, and the values of all variables."""
        arrays = values_of(self.model, metrics) | kept.weights_of(self._callbacks)
        return tuple(kept.numbers_of(self._callbacks)), arrays

    def expected(self, metrics: bool) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Arrays like those that a checkpoint of this stage must hold, and like those that it may hold."""
        if metrics:
            self._build_metrics()
        weights = self.model.get_weights()
        optional = {
            f"callbacks/{place}/{number:04}": weight
            for place, callback in enumerate(self._callbacks)
            for number, weight in enumerate(weights)
            if hasattr(callback, "best_weights")
        }
        return values_of(self.model, metrics), optional

    def _build_metrics(self) -> None:
        """Metrics have no variables before they have seen a batch."""
        with failures_of(*self._batches.readers):
            self.model.test_step(next(iter(self._batches.training(0))))
        self.model.reset_metrics()

    def restore(self, state: TrainingState) -> None:
        """Goes back, or on, to a state; after `begin`.

        Raises:
            RunError: it is of another training.
        """
        assign(self.model, state.arrays, state.mid_epoch)
        kept.restore(self._callbacks, state.callbacks, state.arrays)
        self.go_to(len(state.epochs) * self.steps + state.steps)

    def go_to(self, step: int) -> None:
        """Goes on with the batch of a global step; its place in an epoch is for the caller to know."""
        self._loop.go_on_with(self._batches.training(step))

    def gradient_norm(self, step: int) -> float:
        """The length of the gradient of the batch of a global step, with the weights as they are."""
        with failures_of(*self._batches.readers):
            return gradient_norm(self.model, next(iter(self._batches.training(step))))


def _callback_list(callbacks: list[Any], model: Any) -> Any:
    from cnncli.startup import keras

    return keras.callbacks.CallbackList(callbacks, model=model)
