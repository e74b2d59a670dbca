"""`cnncli train --overfit-batch`: a network that cannot memorise one batch will not learn from a thousand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import inf, log
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.catalog.layer_traits import traits_of
from cnncli.data.pipeline import encode
from cnncli.data.samples import Samples
from cnncli.errors import TrainingError
from cnncli.notices import Notice
from cnncli.observer import TrainingObserver
from cnncli.runner.execution.execution import OneDevice
from cnncli.runner.inputs.splits import Splits, load_splits
from cnncli.runner.model.build import build_compiled_model
from cnncli.runner.model.initial_weights import load_pretrained
from cnncli.runner.model.whitening import whiten
from cnncli.runner.preflight.diagnosis import Attempt, Reason, reasons_for
from cnncli.runner.training.loop import NotFinite, TrainingLoop
from cnncli.runner.training.outcome import memory_errors_explained
from cnncli.runner.training.variables import first_not_finite
from cnncli.spec.lint.training import first_rate
from cnncli.spec.schema import Spec
from cnncli.startup import keras, tf

MAX_STEPS = 1000

TIME_LIMIT, RETRY_TIME_LIMIT = 60.0, 20.0
"""Seconds for the attempt, and for each further one at another learning rate."""

MEMORISED = 0.02
"""Cross entropy of a memorised batch, relative to that of guessing."""

Tensors = tuple[tf.Tensor, tf.Tensor]
"""Images and targets."""


@dataclass(frozen=True)
class Overfit:
    """Whether a network can memorise one batch."""

    images: int  # in the batch
    attempt: Attempt  # with the optimizer of the spec
    seconds: float  # with the diagnosis
    reasons: tuple[Reason, ...] = ()  # why the attempt failed


def overfit_batch(spec: Spec, runs_dir: Path, observer: TrainingObserver) -> Overfit:
    """Trains on one batch until it is memorised, or finds out why it is not; nothing is written.

    Raises:
        SpecError: The model cannot be built.
        DataError: Images cannot be read.
        TrainingError: Every layer is frozen.
        ResourceError: Out of memory.
    """

    def attempt(rate: float, seconds: float, model: keras.Model, tensors: Tensors) -> Attempt:
        low = MEMORISED * log(len(batch.class_names)) if "Crossentropy" in spec.train.loss.name else inf
        return memorise(model, tensors, low, rate, seconds, observer)

    began = time.perf_counter()
    with memory_errors_explained():
        batch = batch_of(load_splits(spec.data, spec.seed, notice=observer.on_notice), spec.train.batch_size)
        build = partial(build_for_memorising, spec, batch, runs_dir, observer.on_notice)
        model, tensors = build()
        if not model.trainable_variables:
            raise TrainingError("the network cannot learn: all layers are frozen", "set trainable: true on some")
        first = attempt(first_rate(spec.train.phases[0])[0], TIME_LIMIT, model, tensors)
        reasons: tuple[Reason, ...] = ()
        if not first.learned:
            reasons = reasons_for(
                first, batch, tensors, model, build()[0], lambda rate: attempt(rate, RETRY_TIME_LIMIT, *build(rate))
            )
    return Overfit(len(batch.samples["train"]), first, time.perf_counter() - began, reasons)


def batch_of(splits: Splits, size: int) -> Splits:
    """One batch of training images, spread evenly over the classes, as a split of its own."""
    samples = splits.samples["train"]
    by_class = np.argsort(samples.labels, kind="stable")
    indices = by_class[np.linspace(0, len(by_class) - 1, min(size, len(by_class))).astype(np.int64)]
    names = tuple(samples.names[index] for index in indices.tolist())
    return Splits(splits.class_names, {"train": Samples(samples.read(indices), samples.labels[indices], names)})


def build_for_memorising(
    spec: Spec, batch: Splits, runs_dir: Path, notice: Notice, rate: float | None = None
) -> tuple[keras.Model, Tensors]:
    """The compiled model with its first weights, and the batch as the model takes it.

    Everything that works against memorising is off: augmentation, dropout and noise, penalties on weights, weight
    decay, label smoothing, class weights. Optimizer and learning rate are the spec's unless another rate is given; a
    schedule over `total_steps` spans the steps of one attempt.
    """
    train, samples, names = spec.train, batch.samples["train"], batch.class_names
    loss = {key: value for key, value in train.loss.arguments.items() if key != "label_smoothing"}
    optimizer = {**train.optimizer.arguments, **({} if rate is None else {"learning_rate": rate})}
    train = train.replace(
        loss=replace(train.loss, arguments=loss),
        optimizer=replace(train.optimizer, arguments=optimizer),
        metrics=[Entry("metric", "accuracy")],
    )
    inputs = batch.input_spec(spec.data)
    model, encoding = build_compiled_model(spec.model.nodes, inputs, train, spec.seed, spec.name, MAX_STEPS)
    whiten(model, spec.model.nodes, samples)
    load_pretrained(spec.model, model, names, runs_dir, notice)
    _remove_regularization(model)
    images = samples.read(np.arange(len(samples)))  # (images, height, width, channels)
    return model, (tf.constant(images), tf.constant(encode(samples.labels, encoding, len(names))))


def _remove_regularization(model: keras.Model) -> None:
    """Switches off dropout, noise, penalties on weights and activations, and weight decay, also in backbones."""
    for layer in _layers(model):
        traits = traits_of(type(layer).__name__)
        if traits and traits.strength:
            setattr(layer, traits.strength, 0.0)
        if getattr(layer, "activity_regularizer", None) is not None:
            layer.activity_regularizer = None
    for variable in model.trainable_variables:
        variable.regularizer = None
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    optimizer.weight_decay = None


def _layers(model: keras.Model) -> Iterator[Any]:
    """Every layer, those inside models and wrappers included."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        elif hasattr(layer, "layer"):
            yield layer.layer


def memorise(
    model: keras.Model, batch: Tensors, low: float, rate: float, seconds: float, observer: TrainingObserver
) -> Attempt:
    """Trains until every image is classified correctly and the loss is low, or steps or seconds run out.

    The seconds are counted from the end of the first step, which is also traced.
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
        learned = correct == len(batch[0]) and losses[-1] <= min(losses[0], low)
        observer.on_step(1, min(len(losses), MAX_STEPS), MAX_STEPS, {})
    broken = first_not_finite(model)  # which the loss may hide
    return Attempt(learned and not broken, correct, rate, tuple(losses), broken)
