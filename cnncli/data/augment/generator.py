"""`ImageDataGenerator`: the classic arguments of older Keras, as one movement and at most two changes of colour.

It differs from the class of that name where that class does not do what its arguments are called:
`height_shift_range` moves up and down and `width_shift_range` sideways (there they are exchanged), and the centre of
a picture that is no square is its middle. Fill mode `constant` fades into the constant over one pixel, and `wrap`
joins the edges without skipping a pixel.
"""

from __future__ import annotations

from math import pi
from typing import Any

from cnncli.catalog import Entry
from cnncli.data.augment.draws import SampleRandom
from cnncli.data.augment.geometry import about_centre, signs
from cnncli.data.augment.steps import Fill, Geometry, Shape, Step, floats, per_image, randomly
from cnncli.startup import tf


def zoom_ends(zoom: Any) -> tuple[float, float]:
    """0.15 is from 0.85 to 1.15; a list gives both ends."""
    if isinstance(zoom, list | tuple):
        return zoom[0], zoom[1]
    return 1 - zoom, 1 + zoom


def shift_pixels(reach: Any, size: int, chance: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """Distance that each image moves, `(batch,)` float64 in pixels.

    `reach` is a share of `size` below 1, else pixels; a whole number stands for any number of whole pixels below it, a
    list for its members. `chance` and `side` are random, from 0 to 1.
    """
    if isinstance(reach, list | tuple):
        unit = size if max(reach) < 1 else 1
        members = tf.constant(reach, tf.float64) * unit
        return tf.gather(members, tf.cast(chance * len(reach), tf.int32)) * signs(side < 0.5)
    if isinstance(reach, int):
        return tf.floor(chance * reach) * signs(side < 0.5)
    return (2 * chance - 1) * reach * (size if reach < 1 else 1)


def movement(
    theta: tf.Tensor,
    shift: tuple[tf.Tensor, tf.Tensor],
    shear: tf.Tensor,
    zoom: tuple[tf.Tensor, tf.Tensor],
    mirrored: tuple[tf.Tensor, tf.Tensor],
    shape: Shape,
) -> tf.Tensor:
    """Rotation, shift, shear and zoom in this order, then flips, about the middle of the picture: `(batch, 3, 3)`.

    Angles are in radians, shifts in pixels; `mirrored` is -1 for a flip, else 1. In pairs, the width comes first.
    """
    cos, sin = tf.cos(theta), tf.sin(theta)
    wide, high = zoom[0] * mirrored[0], zoom[1] * mirrored[1]
    linear = (cos * wide, -tf.sin(theta + shear) * high, sin * wide, tf.cos(theta + shear) * high)
    return about_centre(linear, (cos * shift[0] - sin * shift[1], sin * shift[0] + cos * shift[1]), shape)


def _geometry(entry: Entry, shape: Shape) -> Geometry | None:
    turn, slant = entry.get("rotation_range") * pi / 180, entry.get("shear_range") * pi / 180
    width, height = entry.get("width_shift_range"), entry.get("height_shift_range")
    zoom = zoom_ends(entry.get("zoom_range"))
    flips = entry.get("horizontal_flip"), entry.get("vertical_flip")
    moves = bool(turn or slant or width or height or zoom != (1, 1))
    if not moves and not any(flips):
        return None

    def matrices(draws: SampleRandom) -> tf.Tensor:
        even = (0.0, 1.0)
        theta, shear, wide, high, *chances = draws.between((-turn, turn), (-slant, slant), zoom, zoom, *[even] * 6)
        shift = shift_pixels(width, shape[1], *chances[:2]), shift_pixels(height, shape[0], *chances[2:4])
        across, down = (signs((chance < 0.5) & flip) for chance, flip in zip(chances[4:], flips, strict=True))
        return movement(theta, shift, shear, (wide, high), (across, down), shape)

    order = ("nearest", "bilinear")[entry.get("interpolation_order")]
    return Geometry(matrices, Fill(entry.get("fill_mode"), entry.get("cval"), order) if moves else None)


def shift_channels(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """Adds an amount to all pixels of an image, kept within the image's own darkest and lightest pixel."""
    images = floats(images)
    low = tf.reduce_min(images, axis=[1, 2, 3], keepdims=True)
    high = tf.reduce_max(images, axis=[1, 2, 3], keepdims=True)
    return tf.clip_by_value(images + per_image(amount), low, high)


def scale_brightness(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies all pixels of an image."""
    return tf.clip_by_value(floats(images) * per_image(factor), 0.0, 255.0)


def generator(entry: Entry, shape: Shape) -> list[Step]:
    """`ImageDataGenerator`."""
    geometry = _geometry(entry, shape)
    steps: list[Step] = [geometry] if geometry else []
    reach, factors = entry.get("channel_shift_range"), entry.get("brightness_range")
    if reach:
        steps.append(randomly(shift_channels, (-reach, reach)))
    if factors:
        steps.append(randomly(scale_brightness, (factors[0], factors[1])))
    return steps
