"""The Keras callbacks of a training, and what a resumed training must restore of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.errors import RunError
from cnncli.factory.training import build_callbacks
from cnncli.startup import keras

STATE: Mapping[str, tuple[str, ...]] = {
    "EarlyStopping": ("wait", "stopped_epoch", "best", "best_epoch"),
    "ReduceLROnPlateau": ("wait", "cooldown_counter", "best"),
    "TerminateOnNaN": (),
}
"""The attributes of each callback that change while it trains, all numbers; `EarlyStopping` also keeps weights."""


class PhaseCallbacks:
    """The callbacks of one phase, started on a compiled model; a SpecError if Keras refuses one of them.

    `SwapEMAWeights` is left out: where an optimizer averages weights, the average is evaluated and saved anyway, and
    the callback would add a rounding error to the weights that are trained on.
    """

    def __init__(self, entries: Sequence[Entry], metrics: Sequence[Entry], model: keras.Model) -> None:
        self._model = model
        self._callbacks = build_callbacks([entry for entry in entries if entry.name != "SwapEMAWeights"], metrics)
        self._list = keras.callbacks.CallbackList(self._callbacks, model=model)
        model.stop_training = False
        self._list.on_train_begin()

    def end_epoch(self, index: int, metrics: Mapping[str, float]) -> bool:
        """Whether a callback ends the phase after this epoch, which is counted from 0."""
        self._list.on_epoch_end(index, dict(metrics))
        return bool(self._model.stop_training)

    def end(self) -> None:
        """Ends the phase; a callback may put its best weights into the model."""
        self._list.on_train_end()

    def numbers(self) -> tuple[dict[str, Any], ...]:
        """The changing attributes of each callback, as JSON takes them."""
        return tuple(
            {"name": _name(callback), **{key: _plain(getattr(callback, key)) for key in STATE[_name(callback)]}}
            for callback in self._callbacks
        )

    def weights(self) -> dict[str, np.ndarray]:
        """The weights that callbacks keep, by name."""
        return self._by_name(lambda callback: getattr(callback, "best_weights", None) or ())

    def possible_weights(self) -> dict[str, np.ndarray]:
        """Arrays of the names, shapes and types of those that `weights` may give at some time."""
        weights = self._model.get_weights()
        return self._by_name(lambda callback: weights if hasattr(callback, "best_weights") else ())

    def _by_name(self, weights_of: Callable[[Any], Sequence[np.ndarray]]) -> dict[str, np.ndarray]:
        return {
            f"callbacks/{place}/{number:04}": weight
            for place, callback in enumerate(self._callbacks)
            for number, weight in enumerate(weights_of(callback))
        }

    def restore(self, numbers: Sequence[Mapping[str, Any]], weights: Mapping[str, np.ndarray]) -> None:
        """Sets what `numbers` and `weights` gave before; raises a RunError if they are of other callbacks."""
        if [state.get("name") for state in numbers] != [_name(callback) for callback in self._callbacks]:
            raise RunError("the checkpoint belongs to a training with other callbacks")
        for place, (callback, state) in enumerate(zip(self._callbacks, numbers, strict=True)):
            for key in STATE[_name(callback)]:
                setattr(callback, key, state.get(key))
            own = [array for name, array in sorted(weights.items()) if name.startswith(f"callbacks/{place}/")]
            if own:
                callback.best_weights = own


def _name(callback: Any) -> str:
    return type(callback).__name__


def _plain(value: Any) -> int | float | None:
    return value if value is None or isinstance(value, int) else float(value)
