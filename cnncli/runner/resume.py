"""Goes on with a run that was stopped, wherever that was, and ends it as if it never had been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.errors import RunError
from cnncli.runner.checkpoint import TrainingState, read_progress
from cnncli.runner.ending import carry_through
from cnncli.runner.environment import differences, environment
from cnncli.runner.images import decoded
from cnncli.runner.observer import Observer
from cnncli.runner.prepare import inputs_of_run, inputs_of_splits, run_spec
from cnncli.runner.recorded import recorded_splits
from cnncli.runner.records import set_epochs
from cnncli.runner.train import begin, load_images, prepare, prepare_first, tell_begin
from cnncli.runner.training import CHECKPOINT, Trained, Training
from cnncli.runs import RunDir, now
from cnncli.spec.schema import Spec


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
        RunError: it is being trained by somebody else, diverged, or its records are damaged.
        DataError: its images are gone or have changed.
        TrainingError: the loss became infinite or no number.
        ResourceError: the folder cannot be written to, or memory or disk ran out.
        Interrupted: Ctrl-C or SIGTERM, again.
    """
    with run.locked():
        spec = run_spec(run)
        state = run.status().get("state") if run.status_file.exists() else ""
        if state == "diverged":
            raise RunError(
                f"'{run.path}' diverged, and would again", "train anew with a smaller learning rate or clipnorm"
            )
        if epochs is not None and epochs != spec.train.epochs:
            spec = _with_epochs(run, spec, epochs, observer)
        elif state == "finished":
            return None
        if not run.data.exists():  # it was stopped before anything was trained
            images = load_images(spec, observer)
            inputs = inputs_of_splits(spec.data, images.splits)
            ready = prepare_first(spec, images.splits, inputs, run.path.parent, observer)
            return carry_through(run, lambda: begin(run, spec, images, inputs, ready, observer, command), observer)
        return carry_through(run, lambda: _go_on(run, spec, observer, command), observer)


def _with_epochs(run: RunDir, spec: Spec, epochs: int, observer: Observer) -> Spec:
    """The spec with another number of epochs, written down."""
    progress = read_progress(run.path / CHECKPOINT)
    done = len(progress.epochs) + (progress.steps > 0)
    if epochs < done:
        raise RunError(f"'{run.path}' has been trained for {done} epochs already, more than {epochs}")
    last = len(spec.train.stages)
    before = _before_last(spec, progress)
    if last and epochs <= before:
        raise RunError(f"the stages before the last one take {before} epochs, and {epochs} leave none for the last")
    if progress.stopped and progress.stage == last:
        raise RunError(f"a callback stopped '{run.path}' after {done} epochs; more of them change nothing")
    if "total_steps" in str(spec.train.parts[-1].optimizer):
        observer.notice(
            f"warning: the learning rate follows the number of epochs, so from here on it is not what {epochs} epochs "
            "from the beginning would have had"
        )
    set_epochs(run, epochs - before)
    return run_spec(run)


def _before_last(spec: Spec, progress: TrainingState) -> int:
    """The epochs of all stages but the last: those that were trained, and those that are to come."""
    over = progress.stage if progress.stopped else max(progress.stage - 1, 0)
    trained = sum(0 < epoch.stage <= over for epoch in progress.epochs)
    return trained + sum(stage.epochs for stage in spec.train.stages[over:-1])


def _go_on(run: RunDir, spec: Spec, observer: Observer, command: Sequence[str]) -> Training:
    jit_compile = _note_environment(run, spec, observer, command)
    splits = decoded(recorded_splits(spec, run, observer.notice, unchanged=True), spec.data.cache, observer.decoding)
    ready = prepare(spec, splits, inputs_of_run(run), jit_compile)
    training = Training(spec, run, splits, ready.stages, ready.encoding, observer)
    run.set_status("running")
    tell_begin(run, spec, splits, ready.stage.model, observer)
    training.go_on()
    return training


def _note_environment(run: RunDir, spec: Spec, observer: Observer, command: Sequence[str]) -> bool | None:
    """Adds this part to environment.json, says what is not as it was, and gives `jit_compile` as it was."""
    record = run.read_json("environment.json")
    here = environment(spec.model.nodes)
    other = differences(record, here)
    if other:
        observer.notice(f"not as before, so the last bits may differ: {'; '.join(other)}")
    parts = record.get("resumed")
    part: dict[str, Any] = {"time": now(), "command": list(command), "differs": other}
    run.write_json("environment.json", {**record, "resumed": [*(parts if isinstance(parts, list) else []), part]})
    recorded = record.get("jit_compile")
    return recorded if isinstance(recorded, bool) else None
