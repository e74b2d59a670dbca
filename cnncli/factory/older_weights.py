"""Weights in the form that Keras had before its third version, and has still in files of `.h5`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from cnncli.catalog.entries import Entry
from cnncli.errors import DataError
from cnncli.factory.hdf5 import FORMAT, Array, finite

if TYPE_CHECKING:
    import keras


def load_older(backbone: keras.Model, entry: Entry, path: Path, contents: Mapping[str, Array]) -> None:
    """Loads a whole backbone, from a file of its own weights or of a model that it is part of.

    Args:
        backbone: built.
        entry: of the backbone.
        path: of the weights.
        contents: the arrays of the file, by their places in it.

    Raises:
        DataError: the file holds other weights.
    """
    if inside := _inside_model(backbone, contents):
        _load_by_name(inside, path)
    else:
        _load_in_order(backbone, entry, path)


def _inside_model(backbone: keras.Model, contents: Mapping[str, Array]) -> dict[str, Any]:
    """The weights of a backbone by their places in a whole model; empty when it is not in there.

    Their order is of no use: weights that were frozen when the model was saved come last.
    """
    weights = {f"{layer.name}/{weight.name}": weight for layer in backbone.layers for weight in layer.weights}
    wanted = {_same_in_all(name): tuple(weight.shape) for name, weight in weights.items()}
    for model in sorted({found[0] for place in contents if (found := _LAYER.match(place))}):
        below = {_same_in_all(place.removeprefix(model)): place for place in contents if place.startswith(model)}
        if all(name in below and contents[below[name]].shape == shape for name, shape in wanted.items()):
            return {below[_same_in_all(name)]: weight for name, weight in weights.items()}
    return {}


_LAYER = re.compile(r"(model_weights/)?[^/]+/")


def _same_in_all(name: str) -> str:
    """A weight as all versions of Keras would call it: `Conv1/kernel:0` was the name of `Conv1/kernel`."""
    return name.removesuffix(":0").replace("/depthwise_kernel", "/kernel")


def _load_by_name(weights: Mapping[str, Any], path: Path) -> None:
    """Gives weights the numbers at their places in a file."""
    with h5py.File(path.resolve(), "r") as file:
        values = [finite(file[place][...], path) for place in weights]
    for weight, value in zip(weights.values(), values, strict=True):
        weight.assign(value)


def _load_in_order(backbone: keras.Model, entry: Entry, path: Path) -> None:
    """Reads a file of the backbone alone, in which layers are known by their order."""
    try:
        backbone.load_weights(path)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        message = f"'{path}' does not hold the weights of {entry.name} without its head: {reason}"
        raise DataError(message, FORMAT) from error
    for array in backbone.get_weights():
        finite(array, path)
