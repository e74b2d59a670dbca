"""Metrics say the same of logits as of the probabilities that are made of them."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.factory.metrics import build_metric

pytestmark = pytest.mark.slow

SCORES = np.random.default_rng(0).normal(0, 3, (40, 4)).astype(np.float32)
LABELS = np.eye(4, dtype=np.float32)[np.random.default_rng(1).integers(0, 4, 40)]


def measured(metric, targets, outputs):
    from cnncli.startup import keras

    if metric == "accuracy":
        model = keras.Sequential([keras.Input((outputs.shape[1],)), keras.layers.Activation("linear")])
        model.compile(loss="mse", metrics=[metric])
        return model.evaluate(outputs, targets, verbose=0, return_dict=True)["accuracy"]
    metric.update_state(targets, outputs)
    return np.asarray(metric.result())


def of_both(entry, metric, targets, logits, probabilities):
    """What a metric says of logits, and of probabilities."""
    given = {"logits": (True, logits), "probabilities": (False, probabilities)}
    built = {key: build_metric(entry("metric", metric), one, logits.shape[1], {}) for key, (one, _) in given.items()}
    return [measured(built[key], targets, outputs) for key, (_, outputs) in given.items()]


@pytest.mark.parametrize(
    "metric",
    ["accuracy", "AUC", {"AUC": {"from_logits": True}}, "Precision", {"Recall": {"class_id": 2}}, "F1Score",
     "CategoricalAccuracy", "MeanSquaredError", {"TopKCategoricalAccuracy": {"k": 2}}, "CategoricalCrossentropy",
     "FalsePositives"],
)  # fmt: skip
def test_of_several_outputs(entry, metric):
    raised = np.exp(SCORES)
    first, second = of_both(entry, metric, LABELS, SCORES, raised / raised.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(first, second, rtol=1e-5)


@pytest.mark.parametrize("metric", ["accuracy", "AUC", "Precision", "BinaryAccuracy", {"F1Score": {"threshold": 0.5}}])
def test_of_one_output(entry, metric):
    logits, targets = SCORES[:, :1] + 1, LABELS[:, :1]
    first, second = of_both(entry, metric, targets, logits, 1 / (1 + np.exp(-logits)))
    np.testing.assert_allclose(first, second, rtol=1e-5)
    assert 0 < np.mean(first) < 1


def test_scores_that_are_far_apart_keep_their_order(entry):
    """In probabilities all but the first would be 0."""
    outputs, targets = np.array([[200.0, 9.0, 1.0, 0.0]], np.float32), np.array([[0.0, 1.0, 0.0, 0.0]], np.float32)
    top = build_metric(entry("metric", {"TopKCategoricalAccuracy": {"k": 2}}), True, 4, {})
    assert measured(top, targets, outputs) == 1
    third = np.array([[0.0, 0.0, 1.0, 0.0]], np.float32)
    top.reset_state()
    assert measured(top, third, outputs) == 0


def test_the_best_few_are_found_among_scores_that_are_far_apart(entry):
    outputs = np.array([[300.0, 0.0, 1.0, 9.0]], np.float32)
    recall = build_metric(entry("metric", {"Recall": {"top_k": 2}}), True, 4, {})
    assert measured(recall, np.array([[0.0, 0.0, 0.0, 1.0]], np.float32), outputs) == 1
    recall.reset_state()
    assert measured(recall, np.array([[0.0, 1.0, 0.0, 0.0]], np.float32), outputs) == 0


def test_a_metric_that_knows_of_logits_itself_gets_them(entry):
    metric = {"CategoricalCrossentropy": {"from_logits": True}}
    own = build_metric(entry("metric", metric), True, 4, {})
    other = build_metric(entry("metric", "CategoricalCrossentropy"), True, 4, {})
    np.testing.assert_allclose(measured(own, LABELS, SCORES), measured(other, LABELS, SCORES), rtol=1e-5)


def test_a_list_of_thresholds_stays_one(entry):
    metric = build_metric(entry("metric", {"Precision": {"thresholds": [0.3, 0.5]}}), False, 4, {})
    assert metric.thresholds == [0.3, 0.5]
