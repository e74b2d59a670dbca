"""Every stage of a training, a few steps of each: a thawed backbone takes three times as long as a frozen one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from cnncli.data.pipeline import epoch_indices
from cnncli.errors import TrainingError
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.model.evaluation import evaluation_batch_size
from cnncli.runner.preflight.files import Saved, save
from cnncli.runner.preflight.forecast import require_memory_for_steps
from cnncli.runner.preflight.records import StageSeconds
from cnncli.runner.preflight.timing import TrainingTime, ValidationTime, time_training, time_validation
from cnncli.runner.training.divergence import ADVICE
from cnncli.runner.training.phases import TrainingPhase, TrainingPhases
from cnncli.runner.training.variables import all_finite
from cnncli.spec.schema import Checkpoint, Spec


@dataclass(frozen=True)
class Rehearsed:
    """One stage, rehearsed.

    Args:
        seconds: what it will take.
        trained: what its steps took.
        validated: what its validation took.
        saved: what an epoch of it leaves.
    """

    seconds: StageSeconds
    trained: TrainingTime
    validated: ValidationTime
    saved: Saved


def rehearse_stages(spec: Spec, splits: Splits, phases: TrainingPhases, folder: Path) -> tuple[Rehearsed, ...]:
    """Trains, validates and saves in every stage; the last one is then under way.

    Args:
        spec: of the training.
        splits: the images.
        phases: All phases, none of them started.
        folder: for the files, those of a stage in place of those of the one before.

    Raises:
        TrainingError: the loss or a weight is no finite number.
        ResourceError: memory or disk will not suffice.
    """
    found, before = [], 0
    for place, section in enumerate(spec.train.phases):
        began = time.perf_counter()
        phase = phases.start(phases.first + place, before)
        require_memory_for_steps(phase.model, spec.model.nodes, spec.train.batch_size)
        entered = time.perf_counter() - began
        found.append(_rehearsed(spec, splits, phase, before, entered, folder))
        phase.end()
        before += section.epochs
    return tuple(found)


def _rehearsed(
    spec: Spec, splits: Splits, stage: TrainingPhase, before: int, entered: float, folder: Path
) -> Rehearsed:
    epochs, train = stage.epochs, spec.train
    drawn = epoch_indices(splits.samples["train"].labels, len(splits.class_names), train.sampling)
    compiles = train.jit_compile and len(drawn) % train.batch_size > 0  # XLA makes one program for each size
    trained = time_training(stage, epochs, before, compiles, train.checkpoint.steps)
    if not all_finite(stage.model):
        raise TrainingError(f"the weights became infinite or no number within {trained.steps + 1} steps", ADVICE)
    validated = time_validation(stage)
    saved = save(stage, folder)
    training = stage.steps * trained.per_step
    within = checkpoints_within(train.checkpoint, stage.steps, training)
    at_once = evaluation_batch_size(splits.shape, train.batch_size)
    seconds = StageSeconds(
        epochs=epochs,
        before=entered + trained.first + validated.first,
        training=training,
        validation=validated.per_batch * -(-len(splits.samples.get("validation", ())) // at_once),
        checkpoints=within * saved.checkpoint,
        saving=saved.seconds,
    )
    return Rehearsed(seconds, trained, validated, saved)


def checkpoints_within(when: Checkpoint, steps: int, seconds: float) -> int:
    """How many checkpoints are saved within an epoch, before its end.

    Args:
        when: as the spec says.
        steps: of the epoch.
        seconds: that they take.
    """
    by_steps = (steps - 1) // when.steps if when.steps else 0
    by_minutes = int(seconds / (60 * when.minutes)) if when.minutes else 0
    return max(by_steps, by_minutes)
