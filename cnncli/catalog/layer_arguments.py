"""What each argument of each layer may be: the same wherever it appears, but for a few that differ with the layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.packages import plugin_layer
from cnncli.catalog.source import signature, validator_by_source
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
_policy = choice("float32", "mixed_bfloat16", "mixed_float16", "float64")
_OBJECTS = ("activation", "constraint", "initializer", "regularizer")
_per_axis = per_axis(whole(1), 2)
_around = any_of(whole(0), list_of(any_of(whole(0), list_of(whole(0), 2)), 2))


_EVERY: dict[str, Validator] = {
    "cropping": _around,
    "dilation_rate": _per_axis,
    "kernel_size": _per_axis,
    "output_padding": per_axis(whole(0), 2),
    "output_size": _per_axis,
    "padding": _around,  # of ZeroPadding2D; convolutions and pools take a word instead
    "pool_size": _per_axis,
    "size": _per_axis,
    "strides": _per_axis,
    "alpha": positive,
    "axis": axis,
    "center": boolean,
    "data_format": choice("channels_last"),
    "depth_multiplier": whole(1),
    "dims": list_of(whole(1)),
    "dtype": _policy,
    "epsilon": positive,
    "filters": _size,
    "groups": whole(1),
    "interpolation": choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"),
    "keepdims": boolean,
    "l1": not_negative,
    "l2": not_negative,
    "max_value": not_negative,
    "minimalistic": boolean,
    "momentum": fraction,
    "name": text,
    "negative_slope": not_negative,
    "noise_shape": list_of(whole(1)),
    "pooling": choice("avg", "max"),
    "power_iterations": whole(1),
    "rate": below_one,
    "renorm": boolean,
    "renorm_momentum": fraction,
    "scale": boolean,
    "seed": whole(0),
    "shared_axes": list_of(whole(1)),
    "stddev": not_negative,
    "synchronized": boolean,
    "target_shape": list_of(whole(-1)),
    "threshold": not_negative,
    "trainable": boolean,
    "units": _size,
    "use_bias": boolean,
    "weights": backbone_weights,
}

_KNOWN_ANYWHERE = ("dtype", "filters", "name", "trainable", "units")

_CLASS: dict[tuple[str, str], Validator] = {
    ("BatchNormalization", "axis"): whole(),
    ("Concatenate", "axis"): whole(),
    ("GroupNormalization", "groups"): whole(-1),
}

_WORD_PADDING = choice("valid", "same")


def _wrapped(layer: Validator) -> Validator:
    """A layer inside another one, such as SpectralNormalization; a whole network cannot be one."""

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        entry = layer.accept(value, path, problems)
        if getattr(entry, "name", None) in BACKBONES:
            problems.append(Problem(path, f"{entry.name} is a whole network; write it as a layer of its own"))
        return entry

    return Validator(layer.description, accept, layer.schema)


class LayerArguments:
    """The validators of the arguments of layers.

    Args:
        entry: Gives the validator of an argument that is itself an object of a family, such as an activation.
    """

    def __init__(self, entry: Callable[[str], Validator]) -> None:
        self._objects = {family: entry(family) for family in _OBJECTS} | {"layer": _wrapped(entry("layer"))}

    def of(self, name: str, argument: str) -> Validator:
        """What an argument of a layer may be.

        Args:
            name: The class, such as `Conv2D`, or the layer of a package.
            argument: One of its arguments.

        Raises:
            KeyError: The tables lack this argument.
        """
        named = self._by_name(argument)
        if plugin_layer(name):
            known = _EVERY[argument] if argument in _KNOWN_ANYWHERE else named
            return known or validator_by_source(signature("layer", name)[argument])
        if argument == "padding" and not name.startswith("ZeroPadding"):
            return _WORD_PADDING
        return _CLASS.get((name, argument)) or named or _EVERY[argument]

    def _by_name(self, argument: str) -> Validator | None:
        """The validator of an argument whose last word is a family: `activation`, `recurrent_activation`."""
        family = argument.rpartition("_")[2]
        return self._objects.get(family)
