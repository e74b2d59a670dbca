"""The files of a run, written once into a temporary folder: their sizes, their times, and whether they can be read."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnncli.data.pipeline import Reader, encode, ordered_batches
from cnncli.data.samples import LabelledImages
from cnncli.errors import TrainingError
from cnncli.factory.summary import summarize
from cnncli.factory.training import probabilities
from cnncli.factory.weights import load_weights, save_weights
from cnncli.records import Epoch, Evaluation, History
from cnncli.report import EvaluationData, StartData, write_artifacts
from cnncli.runner.execution.steps import outputs_of, read_errors_of
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.model.build import InputSpec, build
from cnncli.runner.model.evaluation import evaluation_batch_size, images_at
from cnncli.runner.training.checkpoint import TrainingState, write_checkpoint
from cnncli.runner.training.phases import TrainingPhase
from cnncli.runner.training.variables import averaged_weights
from cnncli.runs.files import writing
from cnncli.spec.schema import Spec

if TYPE_CHECKING:
    import keras

_ROW = 70
"""Bytes of a row of `images.csv` beside the name of the image."""


@dataclass(frozen=True)
class Saved:
    """The weights and the checkpoint of a moment.

    Args:
        weights: the file of the weights.
        checkpoint: seconds that writing the checkpoint took.
        seconds: that writing both took.
        size: bytes of the weights of the best and of the last epoch, of the checkpoint, and of the one that takes its
            place.
    """

    weights: Path
    checkpoint: float
    seconds: float
    size: int


def save(phase: TrainingPhase, folder: Path) -> Saved:
    """Saves what a training saves after an epoch."""
    weights, checkpoint = folder / "weights" / "best.weights.h5", folder / "checkpoint" / "state.npz"
    began = time.perf_counter()
    callbacks, arrays = phase.state(with_metrics=False)
    with writing(checkpoint) as path:
        write_checkpoint(path, TrainingState(callbacks=tuple(callbacks), arrays=arrays))
    del arrays
    after_checkpoint = time.perf_counter() - began
    with averaged_weights(phase.model), writing(weights) as path:
        save_weights(phase.model, path)
    seconds = time.perf_counter() - began
    return Saved(weights, after_checkpoint, seconds, 2 * weights.stat().st_size + 2 * checkpoint.stat().st_size)


@dataclass(frozen=True)
class Reported:
    """The test and the reports of a training.

    Args:
        seconds: that the reports took, with the beginning of the test.
        size: bytes of all of them, as if all images had been tested.
    """

    seconds: float
    size: int


def write_reports(spec: Spec, splits: Splits, model: keras.Model, encoding: str, folder: Path) -> Reported:
    """Tests on one batch and writes every report of it.

    Raises:
        DataError: an image of the test cannot be read.
    """
    test, names = splits.samples["test"], splits.class_names
    began = time.perf_counter()
    evaluation = _evaluated(spec, model, encoding, test, names)

    def write(name: str) -> AbstractContextManager[Path]:
        return writing(folder / name)

    epoch = Epoch(1, {"loss": 1.0, "val_loss": 1.0}, float(np.asarray(model.optimizer.learning_rate)), 1.0)
    history = History((epoch,), "loss", 1)
    write_artifacts("epoch", history, write)
    write_artifacts("end", history, write)
    write_artifacts("evaluation", EvaluationData(evaluation, images_at(test)), write)
    shown = np.linspace(0, len(test) - 1, min(25, len(test))).astype(int).tolist()
    start = StartData(
        title=spec.name,
        images=lambda: images_at(test)(shown),
        captions=[names[test.labels[i]] for i in shown],
        summary=lambda: summarize(model, spec.model.nodes),
    )
    write_artifacts("start", start, write)
    seconds = time.perf_counter() - began
    predictions = (folder / "predictions.csv").stat().st_size * len(test) // len(evaluation.labels)
    fixed = [path for path in folder.rglob("*") if path.suffix in (".png", ".json", ".txt")]
    return Reported(seconds, sum(path.stat().st_size for path in fixed) + predictions)


def _evaluated(
    spec: Spec, model: keras.Model, encoding: str, test: LabelledImages, names: tuple[str, ...]
) -> Evaluation:
    """What the model says of the first batch of the test; all of its images are held, as in a training."""
    reader, targets = Reader(test), encode(test.labels, encoding, len(names))
    batches = ordered_batches(reader, targets, evaluation_batch_size(test.shape, spec.train.batch_size))
    with read_errors_of(reader):
        outputs = outputs_of(model, batches.take(1))
    shown = probabilities(outputs, spec.train.loss, encoding, len(names))  # (images, classes)
    return Evaluation("test", names, tuple(test.names[: len(shown)]), test.labels[: len(shown)], shown, {"loss": 0.0})


def size_of_image_list(spec: Spec, splits: Splits) -> int:
    """Bytes of the list of all images that a run keeps, where it keeps one."""
    if spec.data.source.is_builtin:
        return 0
    return sum(len(name) + _ROW for samples in splits.samples.values() for name in samples.names)


def compare_reloaded(spec: Spec, inputs: InputSpec, model: keras.Model, weights: Path, images: np.ndarray) -> None:
    """Loads saved weights into a new model, which must say the same of images to the last bit.

    Args:
        spec: of the model.
        inputs: what the model knows of its images.
        model: Model whose weights were saved.
        weights: the file.
        images: uint8, `(images, height, width, channels)`.

    Raises:
        TrainingError: it says something else.
    """
    from cnncli.startup import tf

    batches = tf.data.Dataset.from_tensors((images, np.zeros(len(images))))
    with averaged_weights(model):
        before, again = (outputs_of(model, batches) for _ in range(2))  # (images, units)
    reloaded = build(spec, inputs)
    load_weights(reloaded, weights)
    after = outputs_of(reloaded, batches)  # (images, units)
    repeats = np.array_equal(before, again)  # some graphics cards do not, and cannot be held to the last bit
    if not (np.array_equal(before, after) if repeats else np.allclose(before, after, rtol=1e-3, atol=1e-5)):
        raise TrainingError(
            f"the model says something else after it was saved and loaded, by up to {np.abs(before - after).max():.2g}",
            "one of its layers keeps something that is not among its weights; a layer of a package of your own must "
            "make it with add_weight",
        )
