"""Weights that a model begins with: of an earlier run, of a file, of ImageNet.

Files may come from anybody: what they contain is checked before a number is read, and only numbers are read.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.entries import Entry
from cnncli.catalog.weights import IMAGENET
from cnncli.errors import CnncliError, DataError
from cnncli.factory.archives import weights_in
from cnncli.factory.backbones import DEVIATION, network
from cnncli.factory.hdf5 import Array, Refused, contents_of
from cnncli.factory.weights import load_weights, weights_file
from cnncli.records import LoadedLayer
from cnncli.wording import dimensions

if TYPE_CHECKING:
    import keras

Fetch = Callable[[str, str, str], Path]
"""Gives the file for a name, a URL and a hash, which may be empty."""

_FORMAT = "weights are saved by 'model.save_weights(\"my.weights.h5\")' in Keras 3, and by every run"
_LAYERS = "layers/"
_MOST_NAMES = 6


class _Part(NamedTuple):
    """A layer or a network in a file of weights: the place of its group, and the shapes of its arrays by path below."""

    place: str
    shapes: Mapping[str, tuple[int, ...]]


def load_layers(
    model: keras.Model, path: Path, others: Collection[str] = ()
) -> tuple[tuple[LoadedLayer, ...], tuple[str, ...]]:
    """Loads every layer that a file has under the same name and in the same shape.

    Args:
        model: Built model; a network inside it counts as one layer.
        path: File of weights of another model, or that model.
        others: Layers whose outputs are other classes there; they are not loaded.

    Returns:
        Each layer that has parameters, loaded or not, and the names of the layers in the file that are not used.

    Raises:
        DataError: It is not a file of weights, or no layer of it fits.
    """
    with weights_in(path) as file, weights_file(model) as own:
        stored, own_parts = _named_parts(file), _named_parts(own)
        parts = {layer.name: own_parts[layer.name] for layer in model.layers if layer.name in own_parts}
        layers = tuple(_compared(name, part, stored.get(name), name in others) for name, part in parts.items())
        fits = {layer.name for layer in layers if not layer.why}
        if not fits:
            raise _nothing_fits(file, layers, stored)
        _copy(file, own, [(stored[name], parts[name]) for name in parts if name in fits])
        load_weights(model, own)
    return layers, tuple(name for name in stored if name not in parts)


def _nothing_fits(path: Path, layers: Sequence[LoadedLayer], stored: Collection[str]) -> DataError:
    reasons = ", ".join(f"{layer.name}: {layer.why}" for layer in layers[:_MOST_NAMES])
    message = f"no layer of this model is in '{path}' with the same name and shape"
    return DataError(message, f"{reasons}; there is {', '.join([*stored][:_MOST_NAMES])}")


def _compared(name: str, own: _Part, stored: _Part | None, other_classes: bool) -> LoadedLayer:
    parameters = sum(map(prod, own.shapes.values()))
    if stored is None:
        return LoadedLayer(name, parameters, "there is no layer of this name")
    if own.shapes.keys() != stored.shapes.keys():
        return LoadedLayer(name, parameters, "layer type differs")
    for array, shape in own.shapes.items():
        if stored.shapes[array] != shape:
            return LoadedLayer(name, parameters, f"it is {dimensions(shape)}, there {dimensions(stored.shapes[array])}")
    return LoadedLayer(name, parameters, "its outputs are other classes there" * other_classes)


def load_backbone(model: keras.Model, name: str, entry: Entry, path: Path) -> LoadedLayer:
    """Loads a whole backbone, from a file of its own weights or of those of a model that it is part of.

    The file is as Keras 3 saves weights and models, or has the older layout of `keras.applications`.

    Raises:
        DataError: It is not a file of weights, or has those of another network.
    """
    backbone = model.get_layer(name)
    with weights_in(path) as file:
        contents = _contents(file)
        if any(place.startswith(_LAYERS) for place in contents):
            _load_network(backbone, entry, file, contents)
        else:
            _load_in_order(backbone, entry, file)
    _fix_statistics(entry, backbone, of_imagenet=False)
    return LoadedLayer(name, backbone.count_params())


def _load_in_order(backbone: keras.Model, entry: Entry, path: Path) -> None:
    """Loads one network in the layout of Keras 2 and of `keras.applications`, by the order of its layers."""
    try:
        backbone.load_weights(path)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        message = f"'{path}' does not hold the weights of {entry.name} without its head: {reason}"
        hint = "save a whole model of the .h5 format again: keras.models.load_model('my.h5').save('my.keras')"
        raise DataError(message, f"{_FORMAT}\n{hint}") from error
    for array in backbone.get_weights():
        _require_finite(array, path)


def _load_network(backbone: keras.Model, entry: Entry, path: Path, contents: Mapping[str, Array]) -> None:
    with weights_file(backbone) as own:
        target = _part(_contents(own))
        part = next((part for part in _networks(contents) if part.shapes.items() >= target.shapes.items()), None)
        if part is None:
            raise DataError(f"'{path}' does not hold the weights of {entry.name} as it is in this model", _FORMAT)
        _copy(path, own, [(part, target)])
        load_weights(backbone, own)


def load_imagenet(model: keras.Model, name: str, entry: Entry, fetch: Fetch) -> LoadedLayer:
    """Loads the weights that `keras.applications` has for a backbone: Keras builds it with them, but does not download.

    Raises:
        DataError: They cannot be downloaded, or are damaged.
    """
    backbone = model.get_layer(name)
    size = BACKBONES[entry.name].size
    by_size = entry.name in ("MobileNet", "MobileNetV2")  # only their file depends on the size of the images
    input_shape = tuple(backbone.input_shape[1:]) if by_size else (size, size, 3)
    files: list[Path] = []
    try:
        with _fetching(fetch, files), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the images are of another size
            trained = network(entry, input_shape, weights=IMAGENET)
    except CnncliError:
        raise
    except Exception as error:
        what = f"'{files[-1]}'" if files else "what Keras has"
        hint = f"delete '{files[-1]}', and it is downloaded again" if files else ""
        reason = " ".join(str(error).split())
        raise DataError(f"{what} is not the ImageNet weights of {entry.name}: {reason}", hint) from error
    _fix_statistics(entry, trained, of_imagenet=True)
    with weights_file(trained) as path:
        load_weights(backbone, path)
    return LoadedLayer(name, backbone.count_params())


@contextlib.contextmanager
def _fetching(fetch: Fetch, files: list[Path]) -> Iterator[None]:
    """Inside, Keras gets files from `fetch`: its own way shows a bar, never gives up, and trusts what is in /tmp."""
    from cnncli.startup import keras

    def get_file(fname: str, origin: str, file_hash: str | None = None, **more: Any) -> str:
        files.append(fetch(fname, origin, file_hash or ""))
        return str(files[-1])

    home: Any = sys.modules[keras.utils.get_file.__module__]  # where every network looks it up
    before = home.get_file
    home.get_file = get_file
    try:
        yield
    finally:
        home.get_file = before


def _fix_statistics(entry: Entry, backbone: keras.Model, of_imagenet: bool) -> None:
    """Squares the deviation that the ImageNet weights of EfficientNetB0 to B7 have in place of the variance.

    Keras corrects it with one more layer, which it builds for these weights alone.
    """
    from cnncli.startup import keras

    if not entry.name.startswith("EfficientNetB"):
        return
    layer = next(layer for layer in backbone.layers if isinstance(layer, keras.layers.Normalization))
    if of_imagenet or np.allclose(layer.adapt_variance, DEVIATION, atol=1e-3):
        layer.adapt_variance.assign(layer.adapt_variance * np.array(DEVIATION, np.float32))
        layer.finalize_state()


def _contents(path: Path) -> Mapping[str, Array]:
    """Every array of a file by its place, except what is not weights: states of random generators, counts."""
    try:
        contents = contents_of(path.resolve())
    except Refused as reason:
        raise DataError(f"'{path}' {reason}", _FORMAT) from reason
    return {place: array for place, array in contents.items() if array.dtype.startswith(("float", "bfloat"))}


def _part(contents: Mapping[str, Array], place: str = "") -> _Part:
    shapes = {key.removeprefix(place): array.shape for key, array in contents.items() if key.startswith(place)}
    return _Part(place, shapes)


def _named_parts(path: Path) -> dict[str, _Part]:
    """The layers of the outermost model in a file, by their names."""
    contents = _contents(path)
    places = sorted({f"{_LAYERS}{key.split('/')[1]}/" for key in contents if key.startswith(_LAYERS)})
    if not places:
        raise DataError(f"'{path}' does not contain named layers", _FORMAT)
    with h5py.File(path.resolve(), "r") as file:
        return {_name_at(file, place): _part(contents, place) for place in places}


def _name_at(file: h5py.File, place: str) -> str:
    """The name that Keras writes beside the arrays of a layer, else that of its group."""
    try:
        name = file[f"{place}vars"].attrs["name"]
    except (KeyError, OSError, TypeError):
        name = None
    return name if isinstance(name, str) else place.removeprefix(_LAYERS).rstrip("/")


def _networks(contents: Mapping[str, Array]) -> Iterator[_Part]:
    """All of a file, and each model that is a layer in it."""
    yield _part(contents)
    inside = {tuple(key.split("/")[:2]) for key in contents if key.split("/")[2:3] == ["layers"]}
    for first, second in sorted(inside):
        yield _part(contents, f"{first}/{second}/")


def _copy(source: Path, target: Path, parts: list[tuple[_Part, _Part]]) -> None:
    """Copies the arrays of parts of a file, which must be finite, to another file."""
    with h5py.File(source.resolve(), "r") as read, h5py.File(target, "r+") as written:
        for there, here in parts:
            for array in here.shapes:
                values = read[there.place + array][...]
                _require_finite(values, source)
                written[here.place + array][...] = values


def _require_finite(values: Any, path: Path) -> None:
    if not np.isfinite(values).all():
        raise DataError(f"'{path}' contains weights that are not finite numbers")
