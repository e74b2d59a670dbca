"""Looks into a model at work: dead units, and the gradient of each layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncli.startup import keras, tf


def dead_units(model: keras.Model, images: tf.Tensor) -> dict[str, float]:
    """Share of the units of each ReLU layer that are zero everywhere for every image, in training mode.

    Args:
        model: Built; the statistics of its normalisations change.
        images: (images, height, width, channels).
    """
    layers = [layer for layer in model.layers if _is_relu(layer)]
    if not layers:
        return {}
    outputs = keras.Model(model.inputs, [layer.output for layer in layers], name="relu_outputs")(images, training=True)
    dead = {}
    for layer, output in zip(layers, outputs if isinstance(outputs, list | tuple) else [outputs], strict=True):
        values = np.asarray(tf.cast(output, tf.float32))  # (images, …, units)
        alive = (values > 0).any(axis=tuple(range(values.ndim - 1)))  # (units,)
        dead[layer.name] = float(1 - alive.mean())
    return dead


def _is_relu(layer: Any) -> bool:
    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope
    return getattr(layer, "activation", None) is keras.activations.relu


def gradients_by_layer(model: keras.Model, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, float]:
    """Norm of the gradient of each layer that is trained, in order, without penalties on weights.

    Args:
        model: Compiled.
        batch: Images and targets.
    """
    images, targets = batch
    with tf.GradientTape() as tape:
        loss = model.compute_loss(images, targets, model(images, training=True), training=True)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    squares: dict[str, float] = {}
    for variable, gradient in zip(variables, gradients, strict=True):
        layer = variable.path.rpartition("/")[0]
        squares[layer] = squares.get(layer, 0.0) + _squared_norm(gradient)
    return {layer: square**0.5 for layer, square in squares.items()}


def _squared_norm(gradient: Any) -> float:
    return 0.0 if gradient is None else float(tf.reduce_sum(tf.square(tf.cast(gradient, tf.float32))))
