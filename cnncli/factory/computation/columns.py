"""Convolutions with few filters, computed for two columns of the image at once.

A register of AVX-512 holds 16 numbers, and oneDNN fills it with those of one pixel: with 8 filters half of it stays
empty. Neighbouring columns are neighbours in memory. Taken as the channels of one column, they go through a kernel
that has the filters twice, the second time shifted by a column: a third more products for a kernel of three columns,
in half the registers.
"""

from __future__ import annotations

from typing import Any

from cnncli.factory.freezing import every_layer
from cnncli.startup import keras, tf

FEW = 8
"""Filters, and channels of the image, up to which it is quicker: half a register."""


def takes_pairs(layer: Any) -> bool:
    """Whether a built convolution can be computed so, in float32 and without strides, and gains by it."""
    _, width, channels = layer.input.shape[1:]
    plain = layer.strides == layer.dilation_rate == (1, 1) and layer.groups == 1
    odd = layer.kernel_size[1] % 2 == 1 < layer.kernel_size[1]
    even = width is not None and width % 2 == 0 and width >= layer.kernel_size[1]
    return plain and odd and even and max(layer.filters, channels) <= FEW and layer.compute_dtype == "float32"


def convolved_in_pairs(inputs: Any, kernel: Any, bias: Any, padding: str, activation: Any) -> Any:
    """The image `(batch, height, width, channels)`, of an even width, under the kernel, bias and activation if any."""
    kernel = tf.convert_to_tensor(kernel)
    rows, columns, channels, filters = kernel.shape
    if padding == "same":
        sides = [[(size - 1) // 2, size // 2] for size in (rows, columns)]
        inputs = tf.pad(inputs, [[0, 0], *sides, [0, 0]])
    _, height, width, _ = inputs.shape
    both = [tf.pad(kernel, [[0, 0], side, [0, 0], [0, 0]]) for side in ([0, 1], [1, 0])]
    halves = [tf.reshape(half, [rows, (columns + 1) // 2, 2 * channels, filters]) for half in both]
    pairs = tf.reshape(inputs, [-1, height, width // 2, 2 * channels])
    outputs = tf.nn.conv2d(pairs, tf.concat(halves, 3), 1, "VALID")
    if bias is not None:
        outputs = tf.nn.bias_add(outputs, tf.tile(tf.convert_to_tensor(bias), [2]))
    early = activation is keras.activations.relu  # which oneDNN computes with the convolution
    outputs = activation(outputs) if early else outputs
    outputs = tf.reshape(outputs, [-1, height - rows + 1, width - columns + 1, filters])
    return outputs if early or activation is None else activation(outputs)


def pair_columns(model: keras.Model) -> None:
    """Has the convolutions of a built model that gain by it computed so in training."""
    for layer in every_layer(model):
        if hasattr(layer, "in_pairs") and takes_pairs(layer):
            layer.in_pairs = True
