"""How far a run is to be trained: read from its records, before TensorFlow is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cnncli.errors import RunError
from cnncli.runner.inputs.moved_images import moved_to
from cnncli.runner.open_run import OpenRun
from cnncli.runner.training.checkpoint import TrainingState
from cnncli.spec.schema import Spec
from cnncli.wording import counted


def plan_resume(
    run: OpenRun,
    epochs: int | None = None,
    devices: int | str | Sequence[str] | None = None,
    moved: Path | None = None,
) -> Spec | None:
    """The spec to resume a run with, or None when nothing remains to be trained.

    Args:
        run: The run.
        epochs: Total number of epochs, in place of the spec's.
        devices: What shares each step, in place of the spec's.
        moved: Where the images are now, if they were moved.

    Returns:
        The run's own spec, the same object, unless something is given that differs from it.

    Raises:
        RunError: It diverged, its records are damaged, or it cannot be trained for this number of epochs,
            or its images have no path.
        SpecError: The devices are no such value, or cannot train the spec.
    """
    state = run.status.get("state") if run.folder.status_file.exists() else ""
    if state == "diverged":
        message = f"'{run.path}' diverged; resuming would diverge again"
        raise RunError(message, "train again with a smaller learning rate or clipnorm")
    spec = run.spec if epochs is None else _with_epochs(run, epochs)
    if state == "finished" and spec is run.spec:
        return None
    if moved is not None:
        spec = spec.replace(data=moved_to(spec.data, moved))
    if devices is None:
        return spec
    value = devices if isinstance(devices, int | str) else list(devices)
    checked = run.loaded_spec.with_overrides({"train.devices": value}).spec.train.devices
    return spec if checked == spec.train.devices else spec.replace(train=spec.train.replace(devices=checked))


def _with_epochs(run: OpenRun, epochs: int) -> Spec:
    """The run's spec with another number of epochs; the same object when the number is its own."""
    spec, last = run.spec, len(run.spec.train.stages)
    if spec.train.max_time is not None:
        raise RunError(
            f"'{run.path}' trains for {spec.train.max_time}, so --epochs has no effect on it",
            "to train longer, start again with another --max-time",
        )
    progress = run.progress if run.folder.data.exists() else TrainingState(stage=min(1, last))
    done = len(progress.epochs)
    if epochs < done + (progress.steps > 0):
        steps = f" and {counted(progress.steps, 'step')} of the next" if progress.steps else ""
        trained = f"{counted(done, 'epoch')}{steps}"
        raise RunError(f"'{run.path}' has already been trained for {trained}, more than {epochs}")
    if progress.stopped and progress.stage == last:
        if epochs == done:
            return spec
        raise RunError(f"EarlyStopping ended '{run.path}' after {counted(done, 'epoch')}; --epochs has no effect")
    ended = progress.stage if progress.stopped else max(progress.stage - 1, 0)
    earlier = sum(0 < epoch.stage <= ended for epoch in progress.epochs)  # of all stages but the last
    earlier += sum(stage.epochs for stage in spec.train.stages[ended:-1])
    if last and epochs <= earlier:
        raise RunError(
            f"the stages before the last one take {counted(earlier, 'epoch')}; {epochs} in all leave none for the last"
        )
    return _with_last_phase(spec, epochs - earlier)


def _with_last_phase(spec: Spec, epochs: int) -> Spec:
    """The spec with another number of epochs in its last stage, or in total where there are no stages.

    A stage that a callback ended early keeps its full number of epochs: a repetition would end it at the same epoch,
    and its learning rate may depend on the number.
    """
    if epochs == spec.train.phases[-1].epochs:
        return spec
    stages = spec.train.stages
    if stages:
        stages = [*stages[:-1], replace(stages[-1], epochs=epochs)]
    total = sum(stage.epochs for stage in stages) if stages else epochs
    return spec.replace(train=spec.train.replace(epochs=total, stages=stages))
