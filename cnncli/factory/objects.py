"""Entries of the catalogue → Keras objects, nested ones included."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from cnncli.catalog import Entry
from cnncli.catalog.packages import Registered, plugin_layer
from cnncli.catalog.source import MODULES
from cnncli.catalog.whitening import NAME as WHITENING

KERAS = "Keras"


def construct(entry: Entry, words: Mapping[str, int] | None = None, **more: Any) -> Any:
    """Builds one Keras object.

    Args:
        entry: Checked entry.
        words: Numbers that words such as `classes` and `total_steps` stand for.
        **more: Arguments that the spec does not set, such as a layer's name.

    Raises:
        Exception: Whatever Keras, or the package of a layer, raises for these arguments.
    """
    if entry.name == WHITENING:  # until there are images to compute it from
        entry = Entry(entry.family, "GlorotUniform")
    arguments = {key: _value(key, value, words or {}) for key, value in entry.arguments.items()}
    return _class_of(entry)(**{**more, **arguments})


def provider(entry: Entry) -> str:
    """Where a class comes from, for error messages: `Keras`, or the package that registers the layer."""
    own = plugin_layer(entry.name) if entry.family == "layer" else None
    return own.origin if own else KERAS


def _class_of(entry: Entry) -> Any:
    from cnncli.factory.layers import COMPUTED_HERE
    from cnncli.startup import keras

    if entry.family == "layer" and (own := plugin_layer(entry.name)):
        return _imported(own)
    module: Any = keras
    for part in MODULES[entry.family].split("."):
        module = getattr(module, part)
    keras_class = getattr(module, entry.name)
    return COMPUTED_HERE.get(keras_class, keras_class)


def _imported(layer: Registered) -> Any:
    """The class of a layer that an installed package registers: the only place that imports foreign code."""
    from cnncli.startup import keras

    try:
        layer_class = getattr(importlib.import_module(layer.module), layer.attribute, None)
    except Exception as error:
        raise ImportError(f"'{layer.module}' cannot be imported ({type(error).__name__}: {error})") from error
    if not (isinstance(layer_class, type) and issubclass(layer_class, keras.layers.Layer)):
        raise TypeError(f"'{layer.module}:{layer.attribute}' is not derived from keras.layers.Layer")
    return layer_class


def require_one_result(layer: Any, tensor: Any, output: Any) -> None:
    """Refuses a layer of a package whose output is not what it declares, which Keras would trust.

    Raises:
        Exception: Whatever the layer raises, or how its output differs.
    """
    from cnncli.startup import tf

    spec = tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)
    result = tf.function(layer, autograph=False).get_concrete_function(spec).structured_outputs
    if not isinstance(result, tf.Tensor) or not hasattr(output, "shape"):
        raise TypeError("it has several outputs; a layer of a spec has one")
    if not result.shape[1:].is_compatible_with(output.shape[1:]):
        declared, actual = tuple(output.shape[1:]), tuple(result.shape[1:])
        raise TypeError(f"its compute_output_shape is {declared}, but its output is {actual}, both without the batch")


_SIZES = {"units", "filters", "num_classes", "num_labels", "decay_steps", "first_decay_steps", "warmup_steps"}


def _value(key: str, value: Any, words: Mapping[str, int]) -> Any:
    if isinstance(value, Entry):
        return construct(value, words)
    if isinstance(value, list) and key != "thresholds":  # where Keras would read a tuple as a number
        return tuple(_value(key, item, words) for item in value)
    if key in _SIZES and isinstance(value, str):
        return words[value]
    return value
