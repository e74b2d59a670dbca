"""What each argument of each layer may be: the same wherever it appears, but for a few that differ with the layer."""

from __future__ import annotations

from typing import Any

from cnncli.catalog.annotations import kind_by_source
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.entries import Entry, entry_kind
from cnncli.catalog.packages import plugin_layer
from cnncli.catalog.source import signature
from cnncli.catalog.validators import (
    Validator,
    any_of,
    axis,
    below_one,
    boolean,
    choice,
    fraction,
    list_of,
    not_negative,
    per_axis,
    positive,
    text,
    whole,
)
from cnncli.catalog.weights import backbone_weights
from cnncli.errors import KeyPath, Problem

_size = whole(1, words=("classes",))
_activation = entry_kind("activation")
_policy = choice("float32", "mixed_bfloat16", "mixed_float16", "float64")
_ENDINGS = {
    "_activation": _activation,
    "_constraint": entry_kind("constraint"),
    "_initializer": entry_kind("initializer"),
    "_regularizer": entry_kind("regularizer"),
}


def layer_argument(name: str, argument: str) -> Validator:
    """What an argument of a layer may be.

    Args:
        name: the class, such as `Conv2D`, or the layer of a package.
        argument: one of its arguments.

    Raises:
        KeyError: the catalogue has no word on this argument.
    """
    if plugin_layer(name):
        return _of_a_package(name, argument)
    if (name, argument) in _CLASS:
        return _CLASS[name, argument]
    if argument == "padding" and not name.startswith("ZeroPadding"):
        return _WORD_PADDING
    axes = next((int(digit) for digit in "123" if f"{digit}D" in name), 0)
    if axes and argument in (along := _on_axes(axes)):
        return along[argument]
    return _by_ending(argument) or _EVERY[argument]


def _of_a_package(name: str, argument: str) -> Validator:
    """What an argument of a package's layer may be: what it always is where its name says so, else what it says."""
    if argument in _KNOWN_ANYWHERE:
        return _EVERY[argument]
    return _by_ending(argument) or kind_by_source(signature("layer", name)[argument])


def _by_ending(argument: str) -> Validator | None:
    """Arguments whose last word says what they are, wherever they stand."""
    return next((kind for ending, kind in _ENDINGS.items() if argument.endswith(ending)), None)


def _on_axes(axes: int) -> dict[str, Validator]:
    """Arguments of a layer that have one value for each axis of its input."""
    along = per_axis(whole(1), axes)
    both_ends = any_of(whole(0), list_of(whole(0), 2))
    around = both_ends if axes == 1 else any_of(whole(0), list_of(both_ends, axes))
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


def _wrapped() -> Validator:
    """A layer inside another one, which a whole network cannot be."""
    layer = entry_kind("layer")

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        kept = layer.accept(value, path, problems)
        if isinstance(kept, Entry) and kept.name in BACKBONES:
            problems.append(Problem(path, f"{kept.name} is a whole network; write it as a layer of its own"))
        return kept

    return Validator(layer.description, accept, layer.schema)


_EVERY: dict[str, Validator] = {
    "activation": _activation,
    "alpha": positive,
    "axis": axis,
    "bias_axes": text,
    "center": boolean,
    "data_format": choice("channels_last"),
    "depth_multiplier": whole(1),
    "dims": list_of(whole(1)),
    "dropout": fraction,
    "dtype": _policy,
    "epsilon": positive,
    "equation": text,
    "filters": _size,
    "go_backwards": boolean,
    "groups": whole(1),
    "interpolation": choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"),
    "keepdims": boolean,
    "l1": not_negative,
    "l2": not_negative,
    "layer": _wrapped(),
    "max_value": not_negative,
    "merge_mode": choice("concat", "sum", "mul", "ave"),
    "minimalistic": boolean,
    "momentum": fraction,
    "n": whole(1),
    "name": text,
    "negative_slope": not_negative,
    "noise_shape": list_of(whole(1)),
    "output_shape": any_of(whole(1), list_of(whole(1))),
    "pooling": choice("avg", "max"),
    "power_iterations": whole(1),
    "rate": below_one,
    "recurrent_dropout": fraction,
    "renorm": boolean,
    "renorm_momentum": fraction,
    "reset_after": boolean,
    "return_sequences": boolean,
    "scale": boolean,
    "seed": whole(0),
    "shared_axes": list_of(whole(1)),
    "stddev": not_negative,
    "synchronized": boolean,
    "target_shape": list_of(whole(-1)),
    "threshold": not_negative,
    "trainable": boolean,
    "unit_forget_bias": boolean,
    "units": _size,
    "unroll": boolean,
    "use_bias": boolean,
    "use_cudnn": any_of(boolean, choice("auto")),
    "weights": backbone_weights,
}

_KNOWN_ANYWHERE = ("activation", "dtype", "filters", "name", "trainable", "units")

_CLASS: dict[tuple[str, str], Validator] = {
    ("BatchNormalization", "axis"): whole(),
    ("Concatenate", "axis"): whole(),
    ("GroupNormalization", "groups"): whole(-1),
    ("LSTM", "dropout"): below_one,
    ("Conv1D", "padding"): choice("valid", "same", "causal"),
}

_WORD_PADDING = choice("valid", "same")
