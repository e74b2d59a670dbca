"""What lies outside of what the training images span is noticed, however sure the answer is."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.insight import unknown
from cnncli.insight.ranking import roc_area
from cnncli.insight.unknown import Head, doubt_shares, fit_doubts, fit_likeness, images_to_measure

CLASSES, WIDTH = 4, 24


def features(images, seed, outside=0.0):
    """Four clusters in six of 24 dimensions; `outside` moves them into the others."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, images)
    found = np.zeros((images, WIDTH))
    found[:, :6] = 4 * np.eye(6)[labels] + random.normal(0, 1, (images, 6))
    found[:, 6:] = random.normal(0, 0.2, (images, WIDTH - 6)) + outside * random.normal(0, 1, (images, WIDTH - 6))
    return found.astype(np.float32)


@pytest.fixture
def head():
    kernel = np.zeros((WIDTH, CLASSES), np.float32)
    kernel[:CLASSES] = 2 * np.eye(CLASSES)
    return Head(kernel, np.array([0.3, -0.2, 0.1, 0], np.float32))


def test_thresholds_let_so_many_known_images_pass_and_unknown_ones_are_noticed(head):
    doubts = fit_doubts(fit_likeness(head, features(1000, 1)), features(2000, 2))
    known = doubt_shares(*doubts.of(doubts.scores(features(2000, 3))))
    assert known.unsure[0] == pytest.approx(0.05, abs=0.02)
    assert known.unlike[0] == pytest.approx(0.05, abs=0.02)
    assert max(known.unsure[0], known.unlike[0]) <= known.either[0] <= known.unsure[0] + known.unlike[0]
    other = doubts.scores(features(500, 4, outside=1))
    assert doubt_shares(*doubts.of(other)).unlike[0] > 0.95
    assert doubt_shares(*doubts.of(other)).unsure[0] < 0.2  # which is why there are two scores
    between = np.concatenate([features(300, 5)[:, :0], np.zeros((300, WIDTH), np.float32)], axis=1)
    assert set(doubts.words(between)) == {"unsure"}
    assert set(doubts.words(features(200, 6, outside=9) * 0)) == {"unsure"}
    assert set(doubts.words(features(200, 6, outside=9))) == {"unlike"}
    assert doubts.words(features(200, 3)).count("") > 150


def test_the_score_is_that_of_the_paper(head):
    train, some = features(400, 1).astype(np.float64), features(50, 2, outside=0.5).astype(np.float64)
    likeness = fit_likeness(head, train.astype(np.float32))
    origin = -np.linalg.pinv(head.kernel.T) @ head.bias
    values, vectors = np.linalg.eigh(np.cov((train - origin).T, bias=True) + np.outer(*[(train - origin).mean(0)] * 2))
    rest = vectors[:, np.argsort(values)[: WIDTH - WIDTH // 2]]
    alpha = (train @ head.kernel + head.bias).max(1).mean() / np.linalg.norm((train - origin) @ rest, axis=1).mean()
    virtual, logits = alpha * np.linalg.norm((some - origin) @ rest, axis=1), some @ head.kernel + head.bias
    expected = np.exp(virtual) / (np.exp(virtual) + np.exp(logits).sum(1))
    score = likeness.unlikeness(some.astype(np.float32))
    assert 1 / (1 + np.exp(-score)) == pytest.approx(expected, abs=1e-3)


def test_fewer_images_than_features_span_the_same(head):
    few = features(20, 1)
    likeness = fit_likeness(head, few)
    assert likeness.directions.shape == (WIDTH, 10)
    assert likeness.directions.T @ likeness.directions == pytest.approx(np.eye(10), abs=1e-4)
    _, singular, rows = np.linalg.svd(few - likeness.origin, full_matrices=False)
    overlap = np.abs(np.linalg.svd(rows[:10] @ likeness.directions)[1])
    assert singular[9] > singular[10]
    assert overlap == pytest.approx(np.ones(10), abs=1e-3)


def test_of_many_features_little_is_kept(head, monkeypatch):
    monkeypatch.setattr(unknown, "MOST_NUMBERS", 5 * WIDTH)
    assert fit_likeness(head, features(200, 1)).directions.shape == (WIDTH, 5)
    assert len(images_to_measure(50_000, 64)) == 10_000
    assert len(images_to_measure(50_000, 8_192)) == 4_000
    assert len(images_to_measure(50_000, 1 << 20)) == 64
    assert images_to_measure(5, 64).tolist() == [0, 1, 2, 3, 4]


def test_one_unit_has_two_logits_and_a_net_without_a_bias_an_origin():
    head = Head(np.pad(np.ones((WIDTH, 1), np.float32), [(0, 0), (1, 0)]), np.zeros(2, np.float32))
    likeness = fit_likeness(head, features(300, 1))
    assert likeness.origin.tolist() == [0] * WIDTH
    scores = likeness.unlikeness(np.concatenate([features(200, 2), features(200, 3, outside=2)]))
    assert roc_area(scores, np.arange(400) >= 200) > 0.95


def test_too_few_validation_images_are_refused(head):
    with pytest.raises(ValueError, match="too few"):
        fit_doubts(fit_likeness(head, features(100, 1)), features(18, 2))
