"""Moved images: every pixel is taken from its place between the pixels of the source, by one compiled program.

TensorFlow's own operation, `ImageProjectiveTransformV3`, works out each place anew for every channel, which takes
three times as long, and does not join the edges where a picture goes on from the other side (`wrap`).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from cnncli.data.augment.steps import Fill, Shape, floats
from cnncli.startup import tf

_SIZES = [2**power for power in range(3, 31)]
_FAR = 1e6  # pixels


def warp(images: tf.Tensor, matrices: tf.Tensor, fill: Fill) -> tf.Tensor:
    """Takes every pixel from where its matrix `(batch, 3, 3)` says; float32, so fractions of a grey level are kept.

    A program is compiled for one number of images, which takes a quarter of a second. Batches are therefore padded to
    8, 16, 32 … images: most have such a size, and the parts of a batch that a policy chooses have any.
    """
    count = tf.shape(images)[0]
    more = tf.gather(_SIZES, tf.searchsorted(_SIZES, count[None]))[0] - count
    numbers = tf.cast(tf.reshape(matrices, [-1, 9]), tf.float32)  # (batch, 9)
    program = _program(tuple(images.shape[1:]), images.dtype, fill)
    with tf.device("CPU:0"):  # as in a training; on a graphics card the last digits would differ
        moved = program(
            tf.pad(images, [[0, more], [0, 0], [0, 0], [0, 0]]), tf.pad(numbers, [[0, more], [0, 0]], constant_values=1)
        )
    return tf.ensure_shape(moved[:count], images.shape)


@cache
def _program(shape: Shape, dtype: tf.DType, fill: Fill) -> Any:
    """Compiled for images of one kind; all that want the same share it."""
    signature = [tf.TensorSpec([None, *shape], dtype), tf.TensorSpec([None, 9], tf.float32)]

    @tf.function(input_signature=signature, jit_compile=True, autograph=False)
    def sampled(images: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
        return _sampled(images, *_places(matrices, shape), fill)

    return sampled


def _places(matrices: tf.Tensor, shape: Shape) -> tuple[tf.Tensor, tf.Tensor]:
    """Where in the source each pixel of the result comes from: x and y, `(batch, height, width)` float32 each."""
    across = tf.range(shape[1], dtype=tf.float32)[None, None, :]  # (1, 1, width)
    down = tf.range(shape[0], dtype=tf.float32)[None, :, None]  # (1, height, 1)
    numbers = tf.unstack(matrices[:, :, None, None], axis=1)  # nine of (batch, 1, 1)
    x, y, scale = (a * across + (b * down + c) for a, b, c in (numbers[:3], numbers[3:6], numbers[6:]))
    vanishes = scale == 0  # in a perspective, infinitely far away
    scale = tf.where(vanishes, 1.0, scale)
    return tf.where(vanishes, _FAR, x / scale), tf.where(vanishes, _FAR, y / scale)


def _sampled(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor, fill: Fill) -> tf.Tensor:
    """The images' values at places of the source, `(batch, height, width, channels)` float32."""
    if fill.mode == "constant":  # a frame of the constant, whose own edge then goes on for ever
        images = tf.pad(floats(images), [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=fill.value)
        x, y = x + 1, y + 1
    _, height, width, channels = images.shape
    pixels = tf.reshape(images, [-1, height * width, channels])

    def at(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        return floats(tf.gather(pixels, row * width + column, batch_dims=1))

    if fill.interpolation == "nearest":
        return at(_pixel(tf.floor(y + 0.5), height, fill.mode), _pixel(tf.floor(x + 0.5), width, fill.mode))
    (top, bottom, down), (left, right, along) = _neighbours(y, height, fill.mode), _neighbours(x, width, fill.mode)
    upper, lower = _blend(at(top, left), at(top, right), along), _blend(at(bottom, left), at(bottom, right), along)
    return _blend(upper, lower, down)


def _neighbours(place: tf.Tensor, size: int, mode: str) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The pixels on both sides of a place along one axis, and the share of the second one, 0 to 1."""
    before = tf.floor(place)
    return _pixel(before, size, mode), _pixel(before + 1, size, mode), (place - before)[..., None]


def _pixel(number: tf.Tensor, size: int, mode: str) -> tf.Tensor:
    """The pixel that is shown for any whole number, also beyond the edges; int32."""
    if mode == "wrap":
        number -= size * tf.floor(number / size)
    elif mode == "reflect":
        number -= 2 * size * tf.floor(number / (2 * size))
        number = tf.minimum(number, 2 * size - 1 - number)
    return tf.cast(tf.clip_by_value(number, 0.0, size - 1.0), tf.int32)


def _blend(first: tf.Tensor, second: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Exactly the first where the share of the second is 0, and exactly both where they are the same."""
    return first + share * (second - first)
