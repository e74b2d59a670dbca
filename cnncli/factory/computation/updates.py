"""Updates of weights by one operation each, where Keras' optimizers need up to a dozen.

Each operation of Keras reads and writes a whole array. For the kernel of a large dense layer, millions of numbers that
no cache holds, the updates then take longer than the gradients. TensorFlow has operations that pass over them once.
"""

from __future__ import annotations

from typing import Any

from cnncli.factory.computation.choices import UPDATES, is_taken
from cnncli.startup import keras, tf

LARGE = 2**20
"""Numbers in a variable from which on Adam passes over it once: from there on it pays, and the last digits change."""


def update_at_once(optimizer: Any) -> None:
    """Lets SGD with momentum, Adam and AdamW update a weight by one operation, on a processor.

    For SGD the results are the same to the last bit. Adam's differ in the last digits, since TensorFlow rounds `1 -
    beta_1` otherwise, and only variables of `LARGE` numbers or more are updated so.
    """
    if not is_taken(UPDATES):
        return
    if type(optimizer) is keras.optimizers.SGD and optimizer.momentum:
        optimizer.update_step = _sgd(optimizer)
    elif type(optimizer) in (keras.optimizers.Adam, keras.optimizers.AdamW) and not optimizer.amsgrad:
        optimizer.update_step = _adam(optimizer, optimizer.update_step)


def _sgd(optimizer: Any) -> Any:
    def update(gradient: tf.Tensor, variable: tf.Variable, rate: tf.Tensor) -> None:
        dtype = variable.dtype
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=_state(optimizer, optimizer.momentums, variable),
            lr=tf.cast(rate, dtype),
            grad=tf.cast(gradient, dtype),
            momentum=tf.constant(optimizer.momentum, dtype),
            use_nesterov=optimizer.nesterov,
        )

    return update


def _adam(optimizer: Any, of_keras: Any) -> Any:
    def update(gradient: tf.Tensor, variable: tf.Variable, rate: tf.Tensor) -> None:
        if variable.shape.num_elements() < LARGE:
            of_keras(gradient, variable, rate)
            return
        dtype = variable.dtype
        betas = [tf.constant(beta, dtype) for beta in (optimizer.beta_1, optimizer.beta_2)]
        updates = tf.cast(tf.convert_to_tensor(optimizer.iterations) + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=_state(optimizer, optimizer._momentums, variable),
            v=_state(optimizer, optimizer._velocities, variable),
            beta1_power=betas[0] ** updates,
            beta2_power=betas[1] ** updates,
            lr=tf.cast(rate, dtype),
            beta1=betas[0],
            beta2=betas[1],
            epsilon=tf.constant(optimizer.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )

    return update


def _state(optimizer: Any, states: Any, variable: tf.Variable) -> tf.Tensor:
    """The handle of what an optimizer keeps for a variable."""
    return states[optimizer._get_variable_index(variable)].value.handle
