"""Goes on with a run that was stopped, wherever that was, and ends it as if it never had been."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cnncli.runner.inputs.image_manifest import recorded_splits
from cnncli.runner.inputs.splits import decoded
from cnncli.runner.model.build import inputs_of_run, inputs_of_splits
from cnncli.runner.resume_plan import ResumePlan, plan_resume
from cnncli.runner.train import begin, load_images, prepare, prepare_new, report_start
from cnncli.runner.training.environment import command_line, differences, environment
from cnncli.runner.training.observer import Observer
from cnncli.runner.training.outcome import memory_errors_explained, run_to_completion
from cnncli.runner.training.run_files import set_epochs
from cnncli.runner.training.session import Trained, Training
from cnncli.runs import RunDir, now


def resume(run: RunDir, observer: Observer, command: Sequence[str] = (), epochs: int | None = None) -> Trained | None:
    """Goes on with a run.

    Args:
        run: stopped in any way, at any moment.
        observer: is told how it goes.
        command: the command line, for the record.
        epochs: train to so many, in place of the spec's.

    Returns:
        What it ended with; None when it was finished already.

    Raises:
        RunError: it is being trained by somebody else, diverged, its records are damaged, or so many epochs cannot be.
        DataError: its images are gone or have changed.
        TrainingError: the loss became infinite or no number.
        ResourceError: the folder cannot be written to, or memory or disk ran out.
        Interrupted: Ctrl-C or SIGTERM, again.
    """
    with run.locked():
        goal = plan_resume(run, epochs)
        if goal is None:
            return None
        if goal.is_new and "total_steps" in str(goal.spec.train.phases[-1].optimizer):
            observer.notice(
                f"warning: the learning rate follows the number of epochs, so from here on it is not what {epochs} "
                "epochs from the beginning would have had"
            )
        start = _beginning if not run.data.exists() else _going_on  # it may have stopped before anything was trained
        with memory_errors_explained():
            training = start(run, goal, observer, command)
        return run_to_completion(run, training, observer)


Start = Callable[[], Training]
"""Writes to the run, which nothing does before all is ready: a run that cannot be gone on with stays as it is."""


def _beginning(run: RunDir, goal: ResumePlan, observer: Observer, command: Sequence[str]) -> Start:
    spec = goal.spec
    images = load_images(spec, observer)
    inputs = inputs_of_splits(spec.data, images.splits)
    ready = prepare_new(spec, images.splits, inputs, run.path.parent, observer)
    return lambda: begin(run, spec, images, inputs, ready, observer, command)


def _going_on(run: RunDir, goal: ResumePlan, observer: Observer, command: Sequence[str]) -> Start:
    spec = goal.spec
    record = run.read_json("environment.json")
    differs = differences(record, environment(spec.model.nodes))
    if differs:
        observer.notice(f"not as before, so the last bits may differ: {'; '.join(differs)}")
    splits = decoded(recorded_splits(spec, run, observer.notice, unchanged=True), spec.data.cache, observer.decoding)
    ready = prepare(spec, splits, inputs_of_run(run))
    training = Training(spec, run, splits, ready.stages, ready.encoding, observer)
    training.restore()

    def go_on() -> Training:
        run.set_status("running")  # first: a kill from here on is of a training, whichever spec it finds
        if goal.is_new:
            set_epochs(run, spec.train.phases[-1].epochs)
        _record_part(run, record, command, differs)
        report_start(run, spec, splits, ready.stage.model, observer)
        training.go_on()
        return training

    return go_on


def _record_part(run: RunDir, record: Mapping[str, Any], command: Sequence[str], differs: Sequence[str]) -> None:
    """Adds this part of the training to environment.json."""
    parts = record.get("resumed")
    part = {"time": now(), "command": command_line(command), "differs": list(differs)}
    run.write_json("environment.json", {**record, "resumed": [*(parts if isinstance(parts, list) else []), part]})
