"""Which random changes of the training images a spec may name, and what their arguments may be.

They go by the names of Keras' preprocessing layers, and their arguments and defaults are read from Keras' source like
those of every other class. `ImageDataGenerator` is the exception: what people know of it is written down here, because
it may leave Keras any day while its arguments stay in every tutorial.
"""

from __future__ import annotations

from typing import Any

from cnncli.catalog.validators import Validator, any_of, boolean, choice, is_whole, list_of, number, whole
from cnncli.errors import KeyPath, Problem
from cnncli.wording import shown

AUGMENTATIONS = (
    # where things are in the picture
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "RandomShear",
    "RandomPerspective",
    "ImageDataGenerator",
    # colours
    "RandomBrightness",
    "RandomContrast",
    "RandomColorJitter",
    "RandomHue",
    "RandomSaturation",
    "RandomColorDegeneration",
    "RandomGrayscale",
    "RandomInvert",
    "RandomPosterization",
    "Solarization",
    "AutoContrast",
    "Equalization",
    # details
    "RandomSharpness",
    "RandomGaussianBlur",
    "RandomErasing",
    # several at once
    "RandAugment",
    "AugMix",
    # two pictures in one
    "MixUp",
    "CutMix",
)

_SIZE_STAYS = "images keep the size of 'data.image.size'; RandomTranslation and RandomZoom choose what they show"
_SCALED = "pixels are scaled by 'data.scale' or 'data.standardize', in training and in prediction alike; leave it out"

REFUSED_AUGMENTATIONS = {
    "RandomCrop": _SIZE_STAYS,
    "CenterCrop": _SIZE_STAYS,
    "Resizing": _SIZE_STAYS,
    "Rescaling": _SCALED,
    "Normalization": _SCALED,
    "Pipeline": "write the names in it one below the other",
    "RandomElasticTransform": "Keras bends a whole batch alike; use RandomPerspective or RandomShear",
    "ContrastLimitedAdaptiveHistogramEqualization": "it is not available; use Equalization or AutoContrast",
    "MaxNumBoundingBoxes": "a classifier has no boxes",
}

GENERATOR: dict[str, Any] = {
    # the arguments of ImageDataGenerator, with its own defaults
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

_FEATUREWISE = "set 'data.standardize: featurewise', which prediction then uses as well"
_SAMPLEWISE = "set 'data.standardize: samplewise', which prediction then uses as well"
_WHITENING = "whitening is not available; 'data.standardize: featurewise' is the nearest"

_REFUSED_ARGUMENTS = {
    "seed": "the 'seed' of the spec reaches every augmentation; leave it out",
    "value_range": "pixels are 0 to 255 here, 'data.scale' comes later; leave it out",
    "data_format": "images have their channels last throughout; leave it out",
    "dtype": "'train.precision' says what is computed with; leave it out",
    "bounding_box_format": "a classifier has no boxes; leave it out",
    "featurewise_center": _FEATUREWISE,
    "featurewise_std_normalization": _FEATUREWISE,
    "samplewise_center": _SAMPLEWISE,
    "samplewise_std_normalization": _SAMPLEWISE,
    "zca_whitening": _WHITENING,
    "zca_epsilon": _WHITENING,
    "rescale": "set 'data.scale: [0, 1]', which prediction then uses as well",
    "preprocessing_function": "it runs code, and a spec must be safe to run",
    "validation_split": "set 'data.split: {validation: 0.1}'",
}


def refused_argument(name: str, argument: str) -> str | None:
    """Why an argument that people know cannot be given to an augmentation, or None when it is simply unknown."""
    return _REFUSED_ARGUMENTS.get(argument) if name in AUGMENTATIONS else None


def _accept_odd(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    if not is_whole(value) or value < 1 or value % 2 == 0:
        problems.append(Problem(path, f"expected an odd whole number, got {shown(value)}"))
    return value


_odd = Validator("an odd whole number", _accept_odd, {"type": "integer", "minimum": 1})
_pixel = number(0, 255)
_degrees = number(0)
_share = number(0, 1)


def _one_or_range(item: Validator) -> Validator:
    """A value that chance keeps below, or the two it stays between."""
    return any_of(item, list_of(item, 2))


_from_zero = _one_or_range(_share)
_both_ways = _one_or_range(number(-1, 1))
_zoom = _one_or_range(number(-1, 1, above=True))
_shift = any_of(number(0, as_written=True), list_of(number(0)))  # 2 is pixels, one by one; 2.0 all between as well
_fill_mode = choice("nearest", "constant", "reflect", "wrap")

_ARGUMENTS: dict[str, Validator] = {
    "addition_factor": _from_zero,
    "all_ops": boolean,
    "alpha": number(0, above=True),
    "bins": whole(2),
    "brightness_factor": _both_ways,
    "brightness_range": list_of(number(0), 2),
    "chain_depth": whole(1),
    "channel_shift_range": _pixel,
    "contrast_factor": _from_zero,
    "cval": _pixel,
    "factor": _from_zero,
    "fill_mode": _fill_mode,
    "fill_value": _pixel,
    "height_factor": _both_ways,
    "height_shift_range": _shift,
    "horizontal_flip": boolean,
    "hue_factor": _from_zero,
    "interpolation": choice("nearest", "bilinear"),
    "interpolation_order": whole(0, 1),
    "kernel_size": any_of(_odd, list_of(_odd, 2)),
    "mode": choice("horizontal", "vertical", "horizontal_and_vertical"),
    "num_chains": whole(1),
    "num_ops": whole(1),
    "rotation_range": _degrees,
    "saturation_factor": _from_zero,
    "scale": _from_zero,
    "shear_range": _degrees,
    "sigma": _from_zero,
    "threshold_factor": _from_zero,
    "vertical_flip": boolean,
    "width_factor": _both_ways,
    "width_shift_range": _shift,
    "x_factor": _from_zero,
    "y_factor": _from_zero,
    "zoom_range": any_of(number(0, 1, below=True), list_of(number(0, above=True), 2)),
}

_CLASS: dict[tuple[str, str], Validator] = {
    ("RandomBrightness", "factor"): _both_ways,
    ("RandomErasing", "fill_value"): any_of(_pixel, list_of(_pixel, 3)),
    ("RandomGrayscale", "factor"): _share,
    ("RandomPerspective", "scale"): _share,
    ("RandomPosterization", "factor"): _one_or_range(whole(1, 8)),
    ("RandomRotation", "factor"): _both_ways,
    ("RandomZoom", "height_factor"): _zoom,
    ("RandomZoom", "width_factor"): _zoom,
}


def augmentation_argument(name: str, argument: str) -> Validator:
    """What an argument of an augmentation may be.

    Raises:
        KeyError: the catalogue has no word on this argument. The tests see to it that there is none such.
    """
    return _CLASS.get((name, argument)) or _ARGUMENTS[argument]
