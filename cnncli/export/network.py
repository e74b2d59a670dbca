"""What is exported: the network of a run in float32, from pixels to one probability for each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnncli.catalog import Entry

if TYPE_CHECKING:
    import keras

IMAGE = "image"
"""Name of the input in every format: float32, 0…255, shape `(images, height, width, channels)`."""

PROBABILITIES = "probabilities"
"""Name of the output in every format: float32, shape `(images, classes)`."""


def with_probabilities(model: keras.Model, loss: Entry, encoding: str, classes: int, name: str) -> keras.Model:
    """A model that gives probabilities, whatever the training's gave; the two share their weights.

    Args:
        model: Model of the run, with weights, in float32.
        loss: Loss of the training; its `from_logits` means that the model gives logits.
        encoding: Encoding of the labels, from `factory.training.label_encoding`.
        classes: Number of classes; further units are left out.
        name: Name of the result.

    Returns:
        A functional model from `image` to `{"probabilities": …}`; layers that only act in training are switched off.
    """
    from cnncli.startup import keras

    inputs = keras.Input(model.input_shape[1:], name=IMAGE)
    outputs = model(inputs, training=False)  # (images, units)
    logits = bool(loss.get("from_logits"))
    if encoding == "binary":
        second = keras.layers.Activation("sigmoid")(outputs) if logits else outputs
        first = keras.layers.Rescaling(-1.0, offset=1.0)(second)
        outputs = keras.layers.Concatenate()([first, second])
    else:
        if logits:
            outputs = keras.layers.Softmax()(outputs)
        if outputs.shape[-1] > classes:
            outputs = outputs[:, :classes]
    return keras.Model(inputs, {PROBABILITIES: outputs}, name=name)


def in_float64(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """What a network with the same weights gives that computes in float64.

    Args:
        network: From `with_probabilities`.
        images: Pixels 0…255, shape `(images, height, width, channels)`.

    Returns:
        Probabilities, float64, shape `(images, classes)`.
    """
    from cnncli.startup import keras

    class Exact(keras.DTypePolicy):
        variable_dtype = "float32"  # so that weights are cast where they are used

    policies = [(layer, layer.dtype_policy) for layer in network._flatten_layers()]
    try:
        for layer, _ in policies:
            layer.dtype_policy = Exact("float64")
        return np.asarray(network(images, training=False)[PROBABILITIES])
    finally:
        for layer, policy in policies:
            layer.dtype_policy = policy
