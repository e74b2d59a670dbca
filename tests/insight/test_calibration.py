"""Confidences are compared with what they should be, and corrected only where that helps."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from scipy.special import log_softmax, softmax

from cnncli.insight.calibration import calibration, fit_temperature


def answers(random, images, classes=10, sharpness=2.0, temperature=1.0):
    """Logits and labels of a network that is right as often as it says, once they are divided by a temperature."""
    logits = sharpness * random.normal(size=(images, classes))
    probabilities = softmax(logits, axis=1)
    labels = (probabilities.cumsum(axis=1) > random.random((images, 1))).argmax(axis=1)
    return (temperature * logits).astype(np.float32), labels


def test_figures_are_those_of_sklearn():
    logits, labels = answers(np.random.default_rng(0), 500, temperature=2)
    result, probabilities = calibration(logits, labels), softmax(logits.astype(np.float64), axis=1)
    assert result.log_loss == pytest.approx(sklearn.metrics.log_loss(labels, probabilities, labels=range(10)))
    hot = np.eye(10)[labels]
    assert result.brier == pytest.approx(((probabilities - hot) ** 2).sum(axis=1).mean())
    assert result.confidence == pytest.approx(probabilities.max(axis=1).mean())
    assert result.accuracy == pytest.approx((logits.argmax(axis=1) == labels).mean())
    assert sum(each.images for each in result.bins) == 500
    gaps = [abs(each.confidence - each.accuracy) * each.images for each in result.bins]
    assert result.ece == pytest.approx(sum(gaps) / 500)


@pytest.mark.representatives("100-5")
@pytest.mark.parametrize(("images", "bins"), [(100, 5), (2000, 10)])
def test_a_perfect_network_is_hardly_ever_called_off(images, bins):
    random, off, errors = np.random.default_rng(images), 0, []
    for _ in range(100):
        result = calibration(*answers(random, images))
        off += result.is_off
        errors.append(result.ece - result.perfect_ece)
        assert len(result.bins) == bins
    assert off <= 10
    assert np.mean(errors) == pytest.approx(0, abs=0.004)


def test_a_network_that_is_too_sure_is_told_what_its_confidence_means():
    result = calibration(*answers(np.random.default_rng(0), 2000, temperature=3))
    assert result.is_off
    worst = max(result.bins, key=lambda each: abs(each.confidence - each.accuracy))
    assert worst.interval[1] < worst.confidence
    assert result.sentence.startswith(
        f"mean confidence {result.confidence:.3f}, accuracy {result.accuracy:.3f}; most off: "
    )
    assert result.sentence.endswith(" here")
    fine = calibration(*answers(np.random.default_rng(0), 2000))
    assert fine.sentence.endswith("; confidences can be read as they are, as far as 2,000 images tell")


def test_a_confidence_of_a_thousand_classes_is_not_called_zero():
    labels = np.arange(2000) % 1000
    logits = np.zeros((2000, 1000), np.float32)
    logits[np.arange(2000), labels] = 0.5
    assert "most off: 0.002 means 1.0" in calibration(logits, labels).sentence


def test_few_images_say_nothing():
    assert calibration(*answers(np.random.default_rng(0), 49)) is None


@pytest.mark.parametrize("true", [0.5, 1.0, 2.65])
def test_a_temperature_is_found(true):
    fit = fit_temperature(*answers(np.random.default_rng(1), 4000, temperature=true))
    assert fit.fitted == pytest.approx(true, rel=0.05)
    assert (fit.value == 1) == (true == 1)
    assert fit.after <= fit.before


def test_a_temperature_that_few_images_suggest_does_no_harm():
    random = np.random.default_rng(0)
    logits, labels = answers(random, 20_000)
    changes, used = [], 0
    for _ in range(20):
        few = random.choice(20_000, 50, replace=False)
        fit = fit_temperature(logits[few], labels[few])
        used += fit.value != 1
        logs = log_softmax(logits / fit.value, axis=1)[np.arange(20_000), labels]
        changes.append(-logs.mean() + log_softmax(logits, axis=1)[np.arange(20_000), labels].mean())
    assert max(changes) < 0.01
    assert used <= 4


def test_the_less_speaks_for_a_temperature_the_nearer_to_1_it_is_kept():
    logits, labels = answers(np.random.default_rng(2), 4000, temperature=2)
    few, many = (fit_temperature(logits[:images], labels[:images]) for images in (60, 4000))
    shares = [np.log(fit.value) / np.log(fit.fitted) for fit in (few, many)]
    assert 0 < shares[0] < 0.95 < shares[1] < 1


@pytest.mark.parametrize("wrong", [0, 4])
def test_images_that_are_nearly_all_right_suggest_none(wrong):
    logits, labels = np.zeros((60, 3), np.float32), np.zeros(60, np.int64)
    logits[:, 0] = 3
    logits[:wrong] = [0.1, 0.0, 0.0]
    labels[:wrong] = 1
    fit = fit_temperature(logits, labels)
    assert fit.value == 1
    assert fit.fitted < 0.6
    assert 2 * 60 * (fit.before - fit.after) > 3.84  # which alone would take it for help


def test_a_network_that_is_far_too_sure_is_corrected_and_answers_as_before():
    logits, labels = answers(np.random.default_rng(0), 3000, sharpness=1, temperature=4)
    fit = fit_temperature(logits[:1500], labels[:1500])
    before, after = (calibration(each[1500:], labels[1500:]) for each in (logits, logits / fit.value))
    assert after.ece < before.ece / 2
    assert after.log_loss < before.log_loss
    assert np.array_equal((logits / fit.value).argmax(axis=1), logits.argmax(axis=1))


def test_saturated_logits_are_no_obstacle():
    logits = np.array([[1000.0, 0, 0]] * 60, np.float32)
    labels = np.array([0] * 50 + [1] * 10)
    result, fit = calibration(logits, labels), fit_temperature(logits, labels)
    assert (result.confidence, result.log_loss) == (1.0, pytest.approx(1000 / 6))
    assert fit.value > 10


def test_groups_count_where_images_come_in_groups():
    logits, labels = answers(np.random.default_rng(3), 60, temperature=1.6)
    one_by_one, in_groups = (fit_temperature(logits, labels, groups) for groups in (None, np.arange(60) // 30))
    assert one_by_one.fitted == in_groups.fitted
    assert (one_by_one.value == 1, in_groups.value) == (False, 1)
