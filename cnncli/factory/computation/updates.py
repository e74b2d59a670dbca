"""Updates of weights by one operation each, where Keras' optimizers need up to a dozen.

Each operation of Keras reads and writes a whole array. For the kernel of a large dense layer, millions of numbers that
no cache holds, the updates then take longer than the gradients. TensorFlow has operations that pass over them once. In
a small network it is the number of operations that counts.
"""

from __future__ import annotations

from typing import Any

from cnncli.factory.computation.choices import SMALL_UPDATES, UPDATES, is_taken
from cnncli.startup import default_graph, keras, tf

LARGE = 2**20
"""Numbers in a variable from which on earlier trainings with Adam pass over it once; smaller ones they update as Keras
does, to the last bit."""


def update_at_once(optimizer: Any) -> None:
    """Lets SGD with momentum, Adam and AdamW update a weight by one operation, on a processor.

    For SGD the results are the same to the last bit. Adam's differ in the last digits, since TensorFlow rounds `1 -
    beta_1` otherwise. The powers of its betas are computed once for all weights.
    """
    if not is_taken(UPDATES):
        return
    if type(optimizer) is keras.optimizers.SGD and optimizer.momentum:
        optimizer.update_step = _sgd(optimizer)
    elif type(optimizer) in (keras.optimizers.Adam, keras.optimizers.AdamW) and not optimizer.amsgrad:
        optimizer.update_step = _adam(optimizer)


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


def _adam(optimizer: Any) -> Any:
    def of_step(dtype: Any) -> tuple[tf.Tensor, ...]:
        """The powers of the two betas, and what follows from them: `sqrt(1 - beta_2 ** n)` and `1 - beta_1 ** n`."""
        updates = tf.cast(tf.convert_to_tensor(optimizer.iterations) + 1, dtype)
        first, second = (tf.constant(beta, dtype) ** updates for beta in (optimizer.beta_1, optimizer.beta_2))
        return first, second, tf.sqrt(1 - second), 1 - first

    once, every = _once_in_a_graph(of_step), is_taken(SMALL_UPDATES)

    def update(gradient: tf.Tensor, variable: tf.Variable, rate: tf.Tensor) -> None:
        dtype = variable.dtype
        first, second, root, rest = once(dtype)
        rate, gradient = tf.cast(rate, dtype), tf.cast(gradient, dtype)
        at = optimizer._get_variable_index(variable)
        momentum, velocity = optimizer._momentums[at].value, optimizer._velocities[at].value
        if not every and variable.shape.num_elements() < LARGE:  # as Keras does, but for what all weights share
            momentum.assign_add((gradient - momentum) * (1 - optimizer.beta_1))
            velocity.assign_add((tf.square(gradient) - velocity) * (1 - optimizer.beta_2))
            variable.assign_sub(momentum * (rate * root / rest) / (tf.sqrt(velocity) + optimizer.epsilon))
            return
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=momentum.handle,
            v=velocity.handle,
            beta1_power=first,
            beta2_power=second,
            lr=rate,
            beta1=tf.constant(optimizer.beta_1, dtype),
            beta2=tf.constant(optimizer.beta_2, dtype),
            epsilon=tf.constant(optimizer.epsilon, dtype),
            grad=gradient,
        )

    return update


def _once_in_a_graph(compute: Any) -> Any:
    """The same function of a dtype, whose tensors all weights that are updated in a graph share."""
    known: dict[Any, Any] = {}

    def computed(dtype: Any) -> Any:
        graph = default_graph()
        if tf.executing_eagerly() or known.get("graph") is not graph:  # of an earlier step, or of another branch
            known.clear()
            known["graph"] = graph
        if dtype not in known:
            known[dtype] = compute(dtype)
        return known[dtype]

    return computed


def _state(optimizer: Any, states: Any, variable: tf.Variable) -> tf.Tensor:
    """The handle of what an optimizer keeps for a variable."""
    return states[optimizer._get_variable_index(variable)].value.handle
