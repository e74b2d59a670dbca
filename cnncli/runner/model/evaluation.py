"""Measures a compiled model on the images of one split."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cnncli.catalog import Entry
from cnncli.data.pipeline import Reader, encode, evaluation_batch_size, ordered_batches
from cnncli.data.samples import LabelledImages
from cnncli.factory.training import probabilities
from cnncli.insight.probabilities import class_logits
from cnncli.records import Evaluation
from cnncli.runner.execution.steps import Answering, metrics_of, read_errors_of
from cnncli.startup import keras, tf


def evaluate_split(
    model: keras.Model,
    split: str,
    samples: LabelledImages,
    class_names: tuple[str, ...],
    encoding: str,
    loss: Entry,
    batch_size: int,
    answering: Answering | None = None,
) -> Evaluation:
    """The probabilities of every image of a split by a compiled model; loss and metrics are over all of them at once.

    Loss, encoding of the labels and batch size are those of the training; `answering` is of the same model, for several
    splits.
    """
    targets = encode(samples.labels, encoding, len(class_names))
    reader = Reader(samples)
    with read_errors_of(reader):
        batches = ordered_batches(reader, targets, evaluation_batch_size(samples.shape, batch_size))
        answers = (answering or Answering(model))(batches)
    model.reset_metrics()
    model.compute_metrics(None, tf.constant(targets), tf.constant(answers.outputs))
    metrics = {name: value for name, value in metrics_of(model).items() if name != "loss"}
    shown = probabilities(answers.outputs, loss, encoding, len(class_names))  # (images, classes)
    return Evaluation(
        split,
        class_names,
        tuple(samples.names),
        samples.labels,
        shown,
        {"loss": answers.loss, **metrics},
        loss_contains(loss, encoding, model),
        logits=class_logits(answers.logits, shown),
    )


def loss_contains(loss: Entry, encoding: str, model: keras.Model) -> str:
    """What a loss has besides the log loss, so that it may stay high though every image is right; empty if nothing.

    Class weights are not among it: images of an evaluation count the same.

    Returns:
        Words for people: `label smoothing 0.1, penalties on weights`.
    """
    plain = {"sparse": "SparseCategoricalCrossentropy", "one_hot": "CategoricalCrossentropy"}
    parts = [] if loss.name == plain.get(encoding, "BinaryCrossentropy") else [loss.name]
    if smoothing := loss.get("label_smoothing"):
        parts.append(f"label smoothing {smoothing:g}")
    if any(variable.regularizer for variable in model.trainable_variables):
        parts.append("penalties on weights")
    if any(getattr(layer, "activity_regularizer", None) for layer in model.layers):
        parts.append("penalties on activations")
    return ", ".join(parts)


def images_at(samples: LabelledImages) -> Callable[[Sequence[int]], Sequence[np.ndarray]]:
    """A function that gives images by their indices, for the pictures of a report."""
    return lambda indices: list(samples.read(np.asarray(indices, dtype=np.int64)))
