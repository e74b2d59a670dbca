"""TensorFlow for many batches of one size: a graph, which is quicker, and the inputs of the last layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.errors import RunError
from cnncli.factory.training import probabilities
from cnncli.inference.tensorflow import TensorFlowEngine
from cnncli.insight.probabilities import with_temperature
from cnncli.isolation import isolated
from cnncli.notices import Notice
from cnncli.startup import keras, tf

if TYPE_CHECKING:
    from cnncli.runner.open_run import OpenRun, Weights


_OUTPUT, _EMBEDDING = "output", "embedding"


class TensorFlowGraph(TensorFlowEngine):
    """Computes batches of one size.

    Args:
        run: An opened run.
        weights: `best` or `last`.
        allow_changed_weights: Accept weights whose checksum does not match the run.
        notice: Receives warnings.
        embeddings: Whether embeddings are asked for.
        temperature: What the logits are divided by.

    Raises:
        RunError: They are, and the network has no layer with weights.
    """

    def __init__(
        self,
        run: OpenRun,
        weights: Weights,
        allow_changed_weights: bool,
        notice: Notice,
        embeddings: bool,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(run, weights, allow_changed_weights, notice, temperature)
        with isolated():
            inner = {_EMBEDDING: _before_the_head(self.model)} if embeddings else {}
            network = keras.Model(self.model.input, {_OUTPUT: self.model.output, **inner})
            self._graph = tf.function(lambda images: network(images, training=False), reduce_retracing=True)

    def both(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Probabilities, and what the last layer with weights gets: float32, shape `(images, values)`.

        Of a map, each channel is averaged over its places.
        """
        with isolated():
            computed = {name: values.numpy() for name, values in self._graph(images).items()}
        found = probabilities(computed[_OUTPUT], self._loss, self._encoding, self._classes)
        if self.temperature != 1:
            found = with_temperature(found, self.temperature)
        if _EMBEDDING not in computed:
            return found, None
        inner = computed[_EMBEDDING]  # (images, values) or (images, height, width, values)
        values = inner.reshape(len(images), -1, inner.shape[-1]).mean(axis=1, dtype=np.float64)
        return found, values.astype(np.float32)

    def head(self) -> tuple[str, list[np.ndarray]]:
        """Kind and weights of that layer."""
        layer = _head(self.model)
        return type(layer).__name__, [np.asarray(weight) for weight in layer.get_weights()]


def _before_the_head(model: Any) -> Any:
    return _head(model).input


def _head(model: Any) -> Any:
    """The last layer with weights."""
    for layer in reversed(model.layers):
        if layer.weights:
            return layer
    raise RunError("the network has no layer with weights, so no embeddings", "leave out --embeddings")
