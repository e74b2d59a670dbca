"""Convolutions with many channels, computed with a quarter of the products or so.

A tile of 4×4 pixels of the output needs 6×6 of the image under a kernel of 3×3, and 144 products for each pair of an
input and an output channel. Tile and kernel, both taken as polynomials in two directions, have values at 6×6 points;
36 products give the values of the output, from which its pixels follow. So a convolution becomes one matrix product for
each point, between maps that are cheap where channels are many. Its gradients are computed in the same way.

After Winograd's minimal filters: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015. Outputs
and gradients are those of Keras but for rounding: 1e-4 of their standard deviation at most in float32, a hundredth of
what bfloat16 rounds away.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cnncli.factory.freezing import every_layer
from cnncli.machine import processor_flags
from cnncli.startup import keras, tf

_SIDES = {3: (3, 4, 5, 6), 5: (4,)}
"""Pixels of the output on a side of a tile, for kernels of each size."""

_POINTS = {
    5: (0, 0.75, -0.75, 1.5),
    6: (0, 0.75, -0.75, 1.5, -1.5),
    7: (0, 1, -1, 2, -2, 0.5),
    8: (0, 1, -1, 2, -2, 0.5, -0.5),
}
"""Where polynomials with as many coefficients have values, besides infinity: such as round off little."""

_MOST = 0.8
"""Part of oneDNN's time, as estimated, up to which tiles are taken."""

_AT_ONCE = 2**25
"""Numbers that a batch has in tiles at a time, 128 MB: it is computed in pieces for that."""


def multiply_in_tiles(model: keras.Model, batch_size: int) -> None:
    """Has the convolutions of a model that gain by it computed in tiles in training, for batches of this size."""
    for layer in every_layer(model):
        if hasattr(layer, "tiled_batch") and _is_plain(layer):
            layer.tiled_batch = batch_size


def _is_plain(layer: Any) -> bool:
    square = layer.kernel_size[0] == layer.kernel_size[1] in _SIDES
    dense = math.prod(layer.strides) == math.prod(layer.dilation_rate) == layer.groups == 1
    return square and dense and layer.compute_dtype == "float32"


def quickest_tiles(inputs: Sequence[int | None], kernel: Sequence[int], padding: str, batch_size: int) -> Tiles | None:
    """The tiles of a convolution without strides that take least time; None where oneDNN's own way is as quick.

    Args:
        inputs: Shape of the images: `(batch, height, width, channels)`.
        kernel: Shape of the kernel: `(size, size, channels, filters)`.
        padding: `same` or `valid`.
        batch_size: Images in a batch of the training; the last one of an epoch may have fewer.
    """
    _, height, width, _ = inputs
    size, _, channels, filters = kernel
    if height is None or width is None:
        return None
    margin = size // 2 if padding == "same" else 0
    of_images = 1 / channels + 1 / filters
    tiles = [Tiles(side, size, margin, (height, width), batch_size) for side in _SIDES[size]]
    best = min(tiles, key=lambda tiles: tiles.part_of_time(of_images))
    return best if best.part_of_time(of_images) <= _MOST else None


def convolved_in_tiles(images: Any, kernel: Any, tiles: Tiles) -> Any:
    """Images `(batch, height, width, channels)` under a kernel `(size, size, channels, filters)`."""

    @tf.custom_gradient
    def convolved(images: Any, kernel: Any) -> tuple[Any, Any]:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            turned = tf.transpose(kernel[::-1, ::-1], [0, 1, 3, 2])
            of_images = tiles.backwards().convolved(upstream, turned)
            return of_images, tiles.gradient_of_kernel(images, upstream, of_images)

        return tiles.convolved(images, kernel), gradients

    return convolved(images, tf.convert_to_tensor(kernel))


@dataclass(frozen=True)
class Tiles:
    """How images of one size are convolved with kernels of one size.

    Attributes:
        side: Pixels of the output on a side of a tile.
        size: Of the kernel.
        margin: Pixels of zeros around an image.
        image: Height and width.
        batch_size: Images in a batch.
    """

    side: int
    size: int
    margin: int
    image: tuple[int, int]
    batch_size: int

    @property
    def length(self) -> int:
        """Pixels of the image on a side of a tile, and points in each direction."""
        return self.side + self.size - 1

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of the output."""
        height, width = (side + 2 * self.margin - self.size + 1 for side in self.image)
        return height, width

    @property
    def count(self) -> tuple[int, int]:
        """Tiles of an image, downwards and to the right."""
        height, width = (math.ceil(side / self.side) for side in self.output)
        return height, width

    def backwards(self) -> Tiles:
        """Those of the convolution that gives the gradient of the images from that of the output."""
        return Tiles(self.side, self.size, self.size - 1 - self.margin, self.output, self.batch_size)

    def part_of_time(self, of_images: float) -> float:
        """The part of oneDNN's time that it takes, as estimated; `of_images` is `1 / channels + 1 / filters`.

        After the times in `benchmarks/layers.py`: the products that are left, what the maps of image and output take
        beside them, and what those of the kernel take, which all images of a batch share. With AVX-512 products take
        half of the time, and maps, which wait for memory, are reckoned twice.
        """
        points, pixels = self.length**2, math.prod(self.output)
        products = math.prod(self.count) * points / (pixels * self.size**2)
        of_kernel = 105 * points / (self.size**2 * self.batch_size * pixels)
        times = 2 if "avx512f" in (processor_flags() or ()) else 1
        return products * (1 + times * 2.5 * points * of_images) + times * of_kernel

    def convolved(self, images: Any, kernel: Any) -> Any:
        """The output `(batch, height, width, filters)`."""
        _, _, channels, filters = kernel.shape
        values = _mapped(self._maps["kernel"], tf.reshape(kernel, [self.size**2, channels, filters]))
        outputs: list[Any] = []
        for (piece,) in self._pieces([images], outputs):
            outputs.append(self._pixels(tf.matmul(self._values(piece), values)))
        return tf.concat(outputs, 0)

    def gradient_of_kernel(self, images: Any, upstream: Any, before: Any) -> Any:
        """The gradient `(size, size, channels, filters)` of the kernel, computed after the tensor `before`."""
        sums = [before]
        for image, change in self._pieces([images, upstream], sums):
            product = tf.matmul(self._values(image), self._values_of_output(change), transpose_a=True)
            sums.append(product if sums[-1] is before else sums[-1] + product)
        gradient = _mapped(self._maps["kernel"], sums[-1], back=True)
        return tf.reshape(gradient, [self.size, self.size, *gradient.shape[1:]])

    @cached_property
    def _maps(self) -> dict[str, Any]:
        """Matrices to values at the points: from a tile of an image, from a kernel, and backwards to an output."""

        def powers(count: int) -> np.ndarray:
            finite = np.vander(np.array(_POINTS[self.length], float), count, increasing=True)
            return np.vstack([finite, np.eye(count)[-1]])

        image = np.linalg.inv(powers(self.length)).T
        scale = 2.0 ** np.round(np.log2(np.abs(image).sum(1, keepdims=True)))  # all of like size: little is rounded off
        both = {"image": image / scale, "kernel": powers(self.size) * scale, "output": powers(self.side)}
        return {name: np.kron(each, each).astype("float32") for name, each in both.items()}

    def _pieces(self, batches: list[Any], done: list[Any]) -> Iterator[list[Any]]:
        """The same part of each batch in turn, once the last tensor in `done` is there: in memory is one at a time."""
        channels = max(batch.shape[-1] for batch in batches)
        numbers = self.batch_size * math.prod(self.count) * self.length**2 * channels
        parts, images = min(math.ceil(numbers / _AT_ONCE), self.batch_size), tf.shape(batches[0])[0]
        for part in range(parts):
            with tf.control_dependencies(done[-1:]):
                yield [tf.identity(batch[part * images // parts : (part + 1) * images // parts]) for batch in batches]

    def _values(self, images: Any) -> Any:
        """The values `(points, tiles, channels)` of the tiles of images."""
        padded = [self.side * count + self.size - 1 for count in self.count]
        after = [whole - self.margin - side for whole, side in zip(padded, self.image, strict=True)]
        images = tf.pad(images, [[0, 0], *([self.margin, more] for more in after), [0, 0]])
        down, right = (np.arange(self.length)[:, None] + self.side * np.arange(count) for count in self.count)
        pixels = down[:, None, :, None] * padded[1] + right[None, :, None, :]  # by place in a tile, by tile
        first = tf.range(tf.shape(images)[0]) * math.prod(padded)
        places = tf.constant(pixels.reshape(self.length**2, 1, -1), tf.int32) + first[None, :, None]
        flat = tf.reshape(images, [-1, images.shape[-1]])
        return _mapped(self._maps["image"], tf.gather(flat, tf.reshape(places, [self.length**2, -1])))

    def _pixels(self, values: Any) -> Any:
        """The output, from its values `(points, tiles, filters)`."""
        (down, right), (height, width) = self.count, self.output
        pixels = _mapped(self._maps["output"], values, back=True)
        pixels = tf.reshape(pixels, [self.side, self.side, -1, down, right, values.shape[-1]])
        whole = [-1, self.side * down, self.side * right, values.shape[-1]]
        return tf.reshape(tf.transpose(pixels, [2, 3, 0, 4, 1, 5]), whole)[:, :height, :width]

    def _values_of_output(self, upstream: Any) -> Any:
        """The gradients `(points, tiles, filters)` of the values that an output was made of, from its own."""
        (down, right), side, filters = self.count, self.side, upstream.shape[-1]
        missing = (side * count - pixels for count, pixels in zip(self.count, self.output, strict=True))
        padded = tf.pad(upstream, [[0, 0], *([0, more] for more in missing), [0, 0]])
        pixels = tf.transpose(tf.reshape(padded, [-1, down, side, right, side, filters]), [2, 4, 0, 1, 3, 5])
        return _mapped(self._maps["output"], tf.reshape(pixels, [side**2, -1, filters]))


def _mapped(matrix: np.ndarray, numbers: Any, back: bool = False) -> Any:
    """The matrix, or its transpose, times numbers `(columns, …, channels)`."""
    rows = matrix.shape[1 if back else 0]
    flat = tf.reshape(numbers, [numbers.shape[0], -1])
    return tf.reshape(tf.matmul(matrix, flat, transpose_a=back), [rows, -1, numbers.shape[-1]])
