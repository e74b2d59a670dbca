"""What each argument of each Keras class may be.

Keras' signatures give the names and defaults of arguments, not their types. An argument means the same wherever it
appears, so it is listed once, under what it accepts; the few that differ with the family or class follow.
"""

from __future__ import annotations

from cnncli.catalog.validators import (
    Validator,
    any_of,
    axis,
    below_one,
    boolean,
    choice,
    fraction,
    is_whole,
    list_of,
    not_negative,
    number,
    optional,
    positive,
    text,
    validator,
    whole,
)
from cnncli.catalog.weights import backbone_weights

_size = whole(1, words=("classes",))
_steps = whole(1, words=("total_steps",))


def _per_axis(item: Validator) -> Validator:
    """One value for both axes of an image, or a list with one for each."""
    return any_of(item, list_of(item, 2, "a list of 2 numbers"))


def _one_or_range(item: Validator) -> Validator:
    """The limit of a random value, or its lower and upper limit."""
    return any_of(item, list_of(item, 2))


_sizes = _per_axis(whole(1))
_around = any_of(whole(0), list_of(any_of(whole(0), list_of(whole(0), 2)), 2))
_odd = validator(
    "an odd whole number, at most 999",
    lambda v: is_whole(v) and 0 < v < 1000 and v % 2 == 1,
    {"type": "integer", "minimum": 1, "maximum": 999},
)
_of_each_image = validator(  # along axis 0 an answer would depend on the other images of its batch
    "an axis: 1, 2 …, or -1, -2 … from the last; 0 is the images of a batch,",
    lambda v: is_whole(v) and v != 0,
    {"type": "integer", "not": {"const": 0}},
)
_pixel = number(0, 255)
_shift = any_of(number(0, as_written=True), list_of(number(0)))  # 2 is pixels, one by one; 2.0 all between as well
_share_or_range = _one_or_range(fraction)
_both_ways = _one_or_range(number(-1, 1))
_zoom = _one_or_range(number(-1, 1, above=True))

_ACCEPTED: tuple[tuple[Validator, tuple[str, ...]], ...] = (
    (boolean, (
        "all_ops", "amsgrad", "apply_class_balancing", "center", "centered", "cycle", "exclude_embeddings",
        "from_logits", "from_sorted_ids", "horizontal_flip", "keepdims", "minimalistic", "multi_label", "nesterov",
        "raise_error", "relative_step", "remove_diagonal", "renorm", "restore_best_weights", "scale", "sparse_y_pred",
        "staircase", "swap_on_epoch", "synchronized", "trainable", "use_bias", "use_ema", "vertical_flip",
    )),
    (text, ("monitor", "name")),
    (list_of(text), ("exclude_layers",)),
    (whole(0), ("class_id", "cooldown", "ignore_class", "patience", "seed", "start_from_epoch")),
    (whole(1), (
        "chain_depth", "depth_multiplier", "ema_overwrite_frequency", "groups", "k", "ns_steps", "num_chains",
        "num_ops", "power_iterations", "top_k",
    )),
    (whole(2), ("bins", "gradient_accumulation_steps")),
    (whole(2, 1_000_000), ("num_thresholds",)),
    (whole(0, 1), ("interpolation_order",)),
    (_size, ("filters", "num_classes", "num_labels", "units")),
    (_steps, ("decay_steps", "first_decay_steps")),
    (whole(0, words=("total_steps",)), ("warmup_steps",)),
    (list_of(whole(-1)), ("target_shape",)),
    (list_of(whole(0)), ("target_class_ids",)),
    (list_of(whole(1)), ("boundaries", "dims", "shared_axes")),
    (list_of(optional(whole(1)), description="a list of the sizes of the mask, null for that of the input"), (
        "noise_shape",
    )),
    (_sizes, ("dilation_rate", "kernel_size", "output_size", "pool_size", "size", "strides")),
    (_per_axis(whole(0)), ("output_padding",)),
    (_around, ("cropping",)),
    (axis, ("axis",)),
    (number(), (
        "baseline", "beta_2_decay", "gain", "learning_rate_power", "margin", "maxval", "mean", "minval", "muon_a",
        "muon_b", "muon_c", "value",
    )),
    (not_negative, (
        "adam_weight_decay", "end_learning_rate", "gamma", "initial_accumulator_value", "initial_learning_rate", "l1",
        "l1_regularization_strength", "l2", "l2_regularization_strength", "l2_shrinkage_regularization_strength",
        "max_value", "min_delta", "min_lr", "min_value", "negative_slope", "rotation_range", "shear_range", "stddev",
        "weight_decay",
    )),
    (positive, (
        "adam_lr_ratio", "alpha", "clip_threshold", "clipnorm", "clipvalue", "decay_rate", "delta", "epsilon",
        "epsilon_1", "epsilon_2", "global_clipnorm", "loss_scale_factor", "m_mul", "power", "rms_rate", "t_mul",
        "warmup_target",
    )),
    (fraction, (
        "ema_momentum", "label_smoothing", "momentum", "precision", "q", "recall", "renorm_momentum", "sensitivity",
        "specificity", "threshold",
    )),
    (below_one, ("adam_beta_1", "adam_beta_2", "beta_1", "beta_2", "rate", "rho")),
    (any_of(fraction, list_of(fraction)), ("thresholds",)),
    (list_of(not_negative), ("label_weights", "values")),
    (list_of(not_negative, 2), ("brightness_range",)),
    (_pixel, ("channel_shift_range", "cval", "fill_value")),
    (_shift, ("height_shift_range", "width_shift_range")),
    (any_of(below_one, list_of(positive, 2)), ("zoom_range",)),
    (_both_ways, ("brightness_factor", "height_factor", "width_factor")),
    (_share_or_range, (
        "addition_factor", "contrast_factor", "hue_factor", "saturation_factor", "sigma", "threshold_factor",
        "x_factor", "y_factor",
    )),
    (backbone_weights, ("weights",)),
    (choice("micro", "macro", "weighted"), ("average",)),
    (choice("ROC", "PR"), ("curve",)),
    (choice("interpolation", "majoring", "minoring"), ("summation_method",)),
    (choice("truncated_normal", "untruncated_normal", "normal", "uniform"), ("distribution",)),
    (choice("channels_last"), ("data_format",)),
    (choice("float32", "mixed_bfloat16", "mixed_float16", "float64"), ("dtype",)),
    (choice("nearest", "constant", "reflect", "wrap"), ("fill_mode",)),
    (choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"), ("interpolation",)),
    (choice("valid", "same"), ("padding",)),
    (choice("avg", "max"), ("pooling",)),
)  # fmt: skip

_EVERYWHERE = {argument: accepted for accepted, arguments in _ACCEPTED for argument in arguments}

_DIFFERENT: dict[tuple[str, str], Validator] = {
    # by family
    ("schedule", "alpha"): not_negative,
    ("loss", "alpha"): fraction,
    ("optimizer", "beta"): not_negative,
    ("loss", "beta"): fraction,
    ("metric", "beta"): positive,
    ("callback", "factor"): number(0, 1, above=True, below=True),
    ("regularizer", "factor"): not_negative,
    ("augmentation", "factor"): _share_or_range,
    ("layer", "axis"): any_of(_of_each_image, list_of(_of_each_image), description=_of_each_image.description),
    ("augmentation", "interpolation"): choice("nearest", "bilinear"),
    ("augmentation", "kernel_size"): any_of(_odd, list_of(_odd, 2)),
    ("callback", "mode"): choice("auto", "min", "max"),
    ("initializer", "mode"): choice("fan_in", "fan_out", "fan_avg"),
    ("regularizer", "mode"): choice("rows", "columns"),
    ("augmentation", "mode"): choice("horizontal", "vertical", "horizontal_and_vertical"),
    ("constraint", "rate"): fraction,
    ("initializer", "scale"): positive,
    ("augmentation", "scale"): _share_or_range,
    ("layer", "threshold"): not_negative,
    # by class
    ("BatchNormalization", "axis"): _of_each_image,
    ("Concatenate", "axis"): whole(),
    ("GroupNormalization", "axis"): _of_each_image,
    ("GroupNormalization", "groups"): whole(-1),
    ("RandomBrightness", "factor"): _both_ways,
    ("RandomErasing", "fill_value"): any_of(_pixel, list_of(_pixel, 3)),
    ("RandomGrayscale", "factor"): fraction,
    ("RandomPerspective", "scale"): fraction,
    ("RandomPosterization", "factor"): _one_or_range(whole(1, 8)),
    ("RandomRotation", "factor"): _both_ways,
    ("RandomZoom", "height_factor"): _zoom,
    ("RandomZoom", "width_factor"): _zoom,
    ("ZeroPadding2D", "padding"): _around,
}


def value_validator(family: str, name: str, argument: str) -> Validator:
    """What an argument of a class may be, unless it is an object of a family itself.

    Raises:
        KeyError: The tables lack this argument. The tests make sure that there is no such argument.
    """
    return _DIFFERENT.get((name, argument)) or _DIFFERENT.get((family, argument)) or _EVERYWHERE[argument]
