"""Continues an interrupted run; the result is the same as without the interruption."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace

from cnncli.factory.computation.choices import choices_of
from cnncli.observer import TrainingObserver
from cnncli.report import Reports
from cnncli.runner.environment import differences, environment
from cnncli.runner.execution.devices import execution_for
from cnncli.runner.execution.several import draws_in_steps
from cnncli.runner.inputs.image_manifest import recorded_splits
from cnncli.runner.inputs.own_files import with_own_files
from cnncli.runner.inputs.same_images import require_same_images
from cnncli.runner.inputs.splits import decoded
from cnncli.runner.open_run import OpenRun
from cnncli.runner.page import facts_at_the_end
from cnncli.runner.train import announce_start, train_into
from cnncli.runner.training.observers import Observers
from cnncli.runner.training.outcome import memory_errors_explained, recording_outcome
from cnncli.runner.training.preparation import prepare_phases
from cnncli.runner.training.results import ResultWriter, Trained, TrainingResult
from cnncli.runner.training.run_files import command_line
from cnncli.runner.training.session import TrainingSession
from cnncli.runner.training.spec_file import change_spec
from cnncli.runs import now
from cnncli.spec.metrics import monitored_metric, reported_metrics
from cnncli.spec.schema import Spec
from cnncli.startup import tf
from cnncli.track import trackers_for
from cnncli.wording import counted
from cnncli.workers.group import ALONE, Alone


def resume(
    run: OpenRun,
    spec: Spec,
    observers: Sequence[TrainingObserver] = (),
    command: Sequence[str] = (),
    evaluates: bool = True,
    reports: Reports = Reports(),  # noqa: B008  has no state
    group: Alone = ALONE,
) -> TrainingResult:
    """Continues a run, whose folder the caller has locked, with the spec that `plan_resume` returns.

    One that cannot be resumed is left untouched; errors are those of `cnncli.Run.resume`. Unless it `evaluates`, the
    test images are never looked at. `reports` makes pictures and reports; a `group` of processes trains together.
    """
    observer, folder = Observers(observers), run.folder
    if spec.train.epochs != run.spec.train.epochs and "total_steps" in str(spec.train.phases[-1].optimizer):
        observer.on_notice(
            "warning: the learning rate follows the number of epochs, so from here on it differs from that of a "
            f"training of {counted(spec.train.epochs, 'epoch')}"
        )
    if not folder.data.exists():  # it ended before its first step
        spec = spec.replace(data=with_own_files(spec.data, run.path))
        open_run = lambda: contextlib.nullcontext(folder)  # noqa: E731
        return train_into(
            open_run, spec, run.path.parent, observer, command, evaluates=evaluates, reports=reports, group=group
        )
    with choices_of(run.environment):
        return _continue(run, spec, observer, command, evaluates, reports, group)


def _continue(
    run: OpenRun,
    spec: Spec,
    observer: TrainingObserver,
    command: Sequence[str],
    evaluates: bool,
    reports: Reports,
    group: Alone,
) -> TrainingResult:
    """Trains from the run's checkpoint on; nothing is written before everything that can be refused is prepared."""
    started, folder = time.monotonic(), run.folder
    observer = group.observing(Observers([observer, *trackers_for(spec.track, observer.on_notice)]))
    with group.explaining(tf.errors.OpError):
        execution = execution_for(spec.train, group)
    differing = differences(run.environment, environment(spec.model.nodes, execution.devices))
    if differing:
        observer.on_notice(f"the environment has changed, so the last bits may differ: {'; '.join(differing)}")
    source = recorded_splits(
        spec.data, spec.seed, run.data_record, run.path, observer.on_notice, unchanged=True, rows=run.image_rows
    )
    splits = decoded(source, spec.data, observer.on_decoding, observer.on_notice)
    require_same_images(source, group)
    with memory_errors_explained(), group.explaining(tf.errors.OpError):
        phases = prepare_phases(spec, splits, run.input_spec, execution)
        epochs_before = sum(epoch.stage < run.progress.stage for epoch in run.progress.epochs)
        phase = phases.start(run.progress.stage, epochs_before)
        facts, monitor = facts_at_the_end(run, spec.model.nodes), monitored_metric(spec)
        results = ResultWriter(folder, splits, phases, facts, reports)
        session = TrainingSession(results, phases, phase, monitor, observer, evaluates=evaluates)
        session.restore(reported_metrics(spec))
    before = run.environment.get("devices")
    if (len(before) if isinstance(before, list) else 0) != len(execution.devices) and draws_in_steps(phases.model):
        observer.on_notice("Dropout and noise are drawn otherwise by another number of devices")
    with recording_outcome(folder, observer) as outcome:
        outcome.session = session
        group.open(str(run.path), lambda reason: folder.set_status("interrupted", reason=reason))
        folder.set_status("running")  # first: a kill from here on is that of a training, with the old spec or the new
        _record_changes(run, spec)
        resumed = run.environment.get("resumed")
        entry = {"time": now(), "command": command_line(command), "differs": differing}
        entries = [*(resumed if isinstance(resumed, list) else []), entry]
        folder.write_json("environment.json", {**run.environment, "resumed": entries})
        announce_start(folder, spec, splits, phases, observer)
        session.resume()
        session.results.write_start(spec.name, spec.model.nodes, observer.on_notice)
        with group.explaining(tf.errors.OpError):
            result = session.train()
    taken = time.monotonic() - started
    return replace(result, trained=Trained(phases.model, source.samples["test"], taken, session.report_seconds))


def _record_changes(run: OpenRun, spec: Spec) -> None:
    """Writes into the spec of a run the number of epochs and the place of the images that it is resumed with."""
    epochs = spec.train.phases[-1].epochs if spec.train.epochs != run.spec.train.epochs else None
    place = spec.data.source if spec.data.source != run.spec.data.source else None
    if epochs or place:
        run.spec_text = change_spec(run.folder, run.loaded_spec.document.value, epochs, place)
