"""What each argument of each Keras class may be.

Keras' signatures say how arguments are called and what they default to, not what they take. An argument means the
same thing wherever it appears, so it is described once for its family; the few that differ are described for their
class.
"""

from __future__ import annotations

from typing import Any

from cnncli.catalog.annotations import kind_by_source
from cnncli.catalog.augmentations import augmentation_kind
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.entries import Entry, entry_kind
from cnncli.catalog.kinds import Kind, any_of, boolean, choice, list_of, number, per_axis, text, whole
from cnncli.catalog.packages import own_layer
from cnncli.catalog.source import signature
from cnncli.catalog.weights import backbone_weights
from cnncli.errors import Path, Problem

_size = whole(1, words=("classes",))
_positive = number(0, above=True)
_not_negative = number(0)
_fraction = number(0, 1)
_decay = number(0, 1, below=True)
_rate = number(0, 1, below=True)
_steps = whole(1, words=("total_steps",))
_axis = any_of(whole(), list_of(whole()))
_thresholds = any_of(_fraction, list_of(_fraction))
_activation = entry_kind("activation")
_initializer = entry_kind("initializer")
_regularizer = entry_kind("regularizer")
_constraint = entry_kind("constraint")
_policy = choice("float32", "bfloat16", "float16", "mixed_bfloat16", "mixed_float16", "float64")


def _by_ending(argument: str) -> Kind | None:
    """Arguments whose last word says what they are, wherever they stand."""
    endings = {"_initializer": _initializer, "_regularizer": _regularizer, "_constraint": _constraint}
    return next((kind for ending, kind in endings.items() if argument.endswith(ending)), None)


def _on_axes(axes: int) -> dict[str, Kind]:
    """Arguments of a layer that have one value for each axis of its input."""
    along = per_axis(whole(1), axes)
    around = whole(0) if axes == 1 else any_of(whole(0), list_of(any_of(whole(0), list_of(whole(0), 2)), axes))
    if axes == 1:
        around = any_of(whole(0), list_of(whole(0), 2))
    return {
        "kernel_size": along,
        "strides": along,
        "dilation_rate": along,
        "pool_size": along,
        "output_size": along,
        "size": along,
        "output_padding": per_axis(whole(0), axes),
        "cropping": around,
        "padding": around,  # of ZeroPadding; convolutions and pools take a word instead
    }


def _wrapped() -> Kind:
    """A layer inside another one, which a whole network cannot be."""
    layer = entry_kind("layer")

    def accept(value: Any, path: Path, problems: list[Problem]) -> Any:
        kept = layer.accept(value, path, problems)
        if isinstance(kept, Entry) and kept.name in BACKBONES:
            problems.append(Problem(path, f"{kept.name} is a whole network; write it as a layer of its own"))
        return kept

    return Kind(layer.words, accept, layer.schema)


_FAMILY: dict[str, dict[str, Kind]] = {
    "layer": {
        "activation": _activation,
        "recurrent_activation": _activation,
        "alpha": _positive,
        "axis": _axis,
        "bias_axes": text,
        "center": boolean,
        "data_format": choice("channels_last"),
        "depth_multiplier": whole(1),
        "dims": list_of(whole(1)),
        "dropout": _fraction,
        "dtype": _policy,
        "epsilon": _positive,
        "equation": text,
        "filters": _size,
        "go_backwards": boolean,
        "groups": whole(1),
        "interpolation": choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"),
        "keepdims": boolean,
        "l1": _not_negative,
        "l2": _not_negative,
        "layer": _wrapped(),
        "max_value": _not_negative,
        "merge_mode": choice("concat", "sum", "mul", "ave"),
        "minimalistic": boolean,
        "momentum": _fraction,
        "n": whole(1),
        "name": text,
        "negative_slope": _not_negative,
        "noise_shape": list_of(whole(1)),
        "output_shape": any_of(whole(1), list_of(whole(1))),
        "pooling": choice("avg", "max"),
        "power_iterations": whole(1),
        "rate": _rate,
        "recurrent_dropout": _fraction,
        "renorm": boolean,
        "renorm_momentum": _fraction,
        "reset_after": boolean,
        "return_sequences": boolean,
        "scale": boolean,
        "seed": whole(0),
        "shared_axes": list_of(whole(1)),
        "stddev": _not_negative,
        "synchronized": boolean,
        "target_shape": list_of(whole(-1)),
        "threshold": _not_negative,
        "trainable": boolean,
        "unit_forget_bias": boolean,
        "units": _size,
        "unroll": boolean,
        "use_bias": boolean,
        "use_cudnn": any_of(boolean, choice("auto")),
        "weights": backbone_weights,
    },
    "optimizer": {
        "learning_rate": any_of(_positive, entry_kind("schedule")),
        "adam_beta_1": _decay,
        "adam_beta_2": _decay,
        "adam_lr_ratio": _positive,
        "adam_weight_decay": _not_negative,
        "amsgrad": boolean,
        "beta": _not_negative,
        "beta_1": _decay,
        "beta_2": _decay,
        "beta_2_decay": number(),
        "centered": boolean,
        "clip_threshold": _positive,
        "clipnorm": _positive,
        "clipvalue": _positive,
        "global_clipnorm": _positive,
        "ema_momentum": _fraction,
        "ema_overwrite_frequency": whole(1),
        "epsilon": _positive,
        "epsilon_1": _positive,
        "epsilon_2": _positive,
        "exclude_embeddings": boolean,
        "exclude_layers": list_of(text),
        "gradient_accumulation_steps": whole(2),
        "initial_accumulator_value": _not_negative,
        "l1_regularization_strength": _not_negative,
        "l2_regularization_strength": _not_negative,
        "l2_shrinkage_regularization_strength": _not_negative,
        "learning_rate_power": number(),
        "loss_scale_factor": _positive,
        "momentum": _fraction,
        "muon_a": number(),
        "muon_b": number(),
        "muon_c": number(),
        "nesterov": boolean,
        "ns_steps": whole(1),
        "relative_step": boolean,
        "rho": _decay,
        "rms_rate": _positive,
        "use_ema": boolean,
        "warmup_steps": whole(0, words=("total_steps",)),
        "weight_decay": _not_negative,
    },
    "schedule": {
        "alpha": _not_negative,
        "boundaries": list_of(whole(1)),
        "cycle": boolean,
        "decay_rate": _positive,
        "decay_steps": _steps,
        "end_learning_rate": _not_negative,
        "first_decay_steps": _steps,
        "initial_learning_rate": _not_negative,
        "m_mul": _positive,
        "power": _positive,
        "staircase": boolean,
        "t_mul": _positive,
        "values": list_of(_not_negative),
        "warmup_steps": whole(0, words=("total_steps",)),
        "warmup_target": _positive,
    },
    "loss": {
        "alpha": _fraction,
        "apply_class_balancing": boolean,
        "axis": _axis,
        "beta": _fraction,
        "delta": _positive,
        "from_logits": boolean,
        "gamma": _not_negative,
        "ignore_class": whole(0),
        "label_smoothing": _fraction,
        "margin": number(),
        "q": _fraction,
        "remove_diagonal": boolean,
    },
    "metric": {
        "average": choice("micro", "macro", "weighted"),
        "axis": _axis,
        "beta": _positive,
        "class_aggregation": choice("uniform_average", "variance_weighted_average"),
        "class_id": whole(0),
        "curve": choice("ROC", "PR"),
        "from_logits": boolean,
        "from_sorted_ids": boolean,
        "ignore_class": whole(0),
        "k": whole(1),
        "label_smoothing": _fraction,
        "label_weights": list_of(_not_negative),
        "multi_label": boolean,
        "name": text,
        "num_classes": _size,
        "num_labels": _size,
        "num_regressors": whole(0),
        "num_thresholds": whole(2),
        "precision": _fraction,
        "recall": _fraction,
        "sensitivity": _fraction,
        "sparse_y_pred": boolean,
        "specificity": _fraction,
        "summation_method": choice("interpolation", "majoring", "minoring"),
        "target_class_ids": list_of(whole(0)),
        "threshold": _fraction,
        "thresholds": _thresholds,
        "top_k": whole(1),
    },
    "callback": {
        "baseline": number(),
        "cooldown": whole(0),
        "factor": number(0, 1, above=True, below=True),
        "min_delta": _not_negative,
        "min_lr": _not_negative,
        "mode": choice("auto", "min", "max"),
        "monitor": text,
        "patience": whole(0),
        "raise_error": boolean,
        "restore_best_weights": boolean,
        "start_from_epoch": whole(0),
        "swap_on_epoch": boolean,
    },
    "initializer": {
        "distribution": choice("truncated_normal", "untruncated_normal", "normal", "uniform"),
        "gain": number(),
        "maxval": number(),
        "mean": number(),
        "minval": number(),
        "mode": choice("fan_in", "fan_out", "fan_avg"),
        "scale": _positive,
        "seed": whole(0),
        "stddev": _not_negative,
        "value": number(),
    },
    "regularizer": {
        "factor": _not_negative,
        "l1": _not_negative,
        "l2": _not_negative,
        "mode": choice("rows", "columns"),
    },
    "constraint": {
        "axis": _axis,
        "max_value": _not_negative,
        "min_value": _not_negative,
        "rate": _fraction,
    },
}

_CLASS: dict[tuple[str, str], Kind] = {
    ("BatchNormalization", "axis"): whole(),
    ("Concatenate", "axis"): whole(),
    ("GroupNormalization", "groups"): whole(-1),
    ("RepeatVector", "n"): whole(1),
    ("LSTM", "dropout"): _rate,
    ("Activation", "activation"): _activation,
    ("Conv1D", "padding"): choice("valid", "same", "causal"),
    ("RMSprop", "rho"): _decay,
}

_WORD_PADDING = choice("valid", "same")


def kind_for(family: str, name: str, argument: str) -> Kind:
    """What an argument of a class may be.

    Args:
        family: such as `layer`.
        name: the class, such as `Conv2D`.
        argument: one of the class' arguments.

    Raises:
        KeyError: the catalogue has no word on this argument. The tests see to it that there is none such.
    """
    if family == "augmentation":
        return augmentation_kind(name, argument)
    if family == "layer" and own_layer(name):
        return _of_a_package(name, argument)
    if (name, argument) in _CLASS:
        return _CLASS[name, argument]
    if family == "layer":
        if argument == "padding" and not name.startswith("ZeroPadding"):
            return _WORD_PADDING
        axes = next((int(digit) for digit in "123" if f"{digit}D" in name), 0)
        if axes and argument in (table := _on_axes(axes)):
            return table[argument]
    return _by_ending(argument) or _FAMILY[family][argument]


_SIZES = ("filters", "units")
_EVERYWHERE = ("dtype", "name", "trainable")


def _of_a_package(name: str, argument: str) -> Kind:
    """What an argument of a package's layer may be: what it always is where its name says so, else what it says."""
    if kind := _by_ending(argument):
        return kind
    if argument == "activation" or argument.endswith("_activation"):
        return _activation
    if argument in (*_SIZES, *_EVERYWHERE):
        return _FAMILY["layer"][argument]
    return kind_by_source(signature("layer", name)[argument])
