"""The weights of a model in a file: of its layers alone, without the optimizer's memory that trebles it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.errors import RunError

if TYPE_CHECKING:
    import keras


def save_weights(model: keras.Model, path: Path) -> None:
    """Writes the weights of every layer, by the layers' names."""
    _layers_of(model).save_weights(path)


def load_weights(model: keras.Model, path: Path) -> None:
    """Loads weights into a model that was built from the run's own spec.

    Raises:
        RunError: the file is missing, or not of this model.
    """
    if not path.is_file():
        raise RunError(f"the run has no weights: '{path}' is missing", "a run has weights after its first epoch")
    try:
        _layers_of(model).load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"'{path}' does not hold the weights of this run's model: {reason}") from error


def _layers_of(model: keras.Model) -> keras.Model:
    """The same layers as a model that was never compiled, and so has no optimizer to save."""
    import keras

    return keras.Model(model.inputs, model.outputs)
