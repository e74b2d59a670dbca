"""The arguments of `ImageDataGenerator` and what they mean.

Those of every other class are read from Keras' source. This one may leave Keras any day, while its arguments stay in
every tutorial.
"""

from __future__ import annotations

from typing import Any

GENERATOR: dict[str, Any] = {
    "rotation_range": 0,
    "width_shift_range": 0.0,
    "height_shift_range": 0.0,
    "brightness_range": None,
    "shear_range": 0.0,
    "zoom_range": 0.0,
    "channel_shift_range": 0.0,
    "fill_mode": "nearest",
    "cval": 0.0,
    "horizontal_flip": False,
    "vertical_flip": False,
    "interpolation_order": 1,
}

GENERATOR_WORDS = """Rotation, shifts, shear, zoom and flips in one transformation, then colour shift and brightness.

Args:
    rotation_range: degrees; each image is turned by an angle from -range to range.
    width_shift_range: 0.2 shifts by up to a fifth of the width, 5.0 by up to five pixels, 5 by a whole number of
        pixels below five, and [2, 4] by two or four pixels, to the left or to the right.
    height_shift_range: the same, up or down.
    brightness_range: [lowest, highest] factor that pixels are multiplied by.
    shear_range: degrees, from -range to range.
    zoom_range: 0.15 is [0.85, 1.15]; below 1 things grow, above 1 they shrink, height and width on their own.
    channel_shift_range: what is added to all pixels, from -range to range, within the image's own darkest and lightest.
    fill_mode: what is seen beyond the edges: nearest, constant, reflect or wrap.
    cval: the pixel value for fill_mode constant.
    horizontal_flip: whether half of the images are mirrored left to right.
    vertical_flip: whether half of the images are mirrored top to bottom.
    interpolation_order: 1 blends neighbouring pixels, 0 takes the nearest.
"""
