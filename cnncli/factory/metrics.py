"""The metrics of a spec, which receive probabilities even where the loss takes logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.factory.objects import construct
from cnncli.spec.metrics import metric_name

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

_OF_SCORES = {
    "CategoricalAccuracy",
    "CategoricalHinge",
    "Hinge",
    "OneHotIoU",
    "OneHotMeanIoU",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "TopKCategoricalAccuracy",
}
"""Metrics that compare the outputs with one another; two different logits may be the same probability."""


def build_metric(metric: Entry, logits: bool, units: int, words: dict[str, int]) -> keras.metrics.Metric | str:
    """One metric, or the word `accuracy`, for which Keras chooses the metric.

    Args:
        metric: Checked entry.
        logits: Whether the outputs are logits.
        units: Units of the output; a single one separates two classes.
        words: Numbers that words such as `classes` stand for.

    Raises:
        Exception: Whatever Keras raises for the arguments.
    """
    from cnncli.startup import keras

    if metric.name == "accuracy":
        if not logits or units > 1:
            return "accuracy"
        keras_metric = keras.metrics.BinaryAccuracy(name="accuracy")
    else:
        if metric.name == "AUC":  # which would put each logit by itself through a sigmoid
            metric = replace(metric, arguments={**metric.arguments, "from_logits": False})
        keras_metric = construct(metric, words, name=metric_name(metric))
    among_the_best = metric.arguments.get("top_k") and metric.arguments.get("thresholds") is None
    compares_scores = metric.name in _OF_SCORES or among_the_best
    if logits and not compares_scores and not metric.arguments.get("from_logits"):
        _apply_first(keras_metric, keras.ops.sigmoid if units == 1 else keras.ops.softmax)
    return keras_metric


def create_variables(model: keras.Model, target: np.ndarray, output_shape: tuple[int, ...]) -> None:
    """Creates the variables of the optimizer and of the metrics of a compiled model.

    Keras would create them in the first step, and TensorFlow traces a step that creates variables twice.

    Args:
        model: Compiled model.
        target: Target of an image, `(1, …)`.
        output_shape: Shape of the model's output for an image, `(units,)`.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    model.compute_metrics(None, target, np.zeros((1, *output_shape), np.float32))
    model.reset_metrics()


def add_batch(
    model: keras.Model, loss: tf.Tensor, images: tf.Tensor, targets: tf.Tensor, *weights: tf.Tensor, outputs: tf.Tensor
) -> None:
    """Adds a batch to the mean loss and the metrics of a compiled model, as Keras' own steps do.

    Args:
        model: Compiled model.
        loss: Mean loss of an image, a scalar.
        images: `(batch, …)`.
        targets: `(batch, …)`.
        weights: A weight for each image, `(batch,)`, where classes are weighted.
        outputs: What the model makes of the images, `(batch, units)`.
    """
    from cnncli.startup import tf

    mean_loss = next(metric for metric in model.metrics if metric.name == "loss")
    mean_loss.update_state(loss, sample_weight=tf.shape(targets)[0])
    model.compute_metrics(images, targets, outputs, *weights)


def _apply_first(metric: Any, function: Callable[[Any], Any]) -> None:
    """Makes a metric receive a function of the outputs."""
    from cnncli.startup import tf

    update = metric.update_state

    def of_outputs(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return update(y_true, function(tf.cast(y_pred, tf.float32)), sample_weight=sample_weight)

    metric.update_state = of_outputs
