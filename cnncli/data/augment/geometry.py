"""Movements of the picture, composed into one matrix and one interpolation for each image.

Two interpolations blur twice and cost twice. Keras' layers interpolate once each.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from cnncli.catalog import Entry
from cnncli.data.augment.draws import SampleRandom
from cnncli.data.augment.sampling import warp
from cnncli.data.augment.steps import Fill, Geometry, Shape, Step, around_zero, from_zero
from cnncli.startup import tf


def matrix(*rows: Sequence[tf.Tensor | float]) -> tf.Tensor:
    """3x3 matrices `(batch, 3, 3)` from their first two rows, of scalars and `(batch,)`; the last row is 0 0 1."""
    numbers = [*rows[0], *rows[1], 0.0, 0.0, 1.0]
    zeros = tf.zeros_like(next(number for number in numbers if tf.is_tensor(number)))
    columns = [number if tf.is_tensor(number) else zeros + number if number else zeros for number in numbers]
    return tf.reshape(tf.stack(columns, axis=1), [-1, 3, 3])


def about_centre(linear: Sequence[tf.Tensor | float], shift: Sequence[tf.Tensor | float], shape: Shape) -> tf.Tensor:
    """Matrices that turn, stretch or mirror about the middle of the picture, then shift by pixels (width, height)."""
    xx, xy, yx, yy = linear
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    return matrix((xx, xy, x + shift[0] - xx * x - xy * y), (yx, yy, y + shift[1] - yx * x - yy * y))


def mirror(images: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
    """Mirrors images, pixel for pixel and in their own type, where their matrices do nothing else."""
    for axis, number in ((2, matrices[:, 0, 0]), (1, matrices[:, 1, 1])):
        images = tf.where((number < 0)[:, None, None, None], tf.reverse(images, [axis]), images)
    return images


def move(images: tf.Tensor, geometries: Sequence[tuple[Geometry, SampleRandom]]) -> tf.Tensor:
    """Carries out several movements, the first one first, as one; their fills agree."""
    matrices = reduce(tf.matmul, [geometry.matrices(draws) for geometry, draws in geometries])  # (batch, 3, 3)
    fill = next((geometry.fill for geometry, _ in geometries if geometry.fill), None)
    return warp(images, matrices, fill) if fill else mirror(images, matrices)


def _fill(entry: Entry) -> Fill:
    return Fill(entry.get("fill_mode"), entry.get("fill_value"), entry.get("interpolation"))


def signs(mask: tf.Tensor) -> tf.Tensor:
    """-1 for the chosen, 1 for the others."""
    return 1 - 2 * tf.cast(mask, tf.float64)


def flip(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomFlip`. As in Keras, `horizontal_and_vertical` turns an image by 180 degrees or leaves it alone."""
    mode = entry.get("mode")

    def matrices(draws: SampleRandom) -> tf.Tensor:
        sign = signs(draws.uniform() < 0.5)
        across = sign if "horizontal" in mode else 1.0
        down = sign if "vertical" in mode else 1.0
        return about_centre((across, 0.0, 0.0, down), (0.0, 0.0), shape)

    return [Geometry(matrices, None)]


def rotation(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomRotation`: `factor` is a share of a full turn."""
    low, high = around_zero(entry.get("factor"))
    turn = 2 * 3.141592653589793

    def matrices(draws: SampleRandom) -> tf.Tensor:
        (angle,) = draws.between((low * turn, high * turn))
        cos, sin = tf.cos(angle), tf.sin(angle)
        return about_centre((cos, -sin, sin, cos), (0.0, 0.0), shape)

    return [Geometry(matrices, _fill(entry))]


def translation(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomTranslation`: factors are shares of height and width; above 0 moves down and right."""
    height, width = around_zero(entry.get("height_factor")), around_zero(entry.get("width_factor"))

    def matrices(draws: SampleRandom) -> tf.Tensor:
        down, right = draws.between(height, width)
        return matrix((1.0, 0.0, -right * shape[1]), (0.0, 1.0, -down * shape[0]))

    return [Geometry(matrices, _fill(entry))]


def zoom(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomZoom`: above 0 shows more, and smaller; without `width_factor` height and width go together."""
    height, width = around_zero(entry.get("height_factor")), entry.get("width_factor")

    def matrices(draws: SampleRandom) -> tf.Tensor:
        down, across = draws.between(height, height if width is None else around_zero(width))
        across = down if width is None else across
        return about_centre((1 + across, 0.0, 0.0, 1 + down), (0.0, 0.0), shape)

    return [Geometry(matrices, _fill(entry))]


def shear(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomShear`: slants along the width and along the height, about the top left corner as in Keras."""
    along, down = around_zero(entry.get("x_factor")), around_zero(entry.get("y_factor"))

    def matrices(draws: SampleRandom) -> tf.Tensor:
        x, y, side = draws.between(along, down, (0.0, 1.0))
        sign = signs(side < 0.5)
        return matrix((1.0, sign * x, 0.0), (sign * y, 1.0, 0.0))

    return [Geometry(matrices, _fill(entry))]


def homography(start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Matrices `(batch, 3, 3)` that take four points of the result to four of the source; both `(batch, 4, 2)`."""
    x, y = end[..., 0], end[..., 1]  # (batch, 4)
    ones, zeros = tf.ones_like(x), tf.zeros_like(x)
    to_x = tf.stack([x, y, ones, zeros, zeros, zeros, -start[..., 0] * x, -start[..., 0] * y], -1)  # (batch, 4, 8)
    to_y = tf.stack([zeros, zeros, zeros, x, y, ones, -start[..., 1] * x, -start[..., 1] * y], -1)
    points = tf.concat([start[..., 0], start[..., 1]], axis=1)[..., None]  # (batch, 8, 1)
    solved = tf.linalg.solve(tf.concat([to_x, to_y], axis=1), points)[..., 0]  # (batch, 8)
    return tf.reshape(tf.concat([solved, ones[:, :1]], axis=1), [-1, 3, 3])


def perspective(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomPerspective`: moves three corners; the top left one stays, as in Keras."""
    probability, reach = from_zero(entry.get("factor")), entry.get("scale")
    x, y = shape[1] - 1.0, shape[0] - 1.0
    corners = tf.constant([[0.0, 0.0], [x, 0.0], [0.0, y], [x, y]], tf.float64)  # (4, 2)

    def matrices(draws: SampleRandom) -> tf.Tensor:
        hits = draws.happens(probability)
        moves = tf.where(hits[:, None, None], (draws.uniform(4, 2) - 0.5) * reach, 0.0)  # (batch, 4, 2)
        return homography(tf.zeros_like(moves) + corners, corners * (1 + moves))

    return [Geometry(matrices, Fill("constant", entry.get("fill_value"), entry.get("interpolation")))]
