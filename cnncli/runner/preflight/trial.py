"""The first phase of a training at a learning rate of its own, to try rates or batch sizes; nothing is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cnncli.notices import Notice
from cnncli.runner.inputs.splits import Splits, decoded_before, load_splits
from cnncli.runner.model.initial_weights import load_pretrained
from cnncli.runner.model.whitening import whiten
from cnncli.runner.preflight.memory import require_step_fits
from cnncli.runner.training.phases import TrainingPhase
from cnncli.runner.training.preparation import prepare_phases
from cnncli.spec.schema import Spec
from cnncli.spec.sections.stages import UNLIMITED


def trial_splits(spec: Spec, notice: Notice) -> Splits:
    """The images of a spec: from the cache where they are in it, and nothing is added to it."""
    splits = load_splits(spec.data, spec.seed, notice=notice)
    return (decoded_before(splits) if spec.data.caches_on_disk else None) or splits


def start_trial(
    spec: Spec, splits: Splits, rate: float, runs_dir: Path, notice: Notice, batch_size: int | None = None
) -> TrainingPhase:
    """The first phase of a spec on one device, at a constant learning rate, with the initial weights of a training.

    Raises:
        SpecError: The model cannot be built.
        ResourceError: A step does not fit into memory.
    """
    train, stages = spec.train, spec.train.stages
    optimizer = replace(train.optimizer, arguments={**train.optimizer.arguments, "learning_rate": rate})
    train = train.replace(
        optimizer=optimizer,
        stages=[replace(stages[0], learning_rate=rate, epochs=UNLIMITED)] if stages else [],
        epochs=UNLIMITED,
        max_time=None,
        callbacks=[],
        devices=None,
        batch_size=batch_size or train.batch_size,
    )
    inputs = splits.input_spec(spec.data)
    data = spec.data.replace(image=spec.data.image.replace(schedule=[]))  # what is found must do at full size
    phases = prepare_phases(spec.replace(train=train, data=data), splits, inputs)
    whiten(phases.model, spec.model.nodes, splits.samples["train"])
    load_pretrained(spec.model, phases.model, inputs.class_names, runs_dir, notice)
    phase = phases.start()
    if phase.trained is phase.model:
        require_step_fits(phase.model, spec.model.nodes, train.batch_size)
    return phase
