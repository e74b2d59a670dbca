"""Trains a spec and leaves a complete run folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from cnncli.environment import tell_result_variables
from cnncli.errors import CnncliError
from cnncli.factory.precision import slowed_by
from cnncli.factory.summary import summarize
from cnncli.observer import TrainingObserver
from cnncli.report import Reports
from cnncli.runner.execution.devices import execution_for
from cnncli.runner.inputs.image_manifest import record_images
from cnncli.runner.inputs.same_images import require_same_images
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.inputs.training_images import TrainingImages, training_images
from cnncli.runner.model.initial_weights import load_pretrained, write_loaded
from cnncli.runner.model.whitening import whiten
from cnncli.runner.open_run import OpenRun
from cnncli.runner.page import facts_at_the_end
from cnncli.runner.training.observers import Observers
from cnncli.runner.training.outcome import memory_errors_explained, recording_outcome
from cnncli.runner.training.pace import Leg, Pace, start_pace
from cnncli.runner.training.phases import TrainingPhases
from cnncli.runner.training.preparation import prepare_phases
from cnncli.runner.training.results import ResultWriter, Trained, TrainingResult
from cnncli.runner.training.run_files import portable_spec, write_data_record, write_records
from cnncli.runner.training.session import TrainingSession
from cnncli.runs import RunDir, list_runs, require_writable, sweep_runs
from cnncli.spec.metrics import monitored_metric
from cnncli.spec.schema import Spec
from cnncli.spec.sections.smaller_images import sizes_text
from cnncli.startup import device_name, tf
from cnncli.track import trackers_for
from cnncli.wording import in_shell
from cnncli.workers.group import ALONE, Alone


def train(
    spec: Spec,
    runs_dir: Path,
    observers: Sequence[TrainingObserver] = (),
    command: Sequence[str] = (),
    weights_dir: Path | None = None,
    began: float | None = None,
    legs: Sequence[Leg] | None = None,
    images: TrainingImages = training_images,
    reports: Reports = Reports(),  # noqa: B008  has no state
    group: Alone = ALONE,
) -> TrainingResult:
    """Trains, keeps the best weights, evaluates them once on the test split and writes every artefact.

    Arguments and errors are those of `cnncli.train`. Further ones are `weights_dir`, the directory of the runs whose
    weights the spec names, `runs_dir` by default; `began`, the start of the time that `max_time` limits, by
    `time.monotonic`; `legs`, decisions on it of an earlier training, to be repeated; `images`, which gives those of the
    spec; `reports`, which makes its pictures and reports; and the `group` of processes that train together.
    """
    began = time.monotonic() if began is None else began
    observer = Observers(observers)
    require_writable(runs_dir)
    sweep_runs(runs_dir)
    _suggest_resume(spec, runs_dir, observer)
    return train_into(
        lambda: RunDir.claim(runs_dir, spec.name).locked(),
        spec,
        weights_dir or runs_dir,
        observer,
        command,
        lambda: start_pace(group.agreed([time.monotonic() - began])[0], spec.train.max_seconds, legs),
        group.is_chief,
        images,
        reports,
        group,
    )


def train_into(
    open_run: Callable[[], AbstractContextManager[RunDir]],
    spec: Spec,
    weights_dir: Path,
    observer: TrainingObserver,
    command: Sequence[str],
    pace: Callable[[], Pace] = Pace,
    evaluates: bool = True,
    images: TrainingImages = training_images,
    reports: Reports = Reports(),  # noqa: B008  has no state
    group: Alone = ALONE,
) -> TrainingResult:
    """Trains from the first step; `open_run` locks a run folder once everything that can be refused is prepared.

    Unless it `evaluates`, the test images are never looked at.
    """
    started = time.monotonic()
    observer = group.observing(Observers([observer, *trackers_for(spec.track, observer.on_notice)]))
    with group.explaining(tf.errors.OpError):
        execution = execution_for(spec.train, group)
    source, splits = images(spec, observer)
    require_same_images(source, group)
    inputs = splits.input_spec(spec.data)
    tell_result_variables(observer.on_notice)
    if warning := slowed_by(spec.train.precision):
        observer.on_notice(f"warning: {warning}")
    with memory_errors_explained(), group.explaining(tf.errors.OpError):
        phases = prepare_phases(spec, splits, inputs, execution)
        whiten(phases.model, spec.model.nodes, splits.samples["train"])
        loaded = load_pretrained(spec.model, phases.model, inputs.class_names, weights_dir, observer.on_notice)
        phase = phases.start()
    with open_run() as run, recording_outcome(run, observer) as outcome:
        group.open(str(run.path), lambda reason: run.set_status("interrupted", reason=reason))
        write_records(run, spec, splits, command, execution)
        if loaded:
            write_loaded(run, loaded)
        run.set_status("running")
        if not spec.data.source.is_builtin:
            record_images(run, source, observer.on_notice)
        facts, monitor = facts_at_the_end(OpenRun(run), spec.model.nodes), monitored_metric(spec)
        results = ResultWriter(run, splits, phases, facts, reports)
        session = outcome.session = TrainingSession(results, phases, phase, monitor, observer, pace(), evaluates)
        session.save()
        # last, as with it and a checkpoint the run can be resumed
        write_data_record(run, spec.data.source, splits, inputs)
        announce_start(run, spec, splits, phases, observer)
        for weights in loaded:
            observer.on_weights_loaded(weights)
        session.results.write_start(spec.name, spec.model.nodes, observer.on_notice)
        with group.explaining(tf.errors.OpError):
            result = session.train()
    taken = time.monotonic() - started
    return replace(result, trained=Trained(phases.model, source.samples["test"], taken, session.report_seconds))


def announce_start(run: RunDir, spec: Spec, splits: Splits, phases: TrainingPhases, observer: TrainingObserver) -> None:
    """Reports to the observer what is about to be trained."""
    if schedule := spec.data.image.schedule:
        epochs = spec.train.epochs if spec.train.max_time is None else None
        observer.on_notice(sizes_text(schedule, epochs, phases.model.input_shape[1:]))
    observer.on_start(
        run,
        portable_spec(spec),
        splits,
        summarize(phases.model, spec.model.nodes),
        device_name(phases.execution.devices, phases.execution.group.count),
    )


def _suggest_resume(spec: Spec, runs_dir: Path, observer: TrainingObserver) -> None:
    """One line when the newest run of this name was an interrupted training of the same spec."""
    runs = [run for run in list_runs(runs_dir) if run.path.name.rpartition("-")[0] == spec.name]
    if not runs:
        return
    newest = max(runs, key=lambda run: (len(run.name), run.name))
    try:
        interrupted = newest.status().get("state") in ("interrupted", "failed")
        if interrupted and OpenRun(newest).spec.plain() == portable_spec(spec).plain():
            observer.on_notice(
                f"{newest.path} is an interrupted training of this spec; to continue it: "
                f"cnncli resume {in_shell(newest.path)}"
            )
    except CnncliError:
        return  # whatever is wrong with that run does not concern this command
