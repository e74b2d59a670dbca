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
    assert report.values["accuracy"] == (evaluation.labels == evaluation.predicted).mean()


@pytest.mark.parametrize("occurring", [[0], [1, 2], [0, 1, 2, 3]])
def test_there_is_always_an_accuracy(occurring):
    labels = np.array(occurring * 5)
    evaluation = Evaluation("test", tuple("abcd"), ("x",) * len(labels), labels, np.eye(4)[labels], {})
    report = classification_report(evaluation)
    assert "accuracy" in report.text
    assert "micro avg" not in report.text
    assert report.values["accuracy"] == 1.0


def test_classes_come_in_the_order_of_the_outputs_and_averages_after_them(make_evaluation):
    evaluation = make_evaluation(4, 100, lacking=2)
    values = classification_report(evaluation).values
    assert list(values) == [*evaluation.class_names, "accuracy", "macro avg", "weighted avg"]
    rows = [values[name] for name in evaluation.class_names]
    assert [row["support"] for row in rows] == np.bincount(evaluation.labels, minlength=4).tolist()
    assert rows[2]["recall"] == 0
    assert values["macro avg"]["f1-score"] == pytest.approx(np.mean([row["f1-score"] for row in rows]))
    assert values["weighted avg"]["recall"] == pytest.approx(values["accuracy"])


def test_a_class_may_be_named_like_an_average(make_evaluation):
    evaluation = make_evaluation(3, 60, names=["accuracy", "macro avg", "cat"])
    values = classification_report(evaluation).values
    plain = classification_report(make_evaluation(3, 60)).values
    assert values["accuracy"] == plain["accuracy"]
    assert values["accuracy (class)"] == plain["class 0"]
    assert values["macro avg (class)"] == plain["class 1"]
    assert values["macro avg"] == plain["macro avg"]
