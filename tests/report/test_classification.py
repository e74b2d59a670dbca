from __future__ import annotations

import json

import numpy as np
import pytest
import sklearn.metrics

from cnncli.records import Evaluation
from cnncli.report.classification import classification_report


def sklearn_report(evaluation: Evaluation, **kind):
    return sklearn.metrics.classification_report(
        evaluation.labels,
        evaluation.predicted,
        labels=range(len(evaluation.class_names)),
        target_names=evaluation.class_names,
        zero_division=0,
        **kind,
    )


@pytest.mark.parametrize(("classes", "lacking"), [(2, -1), (4, 1), (10, 9), (300, 7)])
def test_is_what_sklearn_says(make_evaluation, classes, lacking):
    evaluation = make_evaluation(classes, 400, lacking=lacking)
    report = classification_report(evaluation)
    assert report.text == sklearn_report(evaluation)
    assert json.loads(json.dumps(report.values)) == sklearn_report(evaluation, output_dict=True)
    assert report.accuracy == (evaluation.labels == evaluation.predicted).mean()


@pytest.mark.parametrize("occurring", [[0], [1, 2], [0, 1, 2, 3]])
def test_there_is_always_an_accuracy(occurring):
    labels = np.array(occurring * 5)
    evaluation = Evaluation("test", tuple("abcd"), ("x",) * len(labels), labels, np.eye(4)[labels], {})
    report = classification_report(evaluation)
    assert "accuracy" in report.text
    assert "micro avg" not in report.text
    assert report.values["accuracy"] == 1.0


def test_rows_are_the_classes_in_order(make_evaluation):
    evaluation = make_evaluation(4, 100, lacking=2)
    report = classification_report(evaluation)
    assert [row.name for row in report.rows] == list(evaluation.class_names)
    assert [row.support for row in report.rows] == np.bincount(evaluation.labels, minlength=4).tolist()
    assert report.rows[2].recall == 0
    assert report.macro.f1 == pytest.approx(np.mean([row.f1 for row in report.rows]))
    assert report.weighted.recall == pytest.approx(report.accuracy)


def test_a_class_may_be_named_like_an_average(make_evaluation):
    evaluation = make_evaluation(3, 60, names=["accuracy", "macro avg", "cat"])
    report = classification_report(evaluation)
    assert report.values["accuracy"] == report.accuracy
    assert report.values["accuracy (class)"]["f1-score"] == report.rows[0].f1
    assert report.values["macro avg"]["f1-score"] == report.macro.f1
