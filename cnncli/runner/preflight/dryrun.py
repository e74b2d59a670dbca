"""`cnncli train --dry-run`: everything that a training does, a few steps of it, and what all of them will take."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnncli.data.samples import FileSamples
from cnncli.factory.precision import slowed_by
from cnncli.observer import TrainingObserver
from cnncli.runner.inputs.source_check import require_readable
from cnncli.runner.inputs.splits import Splits, load_splits
from cnncli.runner.model.build import inputs_of_splits
from cnncli.runner.model.evaluation import evaluation_batch_size
from cnncli.runner.model.initial_weights import load_pretrained
from cnncli.runner.preflight.files import Reported, compare_reloaded, size_of_image_list, write_reports
from cnncli.runner.preflight.forecast import disk_of, free_memory, memory_of
from cnncli.runner.preflight.records import DryRun, Seconds
from cnncli.runner.preflight.stages import Rehearsed, rehearse_stages
from cnncli.runner.preflight.standins import Rehearsal, rehearsal_of
from cnncli.runner.training.outcome import memory_errors_explained
from cnncli.runner.training.preparation import prepare_phases
from cnncli.runs import require_writable
from cnncli.spec.schema import Spec

COMPARED = 32
"""Images that a model is shown before and after it is saved and loaded."""


def dry_run(spec: Spec, runs_folder: Path, observer: TrainingObserver, began: float | None = None) -> DryRun:
    """Rehearses a training: reads, builds, trains and validates for a few seconds, tests, reports, saves and loads.

    No run is made and nothing is put into the cache. Every stage is entered, and its steps are timed once the first of
    them are over, which trace and compile. The memory is what the system says this process has held at most: by then
    it holds the images that a training holds, has made its steps, and written its files. What it does not have yet,
    the mapped file of a cache that is still to be filled, is added.

    Args:
        spec: checked.
        runs_folder: where the run would be made.
        observer: is told of downloads.
        began: when the command did, on the clock of `time.perf_counter`; now unless given.

    Raises:
        SpecError: the model cannot be built.
        DataError: images cannot be had.
        TrainingError: the loss or a weight is no finite number, or the model is not the same once it is reloaded.
        ResourceError: memory or disk will not suffice.
    """
    began, free = time.perf_counter() if began is None else began, free_memory()
    require_writable(runs_folder)
    with memory_errors_explained(), tempfile.TemporaryDirectory(prefix="cnncli-") as name:
        found = _found(spec, observer)
        loaded = time.perf_counter() - began
        rehearsal = rehearsal_of(spec, found)
        disk_of(0, rehearsal.cache, runs_folder)  # before anything that takes longer
        began = time.perf_counter() - loaded  # a training has no use for the stand-ins
        splits = rehearsal.splits
        inputs = inputs_of_splits(spec.data, splits)
        if warning := slowed_by(spec.train.precision):
            observer.on_notice(f"warning: {warning}")
        phases = prepare_phases(spec, splits, inputs)
        load_pretrained(spec, phases.model, inputs.class_names, runs_folder, observer.on_notice)
        prepared = time.perf_counter() - began
        stages = rehearse_stages(spec, splits, phases, Path(name))
        reported = write_reports(spec, splits, phases.model, phases.batches.encoding, Path(name) / "reports")
        memory = memory_of(rehearsal, free)
        images = splits.samples["test"].read(np.arange(min(COMPARED, len(splits.samples["test"]))))
        compare_reloaded(spec, inputs, phases.model, stages[-1].saved.weights, images)
    size = max(stage.saved.size for stage in stages) + reported.size + size_of_image_list(spec, found)
    return DryRun(
        images={split: len(samples) for split, samples in found.samples.items()},
        may_end_early=any(callback.name == "EarlyStopping" for callback in spec.train.callbacks),
        steps=phases.batches.steps,
        batch_size=spec.train.batch_size,
        measured_steps=sum(stage.trained.steps for stage in stages),
        first_loss=stages[0].trained.first_loss,
        compared=len(images),
        seconds=_seconds(spec, rehearsal, prepared, stages, reported),
        memory=memory,
        disk=disk_of(size, rehearsal.cache, runs_folder),
    )


def _seconds(
    spec: Spec, rehearsal: Rehearsal, prepared: float, stages: Sequence[Rehearsed], reported: Reported
) -> Seconds:
    """How long the training takes, its stages and what is around them."""
    samples, last = rehearsal.splits.samples, stages[-1]
    at_once = evaluation_batch_size(rehearsal.splits.shape, spec.train.batch_size)
    measured = last.validated.per_batch / min(at_once, len(samples.get("validation", ())) or at_once)
    per_image = measured or last.trained.per_step / spec.train.batch_size
    return Seconds(
        decoding=rehearsal.seconds,
        before=prepared + rehearsal.hashing,
        stages=tuple(stage.seconds for stage in stages),
        after=reported.seconds + per_image * max(0, len(samples["test"]) - at_once),
    )


def _found(spec: Spec, observer: TrainingObserver) -> Splits:
    found = load_splits(spec, notice=observer.on_notice)
    files = {split: samples for split, samples in found.samples.items() if isinstance(samples, FileSamples)}
    require_readable(files, spec.data.source.arguments.get("path", spec.data.source.name))
    return found
