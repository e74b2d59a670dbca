"""Logits are those of the model where it has some, and always those of its probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import expit, softmax

from cnncli.insight.probabilities import are_probabilities, class_logits, log_odds, with_temperature

RANDOM = np.random.default_rng(0)
RAW = (10 * RANDOM.normal(size=(50, 4))).astype(np.float32)


def test_those_of_a_softmax_are_kept_as_they_are():
    assert np.array_equal(class_logits(RAW, softmax(RAW, axis=1)), RAW)


def test_a_saturated_softmax_loses_nothing():
    raw = np.array([[0, 200, 150]], np.float32)  # of which the first and the last probability are 0
    assert np.array_equal(class_logits(raw, softmax(raw, axis=1)), raw)


def test_one_sigmoid_unit_has_two_classes():
    second = expit(RAW[:, :1])
    logits = class_logits(RAW[:, :1], np.concatenate([1 - second, second], axis=1))
    assert np.array_equal(logits, np.concatenate([np.zeros((50, 1)), RAW[:, :1]], axis=1))
    assert logits.dtype == np.float32


@pytest.mark.parametrize("raw", [softmax(RAW, axis=1), RAW[:, :3], RAW[:, ::-1]], ids=["none", "fewer", "others"])
def test_without_logits_of_its_own_a_model_has_those_of_its_probabilities(raw):
    probabilities = softmax(RAW, axis=1)
    probabilities[0] = [0, 1, 0, 0]
    logits = class_logits(raw, probabilities)
    assert np.isfinite(logits).all()
    assert np.allclose(softmax(logits, axis=1), probabilities, atol=1e-6)


@pytest.mark.parametrize("outputs", [expit(RAW), -RAW, np.full((50, 4), np.nan)], ids=["sigmoids", "any", "nan"])
def test_outputs_that_are_no_probabilities_have_none(outputs):
    assert not are_probabilities(outputs)
    assert class_logits(RAW, outputs) is None


@pytest.mark.parametrize("temperature", [0.3, 1.7, 6.0])
def test_a_temperature_divides_the_logits(temperature):
    result = with_temperature(softmax(RAW, axis=1), temperature)
    assert result.dtype == np.float32
    assert np.allclose(result, softmax(RAW.astype(np.float64) / temperature, axis=1), atol=1e-6)


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(2, 6)), elements=st.floats(-90, 90, width=32)),
    st.floats(0.05, 20),
    st.integers(0, 5),
)
def test_a_temperature_changes_no_answer(logits, temperature, rival):
    probabilities = softmax(logits, axis=1)
    beaten = (probabilities.argmax(axis=1) - 1 - rival) % logits.shape[1]  # a class that is second by one last digit
    rows = np.arange(len(logits))
    probabilities[rows, beaten] = np.nextafter(probabilities.max(axis=1), np.float32(0))
    result = with_temperature(probabilities, temperature)
    assert np.array_equal(result.argmax(axis=1), probabilities.argmax(axis=1))
    assert np.allclose(result.sum(axis=1), 1, atol=1e-6)
    assert (result >= 0).all()


def test_log_odds_move_where_a_probability_does_not():
    logits = np.array([[30.0, 0, 0], [31, 0, 0], [0, 40, 0]])
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    assert probabilities[0, 0] == probabilities[1, 0] == 1
    odds = log_odds(probabilities, 0)
    assert odds.dtype == np.float64
    assert odds == pytest.approx([30 - np.log(2), 31 - np.log(2), -40], abs=1e-4)


def test_log_odds_of_two_classes_do_not_take_rounding_for_evidence():
    probabilities = np.array([[0, 1], [2**-24, 1 - 2**-24], [0.5, 0.5]], np.float32)
    assert log_odds(probabilities, 1) == pytest.approx([16.64, 16.64, 0], abs=0.01)
    assert log_odds(probabilities, 0) == pytest.approx([-16.64, -16.64, 0], abs=0.01)
