"""The areas below curves of ranked images: how sure they are."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics

from cnncli.insight.ranking import mean_areas, ranking_areas


def ranked(random, images, classes, apart):
    """Probabilities and labels: the larger `apart`, the better the classes are told from each other."""
    labels = random.integers(0, classes, images)
    scores = random.normal(size=(images, classes))
    scores[np.arange(images), labels] += apart
    raised = np.exp(scores)
    return raised / raised.sum(axis=1, keepdims=True), labels


def of_weights(function, is_class, scores, at, change):
    """The area where the image at a place weighs a little more."""
    weights = np.ones(len(scores))
    weights[at] += change
    return function(is_class, scores, sample_weight=weights)


@pytest.mark.parametrize("which", [0, 1])
def test_the_influence_of_an_image_is_what_its_weight_changes(which):
    function = (sklearn.metrics.roc_auc_score, sklearn.metrics.average_precision_score)[which]
    scores, labels = ranked(np.random.default_rng(0), 30, 3, 1)
    scores = scores.round(1)  # so that some are equal
    area = list(ranking_areas(scores, labels))[1][which]
    changes = [
        (of_weights(function, labels == 1, scores[:, 1], at, 1e-4) - area.value) / 1e-4 for at in range(len(labels))
    ]
    assert area.influence == pytest.approx(changes, abs=1e-4)


def test_the_error_of_the_roc_area_is_that_of_delong():
    scores, labels = ranked(np.random.default_rng(1), 200, 2, 1)
    area = list(ranking_areas(scores, labels))[1][0]
    high, low = scores[labels == 1, 1], scores[labels == 0, 1]
    pairs = (high[:, None] > low) + 0.5 * (high[:, None] == low)  # (positives, negatives)
    delong = pairs.mean(axis=1).var(ddof=1) / len(high) + pairs.mean(axis=0).var(ddof=1) / len(low)
    assert (area.influence**2).sum() == pytest.approx(delong, rel=0.02)


@pytest.mark.representatives("100-2", "300-10")
@pytest.mark.parametrize(("images", "classes", "apart"), [(100, 2, 1.5), (300, 10, 2), (1000, 5, 3)])
def test_intervals_hold_the_true_areas(images, classes, apart):
    random = np.random.default_rng(2)
    true = [value for value, _ in mean_areas(ranking_areas(*ranked(random, 100_000, classes, apart)))]
    covered = np.zeros(2)
    for _ in range(100):
        for at, (_, (low, high)) in enumerate(mean_areas(ranking_areas(*ranked(random, images, classes, apart)))):
            covered[at] += low <= true[at] <= high
    assert (covered >= 88).all()


def test_images_that_are_all_ranked_rightly_are_not_certain():
    labels = np.repeat([0, 1], [80, 40])
    probabilities = np.eye(2)[labels] * 0.8 + 0.1
    for value, (low, high) in mean_areas(ranking_areas(probabilities, labels)):
        assert (value, high) == (1, 1)
        assert 0.9 < low < 0.96


def test_copies_of_an_image_are_no_evidence_of_their_own():
    scores, labels = ranked(np.random.default_rng(3), 60, 3, 1)
    copies, each = (np.repeat(scores, 5, axis=0), np.repeat(labels, 5)), np.repeat(np.arange(60), 5)
    once, copied, alone = (
        np.array([high - low for _, (low, high) in mean_areas(ranking_areas(*images), groups)])
        for images, groups in (((scores, labels), None), (copies, each), (copies, None))
    )
    assert copied == pytest.approx(once, rel=0.1)
    assert (alone < 0.6 * copied).all()
