"""The metrics of a spec, each given what it is meant for: probabilities, also where the loss takes logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncli.catalog import Entry
from cnncli.factory.objects import construct
from cnncli.spec.metrics import metric_name

if TYPE_CHECKING:
    import keras

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
"""Compare the outputs with one another, or want them as they are; in probabilities two may be equal that were not."""


def build_metric(metric: Entry, logits: bool, units: int, words: dict[str, int]) -> keras.metrics.Metric | str:
    """One metric, or its word where Keras knows best which one is meant.

    Args:
        metric: as checked.
        logits: whether the outputs are logits.
        units: of the output; a single one tells two classes apart.
        words: what words such as `classes` stand for.

    Raises:
        Exception: whatever Keras raises when it does not like the arguments.
    """
    from cnncli.startup import keras

    if metric.name == "accuracy":
        if not logits or units > 1:
            return "accuracy"
        built = keras.metrics.BinaryAccuracy(name="accuracy")
    else:
        if metric.name == "AUC":  # which would put each logit by itself through a sigmoid
            metric = replace(metric, arguments={**metric.arguments, "from_logits": False})
        built = construct(metric, words, name=metric_name(metric))
    if logits and not (_compares_scores(metric) or metric.arguments.get("from_logits")):
        _give(built, keras.ops.sigmoid if units == 1 else keras.ops.softmax)
    return built


def _compares_scores(metric: Entry) -> bool:
    among_the_best = metric.arguments.get("top_k") and metric.arguments.get("thresholds") is None
    return metric.name in _OF_SCORES or bool(among_the_best)


def _give(metric: Any, of: Callable[[Any], Any]) -> None:
    """Has a metric see something made of the outputs."""
    from cnncli.startup import tf

    update = metric.update_state

    def of_outputs(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return update(y_true, of(tf.cast(y_pred, tf.float32)), sample_weight=sample_weight)

    metric.update_state = of_outputs
