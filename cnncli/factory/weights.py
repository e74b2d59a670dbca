"""The weights of a model in a file: those of its layers, without the state of the optimizer."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from cnncli.errors import RunError
from cnncli.factory.hdf5 import Array, Refused, contents_of
from cnncli.temporary import temporary_folder

if TYPE_CHECKING:
    import keras


def save_weights(model: keras.Model, path: Path) -> None:
    """Writes the weights of every layer, by the layers' names.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    layers = _layers_of(model)
    numbers = sum(weight.numpy().nbytes for weight in layers.weights)
    _require_room(path, numbers + _BYTES_OF_A_NAME * (len(layers.layers) + len(layers.weights)))
    layers.save_weights(path)


def digest_of(model: keras.Model) -> bytes:
    """A hash of all numbers that `save_weights` writes."""
    numbers = hashlib.sha256()
    for weight in model.weights:
        numbers.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return numbers.digest()


_BYTES_OF_A_NAME = 1 << 14
"""More than HDF5 takes to say what a layer or an array is called."""


def _require_room(path: Path, size: int) -> None:
    """Finds a full disk before HDF5 does, which would crash the whole process when it ends."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        elif shutil.disk_usage(path.parent).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    path.unlink()


def load_weights(model: keras.Model, path: Path) -> None:
    """Replaces the weights of a model that was built from the run's own spec by those of a file.

    The file may come from anybody, and Keras trusts what it reads: it would follow links to other files, fill the
    memory with an array that a few bytes declare, and silently skip what the model has no layer for. So Keras only
    reads a file of plain arrays with the names, shapes and types that this very model would write.

    Raises:
        RunError: The file is missing, damaged, not of this model, or not what `save_weights` writes.
    """
    if not path.is_symlink() and not path.exists():
        raise RunError(f"the run has no weights: '{path}' is missing", "a run has weights after its first epoch")
    try:
        stored = contents_of(path)
    except Refused as reason:
        raise RunError(f"'{path}' {reason}") from reason
    with weights_file(model) as written:  # only Keras decides how it names the arrays
        own = contents_of(written)
    if stored != own:
        raise RunError(f"'{path}' does not hold the weights of this run's model: {_difference(stored, own)}")
    layers = _layers_of(model)
    try:
        layers.load_weights(path)
    except Exception as error:  # no such file is known; whatever gets here is the file's fault
        raise RunError(f"'{path}' is damaged: its numbers cannot be read") from error
    if not all(np.isfinite(array).all() for array in layers.get_weights()):
        raise RunError(
            f"'{path}' contains weights that are not finite numbers", "the training diverged, or it is damaged"
        )


def _layers_of(model: keras.Model) -> keras.Model:
    """The same layers as a model that was never compiled, and so has no optimizer to save."""
    from cnncli.startup import keras

    if model not in _layers:
        _layers[model] = keras.Model(model.inputs, model.outputs, name="layers")  # Keras would count it, and write that
    return _layers[model]


_layers = WeakKeyDictionary[Any, Any]()
"""What was made of models, which takes longer than to write the weights of a small one."""


@contextlib.contextmanager
def weights_file(model: keras.Model) -> Iterator[Path]:
    """A temporary file of the model's weights, with every array in the place that Keras has for it."""
    with temporary_folder() as folder:
        path = folder / "own.weights.h5"
        save_weights(model, path)
        yield path


def _difference(stored: Mapping[str, Array], own: Mapping[str, Array]) -> str:
    for name in sorted(stored.keys() | own.keys()):
        place = name.removeprefix("layers/").replace("/vars/", " array ")
        if name not in stored:
            return f"it has no {place}"
        if name not in own:
            return f"the model has no {place}"
        if stored[name].shape != own[name].shape:
            return f"{place} has the shape {stored[name].shape}, the model's has {own[name].shape}"
        if stored[name].dtype != own[name].dtype:
            return f"{place} is of {stored[name].dtype}, the model's of {own[name].dtype}"
    return "no difference"
