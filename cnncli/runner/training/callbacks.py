"""The callbacks of a training, and what they remember.

A list of what to keep, and not everything an object holds: Keras turns the sign of `min_delta` around in place when a
callback is first asked, so one that is restored with all it held turns it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.errors import RunError
from cnncli.factory.training import build_callbacks

REMEMBERED: Mapping[str, tuple[str, ...]] = {
    "EarlyStopping": ("wait", "stopped_epoch", "best", "best_epoch"),
    "ReduceLROnPlateau": ("wait", "cooldown_counter", "best"),
    "TerminateOnNaN": (),
}
"""Plain numbers by callback; `EarlyStopping` may keep weights as well."""


def callbacks_of(entries: Sequence[Entry], metrics: Sequence[Entry]) -> list[Any]:
    """The Keras callbacks of a spec.

    `SwapEMAWeights` is not among them: wherever an optimizer averages weights it is the average that is measured and
    kept, and that is all it would do, but with an error of rounding in the weights that are trained on.

    Raises:
        SpecError: Keras refuses one of them.
    """
    return build_callbacks([entry for entry in entries if entry.name != "SwapEMAWeights"], metrics)


def numbers_of(callbacks: Sequence[Any]) -> list[dict[str, Any]]:
    """What each callback remembers, as JSON has it."""
    return [{"name": _name(c), **{key: _plain(getattr(c, key)) for key in REMEMBERED[_name(c)]}} for c in callbacks]


def weights_of(callbacks: Sequence[Any]) -> dict[str, np.ndarray]:
    """The weights that callbacks keep, by name."""
    return {
        f"callbacks/{place}/{number:04}": weight
        for place, callback in enumerate(callbacks)
        for number, weight in enumerate(getattr(callback, "best_weights", None) or ())
    }


def restore(callbacks: Sequence[Any], numbers: Sequence[Mapping[str, Any]], weights: Mapping[str, np.ndarray]) -> None:
    """Gives callbacks that have just begun what others remembered, as `read_checkpoint` has found it to be numbers.

    Raises:
        RunError: those were other callbacks.
    """
    if [kept.get("name") for kept in numbers] != [_name(callback) for callback in callbacks]:
        raise RunError("the checkpoint is of a training with other callbacks")
    for place, (callback, kept) in enumerate(zip(callbacks, numbers, strict=True)):
        for key in REMEMBERED[_name(callback)]:
            setattr(callback, key, kept.get(key))
        own = [array for name, array in sorted(weights.items()) if name.startswith(f"callbacks/{place}/")]
        if own:
            callback.best_weights = own


def _name(callback: Any) -> str:
    return type(callback).__name__


def _plain(value: Any) -> int | float | None:
    return value if value is None or isinstance(value, int) else float(value)
