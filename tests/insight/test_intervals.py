"""Intervals hold the true value in 95 of 100 cases, as exactly as their formulas can."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from cnncli.insight.intervals import effective_size, mean_interval, share_interval, wilson


@pytest.mark.parametrize("total", [1, 3, 20, 413, 10_000])
def test_wilson_is_that_of_scipy(total):
    for right in sorted({0, 1, total // 2, total - 1, total}):
        expected = binomtest(right, total).proportion_ci(method="wilson")
        low, high = wilson(right, total)
        assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), rel=1e-12, abs=1e-15)


def test_of_nothing_there_is_none():
    low, high = wilson(np.array([0, 3]), np.array([0, 3]))
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == (pytest.approx(0.4385, abs=1e-4), 1.0)
    assert np.isnan(share_interval(np.array([], bool))).all()


@pytest.mark.parametrize(
    ("images", "coverage"),
    [
        (20, (0.975, 0.957, 0.925, 0.983)),
        (50, (0.957, 0.970, 0.962, 0.911)),
        (100, (0.937, 0.936, 0.966, 0.921)),
        (200, (0.947, 0.956, 0.967, 0.948)),
        (1000, (0.951, 0.949, 0.950, 0.964)),
        (10_000, (0.949, 0.949, 0.949, 0.950)),
    ],
)
def test_wilson_covers_what_its_formula_can(images, coverage):
    right = np.arange(images + 1)
    low, high = wilson(right, images)
    for share, expected in zip((0.7, 0.9, 0.95, 0.99), coverage, strict=True):
        covered = binom.pmf(right, images, share)[(low <= share) & (share <= high)].sum()
        assert covered == pytest.approx(expected, abs=0.0006)


def in_groups(random, groups, size, share, likeness=0.5):
    """Images of which each group has its own share of right ones, so that two of a group are alike."""
    scale = 1 / likeness - 1
    of_group = random.beta(share * scale, (1 - share) * scale, groups)
    return (random.random((groups, size)) < of_group[:, None]).ravel(), np.repeat(np.arange(groups), size)


@pytest.mark.parametrize(("groups", "size", "least"), [(20, 30, 0.93), (50, 5, 0.93), (200, 5, 0.93)])
def test_groups_are_covered_where_images_are_not(groups, size, least):
    random, covered = np.random.default_rng(groups), {"groups": 0, "images": 0}
    for _ in range(400):
        right, of_image = in_groups(random, groups, size, 0.8)
        for kind, numbers in (("groups", of_image), ("images", None)):
            low, high = share_interval(right, numbers)
            covered[kind] += low <= 0.8 <= high
    assert covered["groups"] / 400 >= least
    assert covered["images"] / 400 < 0.82


def test_groups_of_one_image_are_images():
    right = np.random.default_rng(0).random(2000) < 0.9
    assert effective_size(right, np.arange(2000)) == pytest.approx(2000, rel=0.01)
    assert share_interval(right, np.arange(2000)) == pytest.approx(share_interval(right), abs=1e-4)


def test_a_group_counts_once_where_all_are_right():
    right = np.ones(300, bool)
    low, high = share_interval(right, np.repeat(np.arange(10), 30))
    assert high == 1
    assert low == pytest.approx(binomtest(10, 10).proportion_ci(method="wilson").low, abs=0.08)
    assert low < share_interval(right, np.arange(300))[0]


def test_one_group_says_nothing_about_others():
    assert np.isnan(share_interval(np.array([True, False]), np.array([4, 4]))).all()


def test_the_mean_of_equal_shares_is_as_sure_as_all_images_together():
    ends = np.stack(wilson(np.full(4, 200), np.full(4, 250)), axis=1)
    low, high = mean_interval(np.full(4, 0.8), ends)
    assert (low, high) == pytest.approx(share_interval(np.arange(1000) < 800), abs=0.003)
