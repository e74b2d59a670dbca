"""Continues an interrupted run; the result is the same as without the interruption."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from cnncli.observer import TrainingObserver
from cnncli.runner.inputs.image_manifest import recorded_splits
from cnncli.runner.inputs.splits import decoded
from cnncli.runner.open_run import OpenRun
from cnncli.runner.resume_plan import ResumePlan, plan_resume
from cnncli.runner.train import train_into
from cnncli.runner.training.environment import command_line, differences, environment
from cnncli.runner.training.observers import Observers
from cnncli.runner.training.outcome import memory_errors_explained, recording_outcome
from cnncli.runner.training.preparation import announce_start, prepare_phases, prepare_session
from cnncli.runner.training.results import TrainingResult
from cnncli.runner.training.run_files import set_epochs
from cnncli.runs import RunDir, now
from cnncli.spec.metrics import reported_metrics


def resume(
    run: OpenRun,
    observers: Sequence[TrainingObserver] = (),
    command: Sequence[str] = (),
    epochs: int | None = None,
) -> TrainingResult | None:
    """Continues a run; one that cannot be resumed is left untouched.

    Args:
        run: Run that ended in any way, at any moment; its folder is locked by the caller.
        observers: Receive the events of the training; without any it is silent.
        command: Command line, for the record.
        epochs: Total number of epochs, in place of the spec's.

    Returns:
        The result; None when the run had finished before.

    Raises:
        RunError: It diverged, its records are damaged, or it cannot be trained for this number of epochs.
        DataError: Its images are missing or have changed.
        TrainingError: The loss became infinite or NaN.
        ResourceError: The folder is not writable, or memory or disk ran out.
        Interrupted: Ctrl-C, SIGTERM, or an observer that requested a stop; the run can be resumed again.
    """
    observer, folder = Observers(observers), run.folder
    plan = plan_resume(run, epochs)
    if plan is None:
        return None
    if plan.is_new and "total_steps" in str(plan.spec.train.phases[-1].optimizer):
        observer.on_notice(
            "warning: the learning rate follows the number of epochs, so from here on it differs from that of a "
            f"training of {epochs} epochs"
        )
    if not folder.data.exists():  # it ended before its first step
        return train_into(lambda: contextlib.nullcontext(folder), plan.spec, run.path.parent, observer, command)
    return _continue(run, plan, observer, command)


def _continue(run: OpenRun, plan: ResumePlan, observer: TrainingObserver, command: Sequence[str]) -> TrainingResult:
    """Trains from the run's checkpoint on; nothing is written before everything that can be refused is prepared."""
    spec, folder = plan.spec, run.folder
    differing = differences(run.environment, environment(spec.model.nodes))
    if differing:
        observer.on_notice(f"the environment has changed, so the last bits may differ: {'; '.join(differing)}")
    splits = recorded_splits(spec.data, spec.seed, run.data_record, run.path, observer.on_notice, unchanged=True)
    splits = decoded(splits, spec.data.cache, observer.on_decoding)
    with memory_errors_explained():
        phases = prepare_phases(spec, splits, run.input_spec)
        epochs_before = sum(epoch.stage < run.progress.stage for epoch in run.progress.epochs)
        phase = phases.start(run.progress.stage, epochs_before)
        session = prepare_session(folder, spec, splits, phases, phase, observer)
        session.restore(reported_metrics(spec))
    with recording_outcome(folder, observer) as outcome:
        outcome.session = session
        folder.set_status("running")  # first: a kill from here on is that of a training, with the old spec or the new
        if plan.is_new:
            set_epochs(folder, spec.train.phases[-1].epochs)
        _record_resumption(folder, run.environment, command, differing)
        announce_start(folder, spec, splits, phases, observer)
        session.resume()
        session.results.write_start(spec.name, spec.model.nodes, observer.on_notice)
        return session.train()


def _record_resumption(
    run: RunDir, recorded: Mapping[str, Any], command: Sequence[str], differing: Sequence[str]
) -> None:
    """Adds this resumption to environment.json."""
    earlier = recorded.get("resumed")
    entry = {"time": now(), "command": command_line(command), "differs": list(differing)}
    entries = [*(earlier if isinstance(earlier, list) else []), entry]
    run.write_json("environment.json", {**recorded, "resumed": entries})
