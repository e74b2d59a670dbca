"""Measures the best weights of a run on one of its splits."""

from __future__ import annotations

from pathlib import Path

from cnncli.data.samples import LabelledImages
from cnncli.errors import RunError
from cnncli.factory.weights import load_weights
from cnncli.records import Evaluation
from cnncli.runner.inputs.image_manifest import recorded_splits
from cnncli.runner.inputs.splits import Notice, decoded
from cnncli.runner.model.build import compiled, inputs_of_run, run_spec
from cnncli.runner.model.evaluation import evaluate_split
from cnncli.runner.weights import verified_weights
from cnncli.runs import RunDir
from cnncli.spec.schema import Spec
from cnncli.spec.sources import Source


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
    train, names = spec.train, splits.class_names
    evaluation = evaluate_split(model, split, samples, names, encoding, train.loss, train.batch_size)
    return evaluation, samples


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
    return spec.replace(data=spec.data.replace(source=there))
