from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
import sklearn.metrics

from cnncli.records import Evaluation
from cnncli.report.confusion import confusion_of


def evaluation_of(labels, predicted, classes):
    names = tuple(str(index) for index in range(classes))
    probabilities = np.eye(classes, dtype=np.float32)[predicted]
    return Evaluation("test", names, ("x",) * len(labels), np.array(labels), probabilities, {})


def test_counts_are_sklearns(make_evaluation):
    evaluation = make_evaluation(7, 300, lacking=3)
    confusion = confusion_of(evaluation, at_most=7)
    expected = sklearn.metrics.confusion_matrix(evaluation.labels, evaluation.predicted, labels=range(7))
    assert np.array_equal(confusion.counts, expected)
    assert np.isnan(confusion.shares()[3]).all()
    assert np.nansum(confusion.shares(), axis=1) == pytest.approx([1, 1, 1, 0, 1, 1, 1])


def test_pairs_go_from_frequent_to_rare():
    confusion = confusion_of(evaluation_of([0, 0, 0, 1, 1, 2], [1, 1, 0, 2, 1, 2], 3), at_most=3)
    assert [astuple(pair) for pair in confusion.pairs] == [(0, 1, 2, pytest.approx(2 / 3)), (1, 2, 1, 0.5)]


def test_of_many_classes_those_of_the_first_pairs_are_kept():
    confusion = confusion_of(evaluation_of([9, 9, 9, 5, 5, 1, 3], [8, 8, 3, 6, 6, 1, 1], 10), at_most=4)
    assert confusion.classes.tolist() == [5, 6, 8, 9]
    assert confusion.totals.tolist() == [2, 0, 0, 3]  # of all their images, also those predicted as 3
    assert confusion.counts[3].tolist() == [0, 0, 2, 0]
    assert confusion.shares()[3, 2] == pytest.approx(2 / 3)
    assert len(confusion.pairs) == 4


def test_without_mistakes_the_first_classes_are_kept():
    confusion = confusion_of(evaluation_of([4, 5], [4, 5], 6), at_most=3)
    assert confusion.classes.tolist() == [0, 1, 2]
    assert confusion.pairs == ()
