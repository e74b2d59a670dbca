"""What is known of a metric without Keras: which way is up."""

from __future__ import annotations

import pytest

from cnncli.catalog import FAMILIES
from cnncli.catalog.entries import Entry, signature
from cnncli.spec import load
from cnncli.spec.metrics import metric_name, monitored_metric, more_is_better

NEEDED = {"num_classes": 3, "target_class_ids": [0], "precision": 0.5, "recall": 0.5, "sensitivity": 0.5}
NEEDED |= {"specificity": 0.5}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FAMILIES["metric"] if name != "accuracy"])
def test_keras_agrees_where_it_knows(name):
    keras = pytest.importorskip("keras")
    needed = {key: NEEDED[key] for key, argument in signature("metric", name).items() if argument.required}
    up = {"up": True, "down": False}
    metric = Entry("metric", name)
    known = up.get(getattr(getattr(keras.metrics, name)(**needed, name="one"), "_direction", None))
    assert known in (None, more_is_better([metric], f"val_{metric_name(metric)}"))


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("MeanSquaredError", "mse", False),
        ("MeanSquaredError", "accuracy_of_a_kind", False),
        ("Recall", "recall_glossy", True),
        ("FalseNegatives", "missed", False),
        ("TrueNegatives", "rightly_left", True),
        ("AUC", "val_auc", True),
    ],
)
def test_a_name_of_its_own_changes_nothing(name, given, wanted):
    metrics = [Entry("metric", "accuracy"), Entry("metric", name, {"name": given})]
    assert more_is_better(metrics, given) is wanted
    assert more_is_better(metrics, f"val_{given}") is wanted


@pytest.mark.parametrize("name", ["loss", "val_loss"])
def test_less_of_a_loss_is_better(name):
    assert not more_is_better([Entry("metric", "accuracy")], name)


@pytest.mark.parametrize(
    ("validation", "train", "expected"),
    [
        (0.1, {}, ("val_accuracy", True)),
        (0, {}, ("accuracy", True)),
        (0.1, {"metrics": []}, ("val_loss", False)),
        (0, {"metrics": []}, ("loss", False)),
        (0.1, {"monitor": "val_loss"}, ("val_loss", False)),
        (0.1, {"monitor": "accuracy"}, ("accuracy", True)),
    ],
)
def test_the_monitored_metric_is_the_specs_or_the_most_telling_one(validation, train, expected):
    data = {"source": "mnist", "split": {"validation": validation}}
    layers = ["Flatten", {"Dense": {"units": "classes", "activation": "softmax"}}]
    spec = load({"data": data, "model": {"layers": layers}, "train": train}).spec
    assert monitored_metric(spec) == expected
