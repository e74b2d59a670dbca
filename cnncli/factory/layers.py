"""Layers of Keras that are computed faster or more safely here, and one that Keras does not have.

Outputs and gradients are those of Keras, except for the last digits. Importing this module starts TensorFlow.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import prod
from typing import Any

from cnncli.factory.computation.columns import convolved_in_pairs
from cnncli.factory.computation.normalization import moments_of_all, normalized, normalized_by_all
from cnncli.factory.computation.tiles import convolved_in_tiles, quickest_tiles
from cnncli.factory.precision import has_gpu, onednn_has_bfloat16
from cnncli.startup import keras, tf


@keras.saving.register_keras_serializable("cnncli")
class ReverseChannels(keras.layers.Layer):
    """Reverses the channels: red, green, blue becomes blue, green, red, which the weights of some networks need.

    Shape:
        (batch, height, width, channels) → the same
    """

    def call(self, image: Any) -> Any:
        """The image with its channels in reverse order."""
        return keras.ops.flip(image, axis=-1)

    def compute_output_shape(self, shape: Any) -> Any:
        """The same shape."""
        return shape


_BLOCK = 16
"""Channels that oneDNN computes at once with AVX-512."""

_SMALL = 8
"""Width in pixels up to which matrix products compute the gradient of a kernel faster than oneDNN.

They also need more channels than pixels: with 64 at 8×8 oneDNN is as fast or faster.
"""

_QUICK = 3
"""Largest side of a depthwise kernel that oneDNN is fast at in bfloat16."""


@keras.saving.register_keras_serializable("cnncli")
class Conv2D(keras.layers.Conv2D):
    """Keras' own, except that oneDNN does not compute two gradients.

    - One of them has a memory error in oneDNN (TensorFlow 2.21). Where it could be met, the input is subsampled first,
      then convolved without strides.
    - In bfloat16 oneDNN computes row by row with registers for 32 pixels, which rows of 8 leave mostly empty. Here the
      gradient of the kernel is a matrix product for each of its pixels (`benchmarks/layers.py` has the times).

    In training it computes two columns at once with few filters, and with many channels in tiles, where a training has
    chosen that.

    Shape:
        (batch, height, width, channels) → (batch, new height, new width, filters)
    """

    in_pairs = False
    tiled_batch = 0
    _is_training = False

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The image under the kernel, with bias and activation."""
        _, height, width, _ = inputs.shape
        known = height is not None and width is not None and width % 2 == 0
        self._is_training = bool(training and self.trainable)
        if not (known and self.in_pairs and self._is_training):
            return super().call(inputs)
        bias = self.bias if self.use_bias else None
        return convolved_in_pairs(inputs, self.kernel, bias, self.padding, self.activation)

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The image under the kernel."""
        if self.tiled_batch and self._is_training:
            tiles = quickest_tiles(inputs.shape, kernel.shape, self.padding, self.tiled_batch)
            if tiles is not None:
                return convolved_in_tiles(inputs, kernel, tiles)
        if prod(self.kernel_size) == 1 < prod(self.strides) and kernel.shape[2] < _BLOCK:
            down, right = self.strides
            return keras.ops.conv(inputs[:, ::down, ::right], kernel, padding="valid")
        if self._is_small(inputs):
            return _convolved(inputs, tf.convert_to_tensor(kernel), self.padding)
        return super().convolution_op(inputs, kernel)

    def _is_small(self, inputs: Any) -> bool:
        _, height, width, channels = inputs.shape
        small = height is not None and width is not None and width <= _SMALL and height * width < channels
        plain = prod(self.strides) == prod(self.dilation_rate) == self.groups == 1
        return small and plain and inputs.dtype == "bfloat16" and onednn_has_bfloat16() and not has_gpu()


def _convolved(inputs: Any, kernel: Any, padding: str) -> Any:
    @tf.custom_gradient
    def convolved(inputs: Any, kernel: Any) -> Any:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            of_inputs = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(inputs),
                filter=kernel,
                out_backprop=upstream,
                strides=[1, 1, 1, 1],
                padding=padding.upper(),
            )
            return of_inputs, _gradient_of_kernel(inputs, upstream, kernel.shape[:2])

        return keras.ops.conv(inputs, kernel, padding=padding), gradients

    return convolved(inputs, kernel)


def _gradient_of_kernel(inputs: Any, upstream: Any, size: Sequence[int]) -> Any:
    """The gradient (height, width, channels, filters) of a kernel of this size, without strides."""
    _, height, width, channels = inputs.shape
    _, down, right, filters = upstream.shape
    missing = down + size[0] - 1 - height, right + size[1] - 1 - width  # none with padding: valid
    padded = tf.pad(inputs, [[0, 0], *([side // 2, side - side // 2] for side in missing), [0, 0]])
    upstream = tf.reshape(upstream, [-1, filters])
    under = (padded[:, y : y + down, x : x + right] for y in range(size[0]) for x in range(size[1]))
    products = [tf.matmul(tf.reshape(pixels, [-1, channels]), upstream, transpose_a=True) for pixels in under]
    return tf.reshape(tf.stack(products), [*size, channels, filters])


@keras.saving.register_keras_serializable("cnncli")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' own, except that a processor trains it with one operation where Keras needs a dozen.

    Shape:
        (batch, …, channels) → the same
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The inputs with each channel normalised: in training by this batch, else by the moving statistics."""
        if not (training and self.trainable and mask is None and self._is_plain(inputs)):
            return super().call(inputs, training=training, mask=mask)
        channels = inputs.shape[-1]
        image = inputs if self.takes_bfloat16(channels) else tf.cast(inputs, "float32")
        scale = tf.convert_to_tensor(self.gamma) if self.scale else tf.ones([channels])
        offset = tf.convert_to_tensor(self.beta) if self.center else tf.zeros([channels])
        if self._is_shared:
            near = tf.convert_to_tensor(self.moving_mean)
            output, mean, variance = normalized_by_all(image, scale, offset, near, self.epsilon)
        else:
            output, mean, variance = normalized(image, scale, offset, self.epsilon)
        for held, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            held.assign(held * self.momentum + new * (1 - self.momentum))
        return tf.cast(output, self.compute_dtype)

    def _moments(self, inputs: Any, mask: Any) -> tuple[Any, Any]:
        """Mean and variance of each channel; over the images of all devices where these are synchronised."""
        if not self._is_shared or mask is not None:
            return super()._moments(inputs, mask)
        return moments_of_all(inputs, self._reduction_axes, self.axis)

    def takes_bfloat16(self, channels: int) -> bool:
        """Whether it reads bfloat16 directly; otherwise a copy in float32 is faster with oneDNN."""
        return channels % _BLOCK == 0 and self.compute_dtype == "bfloat16" and onednn_has_bfloat16() and not has_gpu()

    def _is_plain(self, inputs: Any) -> bool:
        images = len(inputs.shape) == 4 and self.axis in (-1, 3)
        single = self.variable_dtype == "float32" and inputs.dtype != "float64"
        shared = self._is_shared or not self.synchronized
        return images and single and shared and not self.renorm and not has_gpu()

    @property
    def _is_shared(self) -> bool:
        """Whether this batch is a share of that of several devices, and is normalised as a part of the whole."""
        context = tf.distribute.get_replica_context()
        return self.synchronized and context is not None and context.num_replicas_in_sync > 1


class _Depthwise(keras.layers.Layer):
    """Computes in float32 on a processor where oneDNN is slow in bfloat16: above 3×3, with strides or multipliers."""

    @property
    def compute_dtype(self) -> Any:
        """The dtype of the computation, which may be wider than that of input and output."""
        dtype = super().compute_dtype
        quick = max(self.kernel_size) <= _QUICK and prod(self.strides) == self.depth_multiplier == 1
        return dtype if dtype != "bfloat16" or quick or has_gpu() else "float32"

    def call(self, inputs: Any) -> Any:
        """The image under the kernels."""
        return tf.cast(super().call(inputs), super().compute_dtype)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Shape and dtype of the output, for which Keras would take the dtype of the computation."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=super().compute_dtype)


@keras.saving.register_keras_serializable("cnncli")
class DepthwiseConv2D(_Depthwise, keras.layers.DepthwiseConv2D):
    """Keras' own, except that a processor computes in bfloat16 only where that is fast.

    Shape:
        (batch, height, width, channels) → (batch, new height, new width, channels * depth_multiplier)
    """


@keras.saving.register_keras_serializable("cnncli")
class SeparableConv2D(_Depthwise, keras.layers.SeparableConv2D):
    """Keras' own, except that a processor computes in bfloat16 only where that is fast.

    Shape:
        (batch, height, width, channels) → (batch, new height, new width, filters)
    """


COMPUTED_HERE = {
    keras.layers.BatchNormalization: BatchNormalization,
    keras.layers.Conv2D: Conv2D,
    keras.layers.DepthwiseConv2D: DepthwiseConv2D,
    keras.layers.SeparableConv2D: SeparableConv2D,
}
"""The classes that replace those of Keras."""


def computed_here(model: keras.Model) -> keras.Model:
    """The same network with the classes of this module in place of Keras' own, for `keras.applications`.

    Args:
        model: Built model with initial weights.

    Returns:
        A clone with the same names, connections, weights and random states, which leaves Python's seeds unchanged.
    """
    seeds = random.getstate()
    try:
        image = keras.Input(model.input_shape[1:], name=model.layers[0].name)
        clone = keras.models.clone_model(model, image, clone_function=_layer_here, recursive=True)
    finally:
        random.setstate(seeds)
    for variable, original in zip(clone.variables, model.variables, strict=True):
        variable.assign(original)
    return clone


def _layer_here(layer: Any) -> Any:
    kind: Any = type(layer)
    return COMPUTED_HERE.get(kind, kind).from_config(layer.get_config())
