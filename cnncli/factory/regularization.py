"""Takes out of a model what keeps it from learning by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

_RATES = {
    "AlphaDropout": "rate",
    "Dropout": "rate",
    "GaussianDropout": "rate",
    "GaussianNoise": "stddev",
    "SpatialDropout1D": "rate",
    "SpatialDropout2D": "rate",
    "SpatialDropout3D": "rate",
}


def without_regularization(model: keras.Model) -> None:
    """Switches off dropout, noise, penalties on weights and activations, and the decay of weights.

    Args:
        model: compiled, and not trained yet; changed in place, those inside it as well.
    """
    for layer in model._flatten_layers():
        rate = _RATES.get(type(layer).__name__)
        if rate:
            setattr(layer, rate, 0.0)
        for own in ("dropout", "recurrent_dropout"):  # of the cells of recurrent layers
            if isinstance(vars(layer).get(own), float | int):
                setattr(layer, own, 0.0)
        if getattr(layer, "activity_regularizer", None) is not None:
            layer.activity_regularizer = None
    for variable in model.trainable_variables:
        variable.regularizer = None
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    optimizer.weight_decay = None
