"""Trains small models on one device and on parts of the processor: `python steps_on_devices.py CASE …`.

TensorFlow makes such parts only as it starts, so tests run this as a program. Prints a mapping from cases to what the
trainings had in common, as JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cnncli.environment import divide_processor

DEVICES = 3
divide_processor(DEVICES)

from cnncli.catalog import Entry  # noqa: E402
from cnncli.factory.metrics import create_variables  # noqa: E402
from cnncli.factory.model import Preprocessing  # noqa: E402
from cnncli.factory.training import compile_model  # noqa: E402
from cnncli.runner.execution.execution import OneDevice  # noqa: E402
from cnncli.runner.execution.several import SeveralDevices  # noqa: E402
from cnncli.runner.inputs.input_spec import InputSpec  # noqa: E402
from cnncli.runner.model.build import build_model  # noqa: E402
from cnncli.runner.training.loop import TrainingLoop, ValidationLoop  # noqa: E402
from cnncli.runner.training.variables import averaged_weights, values_of  # noqa: E402
from cnncli.spec import load  # noqa: E402
from cnncli.startup import keras, tf  # noqa: E402

IMAGES, BATCH, CLASSES = 45, 16, 3  # the last batch has 13: no number of devices divides it


@dataclass(frozen=True)
class Case:
    """What differs from a plain training on two devices."""

    optimizer: str = "SGD"
    arguments: dict[str, Any] = field(default_factory=lambda: {"learning_rate": 0.05, "momentum": 0.9})
    devices: int = 2
    weighted: bool = False
    normalized: bool = False
    synchronized: bool = True
    dropout: float = 0.0
    precision: str = "float32"
    overflowing: bool = False


def sgd(**arguments: Any) -> Case:
    return Case(arguments={"learning_rate": 0.2, "momentum": 0.9, **arguments})


CASES = {
    "everything": Case(
        "AdamW",
        {
            "learning_rate": 0.01,
            "clipnorm": 0.1,
            "use_ema": True,
            "ema_momentum": 0.5,
            "gradient_accumulation_steps": 2,
        },
        weighted=True,
        normalized=True,
    ),
    "three": replace(sgd(clipnorm=0.05), devices=3, weighted=True),
    "Lion": Case("Lion", {"learning_rate": 0.01}),
    "Muon": Case("Muon", {"learning_rate": 0.02}),
    "global_clipnorm": sgd(global_clipnorm=0.1),
    "overwritten": Case("Adam", {"use_ema": True, "ema_overwrite_frequency": 2, "gradient_accumulation_steps": 2}),
    "normalized": replace(sgd(clipvalue=0.01), normalized=True),
    "own statistics": Case(normalized=True, synchronized=False),
    "overflow": Case(precision="mixed_float16", overflowing=True),
    "dropout": Case(dropout=0.5),
}


def model_of(case: Case) -> Any:
    keras.utils.set_random_seed(1)
    layers, image = keras.layers, keras.Input((6, 6, 1))
    output = layers.Conv2D(4, 3, use_bias=False, kernel_regularizer="l2", dtype=case.precision, name="conv")(image)
    if case.normalized:
        output = layers.BatchNormalization(momentum=0.5, name="norm")(output)
    output = layers.Flatten()(layers.ReLU()(output))
    if case.dropout:
        output = layers.Dropout(case.dropout, seed=5, name="drop")(output)
    return keras.Model(image, layers.Dense(CLASSES, activation="softmax", dtype="float32", name="head")(output))


def batches(case: Case, epochs: int) -> Any:
    random = np.random.default_rng(0)
    images = random.normal(size=(IMAGES, 6, 6, 1)).astype(np.float32)
    if case.overflowing:  # in the second half of the second batch
        images[BATCH + BATCH // 2 : 2 * BATCH] *= 100
    targets = np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, IMAGES)]
    arrays = (images, targets, random.uniform(0, 2, IMAGES).astype(np.float32))[: 3 if case.weighted else 2]
    return tf.data.Dataset.from_tensor_slices(arrays).batch(BATCH).repeat(epochs), (images, targets)


def trained(case: Case, execution: Any, epochs: int = 2) -> dict[str, Any]:
    """Losses, accuracies and values after a training, and whether all devices have the same."""
    with execution.scope():
        model = model_of(case)
    execution.prepare(model, 8, 8)
    optimizer, loss = Entry("optimizer", case.optimizer, case.arguments), Entry("loss", "CategoricalCrossentropy")
    with execution.compile_scope():
        variables = execution.trained_variables(model)
        compile_model(model, optimizer, loss, [Entry("metric", "accuracy")], CLASSES, 1, (), variables)
        create_variables(model, np.eye(CLASSES, dtype=np.float32)[:1], (CLASSES,))
    train, arrays = batches(case, epochs)
    loop, steps = TrainingLoop(model, train, execution), -(-IMAGES // BATCH)
    # 16, 16 and 1 image: fewer than there are devices
    validation = ValidationLoop(model, tf.data.Dataset.from_tensor_slices(arrays).take(33).batch(BATCH), execution)
    metrics = []
    for _ in range(epochs):
        metrics += loop.epoch(steps, lambda done, steps: None).values()
        with averaged_weights(model):
            metrics += validation.measure().values()
    copies = [strategy_values(execution, variable) for variable in model.variables if variable.dtype == "float32"]
    seeds = [variable for variable in model.variables if "seed" in variable.path]
    return {
        "metrics": metrics,
        "values": values_of(model, model),
        "same": all(np.array_equal(values[0], other) for values in copies for other in values[1:]),
        "states": [each.tolist() for seed in seeds for each in strategy_values(execution, seed)],
    }


def strategy_values(execution: Any, variable: Any) -> list[np.ndarray]:
    """The values of a variable on all devices."""
    values = execution._of_each(variable.value) if len(execution.devices) > 1 else [variable.value]
    return [value.numpy() for value in values]


def largest(one: Any, other: Any) -> float:
    return float(np.max(np.abs(np.asarray(one, np.float64) - np.asarray(other, np.float64)), initial=0.0))


def counts(values: dict[str, np.ndarray], name: str) -> list[float]:
    """What an optimizer counts under a name."""
    return [float(value) for path, value in values.items() if path.endswith(name)]


def compared(case: Case) -> dict[str, Any]:
    several = SeveralDevices([f"CPU:{number}" for number in range(case.devices)], case.synchronized)
    one, shared = trained(case, OneDevice()), trained(case, several)
    return {
        "names": sorted(one["values"]) == sorted(shared["values"]),
        "metrics": largest(one["metrics"], shared["metrics"]),
        "values": max(largest(value, shared["values"][name]) for name, value in one["values"].items()),
        "same": shared["same"],
        "states": shared["states"],
        **{key: [counts(values["values"], key) for values in (one, shared)] for key in ("dynamic_scale", "iteration")},
    }


BACKBONE = """
data: {source: mnist, image: {size: 32, color: rgb}}
model:
  layers: [{MobileNetV2: {weights: null, alpha: 0.35}}, GlobalAveragePooling2D, {Dense: {units: classes}}]
"""


def of_a_backbone() -> dict[str, Any]:
    """Copies of one of its weights, and whether its statistics are those of all devices."""
    devices = SeveralDevices(["CPU:0", "CPU:1"], True)
    inputs = InputSpec((32, 32, 3), tuple("ab"), Preprocessing())
    model = build_model(load(BACKBONE).spec.model.nodes, inputs, "float32", 0, "a", devices.scope)
    devices.prepare(model, 8, 8)
    layers = model.layers[-3].layers
    return {
        "copies": len(strategy_values(devices, model.trainable_variables[0])),
        "synchronized": sorted({layer.synchronized for layer in layers if "BN" in layer.name}),
    }


if __name__ == "__main__":
    print(json.dumps({name: compared(CASES[name]) if name in CASES else of_a_backbone() for name in sys.argv[1:]}))
