"""The variables that a training changes, as arrays by name: of the model, its optimizer and its metrics."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cnncli.factory.backbones import take_statistics
from cnncli.startup import keras

_NUMBER = re.compile(r"_\d+(?=/|$)")
_SEED = re.compile(r"^seed_generator_\d+(?=/)")


def values_of(model: keras.Model, measured: keras.Model | None) -> dict[str, np.ndarray]:
    """The values of all variables of a compiled model.

    Within an epoch the metrics matter as well: those of the `measured` model, which is this one or a part of it.
    """
    return {name: variable.numpy() for name, variable in _variables(model, measured).items()}


def assign(model: keras.Model, values: Mapping[str, np.ndarray], measured: keras.Model | None) -> None:
    """Sets all variables; `values` has one value for each."""
    for name, variable in _variables(model, measured).items():
        variable.assign(values[name])
    take_statistics(model)


def _variables(model: keras.Model, measured: keras.Model | None) -> dict[str, Any]:
    groups = {"model": model.variables, "optimizer": model.optimizer.variables}
    if measured is not None:
        groups["metrics"] = measured.metrics_variables
    return {
        f"{group}/{number:04}/{_name(group, variable.path)}": variable
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }


def _name(group: str, path: str) -> str:
    """The path of a variable without the numbers that Keras counts per process; names of layers are not among them."""
    first, _, rest = _SEED.sub("seed_generator", path).partition("/")
    if group != "model":
        return _NUMBER.sub("", rest or first)  # the name of the optimizer or metric itself is counted
    return f"{first}/{_NUMBER.sub('', rest)}"


@contextlib.contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Inside, the moving averages of the weights take their place, where the optimizer keeps some.

    Afterwards the weights are the same as before, to the last bit.
    """
    optimizer: Any = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not getattr(optimizer, "use_ema", False):
        yield
        return
    weights = [variable.numpy() for variable in model.trainable_variables]
    for variable, average in zip(model.trainable_variables, optimizer._model_variables_moving_average, strict=True):
        variable.assign(average)  # on all devices, where `finalize_variable_values` of Keras would need one
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, weights, strict=True):
            variable.assign(value)


def first_not_finite(model: keras.Model) -> str:
    """What the first weight or statistic that is no finite number is, and where: `NaN in conv2d/kernel`; else empty."""
    for variable in model.variables:
        values = variable.numpy()
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            return f"{'NaN' if np.isnan(values).any() else 'infinite'} in {_name('model', variable.path)}"
    return ""
