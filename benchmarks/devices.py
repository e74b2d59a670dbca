"""Trainings on one device and on parts of the processor, compared: histories and last weights.

    python benchmarks/devices.py [CASE …] [--devices N | --disturbed]

Each case trains a small network on 2,001 digits for two epochs in batches of 128, the last of which has 81, once on one
device and once on N parts of the processor (2 unless given). `resnet` is the shipped cifar10_resnet on digits in
colour, for one epoch. Prints the largest difference of each. All cases take three minutes on two cores. `--disturbed`
compares with one device again, whose first weights are changed by 1e-7 of themselves: what rounding alone comes to.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import cnncli
from cnncli.environment import divide_processor

IMAGES, VALIDATION, TEST = 2001, 400, 200
MODEL = [
    {"Conv2D": {"filters": 8, "kernel_size": 3, "strides": 2, "activation": "relu", "kernel_regularizer": "l2"}},
    {"Conv2D": {"filters": 8, "kernel_size": 3, "strides": 2, "activation": "relu"}},
    "Flatten",
    {"Dense": {"units": "classes", "activation": "softmax"}},
]
MOMENTUM = {"learning_rate": 0.05, "momentum": 0.9}
MIXED = {"train.loss": {"CategoricalCrossentropy": {"label_smoothing": 0.1}}}


def optimizer(name: str, **arguments: Any) -> dict[str, Any]:
    return {"train.optimizer": {name: arguments}}


def momentum(**arguments: Any) -> dict[str, Any]:
    return optimizer("SGD", **{**MOMENTUM, **arguments})


RATES = {"SGD": 0.05, "RMSprop": 0.001, "Adadelta": 1.0, "Adafactor": 0.01, "Adagrad": 0.01, "Ftrl": 0.01, "Muon": 0.01}
OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adafactor", "Adagrad", "Adamax", "Ftrl", "Lamb", "Lion")
OTHERS = ("Muon", "Nadam", "ScheduleFreeAdamW")
SCHEDULE = {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": "total_steps"}}
CASES: dict[str, dict[str, Any]] = {
    **{name: optimizer(name, learning_rate=RATES.get(name, 0.003)) for name in (*OPTIMIZERS, *OTHERS)},
    "momentum": momentum(nesterov=True),
    "schedule": momentum(learning_rate=SCHEDULE),
    "clipnorm": momentum(learning_rate=0.2, clipnorm=0.05),
    "global_clipnorm": momentum(learning_rate=0.2, global_clipnorm=0.1),
    "clipvalue": momentum(learning_rate=0.2, clipvalue=0.003),
    "accumulation": momentum(gradient_accumulation_steps=3),
    "accumulation of AdamW": optimizer("AdamW", learning_rate=0.003, gradient_accumulation_steps=3, clipnorm=0.5),
    "average": momentum(use_ema=True, ema_momentum=0.9),
    "average and accumulation": optimizer("Adam", use_ema=True, gradient_accumulation_steps=2),
    "class weights": {"train.class_weight": {"0": 3.0, "1": 0.5, "7": 0.1}, **momentum()},
    "MixUp": {"augment": [{"MixUp": {"alpha": 0.2}}], **MIXED, **momentum(learning_rate=0.02)},
    "CutMix, weighted": {"augment": ["CutMix"], "train.class_weight": "balanced", **MIXED, **momentum()},
    "mixed_float16": {"train.precision": "mixed_float16", **momentum()},
    "resnet": momentum(learning_rate=0.001),  # at 0.01 another number of threads changes the loss of one device by 5e-4
}


def write_digits(folder: Path) -> None:
    """Digits in grey as MNIST has them, and in colour."""
    from cnncli.data.sources.published import mnist

    images, labels, *_ = mnist.arrays()
    ends = np.cumsum([IMAGES, VALIDATION, TEST])
    grey = np.split(images[: ends[-1]], ends[:2])
    tint = np.random.default_rng(0).uniform(0.3, 1, (ends[-1], 1, 1, 3))
    colored = np.split((images[: ends[-1]].reshape(-1, 28, 28, 1) * tint).astype(np.uint8), ends[:2])
    of_splits = dict(zip(("y_train", "y_val", "y_test"), np.split(labels[: ends[-1]], ends[:2]), strict=True))
    for name, parts in (("grey", grey), ("colored", colored)):
        np.savez(folder / f"{name}.npz", **dict(zip(("x_train", "x_val", "x_test"), parts, strict=True)), **of_splits)


def base(folder: Path, case: str) -> dict[str, Any]:
    """The spec of a case, without its own settings."""
    source = {"arrays": {"path": str(folder / ("colored.npz" if case == "resnet" else "grey.npz"))}}
    return {"data": {"source": source}, "model": {"layers": MODEL}, "train": {"epochs": 2, "batch_size": 128}}


def spec_of(folder: Path, case: str, devices: list[str] | None) -> cnncli.Spec:
    """The spec of a case."""
    value = base(folder, case)
    settings = {**CASES[case], "train.devices": devices, "data.source": value["data"]["source"]}
    if case == "resnet":
        from cnncli.spec.shipped import shipped

        path = next(one.file for one in shipped() if one.name == "cifar10_resnet")
        return cnncli.load_spec(path, {**settings, "train.epochs": 1, "data.split": {"validation": 0.1}})
    return cnncli.load_spec(value, settings)


Results = tuple[list[dict[str, float]], dict[str, np.ndarray]]


def trained(folder: Path, case: str, devices: list[str] | None) -> Results:
    """The history of a training, and its last weights."""
    runs = Path(tempfile.mkdtemp(dir=folder))
    cnncli.train(spec_of(folder, case, devices), runs)
    return results(runs)


@contextlib.contextmanager
def disturbed_weights() -> Iterator[None]:
    """Inside, every model begins with weights that differ by 1e-7 of themselves."""
    from cnncli.runner.training import preparation

    build, draw = preparation.build_model, np.random.default_rng(0)

    def built(*arguments: Any) -> Any:
        model = build(*arguments)
        for variable in model.trainable_variables:
            values = variable.numpy()
            variable.assign((values * (1 + 1e-7 * draw.choice([-1, 1], values.shape))).astype(values.dtype))
        return model

    preparation.build_model = built
    try:
        yield
    finally:
        preparation.build_model = build


def results(runs: Path) -> Results:
    """The history of the only run in a folder, and its last weights."""
    (path,) = (file.parent for file in runs.glob("*/history.csv"))
    with (path / "history.csv").open(newline="") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    weights: dict[str, np.ndarray] = {}
    with h5py.File(path / "weights" / "last.weights.h5") as stored:
        stored.visititems(lambda name, item: weights.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return rows, weights


def main(cases: list[str], devices: int, disturbed: bool) -> None:
    divide_processor(devices)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_digits(folder)
        for case in cases or CASES:
            began = time.perf_counter()
            rows, weights = trained(folder, case, None)
            names = None if disturbed else [f"CPU:{number}" for number in range(devices)]
            with disturbed_weights() if disturbed else contextlib.nullcontext():
                shared_rows, shared = trained(folder, case, names)
            pairs = list(zip(rows, shared_rows, strict=True))
            of_metrics = {key: max(abs(a[key] - b[key]) for a, b in pairs) for key in ("loss", "val_loss", "accuracy")}
            of_weights = max(float(np.abs(weights[key].astype(float) - shared[key]).max()) for key in weights)
            shown = "  ".join(f"{key} {value:.1e}" for key, value in of_metrics.items())
            print(f"{case:26} {shown}  weights {of_weights:.1e}  {time.perf_counter() - began:4.0f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*", choices=[[], *CASES])
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--disturbed", action="store_true")
    arguments = parser.parse_args()
    main(arguments.cases, arguments.devices, arguments.disturbed)
