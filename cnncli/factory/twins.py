"""Variables and optimizers once more, for another device: the same but for where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.factory.averages import average_per_update
from cnncli.factory.computation.updates import update_at_once
from cnncli.factory.rate_factors import multiply_rates, rate_factors_of
from cnncli.startup import keras, tf


def copy_of(variable: keras.Variable, held: tf.Variable) -> keras.Variable:
    """The variable of a model as it is on one device, where `held` holds it; a change there is one of the model."""
    copy = keras.Variable(held, dtype=variable.dtype, name=variable.name)
    copy._path = variable.path  # optimizers choose by it what they do, and name their own variables after it
    copy.constraint = variable.constraint
    return copy


def twin(optimizer: Any, variables: Sequence[keras.Variable]) -> Any:
    """Another optimizer with the arguments and the schedule of one, for other variables of the same shapes."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        scaled = keras.optimizers.LossScaleOptimizer(twin(optimizer.inner_optimizer, variables))
        scaled.build(list(variables))
        return scaled
    config = optimizer.get_config()
    if isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        config["learning_rate"] = optimizer._learning_rate
    other = type(optimizer).from_config(config)
    average_per_update(other)
    update_at_once(other)
    multiply_rates(other, rate_factors_of(optimizer))
    other.build(list(variables))
    return other
