"""Everything an evaluation is worth, and what it is too small for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from cnncli.insight.measure import measure
from cnncli.records import Evaluation


def evaluation_of(labels, predicted, classes=6, groups=None) -> Evaluation:
    probabilities = np.full((len(labels), classes), 0.1 / (classes - 1), np.float32)
    probabilities[np.arange(len(labels)), predicted] = 0.9
    names, images = tuple(f"c{at}" for at in range(classes)), tuple(map(str, range(len(labels))))
    return Evaluation("test", names, images, np.asarray(labels), probabilities, {}, groups=groups)


def of_size(images, right=0.9, **more):
    labels = np.arange(images) % 6
    predicted = np.where(np.arange(images) < right * images, labels, (labels + 1) % 6)
    return evaluation_of(labels, predicted, **more)


def test_accuracy_and_recalls_have_wilsons_interval():
    measured = measure(of_size(300))
    expected = binomtest(270, 300).proportion_ci(method="wilson")
    assert measured.intervals["accuracy"] == pytest.approx((expected.low, expected.high))
    of_class = binomtest(45, 50).proportion_ci(method="wilson")
    assert measured.recalls.shape == (6, 2)
    assert measured.recalls[0] == pytest.approx((of_class.low, of_class.high))
    averages = ("macro_precision", "macro_recall", "macro_f1", "weighted_f1", "balanced_accuracy", "kappa", "mcc")
    assert {"accuracy", "top_5_accuracy", "roc_auc", "pr_auc", *averages} == set(measured.intervals)
    for name, (low, high) in measured.intervals.items():
        assert low <= measured.figures[name] <= high
        assert type(low) is type(high) is float


@pytest.mark.parametrize(("images", "too_few"), [(99, "fewer than 100 images"), (100, "")])
def test_averages_of_few_images_have_none(images, too_few):
    measured = measure(of_size(images))
    assert measured.too_few == too_few
    assert ("macro_f1" in measured.intervals) == (not too_few)
    assert "accuracy" in measured.intervals


def test_where_all_are_right_averages_are_as_sure_as_the_accuracy():
    measured = measure(of_size(300, right=1.0))
    low, high = measured.intervals["macro_f1"]
    assert (low, high) == measured.intervals["accuracy"]
    assert low < 0.99


def test_thirty_images_of_a_patient_are_no_thirty_images():
    groups = np.repeat(np.arange(30), 30)
    labels = np.repeat(np.arange(30) % 6, 30)
    predicted = np.where(groups < 24, labels, (labels + 1) % 6)  # of six patients every image is wrong
    alone, grouped = (measure(evaluation_of(labels, predicted, groups=of)) for of in (None, groups))
    assert (alone.groups, grouped.groups) == (0, 30)

    def width(measured, name):
        low, high = measured.intervals[name]
        return high - low

    assert width(grouped, "accuracy") > 4 * width(alone, "accuracy")
    assert width(grouped, "macro_f1") > 3 * width(alone, "macro_f1")
    assert measure(evaluation_of(labels, predicted, groups=groups // 2)).too_few == "fewer than 20 groups"


def test_a_network_that_answers_always_the_same_has_no_top_and_no_ranking():
    labels = np.arange(120) % 6
    measured = measure(Evaluation("test", tuple("abcdef"), ("x",) * 120, labels, np.full((120, 6), 1 / 6), {}))
    assert measured.figures["top_5_accuracy"] == 0
    assert measured.figures["roc_auc"] == 0.5
    assert measured.figures["mcc"] == 0


def test_two_classes_have_no_top_five():
    assert "top_5_accuracy" not in measure(evaluation_of([0, 1, 1], [0, 1, 0], classes=2)).figures
