"""`cnncli train --dry-run`: a few seconds of a training in a temporary run folder, and what all of it would take."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import numpy as np

from cnncli.data.pipeline import is_held
from cnncli.data.samples import Samples, SampleSubset
from cnncli.errors import TrainingError
from cnncli.observer import TrainingObserver
from cnncli.records import Epoch, History
from cnncli.runner.execution.steps import outputs_of
from cnncli.runner.inputs.image_manifest import record_images
from cnncli.runner.inputs.splits import Splits, all_files, decoded_before, evaluated_splits
from cnncli.runner.inputs.streamed import is_streamed
from cnncli.runner.inputs.training_images import checked_images
from cnncli.runner.model.initial_weights import load_pretrained
from cnncli.runner.open_run import OpenRun
from cnncli.runner.page import facts_at_the_end
from cnncli.runner.preflight import timing
from cnncli.runner.preflight.memory import (
    Disk,
    Memory,
    free_memory,
    measure_memory,
    no_room_in_cache,
    require_disk_space,
    require_step_fits,
)
from cnncli.runner.training.divergence import ADVICE
from cnncli.runner.training.outcome import memory_errors_explained
from cnncli.runner.training.preparation import prepare_phases
from cnncli.runner.training.results import ResultWriter
from cnncli.runner.training.run_files import write_data_record, write_records
from cnncli.runner.training.session import TrainingSession
from cnncli.runner.training.variables import first_not_finite
from cnncli.runs import BEST, CHECKPOINT, RunDir, require_writable
from cnncli.spec.metrics import monitored_metric
from cnncli.spec.schema import Spec
from cnncli.startup import tf
from cnncli.temporary import temporary_folder

SAMPLED = 512
"""Images of a split that are decoded to estimate the time of all: a second or two for photographs."""

BATCHES = 8
"""Batches of images that frozen layers are applied to, to estimate the time of all."""

COMPARED = 32
"""Images whose outputs must be the same after the model is saved and loaded."""


@dataclass(frozen=True)
class DryRun:
    """What a training will take."""

    images: Mapping[str, int]  # by split
    may_end_early: bool  # a callback may end a stage before its last epoch
    max_seconds: float | None  # the time that the spec sets
    steps_per_epoch: int
    batch_size: int
    measured_steps: int
    first_loss: float
    seconds: timing.Seconds
    memory: Memory
    disk: Disk

    @property
    def epochs(self) -> float:
        """Largest number of epochs."""
        return sum(stage.epochs for stage in self.seconds.stages)


def dry_run(spec: Spec, runs_dir: Path, observer: TrainingObserver, began: float | None = None) -> DryRun:
    """Prepares a training, times its stages, saves, tests and reports, all in a temporary run folder.

    The files are written by the code of the training itself. The test is one batch; image files that are not in the
    cache are represented by a sample, and the cache stays as it is.
    The command began at `began` on the clock of `time.perf_counter`; now by default.

    Raises:
        SpecError: The model cannot be built.
        DataError: Images are missing or cannot be read.
        TrainingError: The loss or a weight is infinite or NaN, or the model differs after it was saved and loaded.
        ResourceError: Not enough memory or disk space.
    """
    began, free = time.perf_counter() if began is None else began, free_memory()
    require_writable(runs_dir)
    with memory_errors_explained(), temporary_folder() as folder:
        source = checked_images(spec, observer.on_notice)
        loading = time.perf_counter() - began
        images = sample_images(source, spec.data.cache)
        if warning := no_room_in_cache(images.cache):  # a training goes on without it
            observer.on_notice(warning)
            images = SampledImages(source)
        require_disk_space(0, images.cache, runs_dir)  # before anything that takes longer
        began = time.perf_counter() - loading  # a training decodes no sample
        rehearsal = Rehearsal(spec, images.splits, RunDir.claim(folder, spec.name), runs_dir, observer)
        rehearsal.write_start(source)
        before, phases = time.perf_counter() - began, rehearsal.phases
        stages, times = zip(*map(rehearsal.time_stage, range(phases.first, phases.last + 1)), strict=True)
        if (limit := spec.train.max_seconds) is not None:
            stages = timing.fit_epochs(stages, phases.batches.steps, limit - before - images.decoding)
        after = rehearsal.report()
        memory = measure_memory(free, images.mapped)
        rehearsal.require_same_outputs_after_loading()
        size = rehearsal.size_of_run()
    return DryRun(
        images={split: len(samples) for split, samples in source.samples.items()},
        may_end_early=any(callback.name == "EarlyStopping" for callback in spec.train.callbacks),
        max_seconds=limit,
        steps_per_epoch=phases.batches.steps,
        batch_size=spec.train.batch_size,
        measured_steps=sum(each.steps for each in times),
        first_loss=times[0].first_loss,
        seconds=timing.Seconds(images.decoding, before, stages, after),
        memory=memory,
        disk=require_disk_space(size, images.cache + spec.data.caches_on_disk * rehearsal.features, runs_dir),
    )


@dataclass(frozen=True)
class SampledImages:
    """Images for a dry run."""

    splits: Splits  # as many in each split as the training has
    decoding: float = 0.0  # seconds, of all files into the cache; 0 when there is nothing to decode
    cache: int = 0  # bytes by which the cache grows
    mapped: int = 0  # bytes of these that the training maps into memory, and the dry run does not


def sample_images(source: Splits, cache: str | dict[str, float]) -> SampledImages:
    """The images of a training; where files are still to be decoded into the cache, a sample represents the others."""
    files = all_files(source)
    every_time = cache == "off" or (files is not None and is_streamed(files, cache))
    decoded = source if every_time else None if cache == "memory" else decoded_before(source)
    if files is None or decoded is not None:
        return SampledImages(decoded or source)
    splits, count, began = {}, 0, time.perf_counter()
    for split, samples in source.samples.items():
        few = samples.take(np.linspace(0, len(samples) - 1, min(SAMPLED, len(samples))).astype(np.int64))
        images = Samples(few.read(np.arange(len(few))), few.labels, few.names)
        splits[split] = SampleSubset(images, np.arange(len(samples)) * len(few) // max(1, len(samples)), samples.labels)
        count += len(few)
    seconds = (time.perf_counter() - began) / count * len(files)
    size = len(files) * prod(files.shape)
    if cache == "memory":
        return SampledImages(replace(source, samples=splits), seconds, 0, size)
    mapped = size if any(map(is_held, splits.values())) else 0
    return SampledImages(replace(source, samples=splits), seconds, size, mapped)


class Rehearsal:
    """A training in a temporary run, which spends a few seconds in each phase and has one epoch when they are over."""

    def __init__(self, spec: Spec, splits: Splits, run: RunDir, runs_dir: Path, observer: TrainingObserver) -> None:
        self.spec, self.splits, self.run, self._observer = spec, splits, run, observer
        self.inputs = splits.input_spec(spec.data)
        self.phases = phases = prepare_phases(spec, splits, self.inputs)
        load_pretrained(spec.model, phases.model, self.inputs.class_names, runs_dir, observer.on_notice)
        evaluated, batch = evaluated_splits(splits), phases.batches.evaluation_batch_size
        self._sample = {name: of.take(np.arange(min(batch, len(of)))) for name, of in evaluated.items()}
        self._tested = self._sample["test"]
        self._per_tested = len(evaluated["test"]) / len(self._tested)
        self._others = sum(len(of) - len(self._sample[name]) for name, of in evaluated.items())
        self._phase, self._epochs_before, self._checkpoint_size = phases.start(), 0, 0
        self._history = History((), "loss", 0)
        self.features = 0  # bytes that frozen layers make of the images

    def _session(self) -> TrainingSession:
        """A session in the current phase, with one batch of the images to evaluate."""
        sampled = replace(self.splits, samples={"train": self.splits.samples["train"], **self._sample}, groups={})
        facts, monitor = facts_at_the_end(OpenRun(self.run), self.spec.model.nodes), monitored_metric(self.spec)
        results = ResultWriter(self.run, sampled, self.phases, facts)
        return TrainingSession(results, self.phases, self._phase, monitor, self._observer)

    def write_start(self, source: Splits) -> None:
        """Writes what a run records before its first step."""
        write_records(self.run, self.spec, self.splits, (), self.phases.execution)
        self.run.set_status("running")
        if not self.spec.data.source.is_builtin:
            record_images(self.run, source, self._observer.on_notice)
        write_data_record(self.run, self.spec.data.source, self.splits, self.inputs)
        self._session().results.write_start(self.spec.name, self.spec.model.nodes, self._observer.on_notice)

    def time_stage(self, number: int) -> tuple[timing.StageSeconds, timing.StepTimes]:
        """Trains and validates for a few seconds, and saves as after an epoch."""
        train, batches, began = self.spec.train, self.phases.batches, time.perf_counter()
        if number > self.phases.first:
            self._phase.end()
            self._phase = self.phases.start(number, self._epochs_before)
        phase = self._phase
        features, size = phase.sample_features(BATCHES)
        self.features += size
        if not size:
            require_step_fits(phase.model, self.spec.model.nodes, train.batch_size)
        before = time.perf_counter() - began + features
        times = timing.time_sizes(phase, train)
        if place := first_not_finite(phase.model):
            raise TrainingError(f"the weights became {place} within {times.steps} steps", ADVICE)
        validation = timing.time_validation(phase)
        checkpoint, saving = self._save(number)
        self._epochs_before += phase.epochs
        training = phase.steps * times.per_step
        seconds = timing.StageSeconds(
            epochs=phase.epochs,
            before=before + times.first + validation.first,
            training=training,
            validation=validation.per_step * (len(batches.validation) if batches.validation else 0),
            checkpoints=checkpoint * timing.checkpoints_within(train.checkpoint, phase.steps, training),
            saving=saving,
        )
        return seconds, times

    def _save(self, number: int) -> tuple[float, float]:
        """Saves an epoch; returns the seconds that its checkpoint takes, and those of everything."""
        phase, session, began = self._phase, self._session(), time.perf_counter()
        session.save()
        checkpoint = time.perf_counter() - began
        trained, validates = phase.loop.metrics, self.phases.batches.validation is not None
        validated = {f"val_{name}": value for name, value in trained.items() if validates}
        epoch = Epoch(1, {**trained, **validated}, phase.learning_rate, 1.0, number)
        self._history = History((epoch,), "loss", best=1)
        session.results.write_epoch(self._history)
        self._checkpoint_size = max(self._checkpoint_size, self.run.checkpoint.stat().st_size)
        return checkpoint, time.perf_counter() - began

    def report(self) -> float:
        """Tests on one batch and writes every report; returns the seconds with all test images."""
        self._phase.end()
        began = time.perf_counter()
        self._session().results.write_evaluation(self._history)
        return time.perf_counter() - began + self._others * self._phase.seconds_per_image

    def require_same_outputs_after_loading(self) -> None:
        """Opens the run, as every command on it does, and compares the outputs of its model with those of this one."""
        images = self._tested.read(np.arange(min(COMPARED, len(self._tested))))  # (images, height, width, channels)
        batches = tf.data.Dataset.from_tensors((images, np.zeros(len(images))))
        before, again = (outputs_of(self.phases.model, batches) for _ in range(2))  # (images, units)
        after = outputs_of(OpenRun(self.run).model(), batches)  # (images, units)
        repeats = np.array_equal(before, again)  # not on every GPU
        if not (np.array_equal(before, after) if repeats else np.allclose(before, after, rtol=1e-3, atol=1e-5)):
            raise TrainingError(
                f"saved and loaded again, the model gives other outputs, by up to {np.abs(before - after).max():.2g}",
                "a layer has state that is not among its weights; a plugin layer must create its state with add_weight",
            )

    def size_of_run(self) -> int:
        """Bytes of the run with all images, while a checkpoint is replaced."""
        sizes = {path.relative_to(self.run.path).as_posix(): path.stat().st_size for path in self.run.path.rglob("*")}
        sizes["predictions.csv"] = int(sizes["predictions.csv"] * self._per_tested)
        if "logits.npz" in sizes:
            sizes["logits.npz"] += 4 * (len(self.inputs.class_names) + 2) * self._others
        return sum(sizes.values()) + sizes[BEST] + 2 * self._checkpoint_size - sizes[CHECKPOINT]
