"""What leaving out doubtful answers gains is measured on other images than the threshold is from."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.insight.abstention import SHARES, abstention


def answers(images, seed):
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.3, 1, images)
    return confidence, random.random(images) < confidence


def test_shares_and_accuracies_are_those_of_a_net_that_knows_its_doubt():
    found = abstention(answers(4000, 1)[0], *answers(4000, 2))
    assert found is not None
    assert [point.asked for point in found.points] == list(SHARES)
    first, last = found.points[0], found.points[-1]
    assert (first.threshold, first.answered, first.images) == (0, 1, 4000)
    assert first.accuracy == pytest.approx(0.65, abs=0.03)
    assert last.accuracy > 0.93
    for point in found.points:
        assert point.answered == pytest.approx(point.asked, abs=0.04)
        assert point.interval[0] <= point.accuracy <= point.interval[1]
    accuracies = [point.accuracy for point in found.points]
    assert accuracies[0] < accuracies[10] < accuracies[-1]
    assert found.sentence.startswith("answers of 0.4")
    assert "; all answers in 0.6" in found.sentence


def test_groups_widen_the_intervals():
    confidence, right = answers(400, 2)
    order = np.argsort(right)
    alone = abstention(answers(400, 1)[0], confidence[order], right[order])
    in_groups = abstention(answers(400, 1)[0], confidence[order], right[order], np.arange(400) // 20)
    assert np.ptp(alone.points[0].interval) < np.ptp(in_groups.points[0].interval)


def test_few_images_give_fewer_points_or_none():
    assert abstention(answers(19, 1)[0], *answers(50, 2)) is None
    found = abstention(answers(20, 1)[0], *answers(50, 2))
    assert max(point.asked for point in found.points[1:]) == 0.95
    unsure = abstention(np.ones(40), np.full(50, 0.5), np.ones(50, bool))
    assert (unsure.points[-1].images, unsure.sentence) == (0, "")
    assert np.isnan(unsure.points[-1].accuracy)
