"""The one layer that Keras does not have. To import this module is to start TensorFlow."""

from __future__ import annotations

from typing import Any

from cnncli.startup import keras


@keras.saving.register_keras_serializable("cnncli")
class ReverseChannels(keras.layers.Layer):
    """Turns the channels round: red, green, blue becomes blue, green, red, as the weights of some networks want it.

    Shape:
        (batch, height, width, channels) → the same
    """

    def call(self, image: Any) -> Any:
        """The image with its channels in reverse order."""
        return keras.ops.flip(image, axis=-1)

    def compute_output_shape(self, shape: Any) -> Any:
        """The same shape."""
        return shape
