"""Why a network does not learn a batch by heart: found by looking, and by trying another learning rate."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np

from cnncli.catalog.validators import counted
from cnncli.factory.probe import dead_units, gradients_by_layer
from cnncli.runner.preflight.attempt import Learner, OnStep, Tensors, attempt
from cnncli.runner.preflight.records import Attempt, Reason
from cnncli.startup import tf

DEAD = 0.5
"""Part of the units of a layer that may be dead before it is worth telling."""

VANISHED = 1e-3
"""The gradient of a layer, as a part of the longest in the network, that is as good as none."""

BOUNCING = 0.25
"""Part of the steps that raise the loss, above which they are too long."""

SAME = 1e-3
"""Outputs that differ by less are one answer."""

SECONDS = 20.0
"""How long an attempt with another learning rate may take."""


def reasons_for(learner: Learner, failed: Attempt, model: Any, batch: Tensors, on_step: OnStep) -> tuple[Reason, ...]:
    """What was found, what is certain before what is likely.

    Args:
        learner: gives the model anew.
        failed: the attempt.
        model: as the attempt left it.
        batch: images and targets.
        on_step: is told of the steps of further attempts.
    """
    certain = tuple(_of_images(learner))
    if certain:
        return certain
    likely = list(_of_gradients(learner.model()[0], batch))
    if isfinite(failed.last_loss):
        likely += _of_dead(model, batch[0]) or _of_same_outputs(model, batch[0])
    return (*_of_learning_rate(learner, failed, on_step), *likely) or (_unexplained(failed),)


def _of_images(learner: Learner) -> Iterator[Reason]:
    samples, names = learner.batch.samples["train"], learner.batch.class_names
    images = samples.read(np.arange(len(samples)))
    first: dict[bytes, int] = {}
    for place, image in enumerate(images):
        other = first.setdefault(image.tobytes(), place)
        if samples.labels[other] != samples.labels[place]:
            yield Reason(
                f"'{samples.names[other]}' is {names[samples.labels[other]]} and '{samples.names[place]}' is "
                f"{names[samples.labels[place]]}, but their pixels are the same",
                "mend the labels; 'cnncli data' lists all such images",
            )
            return
    if len(images) > 1 and len(first) == 1:
        yield Reason("all images of the batch are the same", "look at them with 'cnncli preview'")


def _of_learning_rate(learner: Learner, failed: Attempt, on_step: OnStep) -> Iterator[Reason]:
    """Another learning rate with which the batch is learned."""
    rose = not isfinite(failed.last_loss) or failed.last_loss >= failed.first_loss or _rises(failed.losses) > BOUNCING
    for factor in (0.1, 10) if rose else (10, 0.1):
        rate = float(f"{failed.learning_rate * factor:.3g}")
        model, batch = learner.model(rate)
        other = attempt(learner, model, batch, SECONDS, on_step)
        if other.learned:
            yield Reason(
                f"the learning rate, {failed.learning_rate:g}, is too {'high' if factor < 1 else 'low'}: with {rate:g} "
                f"the batch is learned in {counted(other.steps, 'step')}",
                f"set the learning rate of train.optimizer to {rate:g}",
            )
            return


def _unexplained(failed: Attempt) -> Reason:
    """What the loss alone tells."""
    if not isfinite(failed.last_loss):
        return Reason(
            f"the loss became {failed.last_loss}, also with a tenth of the learning rate",
            "values may grow from layer to layer: try BatchNormalization, or HeNormal as kernel_initializer",
        )
    if failed.last_loss < 0.5 * failed.first_loss and _rises(failed.losses[-100:]) < BOUNCING:
        return Reason("the loss was still falling", "the network learns, but slowly: try Adam, or momentum")
    return Reason(
        "neither a tenth nor ten times the learning rate helps",
        "the network may be too small for these images: more filters or units, fewer pools and strides before them",
    )


def _rises(losses: tuple[float, ...]) -> float:
    """The part of the steps after which the loss was higher."""
    pairs = list(pairwise(losses))
    return sum(after > before for before, after in pairs) / max(1, len(pairs))


def _of_gradients(model: Any, batch: Tensors) -> Iterator[Reason]:
    gradients = gradients_by_layer(model, batch)
    longest = max(gradients, key=lambda gradient: gradient.length)
    weak = [gradient for gradient in gradients if not gradient.length > VANISHED * longest.length]
    if weak and isfinite(longest.length):
        least = min(weak, key=lambda gradient: gradient.length)
        more = f", and {counted(len(weak) - 1, 'more layer')}" if len(weak) > 1 else ""
        yield Reason(
            f"at first the gradient hardly reaches {least.layer} (its length there is {least.length:.2g}, "
            f"in {longest.layer} {longest.length:.2g}){more}",
            "relu instead of sigmoid or tanh, BatchNormalization, HeNormal, or shortcuts around layers let it pass",
        )


def _of_dead(model: Any, images: tf.Tensor) -> list[Reason]:
    dead = [units for units in dead_units(model, images) if units.share >= DEAD]
    if not dead:
        return []
    worst = max(dead, key=lambda units: units.share)
    more = f", and many of {counted(len(dead) - 1, 'more layer')}" if len(dead) > 1 else ""
    found = f"{worst.share:.0%} of the units of {worst.layer} are zero for every image{more}"
    return [Reason(found, "a smaller learning rate, HeNormal as kernel_initializer, or LeakyReLU keep them alive")]


def _of_same_outputs(model: Any, images: tf.Tensor) -> list[Reason]:
    outputs = np.asarray(model(images, training=True))  # (images, units)
    if len(outputs) == 1 or np.ptp(outputs, axis=0).max() >= SAME:
        return []
    return [Reason("the network gives the same answer for every image", "what tells them apart is lost on the way")]
