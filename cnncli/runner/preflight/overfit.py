"""`cnncli train --overfit-batch`: a network that cannot memorise one batch will not learn from a thousand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, log
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.data.pipeline import encode
from cnncli.data.samples import Samples
from cnncli.errors import TrainingError
from cnncli.factory.regularization import without_regularization
from cnncli.observer import TrainingObserver
from cnncli.runner.execution.execution import OneDevice
from cnncli.runner.inputs.splits import Notice, Splits, load_splits
from cnncli.runner.model.build import build_compiled_model
from cnncli.runner.model.initial_weights import load_pretrained
from cnncli.runner.preflight.diagnosis import Attempt, Reason, reasons_for
from cnncli.runner.training.errors import NotFinite
from cnncli.runner.training.loop import TrainingLoop
from cnncli.runner.training.outcome import memory_errors_explained
from cnncli.spec.lint.training import first_rate
from cnncli.spec.schema import Spec
from cnncli.startup import tf

MAX_STEPS = 1000

TIME_LIMIT, RETRY_TIME_LIMIT = 60.0, 20.0
"""Seconds for the attempt, and for each further one at another learning rate."""

MEMORISED = 0.02
"""Cross entropy of a memorised batch, relative to that of guessing."""

Tensors = tuple[tf.Tensor, tf.Tensor]
OnStep = Callable[[int], None]
"""Receives the number of losses measured so far."""


@dataclass(frozen=True)
class Overfit:
    """Whether a network can memorise one batch."""

    images: int  # in the batch
    attempt: Attempt  # with the optimizer of the spec
    seconds: float  # with the diagnosis
    reasons: tuple[Reason, ...] = ()  # why the attempt failed


def overfit_batch(spec: Spec, runs_folder: Path, observer: TrainingObserver) -> Overfit:
    """Trains on one batch until it is memorised, or finds out why it is not.

    Args:
        spec: Spec of the network.
        runs_folder: Where to look for runs whose weights the spec starts from; nothing is written to it.
        observer: Receives notices and the number of steps.

    Raises:
        SpecError: The model cannot be built.
        DataError: Images cannot be read.
        TrainingError: Every layer is frozen.
        ResourceError: Out of memory.
    """

    def on_step(steps: int) -> None:
        observer.on_step(1, min(steps, MAX_STEPS), MAX_STEPS, {})

    def retry(learning_rate: float) -> Attempt:
        return overfit_attempt(learner, *learner.model(learning_rate), RETRY_TIME_LIMIT, on_step)

    began = time.perf_counter()
    with memory_errors_explained():
        batch = batch_of(load_splits(spec.data, spec.seed, notice=observer.on_notice), spec.train.batch_size)
        learner = Learner(spec, batch, runs_folder, observer.on_notice)
        model, tensors = learner.model()
        if not model.trainable_variables:
            raise TrainingError("the network cannot learn: all layers are frozen", "set trainable: true on some")
        attempt = overfit_attempt(learner, model, tensors, TIME_LIMIT, on_step)
        reasons: tuple[Reason, ...] = ()
        if not attempt.learned:
            reasons = reasons_for(attempt, batch, tensors, model, learner.model()[0], retry)
    return Overfit(len(batch.samples["train"]), attempt, time.perf_counter() - began, reasons)


def batch_of(splits: Splits, size: int) -> Splits:
    """One batch of training images, spread evenly over the classes, as a split of its own.

    Raises:
        DataError: An image cannot be read.
    """
    samples = splits.samples["train"]
    by_class = np.argsort(samples.labels, kind="stable")
    indices = by_class[np.linspace(0, len(by_class) - 1, min(size, len(by_class))).astype(np.int64)]
    names = tuple(samples.names[index] for index in indices.tolist())
    return Splits(splits.class_names, {"train": Samples(samples.read(indices), samples.labels[indices], names)})


class Learner:
    """Builds the model of a spec, ready to memorise one batch, again and again with the same first weights.

    Everything that works against memorising is off: augmentation, dropout and noise, penalties on weights, weight
    decay, label smoothing, class weights. Optimizer and learning rate are the spec's; a schedule over `total_steps`
    spans the steps of one attempt.

    Args:
        spec: Spec of the network.
        batch: Batch, as returned by `batch_of`.
        runs_folder: Where to look for runs whose weights the spec starts from.
        notice: Receives messages about downloads.
    """

    def __init__(self, spec: Spec, batch: Splits, runs_folder: Path, notice: Notice) -> None:
        loss = spec.train.loss
        sharp = {key: value for key, value in loss.arguments.items() if key != "label_smoothing"}
        self._spec = _with(spec, loss=replace(loss, arguments=sharp), metrics=[Entry("metric", "accuracy")])
        self._batch, self._runs_folder, self._notice = batch, runs_folder, notice
        self.learning_rate = 0.0

    def model(self, learning_rate: float | None = None) -> tuple[Any, Tensors]:
        """Builds the model with its first weights, and the batch as the model takes it: images and targets.

        Args:
            learning_rate: Learning rate; None for the spec's.

        Raises:
            SpecError: A layer, the loss or the optimizer does not fit.
        """
        self.learning_rate = first_rate(self._spec.train.phases[0])[0] if learning_rate is None else learning_rate
        spec, samples, names = self._spec, self._batch.samples["train"], self._batch.class_names
        if learning_rate is not None:
            arguments = {**spec.train.optimizer.arguments, "learning_rate": learning_rate}
            spec = _with(spec, optimizer=replace(spec.train.optimizer, arguments=arguments))
        model, encoding = build_compiled_model(spec, self._batch.input_spec(spec.data), MAX_STEPS)
        load_pretrained(spec.model, model, names, self._runs_folder, self._notice)
        without_regularization(model)
        images = samples.read(np.arange(len(samples)))  # (images, height, width, channels)
        return model, (tf.constant(images), tf.constant(encode(samples.labels, encoding, len(names))))

    def is_memorised(self, loss: float, correct: int) -> bool:
        """Whether every image is classified correctly and the loss, where it is a cross entropy, is nearly zero."""
        low = loss <= MEMORISED * log(len(self._batch.class_names))
        return correct == len(self._batch.samples["train"]) and (
            low or "Crossentropy" not in self._spec.train.loss.name
        )


def _with(spec: Spec, **train: Any) -> Spec:
    return spec.replace(train=spec.train.replace(**train))


def overfit_attempt(learner: Learner, model: Any, batch: Tensors, seconds: float, on_step: OnStep) -> Attempt:
    """Trains a model on its batch until the batch is memorised, or steps or seconds run out.

    Args:
        learner: Learner that has built the model.
        model: Model with its first weights.
        batch: Images and targets.
        seconds: Time limit, counted from the end of the first step, which is also traced.
        on_step: Receives the progress.
    """
    loop = TrainingLoop(model, tf.data.Dataset.from_tensors(batch).repeat(), OneDevice())
    losses: list[float] = []
    learned, correct, until = False, 0, inf
    while not learned and len(losses) <= MAX_STEPS and time.perf_counter() < until:
        try:
            metrics = loop.epoch(1, lambda done, steps: None)
        except NotFinite as error:
            losses.append(error.loss)
            break
        until = min(until, time.perf_counter() + seconds)
        losses.append(metrics["loss"])
        correct = round(metrics["accuracy"] * len(batch[0]))
        learned = losses[-1] <= losses[0] and learner.is_memorised(losses[-1], correct)
        on_step(len(losses))
    return Attempt(learned, correct, learner.learning_rate, tuple(losses))
