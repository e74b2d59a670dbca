"""The order of doubtful labels: the probability of the label, and nothing lost to rounding."""

import numpy as np
import pytest

from cnncli.insight.labels import log_probability_of_label, most_doubtful_first


def test_the_least_probable_label_comes_first():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.6, 0.4]], np.float32)
    labels = np.array([1, 0, 0, 0])
    scores = log_probability_of_label(probabilities, labels, are_logits=False)
    assert np.exp(scores) == pytest.approx([0.1, 0.2, 0.6, 0.6])
    assert most_doubtful_first(scores).tolist() == [0, 1, 2, 3]


def test_logits_order_what_probabilities_round_to_0():
    logits = np.array([[0, 200], [0, 300], [0, 1]], np.float32)
    scores = log_probability_of_label(logits, np.zeros(3, np.int64), are_logits=True)
    assert scores == pytest.approx([-200, -300, -1.3133], rel=1e-4)
    assert most_doubtful_first(scores).tolist() == [1, 0, 2]


def test_a_probability_of_0_is_the_most_doubtful():
    scores = log_probability_of_label(np.array([[0.5, 0.5], [1, 0]]), np.array([0, 1]), are_logits=False)
    assert most_doubtful_first(scores).tolist() == [1, 0]


def test_the_order_is_that_of_cleanlab():
    """Of `get_label_quality_scores(labels, probabilities, method="self_confidence")`, which is this probability."""
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(50, 4)).astype(np.float32), random.integers(0, 4, 50)
    exponentials = np.exp(logits.astype(np.float64))
    expected = (exponentials / exponentials.sum(axis=1, keepdims=True))[np.arange(50), labels]
    assert np.exp(log_probability_of_label(logits, labels, are_logits=True)) == pytest.approx(expected)
