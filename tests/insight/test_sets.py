"""Sets of classes hold the right one as often as was asked for, for every class that has images enough."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.special import softmax

from cnncli.insight.sets import conformal_quantile, fit_sets, least_images, measure_sets


def answers(images, seed, classes=5, hard=None, factor=1.0):
    """Probabilities and labels; images of the class `hard` look more like others."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, images)
    logits = random.normal(0, 1, (images, classes))
    logits[np.arange(images), labels] += np.where(labels == hard, 0.5, 2.5)
    return softmax(factor * logits, axis=1).astype(np.float32), labels


@pytest.mark.parametrize(("level", "least"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99), (0.999, 999)])
def test_a_threshold_needs_as_many_images_as_the_rank_has(level, least):
    assert least_images(level) == least
    values = np.arange(least)
    assert conformal_quantile(values, level) == least - 1
    if least > 1:
        with pytest.raises(ValueError, match="too few"):
            conformal_quantile(values[:-1], level)


@given(st.lists(st.integers(0, 30), min_size=19, max_size=80), st.sampled_from([0.5, 0.8, 0.9, 0.95]))
def test_the_quantile_has_the_rank_of_the_formula(values, level):
    threshold, rank = conformal_quantile(np.array(values), level), level * (len(values) + 1)
    below, at_most = sum(value < threshold for value in values), sum(value <= threshold for value in values)
    assert below < rank + 1 - 1e-9
    assert at_most >= rank - 1e-9


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("images", [25, 400])
def test_the_coverage_is_that_asked_for_however_few_images_there_are(level, images):
    probabilities, labels = answers(2000, 0)
    found = []
    for seed in range(150):
        fitted = fit_sets(*answers(images, 1 + seed), level)
        assert fitted is not None
        found.append(measure_sets(fitted, probabilities, labels).coverage)
    error = 3 * (np.std(found) / 150**0.5 + 0.5 / 2000**0.5 * 0.5)
    assert level - error < np.mean(found) < level + 2 / (1 + min(images / 5, images)) + error


@pytest.mark.parametrize("factor", [0.3, 1, 10])
def test_a_hard_class_is_covered_as_often_as_the_others(factor):
    fitted = fit_sets(*answers(4000, 3, hard=2, factor=factor), 0.9)
    assert fitted is not None
    assert fitted.has_own.all()
    measured = measure_sets(fitted, *answers(4000, 4, hard=2, factor=factor))
    assert np.abs(measured.class_coverage - 0.9).max() < 0.04
    assert measured.interval[0] < 0.9 < measured.interval[1]


def test_rare_classes_share_the_threshold_of_their_images():
    probabilities, labels = answers(4000, 1, hard=2)
    rare = np.isin(labels, (2, 3))
    kept = ~rare | (np.cumsum(rare) <= 30)  # 15 of each: too few for 0.95 alone, enough together
    fitted = fit_sets(probabilities[kept], labels[kept], 0.95)
    assert fitted is not None
    assert fitted.has_own.tolist() == [True, True, False, False, True]
    assert fitted.thresholds[2] == fitted.thresholds[3] > fitted.thresholds[[0, 1, 4]].max()
    fewer = ~rare | (np.cumsum(rare) <= 9)
    of_all = fit_sets(probabilities[fewer], labels[fewer], 0.95)
    assert of_all is not None
    assert of_all.thresholds[[0, 1, 4]].min() < of_all.thresholds[2] < of_all.thresholds[[0, 1, 4]].max()
    assert fit_sets(probabilities[:18], labels[:18], 0.95) is None


def test_a_net_that_is_wrong_with_certainty_gets_larger_sets_rather_than_less_coverage():
    for factor in (20, 200):  # of the latter, the right class has a probability of 0 in one image of ten
        measured = measure_sets(fit_sets(*answers(2000, 1, factor=factor), 0.95), *answers(2000, 2, factor=factor))
        assert measured.coverage > 0.94
    assert measured.size == 5


def test_of_one_unit_both_classes_are_read_alike_where_one_minus_p_has_few_digits():
    random = np.random.default_rng(0)
    labels, logits = random.integers(0, 2, 4000), random.normal(0, 12, 4000).astype(np.float32)
    second = (1 / (1 + np.exp(-logits, dtype=np.float32))).astype(np.float32)
    of_unit = np.stack([1 - second, second], axis=1)  # what an engine gives
    of_logits = softmax(np.stack([0 * logits, logits], axis=1).astype(np.float64), axis=1)
    fitted = fit_sets(of_logits[:2000], labels[:2000], 0.8)
    assert fitted is not None
    same = fitted.members(of_unit) == fitted.members(of_logits)
    assert same.mean() > 0.999


def test_an_easy_net_has_empty_sets_whose_images_are_told_apart():
    fitted = fit_sets(*answers(3000, 1, factor=1, classes=3), 0.5)
    measured = measure_sets(fitted, *answers(3000, 2, factor=1, classes=3))
    assert measured.empty > 0.1
    assert measured.empty_accuracy < 0.9
    assert measured.single + measured.empty <= 1
    assert measured.sentence(0.5).startswith("sets at 0.5 hold the right class in 0.")
    assert "% empty" in measured.sentence(0.5)
