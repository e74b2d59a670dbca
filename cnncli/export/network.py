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


def sensitivity(network: keras.Model, images: np.ndarray, change: float) -> float:
    """How far a probability moves when every weight changes by a part of itself, up to `change`, at random.

    Args:
        network: From `with_probabilities`.
        images: Pixels 0…255, shape `(images, height, width, channels)`.
        change: For example 0.01.
    """
    weights, draws = network.get_weights(), np.random.default_rng(0)
    before = network.predict_on_batch(images)[PROBABILITIES]
    try:
        network.set_weights([each * (1 + draws.uniform(-change, change, each.shape)) for each in weights])
        return float(np.abs(network.predict_on_batch(images)[PROBABILITIES] - before).max())
    finally:
        network.set_weights(weights)
