"""Moving averages of weights where several batches make one update of the optimizer."""

from __future__ import annotations

from typing import Any


def average_per_update(optimizer: Any) -> None:
    """Lets an optimizer average its weights once per update, and not in batches that only add to its gradient.

    Keras 3.15 does both at every batch: with `gradient_accumulation_steps: 8` the average then lags a fraction of the
    updates that `ema_momentum` asks for, and `ema_overwrite_frequency` replaces weights in the middle of an update. An
    optimizer that has only one of the two is left as it is.
    """
    batches = optimizer.gradient_accumulation_steps
    if not (batches and optimizer.use_ema):
        return
    from cnncli.startup import keras

    apply = optimizer._backend_apply_gradients

    def average() -> None:
        variables = optimizer._trainable_variables
        optimizer._update_model_variables_moving_average(variables)
        if every := optimizer.ema_overwrite_frequency:
            keras.ops.cond(
                (optimizer.iterations + 1) % every == 0,
                lambda: optimizer._overwrite_model_variables_with_average_value(variables),
                lambda: None,
            )

    def apply_and_average(gradients: Any, variables: Any) -> None:
        optimizer.use_ema = False
        apply(gradients, variables)
        optimizer.use_ema = True
        keras.ops.cond((optimizer._iterations + 1) % batches == 0, average, lambda: None)

    optimizer._backend_apply_gradients = apply_and_average
