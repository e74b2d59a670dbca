"""Weights in the form that Keras had before its third version, and has still in files of `.h5`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import h5py

from cnncli.catalog.entries import Entry
from cnncli.errors import DataError
from cnncli.factory.backbones import take_statistics
from cnncli.factory.hdf5 import FORMAT, Array, finite

if TYPE_CHECKING:
    import keras

T = TypeVar("T")


def load_legacy_h5(backbone: keras.Model, entry: Entry, path: Path, contents: Mapping[str, Array]) -> None:
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
        _load_by_name(backbone, inside, path)
    else:
        _load_in_order(backbone, entry, path)


def _inside_model(backbone: keras.Model, contents: Mapping[str, Array]) -> dict[str, Any]:
    """The weights of a backbone by their places in a whole model; empty when it is not in there.

    Their order is of no use: weights that were frozen when the model was saved come last.
    """
    weights = _same_in_all({weight.path: weight for weight in backbone.weights if weight.dtype.startswith("float")})
    for model in _models(contents):
        places = _same_in_all(model)
        if all(name in places and contents[places[name]].shape == weights[name].shape for name in weights):
            return {places[name]: weight for name, weight in weights.items()}
    return {}


def _models(contents: Mapping[str, Array]) -> Iterator[Mapping[str, str]]:
    """Places by names such as `Conv1/kernel`: of each layer, which may be a model, and of all layers."""
    inside: dict[str, dict[str, str]] = {}
    around: dict[str, str] = {}
    for place in contents:
        if found := _PLACE.fullmatch(place):
            inside.setdefault(found["layer"], {})[found["weight"]] = around[found["weight"]] = place
    yield from inside.values()
    yield around


_PLACE = re.compile(r"(?:model_weights/)?(?P<layer>[^/]+)/(?P<weight>[^/]+(?:/[^/]+){0,8})")


def _same_in_all(weights: Mapping[str, T]) -> dict[str, T]:
    """Weights by what all versions of Keras and all processes would call them.

    `Conv1/kernel:0` was the name of `Conv1/kernel`, and what Keras numbers begins with 0 here: where there are
    `conv2d_94/kernel` and `conv2d_95/kernel`, those are `conv2d 0/kernel 0` and `conv2d 1/kernel 0`.
    """
    numbers: dict[tuple[str, str], set[int]] = {}
    steps: dict[str, list[tuple[str, str, int]]] = {}
    for name in weights:
        parts = name.removesuffix(":0").replace("/depthwise_kernel", "/kernel").split("/")
        steps[name] = [("/".join(parts[:at]), *_numbered(part)) for at, part in enumerate(parts)]
        for above, kind, number in steps[name]:
            numbers.setdefault((above, kind), set()).add(number)
    ranks = {place: {number: rank for rank, number in enumerate(sorted(found))} for place, found in numbers.items()}
    return {
        "/".join(f"{kind} {ranks[above, kind][number]}" for above, kind, number in steps[name]): weight
        for name, weight in weights.items()
    }


def _numbered(name: str) -> tuple[str, int]:
    """The kind and number of what Keras has given a name: `conv2d_94` is number 94, `conv2d` number 0."""
    kind, _, number = name.rpartition("_")
    return (kind, int(number)) if number.isdecimal() else (name, 0)


def _load_by_name(backbone: keras.Model, weights: Mapping[str, Any], path: Path) -> None:
    """Gives weights the numbers at their places in a file."""
    with h5py.File(path.resolve(), "r") as file:
        values = [finite(file[place][...], path) for place in weights]
    for weight, value in zip(weights.values(), values, strict=True):
        weight.assign(value)
    take_statistics(backbone)


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
