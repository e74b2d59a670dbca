"""How far a run is to be trained: found out from its records, before TensorFlow is started."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from cnncli.errors import RunError
from cnncli.runner.model.build import run_spec
from cnncli.runner.training.checkpoint import TrainingState, read_progress
from cnncli.runs import RunDir
from cnncli.spec.schema import Spec
from cnncli.wording import counted


@dataclass(frozen=True)
class ResumePlan:
    """What a run is to be trained to.

    Args:
        spec: of the run, with the number of epochs that is asked for.
        is_new: whether that is another number than the run's own.
    """

    spec: Spec
    is_new: bool


def plan_resume(run: RunDir, epochs: int | None = None) -> ResumePlan | None:
    """What is still to be done of a run.

    Args:
        run: stopped in any way, at any moment.
        epochs: all that are to be trained, in place of the spec's.

    Returns:
        None when nothing is: the run is finished.

    Raises:
        RunError: it diverged, its records are damaged, or it cannot be trained to so many epochs.
    """
    own = run_spec(run)
    state = run.status().get("state") if run.status_file.exists() else ""
    if state == "diverged":
        raise RunError(f"'{run.path}' diverged, and would again", "train anew with a smaller learning rate or clipnorm")
    spec = own if epochs is None else _with_epochs(run, own, epochs)
    return None if state == "finished" and spec is own else ResumePlan(spec, spec is not own)


def nothing_left_message(run: RunDir) -> str:
    """What there is to say of a run of which nothing is left to do.

    Args:
        run: finished; its checkpoint may have been deleted since.
    """
    if not run.checkpoint.exists():
        return f"{run.path} is finished"
    progress = read_progress(run.checkpoint)
    if progress.stopped and progress.stage == len(run_spec(run).train.stages):
        return f"{run.path} is finished: a callback stopped it after {counted(len(progress.epochs), 'epoch')}"
    return f"{run.path} is finished; 'cnncli resume {shlex.quote(str(run.path))} --epochs N' trains it further"


def _with_epochs(run: RunDir, spec: Spec, epochs: int) -> Spec:
    """The spec with so many epochs; the very same one when it comes to as many."""
    last = len(spec.train.stages)
    progress = read_progress(run.checkpoint) if run.data.exists() else TrainingState(stage=min(1, last))
    done = len(progress.epochs)
    if epochs < done + (progress.steps > 0):
        under_way = f" and {counted(progress.steps, 'step')} of the next" if progress.steps else ""
        trained = f"{counted(done, 'epoch')}{under_way}"
        raise RunError(f"'{run.path}' has been trained for {trained} already, more than {epochs}")
    if progress.stopped and progress.stage == last:
        if epochs == done:
            return spec
        raise RunError(f"a callback stopped '{run.path}' after {counted(done, 'epoch')}; more of them change nothing")
    before = _before_last(spec, progress)
    if last and epochs <= before:
        raise RunError(f"the stages before the last one take {before} epochs, and {epochs} leave none for the last")
    return _lengthened(spec, epochs - before)


def _before_last(spec: Spec, progress: TrainingState) -> int:
    """The epochs of all stages but the last: those that were trained, and those that are to come."""
    over = progress.stage if progress.stopped else max(progress.stage - 1, 0)
    trained = sum(0 < epoch.stage <= over for epoch in progress.epochs)
    return trained + sum(stage.epochs for stage in spec.train.stages[over:-1])


def _lengthened(spec: Spec, last: int) -> Spec:
    """The spec with so many epochs in its last stage, or in all where there are no stages.

    A stage that a callback ended before its time keeps the epochs that it might have had: a repetition would end it
    there as well, and its learning rate may follow them.
    """
    if last == spec.train.phases[-1].epochs:
        return spec
    stages = spec.train.stages
    if stages:
        stages = [*stages[:-1], replace(stages[-1], epochs=last)]
    epochs = sum(stage.epochs for stage in stages) if stages else last
    return spec.model_copy(update={"train": spec.train.model_copy(update={"epochs": epochs, "stages": stages})})
