"""Differences are found where there are some, and hardly ever where there are none."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import binom, binomtest, ttest_ind

from cnncli.insight import comparison
from cnncli.insight.comparison import (
    flattery,
    grouped_difference,
    holm,
    mcnemar,
    paired_interval,
    unpaired_interval,
    welch,
)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_exact_p_is_that_of_scipy_and_the_mid_p_lies_below(gained, lost):
    exact, mid = mcnemar(gained, lost)
    if gained + lost:
        assert exact == pytest.approx(binomtest(gained, gained + lost).pvalue, abs=1e-12)
    assert 0 < mid <= exact <= 1
    assert mcnemar(lost, gained) == (exact, mid)


IMPORTED = """
import sys
from cnncli.insight.comparison import mcnemar
mcnemar(1, 2)
assert "scipy.special" in sys.modules
assert "scipy.stats" not in sys.modules
"""


def test_a_comparison_has_the_figures_of_scipy_stats_without_importing_it():
    subprocess.run([sys.executable, "-c", IMPORTED], check=True)
    random = np.random.default_rng(0)
    for number in [*range(1, 60), *random.integers(60, 100_000, 300).tolist()]:
        gained = int(random.binomial(number, random.uniform(0.3, 0.7)))
        fewer = min(gained, number - gained)
        below, at = binom.cdf(fewer, number, 0.5), binom.pmf(fewer, number, 0.5)
        expected = min(1.0, 2 * below), min(1.0, 2 * below - at)
        assert mcnemar(gained, number - gained) == pytest.approx(expected, rel=1e-6, abs=1e-300)


def test_equal_runs_are_equal():
    assert mcnemar(0, 0) == (1.0, 1.0)
    assert paired_interval(0, 0, 200) == pytest.approx((-0.01, 0.01), abs=0.004)
    assert grouped_difference(np.zeros(20), np.arange(20)) == ((0.0, 0.0), 1.0)


def seeds(random, images, accuracy):
    """Two classifiers that are equally good: images differ in how hard they are, and luck decides the rest."""
    hard = random.beta(accuracy, 1 - accuracy, images)
    return random.random((2, images)) < hard


@pytest.mark.parametrize(("images", "accuracy"), [(200, 0.7), (1000, 0.95), (10_000, 0.98)])
def test_two_seeds_are_called_equal(images, accuracy):
    random, equal = np.random.default_rng(images), 0
    for _ in range(100):
        first, second = seeds(random, images, accuracy)
        equal += mcnemar(int((second & ~first).sum()), int((first & ~second).sum()))[1] >= comparison.LEVEL
    assert equal >= 90


def test_a_real_gain_is_found():
    random, found = np.random.default_rng(0), 0
    for _ in range(100):
        gained = random.binomial(1000, 0.10)  # five points more than are lost
        lost = random.binomial(1000, 0.05)
        found += mcnemar(gained, lost)[1] < comparison.LEVEL
    assert found >= 90


@pytest.mark.parametrize("images", [50, 200, 1000])
def test_the_interval_of_a_difference_holds_it(images):
    random, covered = np.random.default_rng(images), 0
    for _ in range(1000):
        gained, lost, _ = random.multinomial(images, [0.09, 0.06, 0.85])
        low, high = paired_interval(gained, lost, images)
        covered += low <= 0.03 <= high
    assert 0.93 <= covered / 1000 <= 0.985


def test_images_of_a_group_are_no_evidence_of_their_own():
    random, covered, found = np.random.default_rng(0), 0, {"images": 0, "groups": 0}
    for _ in range(200):
        of_group = random.choice([-1, 0, 1], 40, p=[0.2, 0.6, 0.2])
        change, groups = np.repeat(of_group, 10), np.repeat(np.arange(40), 10)
        (low, high), p = grouped_difference(change, groups)
        covered += low <= 0 <= high
        found["groups"] += p < 0.05
        found["images"] += mcnemar(int((change > 0).sum()), int((change < 0).sum()))[1] < 0.05
    assert covered / 200 >= 0.92
    assert found["groups"] <= 20 < 80 < found["images"]
    assert np.isnan(grouped_difference(np.ones(5), np.zeros(5, int))[0]).all()


def test_different_images_give_a_wider_interval():
    low, high = unpaired_interval((900, 1000), (930, 1000))
    assert (low, high) == pytest.approx((0.0053, 0.0548), abs=0.0005)  # as `propdiff` of Newcombe's method 10
    assert high - low > np.diff(paired_interval(60, 30, 1000))[0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_only_raises_and_keeps_the_order(p_values):
    raised = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, raised, strict=True))
    assert raised[int(np.argmin(p_values))] == min(1.0, len(p_values) * min(p_values))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(raised)[order]) >= 0).all()


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_the_best_of_ten_equal_runs_flatters():
    random = np.random.default_rng(0)
    right = random.random((10, 200)) < 0.85
    expected = np.mean([(random.binomial(200, 0.85, 10) / 200 - 0.85).max() for _ in range(2000)])
    assert flattery(right) == pytest.approx(expected, rel=0.15)
    assert flattery(np.repeat(right[:1], 10, axis=0)) < 0.2 * expected
    assert flattery(right[:2]) < flattery(right)


def test_welch_is_that_of_scipy():
    first, second = [0.91, 0.93, 0.92], [0.94, 0.95, 0.935, 0.96]
    expected = ttest_ind(second, first, equal_var=False)
    ends, p = welch(first, second)
    interval = expected.confidence_interval()
    assert p == pytest.approx(expected.pvalue)
    assert ends == pytest.approx((interval.low, interval.high))
    assert welch([0.9, 0.9], [0.9, 0.9]) == ((0.0, 0.0), 1.0)
