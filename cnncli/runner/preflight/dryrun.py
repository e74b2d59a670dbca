"""`cnncli train --dry-run`: everything that a training does, a few steps of it, and what all of them will take."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from cnncli.data.samples import FileSamples
from cnncli.errors import TrainingError
from cnncli.runner.divergence import ADVICE
from cnncli.runner.ending import memory_told
from cnncli.runner.images import Splits, load_splits
from cnncli.runner.observer import Observer
from cnncli.runner.preflight.files import compare_reloaded, save, size_of_image_list, write_reports
from cnncli.runner.preflight.forecast import disk_of, free_memory, memory_of, require_memory_for_steps, seconds_of
from cnncli.runner.preflight.records import DryRun
from cnncli.runner.preflight.standins import Rehearsal, rehearsal_of
from cnncli.runner.preflight.timing import TrainingTime, time_training, time_validation
from cnncli.runner.prepare import inputs_of_splits
from cnncli.runner.scan import require_readable
from cnncli.runner.stage import Stage
from cnncli.runner.train import prepare_first
from cnncli.runner.variables import all_finite
from cnncli.runs import require_writable
from cnncli.spec.schema import Spec

COMPARED = 32
"""Images that a model is shown before and after it is saved and loaded."""


def dry_run(spec: Spec, runs_folder: Path, observer: Observer, began: float | None = None) -> DryRun:
    """Rehearses a training: reads, builds, trains and validates for a few seconds, tests, reports, saves and loads.

    No run is made and nothing is put into the cache. Steps are timed once the first of them, which trace and compile,
    are over. The memory is what the system says this process has held at most: by then it holds the images that a
    training holds, has made its steps, and written its files. What it does not have yet, the mapped file of a cache
    that is still to be filled, is added.

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
    began, free, size = time.perf_counter() if began is None else began, free_memory(), spec.train.batch_size
    require_writable(runs_folder)
    with memory_told(), tempfile.TemporaryDirectory(prefix="cnncli-") as name:
        found = _found(spec, observer)
        loaded = time.perf_counter() - began
        rehearsal = rehearsal_of(spec, found)
        disk_of(0, rehearsal.cache, runs_folder)  # before anything that takes longer
        began = time.perf_counter() - loaded  # a training has no use for the stand-ins
        inputs = inputs_of_splits(spec.data, rehearsal.splits)
        ready = prepare_first(spec, rehearsal.splits, inputs, runs_folder, observer)
        stage = ready.stage
        require_memory_for_steps(stage.model, size)
        prepared = time.perf_counter() - began
        trained, per_batch = _trained(spec, stage, rehearsal)
        # XLA compiles the smaller batch at the end of the first epoch as well
        compiling = trained.first if ready.jit_compile and len(found.samples["train"]) % size else 0.0
        saved = save(stage, Path(name))
        reported = write_reports(spec, rehearsal.splits, stage, ready.encoding, Path(name) / "reports")
        memory = memory_of(rehearsal, free)
        test = rehearsal.splits.samples["test"]
        images = test.read(np.arange(min(COMPARED, len(test))))
        compare_reloaded(spec, inputs, stage, saved.weights, images)
    return DryRun(
        images={split: len(samples) for split, samples in found.samples.items()},
        epochs=spec.train.epochs,
        may_end_early=any(callback.name == "EarlyStopping" for callback in spec.train.callbacks),
        steps=stage.steps,
        batch_size=size,
        measured_steps=trained.steps,
        first_loss=trained.first_loss,
        compared=len(images),
        seconds=seconds_of(prepared + compiling, trained, per_batch, rehearsal, saved, reported, stage.steps, size),
        memory=memory,
        disk=disk_of(saved.size + reported.size + size_of_image_list(spec, found), rehearsal.cache, runs_folder),
    )


def _found(spec: Spec, observer: Observer) -> Splits:
    found = load_splits(spec, notice=observer.notice)
    files = {split: samples for split, samples in found.samples.items() if isinstance(samples, FileSamples)}
    require_readable(files, spec.data.source.arguments.get("path", spec.data.source.name))
    return found


def _trained(spec: Spec, stage: Stage, rehearsal: Rehearsal) -> tuple[TrainingTime, float]:
    """What steps take, and the seconds of a batch of the validation."""
    stage.begin()
    trained = time_training(stage, spec.train.epochs)
    if not all_finite(stage.model):
        raise TrainingError(f"the weights became infinite or no number within {trained.steps + 1} steps", ADVICE)
    return trained, time_validation(stage) if "validation" in rehearsal.splits.samples else 0.0
