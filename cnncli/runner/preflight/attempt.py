"""One batch, and attempts to learn it by heart."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.data.pipeline import encode
from cnncli.data.samples import Samples
from cnncli.factory.regularization import without_regularization
from cnncli.runner.inputs.splits import Notice, Splits
from cnncli.runner.model.build import compiled, inputs_of_splits
from cnncli.runner.model.initial_weights import load_pretrained
from cnncli.runner.preflight.records import Attempt
from cnncli.runner.training.loop import NotFinite, TrainingLoop
from cnncli.spec.lint.training import first_rate
from cnncli.spec.schema import Spec
from cnncli.startup import tf

MOST_STEPS = 1000
LEARNED = 0.02
"""What is left of a cross entropy that was learned by heart, as a part of that of guessing."""

Tensors = tuple[tf.Tensor, tf.Tensor]
OnStep = Callable[[int, float], None]
"""Is told the number of the step and its loss."""


def batch_of(found: Splits, size: int) -> Splits:
    """As many training images as a batch has, spread evenly over the classes, as the only images there are.

    Raises:
        DataError: one of them cannot be read.
    """
    samples = found.samples["train"]
    by_class = np.argsort(samples.labels, kind="stable")
    chosen = by_class[np.linspace(0, len(by_class) - 1, min(size, len(by_class))).astype(np.int64)]
    names = tuple(samples.names[index] for index in chosen.tolist())
    return Splits(found.class_names, {"train": Samples(samples.read(chosen), samples.labels[chosen], names)})


class Learner:
    """The model of a spec, ready to learn one batch by heart, again and again from its first weights.

    What works against learning by heart is left out: augmentation, dropout and noise, penalties on weights and their
    decay, label smoothing, class weights. Optimizer and learning rate are the spec's; a schedule that says
    `total_steps` is gone through in the steps of an attempt.

    Args:
        spec: checked.
        batch: as `batch_of` gives it.
        runs_folder: where runs are looked for whose weights the spec begins with.
        notice: is told of downloads.
    """

    def __init__(self, spec: Spec, batch: Splits, runs_folder: Path, notice: Notice) -> None:
        loss = spec.train.loss
        smooth = {key: value for key, value in loss.arguments.items() if key != "label_smoothing"}
        self._spec = _with(spec, loss=replace(loss, arguments=smooth), metrics=[Entry("metric", "accuracy")])
        self.batch, self._runs_folder, self._notice = batch, runs_folder, notice
        self.learning_rate = 0.0

    def model(self, learning_rate: float | None = None) -> tuple[Any, Tensors]:
        """The model with its first weights, and the batch as it takes it: images and targets.

        Args:
            learning_rate: instead of the spec's.

        Raises:
            SpecError: something does not fit.
        """
        self.learning_rate = first_rate(self._spec.train.phases[0])[0] if learning_rate is None else learning_rate
        spec, samples, names = self._spec, self.batch.samples["train"], self.batch.class_names
        if learning_rate is not None:
            given = {**spec.train.optimizer.arguments, "learning_rate": learning_rate}
            spec = _with(spec, optimizer=replace(spec.train.optimizer, arguments=given))
        model, encoding = compiled(spec, inputs_of_splits(spec.data, self.batch), MOST_STEPS)
        load_pretrained(spec, model, names, self._runs_folder, self._notice)
        without_regularization(model)
        images = samples.read(np.arange(len(samples)))  # (images, height, width, channels)
        return model, (tf.constant(images), tf.constant(encode(samples.labels, encoding, len(names))))

    def is_learned(self, loss: float, right: int) -> bool:
        """Whether every image is told right, and the loss, where it is a cross entropy, is next to nothing."""
        bound = LEARNED * log(len(self.batch.class_names))
        return right == len(self.batch.samples["train"]) and (
            loss <= bound or "Crossentropy" not in self._spec.train.loss.name
        )


def _with(spec: Spec, **train: Any) -> Spec:
    return spec.model_copy(update={"train": spec.train.model_copy(update=train)})


def attempt(learner: Learner, model: Any, batch: Tensors, seconds: float, on_step: OnStep) -> Attempt:
    """Trains a model on its batch until it knows it by heart, or the steps or the seconds are over.

    Args:
        learner: that made the model.
        model: with its first weights.
        batch: images and targets.
        seconds: without those of the first step, which is also traced.
        on_step: is told how it goes.
    """
    loop = TrainingLoop(model, tf.data.Dataset.from_tensors(batch).repeat())
    losses: list[float] = []
    learned, right, until = False, 0, float("inf")
    while not learned and len(losses) <= MOST_STEPS and time.perf_counter() < until:
        try:
            metrics = loop.epoch(1, lambda done, steps: None)
        except NotFinite as error:
            losses.append(error.loss)
            break
        until = min(until, time.perf_counter() + seconds)
        losses.append(metrics["loss"])
        right = round(metrics["accuracy"] * len(batch[0]))
        learned = losses[-1] <= losses[0] and learner.is_learned(losses[-1], right)
        on_step(len(losses), losses[-1])
    return Attempt(learned, right, learner.learning_rate, tuple(losses))
