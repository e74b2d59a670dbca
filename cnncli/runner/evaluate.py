"""Measures the best weights of a run on one of its splits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cnncli.data.pipeline import encode, ordered_batches
from cnncli.data.samples import Samples
from cnncli.errors import RunError
from cnncli.factory.startup import start_tensorflow
from cnncli.factory.training import probabilities
from cnncli.factory.weights import load_weights
from cnncli.records import Evaluation
from cnncli.runner.loop import outputs_of, results
from cnncli.runner.prepare import compiled, load_splits, run_spec
from cnncli.runs import RunDir
from cnncli.spec.schema import Spec

BATCH = 256


def evaluate(run: RunDir, split: str) -> tuple[Evaluation, Samples]:
    """Evaluates a run with its own spec, weights and images.

    Args:
        run: finished, or interrupted after an epoch.
        split: `train`, `validation` or `test`.

    Returns:
        The evaluation, and the images it is about.

    Raises:
        RunError: the run is incomplete, or keeps no such split.
    """
    start_tensorflow()
    spec = run_spec(run)
    record = run.read_json("data.json")
    splits = load_splits(spec, recorded=record.get("validation"))
    if split not in splits.samples:
        raise RunError(f"this run keeps no {split} images", f"it has {', '.join(splits.samples)}")
    model, encoding = compiled(spec, total_steps=1)
    load_weights(model, run.best_weights)
    samples = splits.samples[split]
    return evaluate_split(spec, model, encoding, split, samples, splits.class_names), samples


def evaluate_split(
    spec: Spec, model: Any, encoding: str, split: str, samples: Samples, class_names: tuple[str, ...]
) -> Evaluation:
    """What a compiled model says of every image of a split; loss and metrics over all of them at once."""
    import tensorflow as tf

    targets = encode(samples.labels, encoding, len(class_names))
    outputs = outputs_of(model, ordered_batches(samples, targets, BATCH))  # (images, units)
    model.reset_metrics()
    model.compute_metrics(None, tf.constant(targets), tf.constant(outputs))
    metrics = {name: value for name, value in results(model).items() if name != "loss"}
    loss = float(model.compute_loss(None, tf.constant(targets), tf.constant(outputs), training=False))
    shown = probabilities(outputs, spec.train.loss, encoding, len(class_names))
    return Evaluation(split, class_names, tuple(samples.names), samples.labels, shown, {"loss": loss, **metrics})


def images_at(samples: Samples) -> Callable[[Sequence[int]], Sequence[np.ndarray]]:
    """Gives images by their indices, for the pictures of a report."""
    return lambda indices: [samples.images[i] for i in indices]
