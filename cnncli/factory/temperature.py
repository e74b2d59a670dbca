"""A model whose confidences are corrected by a temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncli.catalog import Entry
from cnncli.insight.feature_maps import without_squashing

if TYPE_CHECKING:
    import keras


def with_temperature(model: keras.Model, temperature: float, loss: Entry, classes: int) -> keras.Model:
    """A model that divides its logits by a temperature before the softmax or sigmoid.

    Args:
        model: Model of the run, with weights, in float32.
        temperature: From the calibration of the run.
        loss: Loss of the training; its `from_logits` means that the model gives logits.
        classes: Number of classes.

    Returns:
        A functional model with outputs of the same kind, and all layers of the other but its last. Of one that has no
        such activation at its end, such as one that averages several softmaxes, the outputs are powers of the
        probabilities, divided by their sum, for each class.

    Source:
        C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), "On calibration of modern neural networks", ICML.
    """
    from cnncli.startup import keras

    outputs, last = model.outputs[0], model.layers[-1]
    cooled = keras.layers.Rescaling(1 / temperature, name="divided_by_temperature")
    if loss.get("from_logits"):
        outputs = cooled(outputs)
    elif _ends_in(last, outputs.shape[-1], classes):
        logits = without_squashing(last, last.input.shape)(last.input)
        activation = "sigmoid" if outputs.shape[-1] == 1 else "softmax"
        outputs = keras.layers.Activation(activation, name="calibrated_probabilities")(cooled(logits))
    else:
        raised = keras.ops.power(outputs[:, :classes], 1 / temperature)
        outputs = raised / keras.ops.sum(raised, axis=-1, keepdims=True)
    return keras.Model(model.input, outputs, name=model.name)


def _ends_in(layer: Any, units: int, classes: int) -> bool:
    """Whether the last layer makes probabilities of logits: one by a sigmoid, or one for each class by a softmax."""
    from cnncli.startup import keras

    if isinstance(layer, keras.layers.Softmax):
        return units == classes
    activation = getattr(layer, "activation", None) or getattr(getattr(layer, "layer", None), "activation", None)
    return (units, activation) in ((1, keras.activations.sigmoid), (classes, keras.activations.softmax))
