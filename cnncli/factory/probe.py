"""Looks into a model at work: which units are dead, and how far the gradient reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cnncli.startup import keras, tf


@dataclass(frozen=True)
class Dead:
    """Units of one layer that are zero whatever the image.

    Args:
        layer: its name.
        share: of its units, 0…1.
    """

    layer: str
    share: float


def dead_units(model: keras.Model, images: tf.Tensor) -> list[Dead]:
    """The ReLU layers of a model with units that are zero for every image, and everywhere in it, in training mode.

    Args:
        model: built; the statistics of its normalisations change.
        images: `(images, height, width, channels)`.
    """
    layers = [layer for layer in model.layers if _is_relu(layer)]
    if not layers:
        return []
    inside = keras.Model(model.inputs, [layer.output for layer in layers], name="inside")
    results = inside(images, training=True)
    found = []
    for layer, result in zip(layers, results if len(layers) > 1 else [results], strict=True):
        values = np.asarray(tf.cast(_only(result), tf.float32))  # (images, …, units)
        alive = (values > 0).any(axis=tuple(range(values.ndim - 1)))  # (units,)
        if not alive.all():
            found.append(Dead(layer.name, float(1 - alive.mean())))
    return found


def _is_relu(layer: Any) -> bool:
    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope
    return getattr(layer, "activation", None) is keras.activations.relu


def _only(result: Any) -> Any:
    return result[0] if isinstance(result, list | tuple) else result


@dataclass(frozen=True)
class Gradient:
    """The gradient of one layer's weights.

    Args:
        layer: its name.
        length: of the gradient.
    """

    layer: str
    length: float


def gradients_by_layer(model: keras.Model, batch: tuple[tf.Tensor, tf.Tensor]) -> list[Gradient]:
    """The length of the gradient of each layer that is trained, in order, without penalties on weights.

    Args:
        model: compiled.
        batch: images and targets.
    """
    images, targets = batch
    with tf.GradientTape() as tape:
        loss = model.compute_loss(images, targets, model(images, training=True), training=True)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    squares: dict[str, float] = {}
    for variable, gradient in zip(variables, gradients, strict=True):
        layer = variable.path.rpartition("/")[0]
        squares[layer] = squares.get(layer, 0.0) + _square(gradient)
    return [Gradient(layer, square**0.5) for layer, square in squares.items()]


def _square(gradient: Any) -> float:
    return 0.0 if gradient is None else float(tf.reduce_sum(tf.square(tf.cast(gradient, tf.float32))))
