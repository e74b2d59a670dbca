"""Batches whose halves are computed side by side, one on each of two cores.

Two threads wait for each other at the end of every operation, which in a small network takes as long as what they
share. With one thread each, the operations on one half of the images run beside those on the other half instead, and
meet once, where gradients are added up. That changes their last digits, and each half draws its own numbers for
Dropout.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary, ref

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
    compute = _outputs_and_logits(model, training)
    halves = [compute(half) for half in (images[: tf.maximum(middle, 1)], images[middle:])]
    outputs, *logits = (tf.concat(both, 0)[-count:] for both in zip(*halves, strict=True))
    for each in logits:
        setattr(outputs, LOGITS, each)
    return outputs


def _outputs_and_logits(model: keras.Model, training: bool) -> Any:
    """A function of images that gives a model's outputs, and the logits beneath if there are some.

    Outside of training all who ask share its graph: to make that takes longer than to answer for a thousand digits.
    """
    here = ref(model)  # or it would stay in memory for as long as its graph

    def compute(images: Any) -> tuple[Any, ...]:
        outputs = here()(images, training=training)  # type: ignore[misc]
        return (outputs, getattr(outputs, LOGITS)) if hasattr(outputs, LOGITS) else (outputs,)

    if training:
        return compute
    if model not in _graphs:
        _graphs[model] = tf.function(compute, autograph=False, reduce_retracing=True)
    return _graphs[model]


_graphs = WeakKeyDictionary[Any, Any]()
