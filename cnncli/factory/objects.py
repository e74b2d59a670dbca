"""Entries of the catalogue → Keras objects, nested ones included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.catalog import Entry

_MODULES = {
    "layer": "layers",
    "optimizer": "optimizers",
    "schedule": "optimizers.schedules",
    "loss": "losses",
    "metric": "metrics",
    "callback": "callbacks",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
}


def construct(entry: Entry, words: Mapping[str, int] | None = None, **more: Any) -> Any:
    """Builds one Keras object.

    Args:
        entry: checked, so that its name is on the list.
        words: what words such as `classes` and `total_steps` stand for.
        **more: arguments that the spec does not set, such as a layer's name.

    Raises:
        Exception: whatever Keras raises when it does not like the arguments.
    """
    import keras

    module: Any = keras
    for part in _MODULES[entry.family].split("."):
        module = getattr(module, part)
    arguments = {key: _value(key, value, words or {}) for key, value in entry.arguments.items()}
    return getattr(module, entry.name)(**{**more, **arguments})


_SIZES = {"units", "filters", "num_classes", "num_labels", "decay_steps", "first_decay_steps", "warmup_steps"}


def _value(key: str, value: Any, words: Mapping[str, int]) -> Any:
    if isinstance(value, Entry):
        return construct(value, words)
    if isinstance(value, list):
        return tuple(_value(key, item, words) for item in value)
    if key in _SIZES and isinstance(value, str):
        return words[value]
    return value
