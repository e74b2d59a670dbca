"""Why a network does not memorise a batch: found by inspecting it, and by trying another learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

import numpy as np

from cnncli.runner.inputs.splits import Splits
from cnncli.startup import keras, tf
from cnncli.wording import counted

DEAD = 0.5
"""Share of dead units above which a layer is reported: below it, dying ReLUs are common in networks that learn."""

VANISHED = 1e-3
"""Gradient norm, relative to the largest of any layer, below which a layer hardly changes while others converge."""

BOUNCING = 0.25
"""Share of steps that raise the loss, above which the steps are too long: on a fixed batch good steps lower it."""

SAME = 1e-3
"""Largest difference between outputs that count as the same: far below what changes a prediction."""


@dataclass(frozen=True)
class Attempt:
    """One attempt to memorise a batch."""

    learned: bool
    correct: int  # images that were classified correctly at the end
    learning_rate: float  # of the first step
    losses: tuple[float, ...]  # before the first step and after each; the last may be infinite or NaN
    broken: str = ""  # the first weight that is no finite number: `NaN in conv2d/kernel`

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.losses) - 1


@dataclass(frozen=True)
class Reason:
    """One reason why a network does not memorise its batch."""

    finding: str
    advice: str


def reasons_for(
    failed: Attempt,
    batch: Splits,
    tensors: tuple[tf.Tensor, tf.Tensor],
    trained: keras.Model,
    initial: keras.Model,
    retry: Callable[[float], Attempt],
) -> tuple[Reason, ...]:
    """Finds the reasons, most certain first.

    Args:
        failed: The failed attempt.
        batch: Its images.
        tensors: The same images and their targets as the model takes them.
        trained: The model as the attempt left it.
        initial: The same model with its first weights.
        retry: Makes another attempt, from the first weights, at a given learning rate.
    """
    if certain := _in_images(batch):
        return (certain,)
    likely = [_in_learning_rate(failed, retry), _in_gradients(_gradient_norms(initial, tensors))]
    if isfinite(failed.losses[-1]) and not failed.broken:
        likely.append(_in_dead_units(_dead_shares(trained, tensors[0])) or _in_outputs(trained, tensors[0]))
    return tuple(filter(None, likely)) or (_in_attempt(failed),)


def _in_images(batch: Splits) -> Reason | None:
    samples, names = batch.samples["train"], batch.class_names
    first: dict[bytes, int] = {}
    for index, image in enumerate(samples.read(np.arange(len(samples)))):  # (height, width, channels)
        other = first.setdefault(image.tobytes(), index)
        if samples.labels[other] != samples.labels[index]:
            one, two = (f"'{samples.names[i]}' ({names[samples.labels[i]]})" for i in (other, index))
            finding = f"{one} and {two} have the same pixels but different classes"
            return Reason(finding, "fix the labels; 'cnncli data' lists all such images")
    if len(samples) > 1 and len(first) == 1:
        return Reason("all images of the batch are the same", "check them with 'cnncli preview'")
    return None


def _in_learning_rate(failed: Attempt, retry: Callable[[float], Attempt]) -> Reason | None:
    """Another learning rate at which the batch is memorised."""
    rises = bool(failed.broken) or not failed.losses[-1] < failed.losses[0] or _rises(failed.losses) > BOUNCING
    for factor, fault in ((0.1, "high"), (10, "low")) if rises else ((10, "low"), (0.1, "high")):
        rate = float(f"{failed.learning_rate * factor:.3g}")
        attempt = retry(rate)
        if attempt.learned:
            steps = counted(attempt.steps, "step")
            finding = f"the learning rate, {failed.learning_rate:g}, is too {fault}: at {rate:g} the batch is memorised"
            return Reason(f"{finding} in {steps}", f"set the learning rate of train.optimizer to {rate:g}")
    return None


def _in_attempt(failed: Attempt) -> Reason:
    """What the attempt alone shows."""
    losses = failed.losses
    if failed.broken or not isfinite(losses[-1]):
        what = f"the weights became {failed.broken}" if failed.broken else f"the loss became {losses[-1]}"
        return Reason(
            f"{what}, even at a tenth of the learning rate",
            "values may grow from layer to layer: try BatchNormalization, or HeNormal as kernel_initializer",
        )
    if losses[-1] < 0.5 * losses[0] and _rises(losses[-100:]) < BOUNCING:
        return Reason("the loss was still falling", "the network learns, but slowly: try Adam, or momentum")
    return Reason(
        "neither a tenth nor ten times the learning rate helps",
        "the network may be too small for these images: try more filters or units, or less pooling and striding",
    )


def _rises(losses: tuple[float, ...]) -> float:
    """Share of the steps that raised the loss."""
    return sum(after > before for before, after in pairwise(losses)) / max(1, len(losses) - 1)


def _in_gradients(norms: Mapping[str, float]) -> Reason | None:
    largest = max(norms, key=norms.__getitem__)
    weak = [layer for layer, norm in norms.items() if not norm > VANISHED * norms[largest]]
    if not weak or not isfinite(norms[largest]):
        return None
    least = min(weak, key=norms.__getitem__)
    return Reason(
        f"at first the gradient hardly reaches {least} (norm {norms[least]:.2g}, "
        f"but {norms[largest]:.2g} in {largest}){_and_more(weak)}",
        "relu instead of sigmoid or tanh, BatchNormalization, HeNormal or residual connections let it through",
    )


def _gradient_norms(model: keras.Model, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, float]:
    """Norm of the gradient of each layer that is trained, in order, without penalties on weights."""
    images, targets = batch
    with tf.GradientTape() as tape:
        loss = model.compute_loss(images, targets, model(images, training=True), training=True)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    squares: dict[str, float] = {}
    for variable, gradient in zip(variables, gradients, strict=True):
        square = 0.0 if gradient is None else float(tf.reduce_sum(tf.square(tf.cast(gradient, tf.float32))))
        layer = variable.path.rpartition("/")[0]
        squares[layer] = squares.get(layer, 0.0) + square
    return {layer: square**0.5 for layer, square in squares.items()}


def _in_dead_units(shares: Mapping[str, float]) -> Reason | None:
    dead = [layer for layer, share in shares.items() if share >= DEAD]
    if not dead:
        return None
    worst = max(dead, key=shares.__getitem__)
    finding = f"{shares[worst]:.0%} of the units of {worst} are zero for every image{_and_more(dead)}"
    return Reason(finding, "a smaller learning rate, HeNormal as kernel_initializer or LeakyReLU keep them alive")


def _dead_shares(model: keras.Model, images: tf.Tensor) -> dict[str, float]:
    """Share of the units of each ReLU layer that are zero everywhere for every image, in training mode."""
    layers = [layer for layer in model.layers if _is_relu(layer)]
    if not layers:
        return {}
    outputs = keras.Model(model.inputs, [layer.output for layer in layers], name="relu_outputs")(images, training=True)
    shares = {}
    for layer, output in zip(layers, outputs if isinstance(outputs, list | tuple) else [outputs], strict=True):
        values = np.asarray(tf.cast(output, tf.float32))  # (images, …, units)
        alive = (values > 0).any(axis=tuple(range(values.ndim - 1)))  # (units,)
        shares[layer.name] = float(1 - alive.mean())
    return shares


def _is_relu(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope
    return getattr(layer, "activation", None) is keras.activations.relu


def _and_more(layers: Sequence[str]) -> str:
    return f"; the same in {counted(len(layers) - 1, 'more layer')}" if len(layers) > 1 else ""


def _in_outputs(model: keras.Model, images: tf.Tensor) -> Reason | None:
    outputs = np.asarray(model(images, training=True))  # (images, units)
    if len(outputs) == 1 or np.ptp(outputs, axis=0).max() >= SAME:
        return None
    return Reason("the network gives the same output for every image", "an early layer may discard all differences")
