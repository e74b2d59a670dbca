"""Changes of fine detail: sharpness, blur and erased patches.

The filters repeat the pixels at the edges. Keras' layers put black there, which draws a dark frame around every image.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from cnncli.catalog import Entry
from cnncli.data.augment.draws import SampleRandom
from cnncli.data.augment.steps import Shape, Step, by_factor, floats, from_zero, per_image
from cnncli.startup import tf

# What a random byte stands for in an erased patch: noise as Keras draws it, with a mean of 0 and a deviation of 255,
# cut to what a pixel can be.
_NOISE = [min(max(round(NormalDist(0, 255).inv_cdf((byte + 0.5) / 256)), 0), 255) for byte in range(256)]


def _shifted(images: tf.Tensor, axis: int, reach: int) -> list[tf.Tensor]:
    """An image moved by -reach to reach pixels along an axis; its edge pixels follow."""
    size = images.shape[axis]
    first, last = tf.gather(images, [0], axis=axis), tf.gather(images, [size - 1], axis=axis)
    padded = tf.concat([first] * reach + [images] + [last] * reach, axis=axis)
    if axis == 1:
        return [padded[:, start : start + size] for start in range(2 * reach + 1)]
    return [padded[:, :, start : start + size] for start in range(2 * reach + 1)]


def sharpen(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blurs an image at 0, leaves it alone at 0.5 and sharpens it at 1."""
    images = floats(images)
    box = tf.add_n(_shifted(tf.add_n(_shifted(images, 1, 1)), 2, 1))
    smooth = (box + 4 * images) / 13  # 1 1 1, 1 5 1, 1 1 1
    return tf.clip_by_value(images + per_image(1 - 2 * factor) * (smooth - images), 0.0, 255.0)


def blur(images: tf.Tensor, sigma_x: tf.Tensor, sigma_y: tf.Tensor, kernel: tuple[int, int]) -> tf.Tensor:
    """Blurs each image by its own Gaussian: deviations in pixels, `(batch,)` float64, and sizes (height, width)."""
    images = floats(images)
    for axis, size, sigma in ((1, kernel[0], sigma_y), (2, kernel[1], sigma_x)):
        steps = np.arange(size) - size // 2
        weights = tf.nn.softmax(-0.5 * (steps / (sigma[:, None] + 1e-6)) ** 2)  # (batch, size)
        moved = _shifted(images, axis, size // 2)
        images = tf.add_n([part * per_image(weights[:, i]) for i, part in enumerate(moved)])
    return tf.clip_by_value(images, 0.0, 255.0)


def box_mask(ratios: tf.Tensor, chances: tf.Tensor, shape: Shape) -> tf.Tensor:
    """Pixels of a box with these shares of width and height, at a random place: `(batch, height, width, 1)` bool.

    Shares and chances are `(batch, 2)` float64; chances place the box, from 0 (left, top) to 1 (right, bottom).
    """
    size = tf.constant([shape[1], shape[0]], tf.float64)
    start = chances * (1 - ratios) * size  # (batch, 2)
    end = start + ratios * size
    across, down = (tf.range(length, dtype=tf.float64) for length in (shape[1], shape[0]))
    columns = (across >= start[:, :1]) & (across < end[:, :1])  # (batch, width)
    rows = (down >= start[:, 1:]) & (down < end[:, 1:])  # (batch, height)
    return (rows[:, :, None] & columns[:, None, :])[..., None]


sharpness = by_factor(sharpen)


def gaussian_blur(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomGaussianBlur`: `factor` is how likely it is; two sizes of the kernel are (height, width), as everywhere.

    Keras' own layer, whose documentation speaks of a single number, takes two the other way round.
    """
    probability, sigma, size = from_zero(entry.get("factor")), from_zero(entry.get("sigma")), entry.get("kernel_size")
    kernel = (size[0], size[1]) if isinstance(size, list | tuple) else (size, size)

    def operation(images: tf.Tensor, draws: SampleRandom) -> tf.Tensor:
        hits = draws.happens(probability)
        sigma_x, sigma_y = draws.between(sigma, sigma)
        return tf.where(hits[:, None, None, None], blur(images, sigma_x, sigma_y, kernel), floats(images))

    return [operation]


def erasing(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomErasing`: covers a patch with noise or with `fill_value`."""
    probability, scale, fill = from_zero(entry.get("factor")), from_zero(entry.get("scale")), entry.get("fill_value")
    low, high = scale
    pixels = shape[0] * shape[1] * shape[2]

    def cover(draws: SampleRandom, dtype: tf.DType) -> tf.Tensor:
        if fill is None:
            noise = tf.gather(tf.constant(_NOISE, tf.uint8), tf.cast(draws.noise(pixels), tf.int32))
            return tf.cast(tf.reshape(noise, [-1, *shape]), dtype)
        return tf.cast(np.round(fill) if dtype == tf.uint8 else np.asarray(fill), dtype)

    def operation(images: tf.Tensor, draws: SampleRandom) -> tf.Tensor:
        hits = draws.happens(probability)
        ratios = tf.sqrt(low + (high - low) * draws.uniform(2))  # (batch, 2)
        mask = box_mask(ratios, draws.uniform(2), shape) & hits[:, None, None, None]
        return tf.where(mask, cover(draws, images.dtype), images)

    return [operation]
