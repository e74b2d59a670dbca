"""Changes of colour, each image by its own amount.

They do what Keras' documentation says of the layers of these names. Where the installed layers do something else, the
documentation wins: `RandomContrast: {factor: 0.2}` lowers contrast as well as raising it, `RandomPosterization:
{factor: 4}` keeps four bits, `Solarization` reads both ends of a range as shares, `RandomSaturation` never leaves
0 to 255, and `Equalization` looks at one image at a time. Grey images have no hue and no saturation to change.
"""

from __future__ import annotations

from typing import Any

from cnncli.catalog import Entry
from cnncli.data.augment.steps import Shape, Step, around_zero, by_factor, floats, from_zero, per_image, randomly
from cnncli.startup import tf

_LUMINANCE = (0.2989, 0.5870, 0.1140)


def _pixels(images: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(images, 0.0, 255.0)


def add_brightness(images: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Adds a share of 255 to all pixels; -1 gives black, 1 gives white."""
    return _pixels(floats(images) + per_image(255 * share))


def scale_contrast(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Moves pixels away from the mean of their channel, or towards it below 1."""
    images = floats(images)
    # float64: the order in which a mean is summed up depends on the size of the batch
    mean = floats(tf.reduce_mean(tf.cast(images, tf.float64), axis=[1, 2], keepdims=True))  # (batch, 1, 1, channels)
    return _pixels((images - mean) * per_image(factor) + mean)


def scale_saturation(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies the saturation of each pixel, up to the most its hue and value allow."""
    images = floats(images)
    value = tf.reduce_max(images, axis=-1, keepdims=True)  # (batch, height, width, 1)
    spread = value - tf.reduce_min(images, axis=-1, keepdims=True)
    most = tf.math.divide_no_nan(value, spread)
    return _pixels(value - (value - images) * tf.minimum(per_image(factor), most))


def turn_hue(images: tf.Tensor, turn: tf.Tensor) -> tf.Tensor:
    """Turns the hue of every pixel by a share of the colour circle."""
    hue, saturation, value = tf.unstack(tf.image.rgb_to_hsv(floats(images) / 255), axis=-1)
    hue += per_image(turn)[..., 0]  # (batch, height, width)
    turned = tf.image.hsv_to_rgb(tf.stack([hue - tf.floor(hue), saturation, value], axis=-1))
    return _pixels(turned * 255)


def fade_to_grey(images: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Mixes an image with its grey version; 1 is all grey."""
    images = floats(images)
    if images.shape[-1] == 1:
        return images
    red, green, blue = (images[..., i : i + 1] * weight for i, weight in enumerate(_LUMINANCE))
    return _pixels(images + per_image(share) * (red + green + blue - images))


def invert(images: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Turns dark into light in the chosen images."""
    return tf.where(mask[:, None, None, None], 255 - images, images)


def posterize(images: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Keeps the highest bits of every pixel: 1 to 8 for each image, `(batch,)` float64; fractions are cut off."""
    dropped = tf.cast(8 - tf.floor(bits), tf.uint8)[:, None, None, None]
    high_bits = tf.bitwise.right_shift(tf.cast(images, tf.uint8), dropped)
    return tf.cast(tf.bitwise.left_shift(high_bits, dropped), images.dtype)


def solarize(images: tf.Tensor, addition: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """Adds a share of 255, then turns pixels at or above a threshold, another share, from light to dark."""
    raised = _pixels(floats(images) + per_image(255 * addition))
    return tf.where(raised < per_image(255 * threshold), raised, 255 - raised)


def stretch_contrast(images: tf.Tensor) -> tf.Tensor:
    """Makes the darkest pixel of each channel 0 and the lightest 255; a channel of one value stays as it is."""
    images = floats(images)
    low = tf.reduce_min(images, axis=[1, 2], keepdims=True)  # (batch, 1, 1, channels)
    high = tf.reduce_max(images, axis=[1, 2], keepdims=True)
    return tf.where(high > low, _pixels(tf.math.divide_no_nan(255.0, high - low) * (images - low)), images)


def equalize(images: tf.Tensor, bins: int) -> tf.Tensor:
    """Spreads the values of each channel evenly from 0 to 255; a channel of one value stays as it is."""
    images = tf.transpose(floats(images), [0, 3, 1, 2])  # (batch, channels, height, width)
    _, channels, height, width = images.shape
    flat = tf.reshape(images, [-1, height * width])  # (batch * channels, pixels)
    places = tf.cast(flat * ((bins - 1) / 255), tf.int32)
    counts = tf.math.bincount(places, minlength=bins, maxlength=bins, axis=-1)  # (batch * channels, bins)
    below = tf.cumsum(counts, axis=1)
    lowest = tf.reduce_min(tf.where(below > 0, below, height * width), axis=1, keepdims=True)
    others = height * width - lowest  # (batch * channels, 1)
    table = tf.round((below - lowest) * 255 / tf.maximum(others, 1))
    spread = floats(tf.gather(_pixels(floats(table)), places, batch_dims=1))
    result = tf.reshape(tf.where(others > 0, spread, flat), [-1, channels, height, width])
    return tf.transpose(result, [0, 2, 3, 1])


def _around_one(factor: Any) -> tuple[float, float]:
    lower, upper = factor if isinstance(factor, list | tuple) else (factor, factor)
    return 1 - lower, 1 + upper


def _kept_bits(factor: Any) -> tuple[int, int]:
    """`factor` is the number of bits that are kept, or the fewest and the most."""
    fewest, most = sorted(factor) if isinstance(factor, list | tuple) else (factor, factor)
    return fewest, most + 1


def _change_saturation(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """0 is grey, 0.5 no change, 1 as colourful as can be."""
    return scale_saturation(images, factor / (1 - factor + 1e-7))


def _change_hue(images: tf.Tensor, factor: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """1 is up to half of the colour circle, to either side."""
    return turn_hue(images, tf.where(side < 0.5, -factor, factor) / 2)


def _invert_some(images: tf.Tensor, likely: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
    return invert(images, chance < likely)


_CHANCE = (0.0, 1.0)

brightness = by_factor(add_brightness, around_zero)
contrast = by_factor(scale_contrast, _around_one)
saturation = by_factor(_change_saturation, only_colour=True)
hue = by_factor(_change_hue, from_zero, _CHANCE, only_colour=True)
degeneration = by_factor(fade_to_grey, only_colour=True)
inversion = by_factor(_invert_some, from_zero, _CHANCE)
posterization = by_factor(posterize, _kept_bits)


def jitter(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomColorJitter`: brightness, contrast, saturation and hue in this order, where they are set."""
    parts = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue}
    factors = {part: entry.get(f"{part}_factor") for part in parts}
    return [
        step
        for part, factor in factors.items()
        if factor is not None
        for step in parts[part](Entry("augmentation", entry.name, {"factor": factor}), shape)
    ]


def grayscale(entry: Entry, shape: Shape) -> list[Step]:
    """`RandomGrayscale`: `factor` is the share of images that become grey."""
    share = entry.get("factor")

    def change(images: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
        return fade_to_grey(images, chance < share)

    return [randomly(change, _CHANCE)] if shape[2] == 3 else []


def solarization(entry: Entry, shape: Shape) -> list[Step]:
    """`Solarization`."""
    return [randomly(solarize, from_zero(entry.get("addition_factor")), from_zero(entry.get("threshold_factor")))]


def auto_contrast(entry: Entry, shape: Shape) -> list[Step]:
    """`AutoContrast`: every image, always."""
    return [lambda images, _: stretch_contrast(images)]


def equalization(entry: Entry, shape: Shape) -> list[Step]:
    """`Equalization`: every image, always."""
    bins = entry.get("bins")
    return [lambda images, _: equalize(images, bins)]
