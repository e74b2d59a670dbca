"""Averages and agreement are scikit-learn's, and their intervals hold them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings, strategies as st

from cnncli.insight.figures import bootstrap_intervals, counts_of, figures, resampled
from cnncli.insight.ranking import in_top, ranking_areas

CLASSES, TRIALS = 5, 100


@st.composite
def answers(draw):
    """Labels and probabilities of few values, so that there are ties and classes that nobody has or answers."""
    images = draw(st.integers(1, 12))
    labels = draw(st.lists(st.integers(0, CLASSES - 1), min_size=images, max_size=images))
    row = st.lists(st.integers(0, 3), min_size=CLASSES, max_size=CLASSES)
    scores = draw(st.lists(row, min_size=images, max_size=images))
    return np.array(labels), np.array(scores, np.float64)


@settings(max_examples=20)  # scikit-learn is slow
@given(answers())
def test_figures_are_those_of_sklearn(drawn):
    labels, scores = drawn
    predicted = scores.argmax(axis=1)
    found = figures(counts_of(labels, predicted, CLASSES))
    every = {"labels": range(CLASSES), "zero_division": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            f"macro_{name}": function(labels, predicted, average="macro", **every)
            for name, function in (
                ("precision", sklearn.metrics.precision_score),
                ("recall", sklearn.metrics.recall_score),
                ("f1", sklearn.metrics.f1_score),
            )
        }
        expected["weighted_f1"] = sklearn.metrics.f1_score(labels, predicted, average="weighted", **every)
        expected["balanced_accuracy"] = sklearn.metrics.balanced_accuracy_score(labels, predicted)
        expected["kappa"] = sklearn.metrics.cohen_kappa_score(labels, predicted)
        expected["mcc"] = sklearn.metrics.matthews_corrcoef(labels, predicted)
    assert {name: float(value) for name, value in found.items()} == pytest.approx(expected, abs=1e-12, nan_ok=True)


@settings(max_examples=20)
@given(answers())
def test_areas_are_those_of_sklearn_where_they_are_defined(drawn):
    labels, scores = drawn
    roc, precision_recall = np.array([[area.value for area in both] for both in ranking_areas(scores, labels)]).T
    for label in range(CLASSES):
        is_class = labels == label
        if is_class.any():
            expected = sklearn.metrics.average_precision_score(is_class, scores[:, label])
            assert precision_recall[label] == pytest.approx(expected)
        else:
            assert np.isnan(precision_recall[label])
        if is_class.any() and not is_class.all():
            assert roc[label] == pytest.approx(sklearn.metrics.roc_auc_score(is_class, scores[:, label]))
        else:
            assert np.isnan(roc[label])


@pytest.mark.exhaustive
@settings(max_examples=60)
@given(answers())
def test_figures_and_areas_of_more_answers(drawn):
    for test in (test_figures_are_those_of_sklearn, test_areas_are_those_of_sklearn_where_they_are_defined):
        test.hypothesis.inner_test(drawn)


@settings(max_examples=50)
@given(answers(), st.integers(1, CLASSES - 1))
def test_the_top_is_that_of_sklearn_where_nothing_ties(drawn, k):
    labels, scores = drawn
    apart = scores + np.linspace(0, 0.5, scores.size).reshape(scores.shape)
    expected = sklearn.metrics.top_k_accuracy_score(labels, apart, k=k, normalize=False, labels=range(CLASSES))
    assert in_top(apart, labels, k).sum() == expected


def test_ties_count_against_the_top():
    assert not in_top(np.full((4, 10), 0.1), np.array([0, 3, 8, 9]), 5).any()
    assert in_top(np.array([[0.4, 0.4, 0.2]]), np.array([1]), 2).all()
    assert not in_top(np.array([[0.4, 0.4, 0.2]]), np.array([1]), 1).any()


def test_a_network_that_diverged_finds_nothing():
    labels, nothing = np.array([0, 1, 2]), np.full((3, 3), np.nan)
    assert not in_top(nothing, labels, 2).any()
    assert all(np.isnan(area.value) for both in ranking_areas(nothing, labels) for area in both)


def draw_answers(random, images, recalls):
    classes = len(recalls)
    labels = random.integers(0, classes, images)
    other = (labels + random.integers(1, classes, images)) % classes
    return labels, np.where(random.random(images) < np.array(recalls)[labels], labels, other)


@pytest.mark.representatives("ten")
@pytest.mark.parametrize(
    ("images", "recalls"),
    [(200, [0.9] * 2), (200, [0.7] * 10), (1000, [0.95] * 10)],
    ids=["two", "ten", "good"],
)
def test_intervals_hold_the_true_f1(images, recalls):
    random = np.random.default_rng(1)
    true = float(figures(counts_of(*draw_answers(random, 400_000, recalls), len(recalls)))["macro_f1"])
    covered = 0
    for _ in range(TRIALS):
        labels, predicted = draw_answers(random, images, recalls)
        value = figures(counts_of(labels, predicted, len(recalls)))
        low, high = bootstrap_intervals(labels, predicted, len(recalls), None, value)["macro_f1"]
        covered += low <= true <= high
    assert 0.88 <= covered / TRIALS <= 0.99


def test_many_classes_with_few_images_have_intervals_around_their_figures():
    random = np.random.default_rng(0)
    labels, predicted = draw_answers(random, 2000, [0.7] * 200)
    values = {name: float(value) for name, value in figures(counts_of(labels, predicted, 200)).items()}
    for name, (low, high) in bootstrap_intervals(labels, predicted, 200, None, values).items():
        assert low < values[name] < high
        assert 0.02 < high - low < 0.08


def test_samples_draw_as_many_images_and_whole_groups():
    labels, predicted = draw_answers(np.random.default_rng(0), 120, [0.8] * 3)
    one_by_one = resampled(labels, predicted, 3)
    assert (one_by_one.true.sum(axis=1) == 120).all()
    assert np.allclose(one_by_one.right.mean(axis=0), counts_of(labels, predicted, 3).right, rtol=0.05)
    alike, groups = np.repeat([0, 1, 2], 40), np.repeat(np.arange(12), 10)
    in_groups = resampled(alike, alike, 3, groups)
    assert (in_groups.true % 10 == 0).all()
    assert in_groups.true.std() > 2 * one_by_one.true.std()


def test_the_same_images_have_the_same_intervals():
    drawn = draw_answers(np.random.default_rng(0), 120, [0.8] * 3)
    values = figures(counts_of(*drawn, 3))
    assert bootstrap_intervals(*drawn, 3, None, values) == bootstrap_intervals(*drawn, 3, None, values)
