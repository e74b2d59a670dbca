"""BatchNormalization by TensorFlow's single operations, with the statistics of one device or of several.

Several devices add up two vectors for each layer: forwards their pixels, sums and sums of squares, backwards their
gradients of scale and offset. The rest they compute of their own images, in as few passes as one device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.startup import tf


def normalized(images: Any, scale: Any, offset: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Images normalised by their own statistics, and these: mean and variance of each channel.

    Args:
        images: `(batch, height, width, channels)`, float32 or bfloat16.
        scale: `(channels,)`, float32 as all others.
        offset: `(channels,)`.
        epsilon: Added to the variance.
    """
    output, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=images, scale=scale, offset=offset, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    pixels = _pixels(images)
    return output, mean, variance * ((pixels - 1) / pixels)  # as in Keras; TensorFlow's is an estimate for all images


def normalized_by_all(images: Any, scale: Any, offset: Any, near: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """The same with the statistics over the images of all devices; each of them calls it with its own.

    Args:
        images: `(batch, height, width, channels)`, float32 or bfloat16.
        scale: `(channels,)`, float32 as all others.
        offset: `(channels,)`.
        near: What the mean is near to as a rule, `(channels,)`, on all devices alike.
        epsilon: Added to the variance.
    """
    channels = images.shape[-1]

    @tf.custom_gradient
    def computed(images: Any, scale: Any, offset: Any) -> tuple[Any, Any]:
        _, own_mean, own_variance = normalized(images, scale, offset, epsilon)
        pixels, away = _pixels(images), own_mean - near  # squares of small numbers: their differences are exact
        own = tf.concat([pixels * away, pixels * (own_variance + tf.square(away)), pixels[None]], 0)
        sums, squares, total = tf.split(over_devices(own), [channels, channels, 1])
        mean, variance = near + sums / total, tf.maximum(squares / total - tf.square(sums / total), 0.0)

        def with_factors(scale: Any, offset: Any) -> Any:
            """The normalised images, times a number for each channel and plus another."""
            return tf.raw_ops.FusedBatchNormV3(
                x=images, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=epsilon, is_training=False
            )[0]

        def gradients(upstream: Any, *_: Any) -> tuple[Any, Any, Any]:
            of_images, *of_factors = tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=upstream,
                x=images,
                scale=scale,
                reserve_space_1=mean,
                reserve_space_2=variance,
                reserve_space_3=variance,
                epsilon=epsilon,
                is_training=True,
            )[:3]
            own = tf.concat(of_factors, 0)
            # `of_images` takes the gradients of these images for those of all, times their part of the pixels
            missing = tf.split(own / pixels - over_devices(own) / total, 2)
            slope = scale * tf.math.rsqrt(variance + epsilon)
            return of_images + with_factors(slope * missing[0], slope * missing[1]), *of_factors

        return (with_factors(scale, offset), mean, variance), gradients

    return computed(images, scale, offset)


def moments_of_all(values: Any, axes: Sequence[int], axis: int) -> tuple[Any, Any]:
    """Mean and variance of each channel over the values of all devices; each of them calls it with its own.

    Args:
        values: Of any shape.
        axes: The axes over which the mean is taken: all but one.
        axis: That of the channels.
    """
    channels = values.shape[axis]
    count = tf.cast(tf.size(values) / channels, values.dtype)
    own = [tf.reduce_sum(values, axes), tf.reduce_sum(tf.square(values), axes), count[None]]
    sums, squares, total = tf.split(over_devices(tf.concat(own, 0)), [channels, channels, 1])
    mean = sums / total
    return mean, tf.maximum(squares / total - tf.square(mean), 0.0)


def over_devices(values: Any) -> Any:
    """The sum of a vector of all devices, on each of them.

    TensorFlow's own takes minutes to trace for a network of fifty such sums: for each it searches all that was traced
    so far for variables. `stop_gradient` ends the search; the gradient of a sum over devices is such a sum again.
    """
    context = tf.distribute.get_replica_context()
    own_way = getattr(context.strategy, "sum_of_vectors", None)  # that of processors of several machines

    def add_up(each: Any) -> Any:
        each = tf.stop_gradient(each)
        return context.all_reduce("SUM", each) if own_way is None else own_way(each)

    @tf.custom_gradient
    def added_up(each: Any) -> tuple[Any, Any]:
        return add_up(each), add_up

    return added_up(values)


def _pixels(images: Any) -> Any:
    """How many values each channel has."""
    return tf.cast(tf.size(images) / images.shape[-1], "float32")
