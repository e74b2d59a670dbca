"""Removes from a model what keeps it from memorising its training images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cnncli.catalog.layer_traits import traits_of

if TYPE_CHECKING:
    import keras


def without_regularization(model: keras.Model) -> None:
    """Switches off dropout, noise, penalties on weights and activations, and weight decay.

    Args:
        model: Compiled, and not trained yet; changed in place, with the backbones inside it.
    """
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
