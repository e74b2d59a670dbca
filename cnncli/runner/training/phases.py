"""The phases of a training: its stages, or a single phase where there are none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.errors import Problem, RunError, SpecError
from cnncli.factory.freezing import freeze, frozen_in_stages, layers_that_learn
from cnncli.factory.metrics import create_variables
from cnncli.factory.precision import has_gpu
from cnncli.factory.training import compile_model
from cnncli.notices import Notice, Progress, ignore
from cnncli.records import StageStarted
from cnncli.runner.execution.execution import Execution, OneDevice
from cnncli.runner.execution.steps import read_errors_of
from cnncli.runner.training.batches import Batches
from cnncli.runner.training.callbacks import PhaseCallbacks
from cnncli.runner.training.checkpoint import TrainingState
from cnncli.runner.training.features import Features, features_for, require_frozen_part
from cnncli.runner.training.loop import OnSteps, TrainingLoop, ValidationLoop
from cnncli.runner.training.pace import Leg, Pace
from cnncli.runner.training.variables import assign, averaged_weights, values_of
from cnncli.spec.schema import Train
from cnncli.spec.sections.stages import STAGES
from cnncli.startup import keras, tf

if TYPE_CHECKING:
    from cnncli.factory.paced_schedule import PacedSchedule

Metrics = dict[str, float]


class TrainingPhases:
    """Starts the phases of a training, one after the other, all with the same model and batches.

    Attributes:
        first: Number of the first phase: 1, or 0 in a training without stages.
        last: Number of the last phase, which is the number of stages.

    Raises:
        SpecError: A stage names no layer or leaves none that learns, or Keras refuses what a later stage sets.
    """

    def __init__(
        self,
        model: keras.Model,
        batches: Batches,
        train: Train,
        classes: int,
        execution: Execution,
        cache: bool = True,
        cache_bound: int | None = None,
    ) -> None:
        self.model, self.batches, self.train, self.execution, self.cache = model, batches, train, execution, cache
        self._cache_bound = cache_bound
        if train.features not in ("auto", 0) and not isinstance(execution, OneDevice):
            message = "features are computed on one device; leave this out, or train on one"
            raise SpecError([Problem(("train", "features"), message)])
        self.last = len(train.stages)
        self.first = min(1, self.last)
        self.frozen = frozen_in_stages(model, train.stages)
        self._classes = classes
        if train.features not in ("auto", 0):
            require_frozen_part(model, self.frozen[self.first :])
        for number in range(self.first + 1, self.last + 1):
            self.compile(number)  # what Keras refuses is refused before the first step of the first phase

    def start(self, number: int | None = None, epochs_before: int = 0) -> TrainingPhase:
        """Starts a phase, the first one by default, after a number of epochs in earlier phases.

        Raises:
            SpecError: Keras refuses the optimizer, the loss, a metric or a callback.
            RunError: There is no such phase.
        """
        number = self.first if number is None else number
        if not self.first <= number <= self.last:
            raise RunError(f"the checkpoint is in stage {number}, but the spec has {self.last}")
        return TrainingPhase(self, number, epochs_before)

    def compile(self, number: int, part: keras.Model | None = None) -> PacedSchedule | None:
        """Compiles the model for a phase, and the part of it that trains in its place, if there is one.

        Returns:
            The schedule, if that waits for the clock to decide on the steps.
        """
        train, model = self.train, self.model
        phase = train.phases[max(number - 1, 0)]
        path = phase.rate if phase.rate[: len(STAGES)] == STAGES else ()
        steps = self.batches.steps * phase.epochs if train.max_time is None else None
        variables, factors = self.execution.trained_variables(model), train.learning_rate_factors
        with self.execution.compile_scope():
            return compile_model(
                model, phase.optimizer, train.loss, train.metrics, self._classes, steps, path, variables, part, factors
            )

    def features(self, number: int, first_epoch: int) -> Features | None:
        """What frozen layers make of the images, where a phase trains on that: on one device, at one size."""
        if not isinstance(self.execution, OneDevice) or self.batches.has_smaller_images:
            return None
        epochs = self.train.phases[max(number - 1, 0)].epochs
        batches, features = self.batches, self.train.features
        return features_for(self.model, batches, features, epochs, first_epoch, self.cache, self._cache_bound)


class TrainingPhase:
    """Trains and validates one epoch after the other: layers frozen, model compiled, callbacks started.

    Everything that a checkpoint holds of Keras is in here.

    Attributes:
        number: Number of the phase, counted from 1; 0 in a training without stages.
        epochs: Largest number of epochs in the phase.
        images: Number of images in an epoch.
        steps: Number of steps in an epoch.
        trained: What the steps run: the model, or the layers after its frozen part.
        loop: Trains; it has the metrics of the current epoch and the duration of a step.
        pixel_share: Pixels of the images that it trains on, as a share of those at full size.
    """

    loop: TrainingLoop

    def __init__(self, phases: TrainingPhases, number: int, epochs_before: int) -> None:
        train, batches = phases.train, phases.batches
        self.model, self.number = phases.model, number
        self.images, self.steps = batches.images, batches.steps
        self.epochs = train.phases[max(number - 1, 0)].epochs
        self._phases, self._batches, self._epochs_before = phases, batches, epochs_before
        if number:
            freeze(self.model, phases.frozen[number])
        self._features = phases.features(number, epochs_before)
        part = None if self._features is None else self._features.part.head
        self.trained = self.model if part is None else part
        self._schedule = phases.compile(number, part)
        with phases.execution.compile_scope():
            create_variables(self.trained, batches.first_target, self.model.output_shape[1:])
        self._callbacks = PhaseCallbacks(train.callbacks, train.metrics, self.model)
        self._step, self._is_prepared = epochs_before * self.steps, False
        self._total: float | None = None  # epochs of the training that max_time leaves
        if self._features is None:
            self._start_with(batches)

    def _start_with(self, batches: Batches) -> None:
        execution = self._phases.execution
        self._batches, self._is_prepared = batches, True
        self._continue(None)
        self._validation: ValidationLoop | None = None
        if (validation := batches.validation_of(execution.share)) is not None:
            self._validation = ValidationLoop(self.trained, validation, execution)

    def prepare(self, notice: Notice = ignore, progress: Progress = lambda done, images: None) -> None:
        """Computes what the frozen layers make of all images, where the phase trains on that: once its weights are set.

        Raises:
            DataError: An image cannot be read.
            ResourceError: There is no room for it.
        """
        if self._features is None or self._is_prepared:
            return
        with read_errors_of(*self._batches.readers), self._phases.execution.scope():
            self._start_with(self._features.batches(notice, progress))

    def sample_features(self, batches: int) -> tuple[float, int]:
        """Lets the features of some batches of images stand for those of all others, for a trial of the phase.

        Returns:
            The seconds that all of them take, and their bytes; zeros where the phase trains on images.
        """
        if self._features is None:
            return 0.0, 0
        with read_errors_of(*self._batches.readers), self._phases.execution.scope():
            sampled, seconds = self._features.sampled_batches(batches)
        self._start_with(sampled)
        return seconds, self._features.bytes

    def train(
        self,
        done: int,
        on_steps: OnSteps,
        pauses: Collection[int] = (),
        until: int | None = None,
        stops: Collection[int] = (),
    ) -> Metrics:
        """Trains the rest of an epoch, to its end or to another step, as `TrainingLoop.epoch` does."""
        self.prepare()
        if not done and self._batches.at(self._step, self._total).last_step != self._current.last_step:
            self._continue(self._current)
        first = self._step - done  # of the epoch

        def after(done: int, steps: int) -> int | None:
            self._step = first + done
            return on_steps(done, steps)

        with read_errors_of(*self._batches.readers):
            return self.loop.epoch(self.steps if until is None else until, after, done, pauses, stops)

    def follow(self, leg: Leg | None) -> None:
        """Has the schedule of the learning rate follow a decision; without one it stays at its first step."""
        if self._schedule is not None:
            line = (0.0, 0.0, 0.0) if leg is None else (leg.step, leg.position, leg.slope)
            self._schedule.set_line(1 if leg is None else leg.total, line)
        self._total = None if leg is None else leg.end / self.steps

    def validate(self, on_steps: OnSteps) -> Metrics:
        """The metrics of the validation, named `val_…`; empty without validation images."""
        self.prepare()
        if self._validation is None:
            return {}
        with averaged_weights(self.model), read_errors_of(*self._batches.readers):
            return {f"val_{name}": value for name, value in self._validation.measure(on_steps).items()}

    def end_epoch(self, number: int, metrics: Mapping[str, float]) -> bool:
        """Whether a callback ends the phase after this epoch of the training."""
        return self._callbacks.end_epoch(number - 1 - self._epochs_before, metrics)

    def end(self) -> None:
        """Ends the phase; a callback may put its best weights into the model."""
        self._callbacks.end()

    @property
    def learning_rate(self) -> float:
        """The optimizer's current learning rate."""
        return float(np.asarray(self.model.optimizer.learning_rate))

    @property
    def seconds_per_image(self) -> float:
        """Longest time that the evaluation of an image takes; 0 before the first step."""
        if self._features is not None:
            return self._features.seconds_per_image
        per_batch = self._validation.seconds_per_step if self._validation else 0.0
        measured = per_batch / self._batches.evaluation_batch_size
        return measured or self.loop.seconds_per_step / self._phases.train.batch_size

    @property
    def parts(self) -> list[range]:
        """The epochs of the phase, counted from 0 over all of the training, in parts whose images have one size."""
        return self._batches.parts(self._epochs_before, self.epochs)

    def event(self) -> StageStarted:
        """The start of this stage, as observers receive it."""
        before, now = self._phases.frozen[self.number - 1], self._phases.frozen[self.number]
        learning = layers_that_learn(self.model).keys()
        rate = self._phases.train.phases[self.number - 1].optimizer.get("learning_rate")
        return StageStarted(
            number=self.number,
            count=self._phases.last,
            frozen=len(learning & (now - before)),
            thawed=len(learning & (before - now)),
            learning_rate=self.learning_rate,
            schedule=rate.name if isinstance(rate, Entry) else "",
            trainable=sum(prod(weight.shape) for weight in self.model.trainable_weights),
            parameters=self.model.count_params(),
        )

    def state(self, with_metrics: bool) -> tuple[Sequence[Mapping[str, Any]], dict[str, np.ndarray]]:
        """The numbers of the callbacks, and the values of all variables, with those of the metrics or without."""
        measured = self.trained if with_metrics else None
        return self._callbacks.numbers(), values_of(self.model, measured) | self._callbacks.weights()

    def expected(self, with_metrics: bool) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Arrays like those that a checkpoint of this phase must hold, and like those that it may hold besides."""
        measured = self.trained if with_metrics else None
        return values_of(self.model, measured), self._callbacks.possible_weights()

    def restore(self, state: TrainingState) -> None:
        """Continues from a state, earlier or later; raises a RunError if it belongs to another training."""
        assign(self.model, state.arrays, self.trained if state.mid_epoch else None)
        self._callbacks.restore(state.callbacks, state.arrays)
        pace, begun = state.pace or Pace(), (len(state.epochs) - self._epochs_before) * self.steps
        self.follow(pace.leg_at(self.number, begun))  # the epoch keeps the size that it began with
        self.go_to(len(state.epochs) * self.steps + state.steps)
        self.follow(pace.leg_at(self.number, begun + state.steps))

    def go_to(self, step: int) -> None:
        """Continues with the batch of a step, counted from 0 over all epochs."""
        self._step = step
        if self._is_prepared:
            self._continue(self._current)

    def _continue(self, before: Batches | None) -> None:
        """Takes the next batches, made by the loop itself where that is quicker; another size takes another graph."""
        execution, now = self._phases.execution, self._batches.at(self._step, self._total)
        self._current, self.pixel_share = now, now.pixel_share
        itself = now.is_easily_drawn and len(execution.devices) < 2 and not has_gpu()
        taken = now.drawn(self._step) if itself else now.training(self._step, execution.share)
        if before is not None and before.shape == now.shape:
            self.loop.continue_with(taken)
        else:
            self.loop = TrainingLoop(self.trained, taken, execution, self._phases.train.jit_compile)

    def batch(self, step: int) -> tuple[tf.Tensor, ...]:
        """The training batch of a step, counted from 0 over all epochs."""
        self.prepare()
        with read_errors_of(*self._batches.readers):
            batch: tuple[tf.Tensor, ...] = next(iter(self._batches.at(step, self._total).training(step)))
            return batch
