"""Measures the weights of a run on one of its splits, or on other labelled images."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path

import numpy as np

from cnncli.data.samples import LabelledImages
from cnncli.environment import tell_result_variables
from cnncli.errors import DataError, RunError
from cnncli.factory.computation.choices import choices_of
from cnncli.factory.training import compile_model
from cnncli.insight.views import Views
from cnncli.machine import address_in, expanded
from cnncli.notices import Notice, warn
from cnncli.records import Evaluation
from cnncli.report import EvaluationData, artifact_names, write_artifacts
from cnncli.runner.inputs.data_record import no_such_images, require_split
from cnncli.runner.inputs.image_manifest import recorded_splits, warn_about_trained
from cnncli.runner.inputs.moved_images import moved_to
from cnncli.runner.inputs.other_images import OtherImages
from cnncli.runner.inputs.splits import Splits, decoded, decoded_before, evaluated_splits, groups_in
from cnncli.runner.model.build import encoding_for
from cnncli.runner.model.evaluation import evaluate_split, images_at
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runner.page import facts_of
from cnncli.runner.views.allowed import required_views
from cnncli.runner.views.gain import with_gain
from cnncli.spec.schema import Data
from cnncli.startup import keras


def evaluate(
    run: OpenRun,
    split: str | None = None,
    notice: Notice = warn,
    data_path: Path | None = None,
    allow_changed_weights: bool = False,
    weights: Weights = "best",
    on: OtherImages | None = None,
    tta: bool = False,
) -> Evaluation:
    """Evaluates a run with its own spec and weights, as `cnncli.Run.evaluate` says."""
    if data_path is not None and on is not None:
        raise RunError("--data is a new place of the run's own images, and --on names others", "use one of the two")
    views = required_views(run) if tta else None
    tell_result_variables(notice)
    model = run.model(weights, allow_changed_weights, notice)
    classes = run.class_names
    if on is None:
        split = split or "test"
        own = own_split(run, split, data_path, notice)
        samples, groups = decoded_split(own, split, run.spec.data, notice), groups_in(own, split)
    else:
        split, files = on.split, on.files
        warn_about_trained(run.path, classes, files, notice)
        samples = decoded(Splits(classes, {split: files}), run.spec.data, notice=notice).samples[split]
        groups = None
    evaluation = _evaluated(run, model, split, samples, groups, views)
    measured_on = "" if on is None else address_in(on.place) or str(expanded(on.place).absolute())
    return dataclasses.replace(evaluation, weights=weights, on=measured_on)


def evaluate_again(
    run: OpenRun,
    notice: Notice = warn,
    data_path: Path | None = None,
    allow_changed_weights: bool = False,
    tta: bool = False,
    only: Collection[str] = (),
) -> Evaluation:
    """Evaluates the best weights of a run on its test images, and writes the results into the run as a training does.

    A run of an older version gets the files that it lacks; with `only`, these files are written and no others.

    Raises:
        DataError: Test or validation images are missing.
        RunError: The run is incomplete, or is being written.
    """
    views = required_views(run) if tta else None
    tell_result_variables(notice)
    model = run.model("best", allow_changed_weights, notice)
    with run.folder.locked():
        own = own_split(run, "test", data_path, notice, further=("validation",))
        evaluations = []
        for split in evaluated_splits(own):
            samples = decoded_split(own, split, run.spec.data, notice)
            of_split = views if split == "test" else None
            evaluations.append((_evaluated(run, model, split, samples, groups_in(own, split), of_split), samples))
        (tested, images), *others = evaluations
        validated = next((evaluation for evaluation, _ in others), None)
        data = EvaluationData(
            tested, images_at(images), validated, facts_of(run, run.spec.model.nodes, model, run.history)
        )
        skip = {name for name in artifact_names("evaluation") if only and name not in only}
        write_artifacts("evaluation", data, run.folder.write, skip)
    return tested


def _evaluated(
    run: OpenRun,
    model: keras.Model,
    split: str,
    samples: LabelledImages,
    groups: np.ndarray | None,
    views: Views | None,
) -> Evaluation:
    train, classes = run.spec.train, run.class_names
    encoding = encoding_for(train, model, len(classes))
    compile_model(model, train.optimizer, train.loss, train.metrics, len(classes), total_steps=1)

    def measured(images: LabelledImages) -> Evaluation:
        found = evaluate_split(model, split, images, classes, encoding, train.loss, train.batch_size)
        return dataclasses.replace(found, groups=groups)

    with choices_of(run.environment_or_nothing()):
        evaluation = measured(samples)
        return evaluation if views is None else with_gain(evaluation, samples, views, measured)


def own_split(
    run: OpenRun,
    split: str,
    data_path: Path | None = None,
    notice: Notice = warn,
    further: Collection[str] = (),
) -> Splits:
    """The images of a run, found again; those of one split are all there.

    Args:
        run: The run.
        split: `train`, `validation` or `test`.
        data_path: Where the images are now, if they were moved.
        notice: Receives warnings, such as that images have changed.
        further: Other splits whose images must be there, if the run has them.

    Raises:
        DataError: Images of the split are missing.
        RunError: The run has no images of this split.
        ValueError: No split is called so.
    """
    require_split(run.data_record, split)
    data = run.spec.data if data_path is None else moved_to(run.spec.data, data_path)
    needed = (split, *further)
    splits = recorded_splits(data, run.spec.seed, run.data_record, run.path, notice, needed=needed, rows=run.image_rows)
    if split not in splits.samples:
        raise no_such_images(split, splits.samples)
    return splits


def decoded_split(splits: Splits, split: str, data: Data, notice: Notice) -> LabelledImages:
    """The images of one split: from the cache of the training if all its files are there, else decoded on their own."""
    try:
        if data.caches_on_disk and (whole := decoded_before(splits)):
            return whole.samples[split]
    except DataError:
        pass  # files of the other splits are gone, and not needed
    one = dataclasses.replace(splits, samples={split: splits.samples[split]})
    return decoded(one, data, notice=notice).samples[split]
