"""Batches whose halves are computed side by side, one on each of two cores.

Two threads wait for each other at the end of every operation, which in a small network takes as long as what they
share. With one thread each, the operations on one half of the images run beside those on the other half instead, and
meet once, where gradients are added up. That changes their last digits, and each half draws its own numbers for
Dropout.
"""

from __future__ import annotations

from typing import Any

from cnncli.catalog.layer_traits import OF_BATCHES
from cnncli.factory.computation.choices import BATCHES, is_taken
from cnncli.factory.freezing import every_layer
from cnncli.startup import keras, operation_threads, tf

LOGITS = "_keras_logits"
"""Where Keras' softmax and sigmoid leave what they were made of: its losses compute with that."""


def takes_halves(model: keras.Model) -> bool:
    """Whether a training computes the batches of a built model in halves.

    It does where an operation has one thread, and nothing that a layer computes of an image depends on other images.
    """
    return is_taken(BATCHES) and operation_threads() == 1 and all(map(_takes_images_alone, every_layer(model)))


def _takes_images_alone(layer: Any) -> bool:
    """Whether a layer's output for an image is its own affair: no statistics, and no loss, of the batch."""
    of_batches = tuple(getattr(keras.layers, name) for name in OF_BATCHES)
    known = type(layer).__module__.startswith(("keras.", "cnncli."))
    return known and not isinstance(layer, of_batches) and getattr(layer, "activity_regularizer", None) is None


def in_halves(model: keras.Model, images: Any, training: bool) -> Any:
    """What a model makes of images, half by half: `(batch, units)`, with the logits beneath where Keras looks for them.

    Of an odd number the first half is the smaller one. oneDNN has no gradients of none: a single image is both halves.
    """
    count = tf.shape(images)[0]
    middle = count // 2
    halves = [model(half, training=training) for half in (images[: tf.maximum(middle, 1)], images[middle:])]
    outputs = tf.concat(halves, 0)[-count:]
    if hasattr(halves[0], LOGITS):
        setattr(outputs, LOGITS, tf.concat([getattr(half, LOGITS) for half in halves], 0)[-count:])
    return outputs
