"""A layer that Keras does not have, and one that TensorFlow cannot be trusted with. Imported, it starts TensorFlow."""

from __future__ import annotations

from math import prod
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


_FEW_CHANNELS = 16
"""Below it a block of channels in oneDNN is not full, however wide the registers of the processor are."""


@keras.saving.register_keras_serializable("cnncli")
class Conv2D(keras.layers.Conv2D):
    """Keras' own, but for a kernel of 1×1 with strides on few channels: that takes the pixels it needs first.

    Computed as Keras does it, oneDNN's gradient of such a kernel is written past the end of its memory, and the process
    ends sooner or later, or goes on with wrong numbers (oneDNN issue 6035, seen with TensorFlow 2.21).

    Shape:
        (batch, height, width, channels) → (batch, new height, new width, filters)
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The image under the kernel."""
        if prod(self.kernel_size) > 1 or prod(self.strides) == 1 or kernel.shape[2] >= _FEW_CHANNELS:
            return super().convolution_op(inputs, kernel)
        down, right = self.strides
        return keras.ops.conv(inputs[:, ::down, ::right], kernel, padding="valid")
