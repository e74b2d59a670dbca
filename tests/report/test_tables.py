from __future__ import annotations

import csv

import numpy as np
import pytest

from cnncli.records import Epoch, Evaluation, History
from cnncli.report import EvaluationData
from cnncli.report.tables import cell, metric_names, shortest, write_history, write_predictions


def rows_of(path):
    text = path.read_bytes().decode("utf-8")
    assert "\r" not in text
    return list(csv.reader(text.splitlines()))


def test_predictions_come_back(tmp_path, make_evaluation):
    evaluation = make_evaluation(3, 50, names=["猫", "a,b", 'say "x"'])
    write_predictions(EvaluationData(evaluation, None), tmp_path / "predictions.csv")
    header, *rows = rows_of(tmp_path / "predictions.csv")
    assert header == ["image", "true", "predicted", "probability"]
    assert [row[0] for row in rows] == list(evaluation.images)
    assert [row[1] for row in rows] == [evaluation.class_names[label] for label in evaluation.labels]
    assert [row[2] for row in rows] == [evaluation.class_names[label] for label in evaluation.predicted]
    assert np.array_equal(np.array([row[3] for row in rows], np.float32), evaluation.confidence)


def test_no_cell_runs_in_a_spreadsheet(tmp_path):
    names = ("=cmd()", "@sum", "plain")
    images = ("+img.png", "-1", "\tx.png")
    labels, probabilities = np.array([0, 1, 2]), np.eye(3, dtype=np.float32)
    write_predictions(
        EvaluationData(Evaluation("test", names, images, labels, probabilities, {}), None), tmp_path / "p.csv"
    )
    _, *rows = rows_of(tmp_path / "p.csv")
    assert [row[0] for row in rows] == ["'+img.png", "-1", "'\tx.png"]
    assert [row[1] for row in rows] == ["'=cmd()", "'@sum", "plain"]


@pytest.mark.parametrize("text", ["=1", "+a", "-a", "@a", "\ta", "\ra", "-", "-1_0", "-1+2", "+1e"])
def test_formulas_are_quoted(text):
    assert cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a", "a=1", "-1", "+1.5", "-.5e-3", "'x"])
def test_other_cells_stay(text):
    assert cell(text) == text


def test_file_names_that_are_no_unicode_are_written(tmp_path):
    image = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    evaluation = Evaluation("test", ("a",), (image,), np.array([0]), np.ones((1, 1), np.float32), {})
    write_predictions(EvaluationData(evaluation, None), tmp_path / "p.csv")
    assert rows_of(tmp_path / "p.csv")[1][0] == r"caf\udce9.png"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.9765999913215637, "0.9766"), (1.0, "1.0"), (float(np.float32(1e-5)), "1e-05"), (1e39, "1e+39")],
)
def test_shortest(value, text):
    assert shortest(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_shortest_of_what_is_not_finite(value):
    assert shortest(value) == str(value)


def test_history_comes_back(tmp_path):
    value = float(np.float32(0.9766))
    epochs = (
        Epoch(1, {"top": 1.0, "accuracy": value, "loss": float("nan")}, 1e-3, 1.23456),
        Epoch(2, {"top": 1.0, "accuracy": value, "loss": 0.5, "val_accuracy": 0.25, "val_loss": 2.0}, 1e-4, 60.0),
    )
    write_history(History(epochs, "val_loss", 2), tmp_path / "h.csv")
    assert rows_of(tmp_path / "h.csv") == [
        ["epoch", "loss", "accuracy", "top", "val_loss", "val_accuracy", "learning_rate", "seconds"],
        ["1", "nan", "0.9766", "1.0", "", "", "0.001", "1.235"],
        ["2", "0.5", "0.9766", "1.0", "2.0", "0.25", "0.0001", "60.000"],
    ]


def test_history_without_epochs_is_a_header(tmp_path):
    write_history(History((), "loss", 0), tmp_path / "h.csv")
    assert (tmp_path / "h.csv").read_text() == "epoch,learning_rate,seconds\n"


def test_metric_names_do_not_depend_on_the_order_in_which_keras_gives_them():
    one = History((Epoch(1, {"val_loss": 1, "loss": 1, "accuracy": 1, "val_accuracy": 1}, 1, 1),), "loss", 1)
    assert metric_names(one) == ["loss", "accuracy", "val_loss", "val_accuracy"]


def test_the_history_of_a_training_in_stages_says_which(tmp_path):
    epochs = tuple(Epoch(number, {"loss": 0.5}, 0.1, 2.0, stage) for number, stage in ((1, 1), (2, 2)))
    write_history(History(epochs, "loss", 1), tmp_path / "history.csv")
    assert rows_of(tmp_path / "history.csv") == [
        ["epoch", "stage", "loss", "learning_rate", "seconds"],
        ["1", "1", "0.5", "0.1", "2.000"],
        ["2", "2", "0.5", "0.1", "2.000"],
    ]
