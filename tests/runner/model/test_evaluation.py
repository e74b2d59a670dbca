"""A loss is called what it is: what it has besides the log loss is named."""

from __future__ import annotations

import numpy as np
import pytest

import cnncli
from cnncli.report.classification import classification_report, log_loss, metrics_of, summary_lines

pytestmark = pytest.mark.slow

SPEC = """\
data: {{source: mnist, {data}}}
model: {{layers: [Flatten, {{Dense: {{units: {units}, {dense}}}}}, {{Activation: {{activation: {activation}}}}}]}}
train: {{loss: {loss}}}
"""


def evaluate(loss, units="classes", dense="bias_initializer: zeros", activation="softmax", classes=10):
    """The evaluation of an untrained network on random images."""
    from cnncli.data.samples import Samples
    from cnncli.runner.inputs.input_spec import InputSpec
    from cnncli.runner.model.build import build_compiled_model
    from cnncli.runner.model.evaluation import evaluate_split

    data = "classes: ['3', '7']" if classes == 2 else "classes: null"
    text = SPEC.format(data=data, units=units, dense=dense, activation=activation, loss=loss)
    spec = cnncli.load_spec(text)
    names = tuple(map(str, range(classes)))
    inputs = InputSpec.of(spec.data, (28, 28, 1), names)
    model, encoding = build_compiled_model(spec.model.nodes, inputs, spec.train, spec.seed, spec.name)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (40, 28, 28, 1)).astype(np.uint8)
    samples = Samples.numbered(images, np.arange(40) % classes)
    return evaluate_split(model, "test", samples, names, encoding, spec.train.loss, 8)


def shown_first(evaluation):
    return summary_lines(evaluation, classification_report(evaluation))[0]


LOSSES = [
    ("SparseCategoricalCrossentropy", {}, ""),
    ("CategoricalCrossentropy", {}, ""),
    ("{CategoricalCrossentropy: {label_smoothing: 0.1}}", {}, "label smoothing 0.1"),
    ("{CategoricalCrossentropy: {label_smoothing: 0}}", {}, ""),
    ("CategoricalFocalCrossentropy", {}, "CategoricalFocalCrossentropy"),
    ("BinaryCrossentropy", {"activation": "sigmoid"}, "BinaryCrossentropy"),
    ("BinaryCrossentropy", {"activation": "sigmoid", "units": 1, "classes": 2}, ""),
    ("MeanSquaredError", {}, "MeanSquaredError"),
    ("SparseCategoricalCrossentropy", {"dense": "kernel_regularizer: {L2: {l2: 0.1}}"}, "penalties on weights"),
    ("SparseCategoricalCrossentropy", {"dense": "activity_regularizer: {L2: {l2: 0.1}}"}, "penalties on activations"),
    (
        "{CategoricalCrossentropy: {label_smoothing: 0.2}}",
        {"dense": "kernel_regularizer: {L1: {l1: 0.1}}"},
        "label smoothing 0.2, penalties on weights",
    ),
]


@pytest.mark.parametrize(("loss", "network", "contains"), LOSSES)
def test_what_a_loss_contains_is_named_and_without_it_the_loss_is_the_log_loss(loss, network, contains):
    evaluation = evaluate(loss, **network)
    assert evaluation.loss_contains == contains
    plain = log_loss(evaluation)
    if contains:
        assert evaluation.metrics["loss"] != pytest.approx(plain, rel=1e-3)
        assert shown_first(evaluation).startswith(f"test   loss ({contains}) ")
    else:
        assert evaluation.metrics["loss"] == pytest.approx(plain, rel=1e-4)
        assert shown_first(evaluation).startswith("test   loss 0." if plain < 1 else "test   loss ")


def test_logits_have_the_same_log_loss():
    from cnncli.report.classification import classification_report

    logits = "{SparseCategoricalCrossentropy: {from_logits: true}}"
    evaluation = evaluate(logits, activation="linear")
    assert evaluation.loss_contains == ""
    assert metrics_of(evaluation, classification_report(evaluation))["log_loss"] == pytest.approx(
        evaluation.metrics["loss"], rel=1e-4
    )
