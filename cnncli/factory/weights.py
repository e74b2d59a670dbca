"""The weights of a model in a file: of its layers alone, without the optimizer's memory that trebles it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.errors import RunError

if TYPE_CHECKING:
    import keras


def save_weights(model: keras.Model, path: Path) -> None:
    """Writes the weights of every layer, by the layers' names."""
    _layers_of(model).save_weights(path)


def load_weights(model: keras.Model, path: Path) -> None:
    """Loads weights into a model that was built from the run's own spec.

    Keras alone would leave out without a word what a smaller model has no layer for, so what the file holds is first
    held against what this model would write.

    Raises:
        RunError: the file is missing, or not of this model.
    """
    if not path.is_file():
        raise RunError(f"the run has no weights: '{path}' is missing", "a run has weights after its first epoch")
    layers = _layers_of(model)
    try:
        stored, own = _shapes(path), _shapes_of(layers)
        if stored != own:
            raise RunError(f"'{path}' does not hold the weights of this run's model: {_difference(stored, own)}")
        layers.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"'{path}' does not hold the weights of this run's model: {reason}") from error


def _layers_of(model: keras.Model) -> keras.Model:
    """The same layers as a model that was never compiled, and so has no optimizer to save."""
    import keras

    return keras.Model(model.inputs, model.outputs)


def _shapes_of(layers: keras.Model) -> dict[str, tuple[int, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.weights.h5"
        layers.save_weights(path)
        return _shapes(path)


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Every array of a file with its shape; links out of the file are not followed."""
    import h5py

    found: dict[str, tuple[int, ...]] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = tuple(item.shape)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def _difference(stored: dict[str, tuple[int, ...]], own: dict[str, tuple[int, ...]]) -> str:
    for name in sorted(stored.keys() | own.keys()):
        place = name.removeprefix("layers/").replace("/vars/", " array ")
        if name not in stored:
            return f"it has no {place}"
        if name not in own:
            return f"the model has no {place}"
        if stored[name] != own[name]:
            return f"{place} has the shape {stored[name]}, the model's has {own[name]}"
    return "no difference"
