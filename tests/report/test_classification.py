from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
import sklearn.metrics

from cnncli.insight.measure import measure
from cnncli.records import Evaluation
from cnncli.report.classification import classification_report, log_loss, metrics_of, summary_lines, unmeasured_line
from cnncli.spec.metrics import evaluated_metrics


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
    heading, *rows = report.text.splitlines()
    expected = sklearn_report(evaluation)
    width = max(map(len, expected.splitlines()))
    assert "\n".join(line[:width].rstrip() for line in [heading, *rows]) + "\n" == expected
    assert heading.endswith("   recall, 95 %")
    values = json.loads(json.dumps(report.values))
    of_classes = [values[name] for name in evaluation.class_names]
    ends = [[row.pop(f"{name}_interval") for name in ("precision", "recall")] for row in of_classes]
    assert values == sklearn_report(evaluation, output_dict=True)
    for row, (of_precision, of_recall) in zip(of_classes, ends, strict=True):
        assert of_precision is None or of_precision[0] <= row["precision"] <= of_precision[1]
        assert (of_recall is None) == (row["support"] == 0)
    assert report.values["accuracy"] == (evaluation.labels == evaluation.predicted).mean()


def test_support_is_a_whole_number_where_no_image_is_right():
    labels = np.array([0] * 12 + [1])
    right, wrong = (
        classification_report(Evaluation("test", ("a", "b"), ("x",) * 13, labels, np.eye(2)[predicted], {})).text
        for predicted in (labels, 1 - labels)
    )
    ends = re.compile(r" +\S+–\S+$")
    right, wrong = ([ends.sub("", line)[-10:] for line in text.splitlines()] for text in (right, wrong))
    assert wrong == right


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
    assert {type(values[name]["support"]) for name in values if name != "accuracy"} == {int}  # 3, not 3.0
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


def shown_first(evaluation) -> str:
    return summary_lines(evaluation, classification_report(evaluation))[0]


def evaluation_of(probabilities, labels, **more) -> Evaluation:
    names = tuple("abcdefghij"[: np.shape(probabilities)[1]])
    images = tuple(map(str, range(len(labels))))
    metrics = more.pop("metrics", {"loss": 0.5})
    probabilities = np.asarray(probabilities, np.float32)
    return Evaluation("test", names, images, np.asarray(labels), probabilities, metrics, **more)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_log_loss_is_that_of_sklearn(classes):
    random = np.random.default_rng(classes)
    probabilities = random.dirichlet([0.3] * classes, 200).astype(np.float32)
    labels = random.integers(0, classes, 200)
    probabilities = np.maximum(probabilities, 1e-6)  # scikit-learn clips sooner
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    exact = probabilities.astype(float) / probabilities.astype(float).sum(axis=1, keepdims=True)
    expected = sklearn.metrics.log_loss(labels, exact, labels=range(classes))
    assert log_loss(evaluation_of(probabilities, labels)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([[1, 0], [1, 0]], 0.0),
        ([[0.5, 0.5], [0.5, 0.5]], np.log(2)),
        ([[0.25, 0.75], [1, 0]], np.log(4) / 2),
        ([[0, 1], [1, 0]], 87.33654 / 2),
    ],
)
def test_the_log_loss_by_hand(probabilities, expected):
    value = log_loss(evaluation_of(probabilities, [0, 0]))
    assert value == pytest.approx(expected)
    assert str(value) != "-0.0"


@pytest.mark.parametrize("outputs", [[[0.9, 0.8]], [[-0.2, 1.2]], [[np.nan, np.nan]], [[0.1, 0.1]]])
def test_outputs_that_are_no_probabilities_have_no_log_loss(outputs):
    evaluation = evaluation_of(outputs, [0], loss_contains="MeanSquaredError")
    assert np.isnan(log_loss(evaluation))
    assert metrics_of(evaluation, classification_report(evaluation))["log_loss"] is None
    assert shown_first(evaluation).startswith("test   loss (MeanSquaredError) 0.5000   accuracy ")


def test_a_loss_with_a_floor_is_called_what_it_is_beside_the_log_loss():
    metrics = {"loss": 0.5731, "accuracy": 0.9915}
    evaluation = evaluation_of([[0.5, 0.5]], [0], loss_contains="label smoothing 0.1", metrics=metrics)
    lines = summary_lines(evaluation, classification_report(evaluation))
    assert lines[0] == "test   loss (label smoothing 0.1) 0.5731   log loss 0.6931"
    assert lines[1] == "       accuracy 1.00 (0.21–1.00), 1 image"
    assert shown_first(evaluation_of([[0.5, 0.5]], [0])) == "test   loss 0.5000   accuracy 1.00 (0.21–1.00), 1 image"


def test_lines_of_many_metrics_have_at_most_80_characters():
    metrics = {"loss": 0.5, "accuracy": 0.9} | {f"a_metric_{number}": 0.5 for number in range(9)}
    lines = summary_lines(
        evaluation := evaluation_of([[0.5, 0.5]], [0], metrics=metrics), classification_report(evaluation)
    )
    assert max(map(len, lines)) <= 80
    assert all(f"a_metric_{number} 0.5000" in "\n".join(lines) for number in range(9))


def test_what_was_measured_is_told():
    evaluation = evaluation_of([[0.5, 0.5]], [0], weights="last", on="/photos/new")
    values = metrics_of(evaluation, classification_report(evaluation))
    assert (values["split"], values["weights"], values["on"]) == ("test", "last", "/photos/new")
    assert shown_first(evaluation).startswith("/photos/new, test, last weights   loss ")
    assert "on" not in metrics_of(evaluation_of([[0.5, 0.5]], [0]), classification_report(evaluation))


def test_the_names_that_a_command_line_may_ask_for_are_those_that_are_reported():
    evaluation = evaluation_of([[0.5, 0.5]], [0])
    names = list(metrics_of(evaluation, classification_report(evaluation)))
    assert names[3:] == [*evaluated_metrics(()), "intervals"]
    assert [name for name, is_better in evaluated_metrics(()).items() if not is_better] == ["loss", "log_loss"]


def test_a_class_with_a_line_break_in_its_name_takes_one_line():
    labels = np.array([0, 1])
    evaluation = Evaluation("test", ("a\nerror: all is lost", "b"), ("x", "y"), labels, np.eye(2)[labels], {})
    report = classification_report(evaluation)
    assert [line.split("  ")[0] for line in report.text.splitlines()[2:4]] == ["a\\nerror: all is lost", ""]
    assert "a\nerror: all is lost" in report.values


def test_classes_without_images_are_named_below_the_table():
    labels = np.array([0, 2, 2])
    assert unmeasured_line(evaluation_of(np.eye(3)[labels], labels)) == (
        "no test images of b: its row is 0, and the macro average counts it; ROC and PR areas leave it out"
    )
    assert unmeasured_line(evaluation_of(np.eye(4)[labels], labels)) == (
        "no test images of b, d: their rows are 0, and the macro average counts them; ROC and PR areas leave them out"
    )
    assert unmeasured_line(evaluation_of(np.eye(3), [0, 1, 2])) == ""
    folder = dataclasses.replace(evaluation_of(np.eye(3)[labels], labels), split="")  # of `--on`, which has no splits
    assert unmeasured_line(folder).startswith("no images of b: ")


def test_figures_are_shown_with_their_intervals_and_no_more_digits_than_the_images_carry(make_evaluation):
    evaluation = make_evaluation(6, 413, right=0.95)
    first, *others = summary_lines(evaluation, classification_report(evaluation))
    low, high = measure(evaluation).intervals["accuracy"]
    accuracy = (evaluation.labels == evaluation.predicted).mean()
    assert first == f"test   loss 0.1234   accuracy {accuracy:.3f} ({low:.3f}–{high:.3f}), 413 images"
    names = [re.sub(r" [0-9.]+( \([0-9.–]+\))?", "", line).split() for line in others]
    assert names[:3] == [["macro", "F1", "kappa"], ["MCC", "top-5"], ["ROC", "area", "PR", "area"]]
    assert others[3].startswith("       mean confidence 0.")


def test_few_images_are_said_to_be_few(make_evaluation):
    evaluation = make_evaluation(3, 60)
    lines = summary_lines(evaluation, classification_report(evaluation))
    assert lines[-3] == "       no intervals of averages: fewer than 100 images"
    assert lines[-2].startswith("       mean confidence 0.")


def test_groups_are_counted_beside_the_images(make_evaluation):
    evaluation = dataclasses.replace(make_evaluation(3, 200), groups=np.repeat(np.arange(25), 8))
    report = classification_report(evaluation)
    assert summary_lines(evaluation, report)[0].endswith("), 200 images in 25 groups")
    values = metrics_of(evaluation, report)
    assert values["groups"] == 25
    assert values["intervals"]["accuracy"] == list(report.measured.intervals["accuracy"])
