"""Measures the best weights of a run on one of its splits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.data.pipeline import Reader, encode, ordered_batches
from cnncli.data.samples import LabelledImages
from cnncli.errors import RunError
from cnncli.factory.training import probabilities
from cnncli.factory.weights import load_weights
from cnncli.records import Evaluation
from cnncli.runner.inputs.image_manifest import recorded_splits
from cnncli.runner.inputs.splits import Notice, decoded
from cnncli.runner.model.build import compiled, inputs_of_run, run_spec
from cnncli.runner.training.loop import failures_of, outputs_and_loss, results
from cnncli.runner.weights import verified_weights
from cnncli.runs import RunDir
from cnncli.spec.schema import Spec
from cnncli.spec.sources import Source

MOST = 256
"""Images measured together at most, also those of the validation."""

_PIXELS = MOST * 64 * 64


def together(shape: tuple[int, int, int], batch_size: int) -> int:
    """How many images are measured together: of large ones fewer, so that it takes no more memory than to train.

    Args:
        shape: height, width and channels of an image.
        batch_size: of the training.
    """
    fits = 2 ** int(math.log2(max(1, _PIXELS // (shape[0] * shape[1]))))
    return min(MOST, max(fits, batch_size))


def evaluate(
    run: RunDir,
    split: str,
    notice: Notice | None = None,
    data: Path | None = None,
    allow_changed_weights: bool = False,
) -> tuple[Evaluation, LabelledImages]:
    """Evaluates a run with its own spec, weights and images.

    Args:
        run: finished, or interrupted after an epoch.
        split: `train`, `validation` or `test`.
        notice: is told of images that changed since the training.
        data: where the images are now, when they were moved.
        allow_changed_weights: measure weights, too, that are not those the training wrote.

    Returns:
        The evaluation, and the images it is about.

    Raises:
        DataError: images of the run are missing.
        RunError: the run is incomplete, or keeps no such split.
    """
    weights = verified_weights(run, allow_changed_weights, notice)
    spec = run_spec(run)
    if data is not None:
        spec = moved(spec, data)
    inputs = inputs_of_run(run)
    splits = decoded(recorded_splits(spec, run, notice), spec.data.cache)
    if split not in splits.samples:
        raise RunError(f"this run keeps no {split} images", f"it has {', '.join(splits.samples)}")
    model, encoding = compiled(spec, inputs, total_steps=1)
    load_weights(model, weights)
    samples = splits.samples[split]
    return evaluate_split(spec, model, encoding, split, samples, splits.class_names), samples


def moved(spec: Spec, path: Path) -> Spec:
    """The spec with its images at another place.

    Raises:
        RunError: its source has no place.
    """
    source = spec.data.source
    if "path" not in source.arguments:
        raise RunError(f"the images of this run come from {source.name}, which has no path that --data could change")
    # The images of a table are below its root, when it has one
    key = "root" if "root" in source.arguments and path.is_dir() else "path"
    there = Source(source.name, {**source.arguments, key: str(path)})
    return spec.model_copy(update={"data": spec.data.model_copy(update={"source": there})})


def evaluate_split(
    spec: Spec,
    model: Any,
    encoding: str,
    split: str,
    samples: LabelledImages,
    class_names: tuple[str, ...],
    on_images: Callable[[int], None] = lambda images: None,
) -> Evaluation:
    """What a compiled model says of every image of a split; loss and metrics over all of them at once.

    Args:
        spec: of the run.
        model: compiled.
        encoding: of the labels.
        split: `train`, `validation` or `test`.
        samples: of the split.
        class_names: in the order of the model's outputs.
        on_images: is told how many images are done; what it raises ends the evaluation.
    """
    from cnncli.startup import tf

    targets = encode(samples.labels, encoding, len(class_names))
    reader = Reader(samples)
    with failures_of(reader):
        batches = ordered_batches(reader, targets, together(samples.shape, spec.train.batch_size))
        outputs, loss = outputs_and_loss(model, batches, on_images)
    model.reset_metrics()
    model.compute_metrics(None, tf.constant(targets), tf.constant(outputs))
    metrics = {name: value for name, value in results(model).items() if name != "loss"}
    shown = probabilities(outputs, spec.train.loss, encoding, len(class_names))
    return Evaluation(split, class_names, tuple(samples.names), samples.labels, shown, {"loss": loss, **metrics})


def images_at(samples: LabelledImages) -> Callable[[Sequence[int]], Sequence[np.ndarray]]:
    """Gives images by their indices, for the pictures of a report."""
    return lambda indices: list(samples.read(np.asarray(indices, dtype=np.int64)))
